/** A request that is refused whole, with the HTTP status that says so. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: 400 | 403 | 413 | 415 | 429;

  constructor(status: Refused['status'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

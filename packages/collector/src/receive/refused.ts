/** How a request that is not taken is answered. */
export type RefusedStatus = 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 503;

/** A request that is refused whole, with the HTTP status that says so. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: RefusedStatus;
  /** Seconds after which the same request is worth another try; only where there are some. */
  readonly retryAfter: number | undefined;

  constructor(
    status: RefusedStatus,
    message: string,
    options?: ErrorOptions & { readonly retryAfter?: number },
  ) {
    super(message, options);
    this.status = status;
    this.retryAfter = options?.retryAfter;
  }
}

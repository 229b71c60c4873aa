/** A peer broke the rules of HTTP/3, which ends the connection with this code. */
export class Http3Error extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'Http3Error';
    this.code = code;
  }
}

/** An answer that is none: what the server said is wrong (RFC 9457), or that it did not answer at all. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  /** 0 when there was no answer. */
  readonly status: number;

  constructor(status: number, title: string, options?: ErrorOptions) {
    super(title, options);
    this.status = status;
  }

  /** Whether asking again may help. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

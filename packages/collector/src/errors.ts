/** What can be wrong with a collector as a whole; what a client sends is answered, never thrown. */
export type CollectorErrorCode = 'config' | 'port_taken' | 'listen';

/** The error of this package. */
export class CollectorError extends Error {
  override readonly name = 'CollectorError';
  readonly code: CollectorErrorCode;
  /** The option that is wrong, or that moves the port. */
  readonly option: string | undefined;

  constructor(
    code: CollectorErrorCode,
    message: string,
    options?: ErrorOptions & { readonly option?: string },
  ) {
    super(message, options);
    this.code = code;
    this.option = options?.option;
  }
}

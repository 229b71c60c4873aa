/** Why the store did not do what it was asked. */
export type StoreErrorCode =
  /** There is no store: switched off, or its engine is not installed. */
  | 'off'
  /** It is starting, coming back, or out of reach. */
  | 'unavailable'
  /** The question took too long, too much memory, or its answer is too large. */
  | 'limit'
  /** The question itself makes no sense: a cursor or number that is none. */
  | 'bad_query'
  /** The database answered with an error. */
  | 'failed';

/** What goes wrong with the store. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

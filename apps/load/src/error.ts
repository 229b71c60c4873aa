/** What went wrong, as a word programs can compare. */
export type LoadErrorCode = 'clip' | 'option' | 'port' | 'connect' | 'catalog' | 'frame' | 'time';

/** Every error this package throws on purpose; the message names the offending value. */
export class LoadError extends Error {
  readonly code: LoadErrorCode;

  constructor(code: LoadErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LoadError';
    this.code = code;
  }
}

/** The message of whatever was thrown, never empty. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return messageOf(thrown.errors[0]);
  if (thrown instanceof Error) return thrown.message || thrown.name;
  return String(thrown);
}

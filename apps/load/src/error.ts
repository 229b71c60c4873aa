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

/** Longest message, in characters: some of it may come from a peer. */
const MAX_MESSAGE = 300;

/** The message of whatever was thrown, never empty, never long. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return messageOf(thrown.errors[0]);
  const message = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message;
}

/** What can go wrong in the relay, as a value to branch on. */
export type RelayErrorCode =
  /** An option has a value that makes no sense. */
  | 'bad_option'
  /** An address cannot be listened on. */
  | 'listen'
  /** A port is taken. */
  | 'port_taken'
  /** The options ask for something that is not safe to do without saying so. */
  | 'unsafe'
  /** None of the transports asked for can be used. */
  | 'no_transport'
  /** A path that no broadcast can have. */
  | 'bad_path'
  /** A peer asked for more than its share. */
  | 'limit'
  /** A peer asked for what it may not have. */
  | 'denied'
  /** A broadcast, track or group is not there. */
  | 'not_found'
  /** What was used has ended. */
  | 'ended'
  /** A reader fell behind what is kept for it. */
  | 'lagged'
  /** Something took longer than it may. */
  | 'timeout';

/** More about an error of the relay. */
export interface RelayErrorOptions extends ErrorOptions {
  /** The option that is wrong, or that would help. */
  readonly option?: string;
}

/** A failure of the relay. The message names the offending value. */
export class RelayError extends Error {
  readonly code: RelayErrorCode;
  /** The option that is wrong, or that would help, by its name in the relay's options. */
  readonly option: string | undefined;

  constructor(code: RelayErrorCode, message: string, options: RelayErrorOptions = {}) {
    super(message, options);
    this.name = 'RelayError';
    this.code = code;
    this.option = options.option;
  }
}

/** Whatever was thrown, as an error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

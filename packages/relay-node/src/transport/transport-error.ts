/** What can go wrong in a transport, as a value to branch on. */
export type TransportErrorCode =
  /** The implementation cannot be loaded on this machine. */
  | 'unavailable'
  /** The port is taken. */
  | 'address_in_use'
  /** The address cannot be bound for another reason. */
  | 'listen_failed'
  /** A certificate or key cannot be read, parsed or used. */
  | 'bad_certificate'
  /** A peer broke the rules of the transport. */
  | 'protocol'
  /** The server could not be reached, or what answered is not the server asked for. */
  | 'connect_failed'
  /** The server answered the request for a session with a refusal. */
  | 'rejected';

/** A failure of a transport. The message names the offending value. */
export class TransportError extends Error {
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TransportError';
    this.code = code;
  }
}

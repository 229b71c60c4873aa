/** What carries a session; a metric label. */
export type TransportKind = 'webtransport' | 'websocket' | 'quic';

/** The implementations of transports, in the order in which they are preferred. */
export type TransportName = 'quiche' | 'quinn' | 'websocket';

/** How a session's transport ended. */
export interface TransportClosed {
  /**
   * Who or what ended it: the peer, this side, silence for longer than the idle timeout, a violation of the
   * transport's protocol by the peer, or a fault of ours.
   */
  readonly by: 'peer' | 'local' | 'idle' | 'protocol_error' | 'internal';
  /** The application's close code; 0 when there was none. */
  readonly code: number;
  /** The reason phrase, as untrusted text of at most 1,024 bytes; empty when there was none. */
  readonly reason: string;
}

/** What a QUIC path knows of itself. Counters only grow. */
export interface TransportStats {
  /** Smoothed round-trip time in milliseconds. */
  readonly smoothedRtt: number;
  /** What the congestion controller thinks the path carries, in bits per second. */
  readonly estimatedSendRate: number;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  /** On the wire, retransmissions included. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly bytesLost: number;
}

/** A client at the door: its request is known, and nothing has been answered. */
export interface IncomingSession {
  readonly kind: TransportKind;
  /** The URL the client connected to, with its query. Untrusted. */
  readonly url: URL;
  /** `address:port` of the peer. */
  readonly remoteAddress: string;
  /** The User-Agent header, when there was one. Untrusted. */
  readonly userAgent: string | undefined;
  /** Answers the request and resolves once MoQ can be spoken. */
  accept(): Promise<SessionTransport>;
  /** Refuses the request with an HTTP status. */
  reject(status: number): void;
}

/** An open session, ready for MoQ. */
export interface SessionTransport {
  readonly kind: TransportKind;
  /** The session in the shape of the W3C interface, as `@moq/net` wants it; `protocol` is the negotiated one. */
  readonly webTransport: WebTransport;
  /** Settles exactly once, whatever happens; never rejects. */
  readonly closed: Promise<TransportClosed>;
  /** What the path knows, or `undefined` where the transport cannot tell. */
  stats(): TransportStats | undefined;
  /** Ends the session. Does nothing when it has ended. */
  close(code: number, reason: string): void;
}

/** A listening transport. */
export interface TransportServer {
  readonly name: TransportName;
  /** Stops listening and ends what is open. */
  close(): Promise<void>;
}

/** What every transport is started with. */
export interface TransportOptions {
  /** MoQ protocols this relay speaks, the preferred first. */
  readonly protocols: readonly string[];
  /** A session that was silent for this long is over, in milliseconds. */
  readonly idleTimeout: number;
  /** Called for each client at the door. It must not throw. */
  readonly onSession: (session: IncomingSession) => void;
  /** Called for what a peer did wrong before there was a session, and for faults of the socket. */
  readonly onError: (error: Error) => void;
}

/** What operators are told of one subscription of a session. */
export interface SubscriptionStatus {
  readonly broadcast: string;
  readonly track: string;
  /** `undefined` until the publisher has accepted it. */
  readonly track_type: string | undefined;
  readonly queued_bytes: number;
  /** For how long the oldest frame that is not delivered has been waiting. */
  readonly lag_ms: number;
}

/** What operators are told of one session. Text from the peer is printable. */
export interface SessionStatus {
  /** The relay's own id of it. */
  readonly id: string;
  /** The player's session, if it named one. */
  readonly session_id: string | undefined;
  readonly trace_id: string;
  readonly transport: string;
  /** The MoQ protocol; `undefined` until setup is finished. */
  readonly version: string | undefined;
  readonly remote_address: string;
  /** The path it connected to. */
  readonly path: string;
  /** Since it came. */
  readonly age_ms: number;
  /** `undefined` where the transport cannot tell. */
  readonly rtt_ms: number | undefined;
  /** What waits for it, over all subscriptions. */
  readonly queued_bytes: number;
  readonly subscriptions: readonly SubscriptionStatus[];
  /** What it publishes. */
  readonly broadcasts: readonly string[];
}

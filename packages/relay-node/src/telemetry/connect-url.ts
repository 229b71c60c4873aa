/** What the player says about itself in the URL it connects to. */
export interface ConnectContext {
  /** The player's session. */
  readonly sessionId: string | undefined;
  /** The trace the session belongs to, 32 hex digits. */
  readonly traceId: string | undefined;
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** W3C Trace Context: version, trace id, parent id, flags; later versions may append to it. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-|$)/;

/** Reads `?session=` and `?traceparent=`; what does not look right counts as absent. */
export function readConnectUrl(url: URL): ConnectContext {
  const session = url.searchParams.get('session');
  const traceparent = url.searchParams.get('traceparent');
  return {
    sessionId: session !== null && UUID.test(session) ? session.toLowerCase() : undefined,
    traceId: traceparent === null ? undefined : TRACEPARENT.exec(traceparent)?.[1],
  };
}

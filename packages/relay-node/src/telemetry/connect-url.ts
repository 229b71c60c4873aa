/** A span elsewhere that something belongs to, as `traceparent` of W3C Trace Context names it. */
export interface TraceParent {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
}

/** What the player says about itself in the URL it connects to. */
export interface ConnectContext {
  /** The player's session. */
  readonly sessionId: string | undefined;
  /** The span that the session belongs to. */
  readonly parent: TraceParent | undefined;
  /** Its token (`?jwt=`), which is nobody else's business. */
  readonly token: string | undefined;
  /** The parameters that were there and do not look right. */
  readonly invalid: readonly string[];
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** Version, trace id, parent id, flags; later versions may append to it. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-[\da-f]{2}(?:-|$)/;

/** Reads `?session=`, `?traceparent=` and `?jwt=`; what does not look right counts as absent. */
export function readConnectUrl(url: URL): ConnectContext {
  const session = url.searchParams.get('session') ?? undefined;
  const traceparent = url.searchParams.get('traceparent') ?? undefined;
  const sessionId = session !== undefined && UUID.test(session) ? session.toLowerCase() : undefined;
  const [, traceId, spanId] = (traceparent !== undefined && TRACEPARENT.exec(traceparent)) || [];
  const parent = traceId !== undefined && spanId !== undefined ? { traceId, spanId } : undefined;
  const invalid: string[] = [];
  if (session !== undefined && sessionId === undefined) invalid.push('session');
  if (traceparent !== undefined && parent === undefined) invalid.push('traceparent');
  return { sessionId, parent, token: url.searchParams.get('jwt') || undefined, invalid };
}

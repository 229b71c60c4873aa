import { version } from '../../package.json';

/** The instrumentation scope of everything that is sent. */
export const SCOPE: { readonly name: string; readonly version: string } = {
  name: '@moq-observability/player-web',
  version,
};

/** What a payload is about. */
export interface Subject {
  /** The session's id. */
  readonly session: string;
  readonly traceId: string;
  /** The whole path of the broadcast. */
  readonly broadcast: string | undefined;
  /** What carries the session. */
  readonly transport: string | undefined;
}

/** The resource of a payload, by the schema's names: written out, for the weight of all of them; a test holds them. */
export function resourceOf({ session, traceId, broadcast, transport }: Subject): Record<string, string> {
  return {
    'service.name': 'moq-player',
    'service.version': version,
    'session.id': session,
    'moq.trace_id': traceId,
    ...(broadcast !== undefined && { 'moq.broadcast': broadcast }),
    ...(transport !== undefined && { 'network.transport.name': transport }),
  };
}

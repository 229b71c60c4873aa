import { version } from '../../package.json';
import { RESOURCE } from '../generated/start-schema.ts';

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

/** The resource of a payload, by the schema's names. */
export function resourceOf({ session, traceId, broadcast, transport }: Subject): Record<string, string> {
  return {
    [RESOURCE.serviceName]: 'moq-player',
    [RESOURCE.serviceVersion]: version,
    [RESOURCE.sessionId]: session,
    [RESOURCE.traceId]: traceId,
    ...(broadcast !== undefined && { [RESOURCE.broadcast]: broadcast }),
    ...(transport !== undefined && { [RESOURCE.transport]: transport }),
  };
}

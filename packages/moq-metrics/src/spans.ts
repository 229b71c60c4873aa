/** The spans of players and relays. None lives as long as a session. */
import {
  type Attribute,
  errorType,
  moqBroadcast,
  moqNamespace,
  networkTransport,
  relayId,
  relaySessionId,
  sessionId,
  track,
  trackType,
  version,
} from './attributes.ts';
import type { Owner, Status } from './define.ts';

/** A span. */
export interface SpanDefinition {
  readonly name: string;
  readonly owner: Owner;
  /** From when to when. */
  readonly description: string;
  /** The span it is a child of, when that is always the same one. */
  readonly parent?: SpanDefinition;
  readonly attributes: readonly Attribute[];
  readonly status: Status;
}

const session: readonly Attribute[] = [
  sessionId,
  moqNamespace,
  moqBroadcast,
  networkTransport,
  version,
  errorType,
];

export const playbackStartup: SpanDefinition = {
  name: 'playback.startup',
  owner: 'player',
  description: 'Play intent to first frame rendered, or to failure or leaving',
  attributes: session,
  status: 'live',
};

export const connect: SpanDefinition = {
  name: 'moq.connect',
  owner: 'player',
  description: 'Dialling to MoQ setup finished, over the transport that won',
  parent: playbackStartup,
  attributes: [networkTransport, version, errorType],
  status: 'live',
};

export const announce: SpanDefinition = {
  name: 'moq.announce',
  owner: 'player',
  description: 'Connected to announcement of the broadcast received; the relay has one of the same name',
  parent: playbackStartup,
  attributes: [moqBroadcast],
  status: 'live',
};

export const catalog: SpanDefinition = {
  name: 'moq.catalog',
  owner: 'player',
  description: 'Catalog subscribed to catalog read',
  parent: playbackStartup,
  attributes: [moqBroadcast],
  status: 'live',
};

export const subscribe: SpanDefinition = {
  name: 'moq.subscribe',
  owner: 'player',
  description: 'Media subscribed to first frame received',
  parent: playbackStartup,
  attributes: [track, trackType],
  status: 'live',
};

export const firstFrame: SpanDefinition = {
  name: 'moq.first_frame',
  owner: 'player',
  description: 'First frame received to first frame rendered',
  parent: playbackStartup,
  attributes: [track, trackType],
  status: 'live',
};

export const playbackStall: SpanDefinition = {
  name: 'playback.stall',
  owner: 'player',
  description: 'Start to end of a stall: a trace of its own, linked to the startup trace',
  attributes: session,
  status: 'live',
};

export const playbackFailure: SpanDefinition = {
  name: 'playback.failure',
  owner: 'player',
  description: 'A fatal error after startup: a trace of its own, linked to the startup trace',
  attributes: session,
  status: 'live',
};

export const playbackReconnect: SpanDefinition = {
  name: 'playback.reconnect',
  owner: 'player',
  description: 'Connection lost to media again: a trace of its own, linked to the startup trace',
  attributes: session,
  status: 'live',
};

export const relaySession: SpanDefinition = {
  name: 'moq.session',
  owner: 'relay',
  description: 'Connection accepted to MoQ setup finished or refused',
  attributes: [relayId, relaySessionId, sessionId, networkTransport, version, errorType],
  status: 'live',
};

export const relaySubscribe: SpanDefinition = {
  name: 'moq.subscribe',
  owner: 'relay',
  description: 'SUBSCRIBE received to first frame accepted by the transport, or error',
  attributes: [relaySessionId, sessionId, moqNamespace, moqBroadcast, track, trackType, errorType],
  status: 'live',
};

export const relayFetch: SpanDefinition = {
  name: 'moq.fetch',
  owner: 'relay',
  description: 'FETCH received to last frame accepted by the transport, or error',
  attributes: [relaySessionId, sessionId, moqNamespace, moqBroadcast, track, trackType, errorType],
  status: 'live',
};

export const relayAnnounce: SpanDefinition = {
  name: 'moq.announce',
  owner: 'relay',
  description: 'Announcement received to published to the other sessions',
  attributes: [relaySessionId, moqNamespace, moqBroadcast, errorType],
  status: 'live',
};

/** Events: OTLP log records whose `event.name` is one of these. What comes after a span ended is told by events. */
import {
  type Attribute,
  errorType,
  moqBroadcast,
  moqNamespace,
  networkTransport,
  relaySessionId,
  sessionId,
  track,
  trackType,
  version,
} from './attributes.ts';
import type { Owner, Status } from './define.ts';

/** An event. */
export interface EventDefinition {
  readonly name: string;
  readonly owner: Owner;
  readonly description: string;
  readonly attributes: readonly Attribute[];
  readonly status: Status;
}

const session: readonly Attribute[] = [sessionId, moqNamespace, moqBroadcast];

/** Defines an event of the player; all of them carry the session and the broadcast. */
/* @__NO_SIDE_EFFECTS__ */
function ofPlayer(name: string, description: string, ...more: readonly Attribute[]): EventDefinition {
  return { name, owner: 'player', description, attributes: [...session, ...more], status: 'live' };
}

export const sessionStart: EventDefinition = ofPlayer('session.start', 'Observation of a playback began');
export const playbackIntent: EventDefinition = ofPlayer(
  'playback.intent',
  'Play was called, autoplayed or clicked',
);
export const playbackStarted: EventDefinition = ofPlayer(
  'playback.started',
  'The first frame was rendered',
  networkTransport,
  version,
);
export const playbackPaused: EventDefinition = ofPlayer('playback.paused', 'The user paused');
export const playbackResumed: EventDefinition = ofPlayer('playback.resumed', 'The user resumed');
export const stallStart: EventDefinition = ofPlayer(
  'stall.start',
  'A stall began; sent once it counts',
  trackType,
);
export const stallEnd: EventDefinition = ofPlayer('stall.end', 'A stall ended', trackType);
export const qualitySwitch: EventDefinition = ofPlayer(
  'quality.switch',
  'The rendition changed',
  track,
  trackType,
);
export const connectionLost: EventDefinition = ofPlayer(
  'connection.lost',
  'The connection to the relay broke',
  networkTransport,
  errorType,
);
export const connectionRestored: EventDefinition = ofPlayer(
  'connection.restored',
  'A connection to the relay stands again',
  networkTransport,
);
export const playbackError: EventDefinition = ofPlayer(
  'playback.error',
  'Playback failed for good',
  errorType,
);
export const sessionEnd: EventDefinition = ofPlayer('session.end', 'Observation of a playback ended');

export const relaySessionClosed: EventDefinition = {
  name: 'moq.session.closed',
  owner: 'relay',
  description: 'A session that was past setup closed, in the trace of its span moq.session',
  attributes: [relaySessionId, sessionId, networkTransport, version, errorType],
  status: 'live',
};

export const relaySubscriptionClosed: EventDefinition = {
  name: 'moq.subscription.closed',
  owner: 'relay',
  description: 'A subscription closed, in the trace of its span moq.subscribe',
  attributes: [relaySessionId, sessionId, moqNamespace, moqBroadcast, track, trackType, errorType],
  status: 'live',
};

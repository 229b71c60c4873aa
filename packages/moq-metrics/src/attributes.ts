/**
 * Attributes of spans and events, and the resource. Where OpenTelemetry has one, its name is used.
 * These carry what labels must not: they may have as many values as there are sessions.
 */

/** An attribute of a span, an event or a resource. */
export interface Attribute {
  readonly name: string;
  readonly type: 'string' | 'int' | 'double' | 'boolean';
  readonly description: string;
  /** Where the name comes from. */
  readonly source: 'moq' | 'opentelemetry';
}

/** The player's session: a random UUID for one observed playback, kept in memory only. */
export const sessionId: Attribute = {
  name: 'session.id',
  type: 'string',
  description: "The player's session: a random UUID for one observed playback, kept in memory only",
  source: 'opentelemetry',
};

/** The relay's own id of a connection. */
export const relaySessionId: Attribute = {
  name: 'moq.relay.session.id',
  type: 'string',
  description: "The relay's own id of a connection",
  source: 'moq',
};

/** Which relay of a cluster. */
export const relayId: Attribute = {
  name: 'moq.relay.id',
  type: 'string',
  description: 'Which relay of a cluster',
  source: 'moq',
};

/** The namespace of the broadcast. */
export const moqNamespace: Attribute = {
  name: 'moq.namespace',
  type: 'string',
  description: 'The namespace of the broadcast: everything before the last / of its path',
  source: 'moq',
};

/** The whole path of the broadcast. */
export const moqBroadcast: Attribute = {
  name: 'moq.broadcast',
  type: 'string',
  description: 'The whole path of the broadcast, as in the label broadcast, never folded',
  source: 'moq',
};

/** The track's name. */
export const track: Attribute = {
  name: 'moq.track',
  type: 'string',
  description: "The track's name",
  source: 'moq',
};

/** What the track carries. */
export const trackType: Attribute = {
  name: 'moq.track_type',
  type: 'string',
  description: 'What the track carries: video, audio, catalog, other',
  source: 'moq',
};

/** The negotiated MoQ protocol. */
export const version: Attribute = {
  name: 'moq.version',
  type: 'string',
  description: 'The negotiated MoQ protocol, such as moq-lite-05',
  source: 'moq',
};

/** The trace of the session's start. */
export const traceId: Attribute = {
  name: 'moq.trace_id',
  type: 'string',
  description: "The trace of the session's start, 32 hex digits: on the resource of a player's metrics",
  source: 'moq',
};

/** What carries the session. */
export const networkTransport: Attribute = {
  name: 'network.transport.name',
  type: 'string',
  description: 'What carries the session: webtransport, websocket, quic',
  source: 'moq',
};

/** What went wrong. */
export const errorType: Attribute = {
  name: 'error.type',
  type: 'string',
  description: 'What went wrong, as a value of the label error, reason or stage',
  source: 'opentelemetry',
};

/** Which program. */
export const serviceName: Attribute = {
  name: 'service.name',
  type: 'string',
  description: 'Which program: moq-relay, moq-player, moq-collector, moq-load, moq-exporter',
  source: 'opentelemetry',
};

/** The version of the program. */
export const serviceVersion: Attribute = {
  name: 'service.version',
  type: 'string',
  description: 'The version of the program',
  source: 'opentelemetry',
};

/** The kind of an event. */
export const eventName: Attribute = {
  name: 'event.name',
  type: 'string',
  description: 'The kind of an event',
  source: 'opentelemetry',
};

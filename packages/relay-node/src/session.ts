import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type Announce, Connection, type Path, RemoteError } from '@moq/net';
import {
  attributes,
  events,
  logFields,
  namespaceOf,
  type relay,
  spans,
  type TrackType,
} from '@moq-observability/moq-metrics';
import type { Logger } from 'pino';
import { type Access, FULL_ACCESS } from './auth/access.ts';
import type { Authority } from './auth/authority.ts';
import { AuthError } from './auth/token.ts';
import { type BroadcastLimits, RelayBroadcast } from './broadcast.ts';
import type { Delivery } from './delivery.ts';
import { RelayError, toError } from './errors.ts';
import { PublishedBroadcast, type Subscriber } from './published-broadcast.ts';
import { announcedPath, nameBelow, sessionRoot } from './routing/paths.ts';
import { Publications } from './routing/publications.ts';
import type { Destination, Routes } from './routing/routes.ts';
import { readConnectUrl } from './telemetry/connect-url.ts';
import { errorType } from './telemetry/error-type.ts';
import type { RelayMetrics } from './telemetry/metrics.ts';
import type { SessionMetrics } from './telemetry/session-metrics.ts';
import { SessionTrace } from './telemetry/session-trace.ts';
import { printable } from './telemetry/text.ts';
import type { RelayTracer } from './telemetry/tracer.ts';
import type { SessionStatus } from './session-status.ts';
import { StuckWatch } from './stuck-watch.ts';
import { within } from './timeout.ts';
import type { IncomingSession, SessionTransport, TransportClosed } from './transport/transport.ts';
import { watchStreams } from './violations.ts';

/** How much one session may take. */
interface SessionLimits extends BroadcastLimits {
  /** Broadcasts it may announce. */
  readonly broadcastsPerSession: number;
  /** Tracks it may be subscribed to, over all broadcasts. */
  readonly subscriptionsPerSession: number;
  /** The longest path of a broadcast, in bytes. */
  readonly pathBytes: number;
}

/** What a session is part of. */
export interface SessionHost {
  readonly limits: SessionLimits;
  /** How long MoQ setup may take, in milliseconds. */
  readonly setupTimeout: number;
  /** How long a transport may take nothing of what waits for it, in milliseconds. */
  readonly stuckLimit: number;
  /** How long a publisher that is watched may send no media, in milliseconds; 0 for ever. */
  readonly silenceLimit: number;
  /** Whether to tell what the catalogs of broadcasts say of their media. */
  readonly describesStreams: boolean;
  readonly routes: Routes<RelayBroadcast, Session>;
  readonly authority: Authority;
  readonly metrics: RelayMetrics;
  readonly log: Logger;
  /** Makes spans; without it there are none. */
  readonly tracer: RelayTracer | undefined;
  /** Which relay of a cluster. */
  readonly relayId: string;
}

/** What a session is closed with, by the error codes of moq-transport where it has one. */
const CLOSE_CODES: Readonly<Record<relay.SessionCloseReason, number>> = {
  client: 0x0,
  drain: 0x0,
  internal: 0x1,
  expired: 0x2,
  protocol_error: 0x3,
  idle: 0x11,
  backpressure: 0x4,
};

/** A watched publisher that sends no media for this long is said to be silent, in milliseconds. */
const SILENCE = 5000;

/** Ends of a session that are nobody's fault. */
const IN_ORDER: ReadonlySet<relay.SessionCloseReason> = new Set(['client', 'drain', 'expired']);

/** One client, from the door to the end. It may publish and subscribe, both. */
export class Session implements Destination<RelayBroadcast>, Subscriber {
  readonly id: string = randomUUID();
  readonly maxSubscriptions: number;
  readonly subscriptions: Set<Delivery> = new Set();
  readonly trace: SessionTrace;
  readonly #host: SessionHost;
  readonly #incoming: IncomingSession;
  readonly #log: Logger;
  readonly #sessionId: string | undefined;
  readonly #token: string | undefined;
  readonly #cameAt = performance.now();
  readonly #stuck = new StuckWatch(this.#cameAt);
  readonly #silent = new Set<RelayBroadcast>();
  readonly #announced = new Map<string, RelayBroadcast>();
  #root = '';
  #access: Access = FULL_ACCESS;
  #transport: SessionTransport | undefined;
  #connection: Connection.Established | undefined;
  #publications: Publications<PublishedBroadcast> | undefined;
  #counted: SessionMetrics | undefined;
  #reason: relay.SessionCloseReason | undefined;
  #over = false;

  constructor(incoming: IncomingSession, host: SessionHost) {
    this.#incoming = incoming;
    this.#host = host;
    this.maxSubscriptions = host.limits.subscriptionsPerSession;
    const { sessionId, parent, token, invalid } = readConnectUrl(incoming.url);
    this.#sessionId = sessionId;
    this.#token = token;
    const ids = {
      [attributes.relaySessionId.name]: this.id,
      ...(sessionId && { [logFields.session.name]: sessionId }),
    };
    const transport = { [attributes.networkTransport.name]: incoming.kind };
    this.trace = new SessionTrace(host.tracer, parent, spans.relaySession, ids, {
      ...transport,
      [attributes.relayId.name]: host.relayId,
    });
    const { traceId, spanId } = this.trace.context;
    this.#log = host.log.child({
      ...ids,
      ...transport,
      [logFields.traceId.name]: traceId,
      [logFields.spanId.name]: spanId,
    });
    for (const parameter of invalid) {
      host.metrics.error('accept');
      this.#log.warn({ stage: 'accept', parameter }, 'parameter ignored: it is malformed');
    }
  }

  get isRelay(): boolean {
    return this.#access.isRelay;
  }

  /** Serves the client until it is gone. Never rejects. */
  async run(): Promise<void> {
    const root = sessionRoot(this.#incoming.url, this.#host.limits.pathBytes);
    if (root === undefined) {
      this.#refuse('accept', 400, new RelayError('bad_path', 'the path of the URL is no broadcast path'));
      return;
    }
    this.#root = root;
    try {
      this.#access = await this.#host.authority.authorize(this.#token, root);
    } catch (error) {
      this.#refuse('auth', error instanceof AuthError ? error.status : 500, toError(error));
      return;
    }
    try {
      this.#transport = await this.#incoming.accept();
    } catch (error) {
      this.trace.ready({}, toError(error));
      this.#failed('accept', toError(error));
      return;
    }
    if (this.#reason) {
      this.trace.ready({}, new RelayError('ended', this.#reason));
      this.close(this.#reason);
      return;
    }
    try {
      this.#connection = await this.#setUp(this.#transport);
    } catch (error) {
      this.trace.ready({}, toError(error));
      if (this.#reason !== 'drain') this.#failed('setup', toError(error));
      this.close('protocol_error');
      return;
    }
    await this.#serve(this.#transport, this.#connection);
  }

  /** Turns the client away at the door, with an HTTP status. */
  refuse(status: number, why: string): void {
    this.#refuse('accept', status, new RelayError('limit', why));
  }

  /** Ends the session; the first reason given stands. */
  close(reason: relay.SessionCloseReason): void {
    this.#reason ??= reason;
    this.#transport?.close(CLOSE_CODES[this.#reason], this.#reason);
  }

  /** Looks at how it is doing; to be called once a second, with `performance.now()`. */
  sample(now: number): void {
    if (this.#over || !this.#counted) return;
    if (this.#access.expiresAt <= Date.now()) this.close('expired');
    const path = this.#transport?.stats();
    if (path) this.#counted.sample(path);
    let [busy, accepted] = [false, 0];
    for (const delivery of this.subscriptions) {
      delivery.sample(now);
      busy ||= delivery.busy;
      accepted += delivery.acceptedFrames;
    }
    if (this.#stuck.look(now, busy, accepted) > this.#host.stuckLimit) this.close('backpressure');
    for (const broadcast of this.#announced.values()) this.#listenTo(broadcast, now);
  }

  /** What operators are told of it. */
  describe(now: number): SessionStatus {
    const rtt = this.#transport?.stats()?.smoothedRtt;
    const subscriptions = [...this.subscriptions].map((delivery) => ({
      broadcast: printable(delivery.broadcast.path),
      track: printable(delivery.track),
      track_type: delivery.type,
      queued_bytes: delivery.queuedBytes,
      lag_ms: Math.round(delivery.lag(now)),
    }));
    return {
      id: this.id,
      session_id: this.#sessionId,
      trace_id: this.trace.context.traceId,
      transport: this.#incoming.kind,
      version: this.#connection?.version,
      remote_address: this.#incoming.remoteAddress,
      path: printable(`/${this.#root}`),
      age_ms: Math.round(now - this.#cameAt),
      rtt_ms: rtt === undefined ? undefined : Math.round(rtt * 1000) / 1000,
      queued_bytes: subscriptions.reduce((sum, { queued_bytes }) => sum + queued_bytes, 0),
      subscriptions,
      broadcasts: [...this.#announced.values()].map(({ path }) => printable(path)),
    };
  }

  // As a destination of what others publish.

  offer(broadcast: RelayBroadcast): void {
    const name = this.#nameOf(broadcast);
    if (name !== undefined) this.#publications?.add(name, new PublishedBroadcast(broadcast, this));
  }

  withdraw(broadcast: RelayBroadcast): void {
    const name = this.#nameOf(broadcast);
    if (name !== undefined) this.#publications?.remove(name);
  }

  // What it may not watch is not there for it.
  #nameOf({ path }: RelayBroadcast): string | undefined {
    return this.#access.mayWatch(path) ? nameBelow(this.#root, path) : undefined;
  }

  // As a subscriber.

  subscribed({ broadcast, track, type }: Delivery): void {
    this.#log.debug(fields(broadcast.path, track, type), 'subscription opened');
  }

  unsubscribed({ broadcast, track, type, requestedAt }: Delivery, error: Error | undefined): void {
    if (error) this.#host.metrics.error('forward');
    this.#log.info(
      {
        [attributes.eventName.name]: events.relaySubscriptionClosed.name,
        [attributes.moqNamespace.name]: printable(namespaceOf(broadcast.path)),
        ...fields(broadcast.path, track, type),
        ...(error && { [attributes.errorType.name]: errorType(error) }),
        duration_ms: Math.round(performance.now() - requestedAt),
      },
      'subscription closed',
    );
  }

  failed(stage: 'subscribe' | 'fetch', broadcast: string, track: string, error: Error): void {
    this.#failed(stage, error, fields(broadcast, track));
  }

  async #setUp(transport: SessionTransport): Promise<Connection.Established> {
    watchStreams(transport.webTransport, {
      violated: (violation) => this.#violated(violation),
      unknown: (milliseconds) => this.#unknown(milliseconds),
    });
    // Without the query: the protocol layer has no use for it, and a token is not for its log.
    const url = new URL(this.#incoming.url);
    url.search = '';
    const accepting = Connection.accept(transport.webTransport, url);
    const leaving = transport.closed.then(() => {
      throw new RelayError('ended', 'the client left during setup');
    });
    try {
      return await within(this.#host.setupTimeout, 'MoQ setup', Promise.race([accepting, leaving]));
    } catch (error) {
      // If it is finished after all, nobody wants it any more.
      accepting.then(
        (connection) => connection.close(),
        () => {},
      );
      throw error;
    } finally {
      leaving.catch(() => {});
    }
  }

  async #serve(transport: SessionTransport, connection: Connection.Established): Promise<void> {
    const openedAt = performance.now();
    this.#counted = this.#host.metrics.session(transport.kind, connection.version);
    try {
      this.#open(connection);
      const announcements = connection.announced();
      void this.#follow(announcements, connection);
      await transport.closed;
      announcements.close();
    } catch (error) {
      this.close('internal');
      this.#failed('internal', toError(error));
    } finally {
      this.#end(transport, await transport.closed, openedAt);
      connection.close();
    }
  }

  #open(connection: Connection.Established): void {
    this.trace.ready({ [attributes.version.name]: connection.version });
    this.#log.info(
      {
        [attributes.version.name]: connection.version,
        'network.peer.address': this.#incoming.remoteAddress,
        'url.path': printable(`/${this.#root}`),
        ...(this.#incoming.userAgent && { 'user_agent.original': printable(this.#incoming.userAgent) }),
      },
      'session opened',
    );
    this.#publications = new Publications({ publish: (name, broadcast) => this.#publish(name, broadcast) });
    this.#host.routes.join(this);
  }

  // Everything of a session ends in one go, so that no scrape sees half of it.
  #end(transport: SessionTransport, closed: TransportClosed, openedAt: number): void {
    const duration = performance.now() - openedAt;
    const reason = this.#reason ?? reasonOf(closed);
    this.#over = true;
    for (const name of this.#announced.keys()) this.#unannounce(name);
    this.#host.routes.leave(this);
    this.#publications?.close();
    this.#counted?.close(reason, duration, transport.stats(), this.trace.exemplar);
    this.#log.info(
      {
        [attributes.eventName.name]: events.relaySessionClosed.name,
        ...(this.#connection && { [attributes.version.name]: this.#connection.version }),
        ...(!IN_ORDER.has(reason) && { [attributes.errorType.name]: reason }),
        reason,
        code: closed.code,
        ...(closed.reason && { text: printable(closed.reason) }),
        duration_ms: Math.round(duration),
      },
      'session closed',
    );
  }

  #publish(name: string, broadcast: PublishedBroadcast): void {
    try {
      this.#connection?.publish(name as Path.Valid, broadcast);
    } catch (error) {
      // Its connection is closed, and the transport will say so in a moment.
      this.#log.debug({ err: error }, 'could not publish');
    }
  }

  // Never rejects.
  async #follow(announcements: Announce.Consumer, connection: Connection.Established): Promise<void> {
    try {
      for (;;) {
        const event = await announcements.next();
        if (!event) break;
        if (event.active) this.#announce(event.path, connection);
        else this.#unannounce(event.path);
      }
    } catch (error) {
      // The streams of a session break a moment before it is known to be over; and a client may have nothing to say.
      await setImmediate();
      if (!this.#over && !(error instanceof RemoteError)) this.#failed('announce', toError(error));
    }
  }

  #announce(name: Path.Valid, connection: Connection.Established): void {
    const { limits, metrics, routes } = this.#host;
    if (this.#over) return;
    this.#unannounce(name);
    const path = announcedPath(this.#root, name, limits.pathBytes);
    const span = this.trace.open(spans.relayAnnounce, {
      attributes: {
        [attributes.relaySessionId.name]: this.id,
        ...(path !== undefined && {
          [attributes.moqNamespace.name]: printable(namespaceOf(path)),
          [attributes.moqBroadcast.name]: printable(path),
        }),
      },
    });
    if (path === undefined) {
      const error = new RelayError('bad_path', `no broadcast path: ${JSON.stringify(name)}`);
      this.#failed('announce', error);
      span?.end(error);
      return;
    }
    if (!this.#access.mayPublish(path)) {
      const error = new AuthError('scope', 'it may not publish there');
      this.#failed('announce', error, fields(path));
      span?.end(error);
      return;
    }
    if (this.#announced.size >= limits.broadcastsPerSession) {
      const most = `a session may announce ${limits.broadcastsPerSession} broadcasts`;
      const error = new RelayError('limit', most);
      this.#failed('announce', error, fields(path));
      span?.end(error);
      return;
    }
    const broadcast = new RelayBroadcast({
      path,
      source: connection.consume(name),
      tellsTrackInfo: tellsTrackInfo(connection.version),
      limits,
      describes: this.#host.describesStreams,
      metrics: metrics.broadcast(path, !this.isRelay),
      origin: this.trace.exemplar && this.trace.context,
    });
    this.#announced.set(name, broadcast);
    const replaced = routes.add(broadcast, this);
    span?.end();
    metrics.announcement(replaced ? 'replaced' : 'started');
    this.#log.info(fields(path), replaced ? 'broadcast replaced' : 'broadcast announced');
  }

  // A publisher may be alive and send nothing: its camera is off, or its encoder hangs.
  #listenTo(broadcast: RelayBroadcast, now: number): void {
    const silence = broadcast.metrics.silence(now);
    const { silenceLimit } = this.#host;
    if (silenceLimit > 0 && silence > silenceLimit) this.close('idle');
    if (silence > SILENCE === this.#silent.has(broadcast)) return;
    if (silence > SILENCE) {
      this.#silent.add(broadcast);
      this.#log.warn(fields(broadcast.path), 'publisher is silent');
    } else {
      this.#silent.delete(broadcast);
      this.#log.info(fields(broadcast.path), 'publisher is no longer silent');
    }
  }

  #unannounce(name: string): void {
    const broadcast = this.#announced.get(name);
    if (!broadcast) return;
    this.#silent.delete(broadcast);
    this.#announced.delete(name);
    if (!this.#host.routes.remove(broadcast)) return;
    this.#host.metrics.announcement('ended');
    this.#log.info(fields(broadcast.path), 'broadcast ended');
  }

  #violated(violation: Error): void {
    if (this.#over || this.#reason) return;
    this.#log.warn({ error: printable(violation.message) }, 'protocol violated');
    this.close('protocol_error');
  }

  // Whether it was to be watched or fetched the protocol layer does not tell; nearly always it is the former.
  #unknown(milliseconds: number): void {
    if (this.#over) return;
    this.#host.metrics.delivery.answered('not_found', milliseconds);
    this.#failed('subscribe', new RelayError('not_found', 'there is no such broadcast'));
  }

  #refuse(stage: relay.RelayStage, status: number, error: Error): void {
    this.#incoming.reject(status);
    this.trace.ready({}, error);
    this.#failed(stage, error, { 'http.response.status_code': status });
  }

  #failed(stage: relay.RelayStage, error: Error, more: Readonly<Record<string, unknown>> = {}): void {
    this.#host.metrics.error(stage);
    if (error instanceof AuthError) this.#host.metrics.denied(error.reason);
    this.#log.warn(
      { stage, [attributes.errorType.name]: errorType(error), error: printable(error.message), ...more },
      `${stage} failed`,
    );
  }
}

/** Why a session ended that this side did not end. */
function reasonOf(closed: TransportClosed): relay.SessionCloseReason {
  switch (closed.by) {
    case 'peer':
      return 'client';
    // We give a reason when we close; else the protocol layer did, over something the peer must not do.
    case 'local':
      return 'protocol_error';
    default:
      return closed.by;
  }
}

/** Whether a track's properties can be asked for: since moq-lite 05. */
function tellsTrackInfo(version: string): boolean {
  const draft = /^moq-lite-(\d+)/.exec(version)?.[1];
  return draft !== undefined && Number(draft) >= 5;
}

function fields(broadcast: string, track?: string, type?: TrackType): Readonly<Record<string, string>> {
  return {
    [logFields.broadcast.name]: printable(broadcast),
    ...(track !== undefined && { [attributes.track.name]: printable(track) }),
    ...(type && { [attributes.trackType.name]: type }),
  };
}

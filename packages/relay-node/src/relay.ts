import { readFileSync } from 'node:fs';
import type { Rendered } from '@moq-observability/moq-metrics/prometheus';
import { type Logger, pino } from 'pino';
import type { RelayBroadcast } from './broadcast.ts';
import { Authority } from './auth/authority.ts';
import { AuthError } from './auth/token.ts';
import { Certificates } from './certificates.ts';
import { type RelayConfig, type RelayOptions, resolveConfig } from './config.ts';
import { RelayError, toError } from './errors.ts';
import { createOps } from './http/ops.ts';
import { createPublic } from './http/public.ts';
import { type HttpServer, listen } from './http/server.ts';
import { nameBelow } from './routing/paths.ts';
import { Routes } from './routing/routes.ts';
import { Rounds } from './rounds.ts';
import { Session, type SessionHost } from './session.ts';
import type { SessionStatus } from './session-status.ts';
import { RelayMetrics } from './telemetry/metrics.ts';
import { printable } from './telemetry/text.ts';
import type { RelayTracer } from './telemetry/tracer.ts';
import { pause } from './timeout.ts';
import type { IncomingSession } from './transport/transport.ts';
import { Transports, type TransportStatus } from './transports.ts';

/** The MoQ protocols the relay speaks, the preferred first: what `@moq/net` accepts by subprotocol. */
export const PROTOCOLS: readonly string[] = [
  'moq-lite-05',
  'moq-lite-04',
  'moq-lite-03',
  'moqt-20',
  'moqt-19',
  'moqt-18',
  'moqt-17',
  'moqt-16',
  'moqt-15',
  'moql',
];

/** How many numbers are tried to find one that is free for TCP and UDP. */
const PORT_ATTEMPTS = 5;

/** At most this many sessions are told of at once. */
const MAX_DESCRIBED = 1000;

/** For how long anybody's HTTP connection may stay without a request, in milliseconds. */
const PUBLIC_KEEP_ALIVE = 5_000;

/** The same on the ops port: whoever scrapes once a minute keeps the connection. */
const OPS_KEEP_ALIVE = 65_000;

/** How long sessions have to end in order when the relay closes, in milliseconds. */
const CLOSE_GRACE = 1000;

/** A relay that runs. */
export interface Relay extends AsyncDisposable {
  /** Where clients reach it. */
  readonly url: URL;
  /** Where operators reach it. */
  readonly opsUrls: readonly URL[];
  /** Which transports listen, and why others do not. */
  readonly transports: readonly TransportStatus[];
  /** The paths of all broadcasts there are, sorted. */
  announced(): readonly string[];
  /** The metrics page, as a scrape with this `Accept` header gets it. */
  metrics(accept?: string): Promise<Rendered>;
  /** Ends all sessions (reason `drain`) and frees the ports. */
  close(): Promise<void>;
}

/**
 * Starts a relay.
 *
 * @param logger where it logs; nowhere by default
 * @param tracer makes its spans; without it there are none
 * @throws {RelayError} `bad_option`, `unsafe`, `port_taken`, `listen`, `no_transport`
 */
export async function createRelay(
  options: RelayOptions = {},
  logger: Logger = pino({ level: 'silent' }),
  tracer?: RelayTracer,
): Promise<Relay> {
  const config = resolveConfig(options);
  const relay = new RunningRelay(config, await Authority.open(config), logger, tracer);
  try {
    await relay.start();
  } catch (error) {
    await relay.close();
    throw error;
  }
  return relay;
}

class RunningRelay implements Relay {
  readonly #version = relayVersion();
  readonly #config: RelayConfig;
  readonly #log: Logger;
  readonly #metrics: RelayMetrics;
  readonly #routes = new Routes<RelayBroadcast, Session>();
  readonly #host: SessionHost;
  readonly #sessions = new Map<Session, Promise<void>>();
  readonly #rounds = new Rounds<Session>((session, now) => session.sample(now));
  readonly #startedAt = performance.now();
  #certificates: Certificates | undefined;
  #public: HttpServer | undefined;
  #ops: HttpServer[] = [];
  #transports: Transports | undefined;
  #listening = false;
  #closing: Promise<void> | undefined;

  constructor(config: RelayConfig, authority: Authority, logger: Logger, tracer: RelayTracer | undefined) {
    this.#config = config;
    this.#log = logger;
    this.#metrics = new RelayMetrics({
      version: this.#version,
      enabled: config.telemetry,
      processMetrics: config.processMetrics,
      expected: config.expectedBroadcasts,
      queued: () => this.#queued(),
    });
    this.#host = {
      limits: {
        broadcastsPerSession: config.maxBroadcastsPerSession,
        subscriptionsPerSession: config.maxSubscriptionsPerSession,
        tracksPerBroadcast: config.maxTracksPerBroadcast,
        pathBytes: config.maxPathBytes,
        trackNameBytes: config.maxTrackNameBytes,
        groupBytes: config.maxGroupBytes,
        cacheBytes: config.maxCacheBytes,
        backlogBytes: config.maxBacklogBytes,
        backlogAge: config.maxBacklogAge * 1000,
      },
      describesStreams: config.streamInfo,
      setupTimeout: config.setupTimeout * 1000,
      stuckLimit: config.stuckLimit * 1000,
      silenceLimit: config.silenceLimit * 1000,
      routes: this.#routes,
      authority,
      metrics: this.#metrics,
      log: logger,
      tracer: config.telemetry ? tracer : undefined,
      relayId: config.id,
    };
  }

  get url(): URL {
    return new URL(this.#public!.url);
  }

  get opsUrls(): readonly URL[] {
    return this.#ops.map(({ url }) => new URL(url));
  }

  get transports(): readonly TransportStatus[] {
    return this.#transports!.status;
  }

  announced(): readonly string[] {
    return this.#routes.paths();
  }

  metrics(accept?: string): Promise<Rendered> {
    return this.#metrics.render(accept);
  }

  async start(): Promise<void> {
    const config = this.#config;
    this.#certificates = await Certificates.open(config, (certificate) => {
      this.#transports?.setCertificate(certificate);
      this.#log.info({ sha256: certificate.sha256 }, 'certificate replaced');
    });
    for (let attempt = 1; !this.#transports; attempt++) {
      this.#public = await this.#listenPublic();
      try {
        this.#transports = await Transports.start({
          config,
          http: this.#public.server,
          port: this.#public.port,
          certificate: this.#certificates.current,
          options: {
            protocols: PROTOCOLS,
            idleTimeout: config.idleTimeout * 1000,
            onSession: (incoming) => this.#admit(incoming),
            onError: (error) => this.#peerFault(error),
          },
        });
      } catch (error) {
        // A number that was free for TCP need not be free for UDP; if any will do, another one is tried.
        const taken = error instanceof RelayError && error.code === 'port_taken';
        if (!taken || config.port !== 0 || attempt === PORT_ATTEMPTS) throw error;
        await this.#public.close();
      }
    }
    for (const opsHost of config.opsHosts) this.#ops.push(await this.#listenOps(opsHost));
    const listening = this.transports.filter(({ state }) => state === 'listening').map(({ name }) => name);
    this.#metrics.transports(listening);
    await this.#metrics.warmUp();
    this.#listening = true;
    this.#log.info(
      {
        url: this.url.href,
        ops: this.opsUrls.map(({ href }) => href),
        transports: listening,
        unavailable: this.transports.filter(({ state }) => state === 'unavailable'),
      },
      'relay listens',
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const ended = new AbortController();
    if (this.#listening) await pause(this.#config.drainDelay * 1000, ended.signal);
    for (const session of this.#sessions.keys()) session.close('drain');
    await Promise.race([Promise.all(this.#sessions.values()), pause(CLOSE_GRACE, ended.signal)]);
    ended.abort();
    this.#rounds.close();
    this.#certificates?.close();
    await this.#transports?.close();
    await Promise.all([this.#public, ...this.#ops].map((server) => server?.close()));
    if (this.#listening) this.#log.info('relay closed');
  }

  #listenPublic(): Promise<HttpServer> {
    const { certificate, host, port } = this.#config;
    return listen(
      {
        purpose: 'clients',
        host,
        port,
        option: 'port',
        keepAlive: PUBLIC_KEEP_ALIVE,
        tls: certificate === undefined ? undefined : this.#certificates?.current,
      },
      createPublic({
        certificateHash: () =>
          this.#transports?.usesCertificate ? this.#certificates?.current.sha256 : undefined,
        announced: (token, prefix) => this.#announcedTo(token, prefix),
        health: () => this.#health(),
        ready: () => this.#ready(),
      }),
    );
  }

  // Several addresses may share one number; the first decides which.
  #listenOps(host: string): Promise<HttpServer> {
    const { opsAllowedHosts, opsHosts, opsPort, opsToken } = this.#config;
    return listen(
      {
        purpose: 'ops',
        host,
        port: this.#ops[0]?.port ?? opsPort,
        option: 'opsPort',
        keepAlive: OPS_KEEP_ALIVE,
      },
      createOps({
        allowedHosts: [...opsAllowedHosts, ...opsHosts],
        token: opsToken,
        metrics: (accept) => this.metrics(accept),
        health: () => this.#health(),
        ready: () => this.#ready(),
        sessions: () => this.#describeSessions(),
        onError: (error) => {
          this.#metrics.error('internal');
          this.#log.error({ err: error }, 'ops request failed');
        },
      }),
    );
  }

  #admit(incoming: IncomingSession): void {
    const session = new Session(incoming, this.#host);
    if (!this.#ready()) {
      session.refuse(503, 'the relay is closing');
      return;
    }
    if (this.#sessions.size >= this.#config.maxSessions) {
      session.refuse(503, `there are ${this.#config.maxSessions} sessions already`);
      return;
    }
    const leave = this.#rounds.add(session);
    const running = session.run().finally(() => {
      leave();
      this.#sessions.delete(session);
    });
    this.#sessions.set(session, running);
  }

  *#queued(): Generator<number> {
    for (const session of this.#sessions.keys()) {
      for (const { queuedBytes } of session.subscriptions) yield queuedBytes;
    }
  }

  async #announcedTo(token: string | undefined, prefix: string): Promise<readonly string[]> {
    try {
      const { mayWatch } = await this.#host.authority.authorize(token, prefix);
      return this.announced().filter((path) => mayWatch(path) && nameBelow(prefix, path) !== undefined);
    } catch (error) {
      this.#metrics.error('auth');
      if (error instanceof AuthError) this.#metrics.denied(error.reason);
      this.#log.warn({ stage: 'auth', error: printable(toError(error).message) }, 'request denied');
      throw error;
    }
  }

  #peerFault(error: Error): void {
    this.#metrics.error('accept');
    this.#log.warn({ stage: 'accept', error: printable(toError(error).message) }, 'accept failed');
  }

  #ready(): boolean {
    return this.#listening && !this.#closing;
  }

  #describeSessions(): { readonly total: number; readonly sessions: readonly SessionStatus[] } {
    const now = performance.now();
    const sessions: SessionStatus[] = [];
    for (const session of this.#sessions.keys()) {
      if (sessions.push(session.describe(now)) === MAX_DESCRIBED) break;
    }
    return { total: this.#sessions.size, sessions };
  }

  #health(): Readonly<Record<string, unknown>> {
    return {
      status: this.#closing ? 'closing' : 'ok',
      version: this.#version,
      uptime: Math.round((performance.now() - this.#startedAt) / 1000),
      sessions: this.#sessions.size,
      broadcasts: this.#routes.paths().length,
      transports: this.#transports?.status,
    };
  }
}

/** The version of this package. */
export function relayVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest && 'version' in manifest ? String(manifest.version) : '0';
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collector as own, schema } from '@moq-observability/moq-metrics';
import { Catalogue } from '@moq-observability/moq-metrics/merge';
import { collectProcessMetrics } from '@moq-observability/moq-metrics/prometheus';
import { type Logger, pino } from 'pino';
import { createApi } from './api/api.ts';
import { consoleRoute } from './api/console-files.ts';
import { EventStreams } from './api/events.ts';
import { LiveFeed } from './api/live.ts';
import { LogTail } from './api/logs.ts';
import { openBackendForward, openBackendStore } from './backends.ts';
import { type CollectorConfig, type CollectorOptions, resolveConfig } from './config.ts';
import { CollectorError } from './errors.ts';
import type { Forward } from './forward/forward.ts';
import { type Listening, listen } from './http/listen.ts';
import { Journal, type Recovered } from './journal/journal.ts';
import { AudienceBook, audienceMetrics } from './merge/audience.ts';
import { Fleet } from './merge/fleet.ts';
import { KnownStreams } from './merge/known-streams.ts';
import { Ledger, remember } from './merge/ledger.ts';
import { Merger } from './merge/merger.ts';
import { createAddressBook } from './receive/addresses.ts';
import { BodyReader } from './receive/body.ts';
import { createGrants, type Grants } from './receive/grants.ts';
import { createReceiver } from './receive/http.ts';
import { createOriginPolicy } from './receive/origins.ts';
import { OtlpProtobuf } from './receive/protobuf.ts';
import { RateLimit } from './receive/rate-limit.ts';
import { RecordTaker } from './receive/record-taker.ts';
import { ActiveSessions } from './sessions/active-sessions.ts';
import { Recent } from './sessions/recent.ts';
import { sessionOf } from './sessions/session-state.ts';
import { rowOf } from './sessions/session.ts';
import { Sessions } from './sessions/sessions.ts';
import { storedLog } from './sessions/stored.ts';
import type { Store } from './store/store.ts';
import { createTelemetry, type Telemetry } from './telemetry.ts';

/** A collector at work. */
export interface Collector extends AsyncDisposable {
  /** Where players send their reports: `POST <url>v1/metrics`. */
  readonly url: URL;
  /** Where operators and Prometheus look: `<opsUrl>metrics`. */
  readonly opsUrl: URL;
  /** Stops taking reports, answers those under way, writes what is left, and frees the ports. */
  close(): Promise<void>;
}

/** How long requests under way may take when the collector closes, in milliseconds. */
const CLOSE_GRACE = 2_000;

/** How often series are looked through for ones that nobody uses, in milliseconds, and within how long all sessions. */
const SWEEP_EVERY = 1_000;
/** How often a part of the sessions is: thousands at once would hold the event loop. */
const SWEEP_PART_EVERY = 50;

/** How often those that changed are stored, in milliseconds, and how many at one time: reports do not wait for long. */
const STORE_EVERY = 100;
const SESSIONS_AT_ONCE = 200;

/** Addresses whose rate is remembered. */
const RATED_ADDRESSES = 100_000;

/**
 * Starts a collector.
 *
 * @param logger where it writes what happens; nowhere by default
 * @throws CollectorError `config`, `port_taken` or `listen`
 */
export async function createCollector(
  options: CollectorOptions = {},
  logger: Logger = pino({ level: 'silent' }),
): Promise<Collector> {
  const config = resolveConfig(options);
  await using stack = new AsyncDisposableStack();
  const parts = await openParts(config, logger, stack);
  const onError = (error: unknown): void => logger.error({ err: error }, 'internal error');
  const started = performance.now();
  let closing: Promise<void> | undefined;

  const events = new EventStreams(config.maxListeners);
  const { merger, records, telemetry, ledger, fleet } = parts;
  const receiver = createReceiver({
    ...(await doorkeepers(config)),
    protobuf: new OtlpProtobuf(),
    take: {
      metrics: (delivery) => merger.take(delivery, unixNow()),
      traces: (delivery) => records.spans(delivery, unixNow()),
      logs: (delivery) => records.logs(delivery, unixNow()),
    },
    onRefused: ({ status, message }, route) => {
      if (route === '/v1/metrics') telemetry.report('rejected');
      logger.debug({ route, status, reason: message }, 'request refused');
    },
    onAnswer: telemetry.request,
    onError,
  });
  const api = createApi({
    guard: { hosts: [...config.opsHosts, ...config.opsAllowedHosts], token: config.opsToken },
    ...parts,
    streams: events,
    prometheus: config.prometheusUrl === undefined ? undefined : new URL(config.prometheusUrl),
    alertmanager: config.alertmanagerUrl === undefined ? undefined : new URL(config.alertmanagerUrl),
    console: config.console === undefined ? undefined : await consoleRoute(config.console),
    metrics: async (accept) => {
      const page = await fleet.metrics.render(accept);
      // What Prometheus has seen is never taken back: it is safe before it is shown.
      await ledger.commit();
      return page;
    },
    health: () => ({
      ...healthOf(parts, closing !== undefined),
      uptimeSeconds: Math.round((performance.now() - started) / 1000),
    }),
    ready: () => closing === undefined,
    onAnswer: telemetry.request,
    onError,
  });

  const otlpServer = stack.adopt(
    await listen({ purpose: 'OTLP', host: config.host, port: config.port, option: 'port' }, receiver),
    (server) => server.close(CLOSE_GRACE),
  );
  const opsServers = await listenOps(config, api, stack);
  stack.defer(() => events.close());
  logger.info(
    { otlp: otlpServer.url.href, ops: opsServers[0]!.url.href, dataDir: config.dataDir ?? null },
    'collector is ready',
  );

  const opened = stack.move();
  const close = (): Promise<void> => {
    closing ??= opened.disposeAsync().then(() => logger.info('collector is closed'));
    return closing;
  };
  return { url: otlpServer.url, opsUrl: opsServers[0]!.url, close, [Symbol.asyncDispose]: close };
}

/** What does the work, without the ports. */
interface Parts {
  readonly merger: Merger;
  readonly records: RecordTaker;
  readonly telemetry: Telemetry;
  readonly ledger: Ledger;
  readonly fleet: Fleet;
  readonly sessions: Sessions;
  readonly recent: Recent;
  readonly live: LiveFeed;
  readonly tail: LogTail;
  readonly store: Store;
  readonly forward: Forward;
}

async function openParts(
  config: CollectorConfig,
  logger: Logger,
  stack: AsyncDisposableStack,
): Promise<Parts> {
  const metrics = schema().flatMap((group) => [...group.metrics.values()]);
  const catalogue = new Catalogue(metrics.filter(({ owner }) => owner === 'player'));
  const known = knownStreams(config, logger, stack);
  const fleet = new Fleet([...catalogue.metrics, ...audienceMetrics]);
  const telemetry = createTelemetry(fleet.metrics);
  const recent = new Recent();
  const tail = new LogTail();
  const limits = {
    points: config.maxPoints,
    attributes: config.maxAttributes,
    text: config.maxTextLength,
  };
  const audience = new AudienceBook({ fallback: config.region, allowed: config.regions });
  const sessions = new Sessions({
    limit: config.maxSessions,
    expiry: config.sessionExpirySeconds * 1000,
    active: new ActiveSessions(fleet.metrics, (broadcast) => known?.label(broadcast) ?? broadcast),
    onChange: (session) => live.changed(session),
  });
  const live = new LiveFeed(sessions);
  const store = stack.use(await openBackendStore(config, telemetry, logger));
  const forward = stack.use(await openBackendForward(config, telemetry, logger));
  const opened =
    config.dataDir === undefined ? undefined : await Journal.open(join(config.dataDir, 'journal'));
  const ledger = stack.use(
    new Ledger({
      journal: opened?.journal,
      fleet,
      sessions,
      ...(store.driver !== 'off' && { keepSamples: (samples) => store.writeSamples(samples) }),
      segmentBytes: config.journalSegmentBytes,
      onFault: (fault) => {
        if (fault)
          logger.error({ err: fault }, 'the journal cannot be written: counters would not outlive a crash');
        else logger.info('the journal is up to date');
      },
    }),
  );
  if (opened) await goOn(opened.recovered, { fleet, sessions, audience, ledger }, logger);
  sweepRegularly({ sessions, fleet, store }, stack);
  exposeState(config, { fleet, sessions, forward });
  return {
    merger: new Merger({
      limits,
      catalogue,
      audience,
      sessions,
      fleet,
      ledger,
      telemetry,
      known,
      ...(forward.wants('metrics') && {
        onAccepted: (delivery) => forward.enqueue('metrics', delivery.body, delivery.format),
      }),
      onSample: (sample) => recent.samples.add(sample),
    }),
    records: new RecordTaker({
      limits,
      sessions,
      audience,
      recent,
      store,
      forward,
      onLog: (row) => {
        if (tail.isWatched) tail.add(storedLog(row));
      },
    }),
    telemetry,
    ledger,
    fleet,
    sessions,
    recent,
    live,
    tail,
    store,
    forward,
  };
}

/** Goes on where the process before left off. */
async function goOn(
  recovered: Recovered,
  {
    fleet,
    sessions,
    audience,
    ledger,
  }: Pick<Parts, 'fleet' | 'sessions' | 'ledger'> & { audience: AudienceBook },
  logger: Logger,
): Promise<void> {
  const merged = new Map(fleet.exposed.map((metric) => [metric.name, metric]));
  const remembered = remember(recovered.records(), (name) => merged.get(name));
  const now = unixNow();
  for (const series of remembered.series) fleet.restore(series, now);
  for (const [profile, progress] of remembered.sessions) {
    const shared = { ...profile, audience: audience.share(profile.audience) };
    sessions.restore(sessionOf(shared, progress, (text) => sessions.share(text)));
  }
  await ledger.checkpoint();
  if (ledger.fault) {
    throw new CollectorError('config', `the journal cannot be written: ${ledger.fault.message}`, {
      option: 'dataDir',
      cause: ledger.fault,
    });
  }
  if (remembered.series.length > 0) {
    logger.info(
      { series: remembered.series.length, sessions: sessions.size, damagedBytes: recovered.damaged },
      'counters go on where they were',
    );
  }
}

function knownStreams(
  { knownStreamsFrom, knownStreamsSeconds }: CollectorConfig,
  logger: Logger,
  stack: AsyncDisposableStack,
): KnownStreams | undefined {
  if (knownStreamsFrom === undefined) return undefined;
  const relay = new URL(knownStreamsFrom);
  return stack.use(new KnownStreams({ relay, interval: knownStreamsSeconds * 1000, logger }));
}

/** Everything that decides who may send what, and how much. */
async function doorkeepers(
  config: CollectorConfig,
): Promise<
  Pick<
    Parameters<typeof createReceiver>[0],
    'origins' | 'addresses' | 'body' | 'rateLimit' | 'grants' | 'regionHeader'
  >
> {
  return {
    origins: createOriginPolicy(config.allowedOrigins),
    addresses: createAddressBook(config.trustedProxies),
    body: new BodyReader({
      compressed: config.maxBodyBytes,
      decompressed: config.maxDecompressedBytes,
      held: config.maxHeldBytes,
    }),
    rateLimit:
      config.rateLimit > 0
        ? new RateLimit({ perSecond: config.rateLimit, burst: config.rateBurst, addresses: RATED_ADDRESSES })
        : undefined,
    grants: config.authKey === undefined ? undefined : await readGrants(config.authKey),
    regionHeader: config.regionHeader?.toLowerCase(),
  };
}

async function readGrants(path: string): Promise<Grants> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new CollectorError('config', `authKey ${JSON.stringify(path)}: ${cause.code}`, {
      option: 'authKey',
      cause,
    });
  });
  return createGrants(text);
}

async function listenOps(
  { opsHosts, opsPort }: CollectorConfig,
  api: Parameters<typeof listen>[1],
  stack: AsyncDisposableStack,
): Promise<readonly Listening[]> {
  const servers: Listening[] = [];
  for (const host of opsHosts) {
    // Where any free port is asked for, all addresses get the same.
    const port = opsPort || Number(servers[0]?.url.port ?? 0);
    const server = await listen({ purpose: 'ops', host, port, option: 'opsPort' }, api);
    servers.push(stack.adopt(server, () => server.close(CLOSE_GRACE)));
  }
  return servers;
}

function sweepRegularly(
  { sessions, fleet, store }: Pick<Parts, 'sessions' | 'fleet' | 'store'>,
  stack: AsyncDisposableStack,
): void {
  const save = async (): Promise<number> => {
    const rows = sessions.takeUnsaved(SESSIONS_AT_ONCE, unixNow()).map(rowOf);
    if (rows.length > 0) await store.writeSessions(rows);
    return rows.length;
  };
  const timers = [
    setInterval(() => sessions.sweep(unixNow(), SWEEP_PART_EVERY / SWEEP_EVERY), SWEEP_PART_EVERY),
    setInterval(() => fleet.sweep(unixNow()), SWEEP_EVERY),
    setInterval(() => void save(), STORE_EVERY),
  ];
  stack.defer(async () => {
    for (const timer of timers) clearInterval(timer);
    sessions.sweep(unixNow());
    while ((await save()) > 0);
  });
}

/** Brings what is not counted but looked at up to date before each scrape. */
function exposeState(
  config: CollectorConfig,
  { fleet, sessions, forward }: Pick<Parts, 'fleet' | 'sessions' | 'forward'>,
): void {
  const { metrics } = fleet;
  const series = metrics.gauge(own.series).series();
  const states = own.sessionStates.map(
    (state) => [state, metrics.gauge(own.sessions).series({ state })] as const,
  );
  const queued = own.signals.map(
    (signal) => [signal, metrics.gauge(own.forwardQueueBytes).series({ signal })] as const,
  );
  metrics.onCollect(() => {
    series.set(fleet.size);
    for (const [state, gauge] of states) gauge.set(sessions.counts[state]);
    for (const [signal, gauge] of queued) gauge.set(forward.queuedBytes(signal));
  });
  if (config.processMetrics) collectProcessMetrics(metrics.registry);
}

function healthOf(
  { ledger, store, forward, sessions, fleet }: Parts,
  closing: boolean,
): Readonly<Record<string, unknown>> {
  const kept = store.health();
  const forwards = Object.fromEntries(own.signals.map((signal) => [signal, forward.health(signal)]));
  const degraded = ledger.fault !== undefined || kept.state === 'degraded';
  return {
    status: closing ? 'closing' : degraded ? 'degraded' : 'ok',
    sessions: sessions.counts,
    series: fleet.size,
    journal: ledger.fault ? { state: 'degraded', reason: ledger.fault.message } : { state: 'ok' },
    store: kept,
    forward: forwards,
  };
}

/** Unix time in milliseconds, by a clock that never goes back. */
function unixNow(): number {
  return Math.floor(performance.timeOrigin + performance.now());
}

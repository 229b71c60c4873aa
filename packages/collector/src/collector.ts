import { collector as own } from '@moq-observability/moq-metrics';
import { createPrometheusMetrics } from '@moq-observability/moq-metrics/prometheus';
import { type Logger, pino } from 'pino';
import { type CollectorOptions, resolveConfig } from './config.ts';
import { listen } from './http/listen.ts';
import { createOps } from './http/ops.ts';
import { playerCatalogue } from './merge/catalogue.ts';
import { Fleet } from './merge/fleet.ts';
import { mergeReport } from './merge/merge.ts';
import { SeenReports } from './merge/reports.ts';
import { BodyReader } from './receive/body.ts';
import { createReceiver } from './receive/http.ts';
import { createOriginPolicy } from './receive/origins.ts';
import { createTelemetry } from './telemetry.ts';

/** A collector at work. */
export interface Collector extends AsyncDisposable {
  /** Where players send their reports: `POST <url>v1/metrics`. */
  readonly url: URL;
  /** Where operators and Prometheus look: `<opsUrl>metrics`. */
  readonly opsUrl: URL;
  /** Stops taking reports, answers those under way, and frees the ports. */
  close(): Promise<void>;
}

/** How long requests under way may take when the collector closes, in milliseconds. */
const CLOSE_GRACE = 2_000;

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
  const metrics = createPrometheusMetrics({ overflow: own.seriesOverflow });
  const telemetry = createTelemetry(metrics);
  const catalogue = playerCatalogue();
  const fleet = new Fleet(metrics, catalogue);
  const series = metrics.gauge(own.series).series();
  const merge = {
    limits: { points: config.maxPoints, attributes: config.maxAttributes },
    seen: new SeenReports({ sessions: config.maxSessions, expiry: config.sessionExpirySeconds * 1000 }),
    catalogue,
    fleet,
    telemetry,
  };
  const started = performance.now();
  const onError = (error: unknown): void => logger.error({ err: error }, 'internal error');
  let closing: Promise<void> | undefined;

  const receiver = createReceiver({
    origins: createOriginPolicy(config.allowedOrigins),
    body: new BodyReader({
      compressed: config.maxBodyBytes,
      decompressed: config.maxDecompressedBytes,
      held: config.maxHeldBytes,
    }),
    onMetrics: (text, report) => {
      const receipt = mergeReport(text, report, performance.now(), merge);
      if (receipt.rejectedPoints > 0)
        logger.debug({ session: report?.session, ...receipt }, 'points rejected');
      return receipt;
    },
    onRefused: ({ status, message }) => {
      telemetry.report('rejected');
      logger.debug({ status, reason: message }, 'report refused');
    },
    onAnswer: telemetry.request,
    onError,
  });
  const ops = createOps({
    allowedHosts: config.opsAllowedHosts,
    metrics: () => {
      series.set(fleet.size);
      return metrics.render();
    },
    health: () => ({
      status: closing ? 'closing' : 'ok',
      uptime_seconds: Math.round((performance.now() - started) / 1000),
      sessions_remembered: merge.seen.size,
      series: fleet.size,
    }),
    ready: () => closing === undefined,
    onError,
  });

  const otlpServer = await listen(
    { purpose: 'OTLP', host: config.host, port: config.port, option: 'port' },
    receiver,
  );
  const opsServer = await listen(
    { purpose: 'ops', host: config.opsHost, port: config.opsPort, option: 'opsPort' },
    ops,
  ).catch(async (error: unknown) => {
    await otlpServer.close(0);
    throw error;
  });
  logger.info({ otlp: otlpServer.url.href, ops: opsServer.url.href }, 'collector is ready');

  const close = (): Promise<void> => {
    closing ??= Promise.all([otlpServer.close(CLOSE_GRACE), opsServer.close(CLOSE_GRACE)]).then(() =>
      logger.info('collector is closed'),
    );
    return closing;
  };
  return { url: otlpServer.url, opsUrl: opsServer.url, close, [Symbol.asyncDispose]: close };
}

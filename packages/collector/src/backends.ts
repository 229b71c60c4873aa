import { join } from 'node:path';
import type { Logger } from 'pino';
import { type CollectorConfig, storeDriver } from './config.ts';
import type { Forward, ForwardTarget } from './forward/forward.ts';
import { openForward } from './forward/open-forward.ts';
import { openStore } from './store/open-store.ts';
import type { Store } from './store/store.ts';
import type { Telemetry } from './telemetry.ts';

/** Opens what keeps sessions, logs and traces; where nothing does, a store that says so. */
export function openBackendStore(
  config: CollectorConfig,
  telemetry: Telemetry,
  logger: Logger,
): Promise<Store> {
  const { dataDir, clickhouseUrl, clickhouseCluster, retentionDays, retentionBytes } = config;
  return openStore(
    {
      driver: storeDriver(config),
      folder: dataDir === undefined ? '' : join(dataDir, 'store'),
      clickhouse:
        clickhouseUrl === undefined ? undefined : { url: new URL(clickhouseUrl), cluster: clickhouseCluster },
      chdb: { retentionBytes },
      retentionDays,
    },
    {
      onWritten: telemetry.storedRows,
      onDropped: (table, rows, reason) => logger.warn({ table, rows, reason }, 'rows of the store are lost'),
      onError: (error) => {
        telemetry.storeError();
        logger.debug({ err: error }, 'the store failed');
      },
      onState: ({ driver, state, reason }) => {
        if (state === 'degraded') logger.warn({ driver, reason }, 'the store is not there');
        else logger.info({ driver, state }, 'the store');
      },
    },
  );
}

/** Opens what passes requests on to other backends. */
export function openBackendForward(
  config: CollectorConfig,
  telemetry: Telemetry,
  logger: Logger,
): Promise<Forward> {
  const { dataDir, forwardTraces, forwardLogs, forwardMetrics, forwardHeaders: headers } = config;
  const target = (url: string | undefined): ForwardTarget | undefined =>
    url === undefined ? undefined : { url: new URL(url), headers };
  return openForward(
    {
      folder: dataDir === undefined ? '' : join(dataDir, 'forward'),
      targets: { traces: target(forwardTraces), logs: target(forwardLogs), metrics: target(forwardMetrics) },
    },
    {
      onSent: (signal, requests) => telemetry.forwarded('sent', signal, requests),
      onFailed: (signal, reason) => {
        telemetry.forwarded('failed', signal, 1);
        logger.debug({ signal, reason }, 'passing on failed for now');
      },
      onDropped: (signal, requests, reason) => {
        telemetry.forwarded('dropped', signal, requests);
        logger.warn({ signal, requests, reason }, 'requests to be passed on are lost');
      },
      onPartial: (signal, rejected, message) =>
        logger.debug({ signal, rejected, message }, 'what was passed on was rejected in part'),
    },
  );
}

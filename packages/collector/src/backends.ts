import { join } from 'node:path';
import type { Logger } from 'pino';
import { type CollectorConfig, storeDriver } from './config.ts';
import type { Forward, ForwardHealth } from './forward/forward.ts';
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

const nothing = async (): Promise<void> => {};

/** Passes nothing on. */
export function noForward(): Forward {
  const health: ForwardHealth = {
    state: 'off',
    reason: undefined,
    queuedRequests: 0,
    queuedBytes: 0,
    droppedRequests: 0,
  };
  return {
    wants: () => false,
    enqueue: async () => 'off',
    queuedBytes: () => 0,
    health: () => health,
    flush: nothing,
    close: nothing,
    [Symbol.asyncDispose]: nothing,
  };
}

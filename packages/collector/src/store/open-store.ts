import { join } from 'node:path';
import { chdbEngine } from './chdb.ts';
import { clickHouseEngine } from './clickhouse.ts';
import { NoStore } from './no-store.ts';
import { isClusterName } from './schema.ts';
import { SqlStore, type SqlStoreOptions } from './sql-store.ts';
import type { Store, StoreDriver, StoreEvents } from './store.ts';

/** Where rows are kept, and for how long. */
export interface StoreOptions {
  readonly driver: StoreDriver;
  /** A folder of the store's own: its queue, and with `chdb` its tables. One collector at a time can use it. */
  readonly folder: string;
  /** For `clickhouse`. */
  readonly clickhouse?: ClickHouseStoreOptions | undefined;
  /** For `chdb`. */
  readonly chdb?: ChdbStoreOptions | undefined;
  /**
   * Days after which rows go, at least 1. 7 with `chdb`; a server keeps what its own tables say unless this is given.
   */
  readonly retentionDays?: number | undefined;
  /** Bytes that rows may wait in, until the database takes them; 256 MiB. */
  readonly queueBytes?: number | undefined;
  /** Milliseconds rows are gathered for before they are written together; 1,000. */
  readonly queueAge?: number | undefined;
}

/** A ClickHouse server or cluster. */
export interface ClickHouseStoreOptions {
  /** `http[s]://[user:password@]host:port[/database]`. The database has to be there; tables are made. */
  readonly url: URL;
  /** The cluster on all nodes of which tables are made, as replicated ones. */
  readonly cluster?: string | undefined;
}

/** The embedded database. */
export interface ChdbStoreOptions {
  /** Bytes the tables may take on disk, past which the oldest rows go; 10 GiB. */
  readonly retentionBytes?: number | undefined;
  /** Bytes of memory the database may take; 1 GiB. */
  readonly memoryBytes?: number | undefined;
  /** The module that holds the engine; `chdb`. */
  readonly module?: string | undefined;
}

/**
 * Opens the store. Never rejects: where there can be none, it is `off` and says why, and everything else goes on.
 * It connects in the meantime; see {@link Store.health}.
 */
export async function openStore(options: StoreOptions, events: StoreEvents = {}): Promise<Store> {
  const { folder, queueBytes = 256 * 1024 ** 2, queueAge = 1000 } = options;
  const database = chooseDatabase(options);
  if (typeof database === 'string') return new NoStore(database);
  const queue = { folder: join(folder, 'queue'), maxBytes: queueBytes, age: queueAge };
  try {
    return await SqlStore.open({ ...database, queue }, events);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return new NoStore(`its folder ${folder} cannot be used: ${reason}`);
  }
}

/** What holds the tables, or the reason why nothing does. */
function chooseDatabase(
  options: StoreOptions,
): Pick<SqlStoreOptions, 'engine' | 'schema' | 'retention'> | string {
  const { driver, folder, clickhouse, chdb = {}, retentionDays } = options;
  switch (driver) {
    case 'off':
      return 'it is switched off';
    case 'chdb':
      return {
        engine: chdbEngine({ ...chdb, folder: join(folder, 'tables') }),
        schema: {},
        retention: { days: retentionDays ?? 7, bytes: chdb.retentionBytes ?? 10 * 1024 ** 3 },
      };
    case 'clickhouse': {
      if (!clickhouse) return 'there is no address of a ClickHouse server';
      const { url, cluster } = clickhouse;
      if (cluster !== undefined && !isClusterName(cluster)) {
        return `${JSON.stringify(cluster)} is no name of a cluster`;
      }
      return {
        engine: clickHouseEngine({ url }),
        schema: { cluster },
        retention: { days: retentionDays, bytes: undefined },
      };
    }
  }
}

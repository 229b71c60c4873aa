/** What the collector and the process that holds the embedded database say to one another. */

import type { collector } from '@moq-observability/moq-metrics';
import type { SqlParams } from './engine.ts';

/** What the process is started with, as JSON in its only argument. */
export interface ChdbStart {
  /** The database's own folder. */
  readonly folder: string;
  /** Memory for everything, in bytes. */
  readonly memoryBytes: number;
  /** The module that holds the engine. */
  readonly module: string;
}

/** What is asked of the process. */
export type ChdbRequest =
  | { readonly id: number; readonly kind: 'query'; readonly sql: string; readonly params: SqlParams }
  | { readonly id: number; readonly kind: 'command'; readonly sql: string }
  | {
      readonly id: number;
      readonly kind: 'insert';
      readonly table: collector.StoreTable;
      readonly columns: readonly string[];
      readonly path: string;
      readonly bytes: number;
      readonly token: string;
    }
  | { readonly id: number; readonly kind: 'close' };

/** What it says on its own, and what it answers. */
export type ChdbMessage =
  | { readonly kind: 'ready' }
  /** `missing`: it will not work on this machine, however often it is started. */
  | { readonly kind: 'unable'; readonly missing: boolean; readonly message: string }
  /** The rows of a query as one line of JSON each, or how many an insert wrote. */
  | { readonly kind: 'answer'; readonly id: number; readonly rows: Uint8Array | number }
  /** `number` is ClickHouse's for the error, 0 if it has none. */
  | { readonly kind: 'error'; readonly id: number; readonly number: number; readonly message: string };

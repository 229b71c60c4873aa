/** Keeping the tables within a number of bytes: the oldest goes. */

import { ClickHouseError, type Connection } from './engine.ts';
import { growingTables } from './schema.ts';

/** A piece of a table on disk. */
export interface Part {
  readonly table: string;
  readonly name: string;
  /** Of its newest row, Unix seconds. */
  readonly newest: number;
  readonly bytes: number;
}

/** All pieces of all tables. */
const PARTS = `
SELECT table, name, toUnixTimestamp(max_time) AS newest, toFloat64(bytes_on_disk) AS bytes
FROM system.parts
WHERE active AND database = currentDatabase() AND table IN {tables:Array(String)}`;

/** ClickHouse's number for a part that is not there. */
const NO_SUCH_PART = 232;

/** What there is of all tables. */
export function partsOf(connection: Connection): Promise<readonly Part[]> {
  return connection.query<Part>(PARTS, { tables: growingTables });
}

/**
 * Removes the oldest parts until the rest fits into so many bytes.
 *
 * @throws StoreError
 */
export async function limitSize(connection: Connection, bytes: number): Promise<void> {
  for (const part of surplus(await partsOf(connection), bytes)) {
    try {
      await connection.command(dropPart(part));
    } catch (error) {
      // It was merged into another meanwhile; the next time that one is looked at.
      if (!(error instanceof ClickHouseError && error.number === NO_SUCH_PART)) throw error;
    }
  }
}

/** The parts that have to go for the rest to fit into so many bytes: those that ended longest ago. */
export function surplus(parts: readonly Part[], limit: number): readonly Part[] {
  let bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const gone: Part[] = [];
  for (const part of parts.toSorted((a, b) => a.newest - b.newest)) {
    if (bytes <= limit) break;
    gone.push(part);
    bytes -= part.bytes;
  }
  return gone;
}

/** The statement that removes a part. */
export function dropPart({ table, name }: Part): string {
  if (!growingTables.includes(table) || !/^[\w-]+$/.test(name)) {
    throw new RangeError(`${table} ${name} is no part of ours`);
  }
  return `ALTER TABLE ${table} DROP PART '${name}'`;
}

/** How many of its pieces the limit is made of at least: so fine is what goes when it is reached. */
const PIECES = 16;

/** Merging is not worth it below, in bytes. */
const SMALLEST_LIMIT = 16 * 1024 * 1024;

/** Seconds that parts stay after they were merged into others; long enough for those to be on the disk itself. */
const MERGED_LIFETIME = 60;

/**
 * Keeps parts from being merged into so large ones that dropping one would drop most of what there is, and those that
 * were merged from lying about.
 */
export function partSizeLimits(limit: number): readonly string[] {
  const bytes = Math.round(Math.max(SMALLEST_LIMIT, limit / PIECES));
  return growingTables.map(
    (table) =>
      `ALTER TABLE ${table} MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = ${bytes}, old_parts_lifetime = ${MERGED_LIFETIME}`,
  );
}

import type { Connection } from './engine.ts';
import { StoreError } from './errors.ts';
import { ageLimits, MIGRATIONS_TABLE, migrations, migrationsTable, type SchemaOptions } from './schema.ts';

/**
 * Brings the tables to the version this collector knows.
 *
 * @throws StoreError `failed` when they are newer than that, or a step goes wrong
 */
export async function migrate(connection: Connection, options: SchemaOptions): Promise<void> {
  const steps = migrations(options);
  const known = steps.at(-1)!.version;
  await connection.command(migrationsTable(options));
  const [current] = await connection.query<{ readonly version: number }>(
    `SELECT max(Version) AS version FROM ${MIGRATIONS_TABLE}`,
    {},
  );
  const version = current?.version ?? 0;
  if (version > known) {
    throw new StoreError(
      'failed',
      `the tables are of version ${version}, and this collector knows ${known}: it is too old for them`,
    );
  }
  for (const step of steps) {
    if (step.version <= version) continue;
    for (const statement of step.statements) await connection.command(statement);
    // The name is ours, and without quotes.
    await connection.command(
      `INSERT INTO ${MIGRATIONS_TABLE} (Version, Name) SELECT ${step.version}, '${step.name}'`,
    );
  }
}

/** Sets how old rows become, where it is not set so already. */
export async function limitAge(connection: Connection, days: number, options: SchemaOptions): Promise<void> {
  const limits = ageLimits(days, options);
  const definitions = await connection.query<{ readonly name: string; readonly definition: string }>(
    'SELECT name, engine_full AS definition FROM system.tables WHERE database = currentDatabase() AND name IN {tables:Array(String)}',
    { tables: limits.map(({ table }) => table) },
  );
  for (const { table, definition, statements } of limits) {
    const current = definitions.find(({ name }) => name === table)?.definition ?? '';
    if (current.includes(`${definition} `) || current.endsWith(definition)) continue;
    for (const statement of statements) await connection.command(statement);
  }
}

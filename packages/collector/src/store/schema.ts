/**
 * The tables, as numbered steps that are never changed once released. `otel_traces`, `otel_logs` and the table from
 * trace ids to times are laid out as the OpenTelemetry Collector's ClickHouse exporter does it, and left as they are
 * when it was there first; what we need beyond that is added in a step of its own.
 *
 * Source: https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/exporter/clickhouseexporter
 */

/** Where the tables are to lie. */
export interface SchemaOptions {
  /** The cluster all its nodes of which get the tables, replicated; `undefined` for a single server. */
  readonly cluster?: string | undefined;
}

/** A step from one version of the schema to the next. */
export interface Migration {
  /** Steps are taken in this order, each once. */
  readonly version: number;
  readonly name: string;
  /** Each may run again after a crash, or at the same time as another collector's. */
  readonly statements: readonly string[];
}

/** The table that remembers which steps were taken. */
export const MIGRATIONS_TABLE = 'moq_schema_migrations';

/** A name that needs no quotes. */
const CLUSTER_NAME = /^\w+$/;

/** Whether a cluster can be called so. */
export function isClusterName(name: string): boolean {
  return CLUSTER_NAME.test(name);
}

/** The statement that makes the table of steps. */
export function migrationsTable(options: SchemaOptions): string {
  const { on, engine } = dialect(options);
  return `CREATE TABLE IF NOT EXISTS ${MIGRATIONS_TABLE}${on} (
    Version UInt32,
    Name String,
    AppliedAt DateTime DEFAULT now()
  ) ENGINE = ${engine}MergeTree ORDER BY Version`;
}

/** All steps, oldest first. */
export function migrations(options: SchemaOptions): readonly Migration[] {
  const { on, engine } = dialect(options);
  return [
    {
      version: 1,
      name: 'traces and logs as the OpenTelemetry exporter lays them out',
      statements: [
        `CREATE TABLE IF NOT EXISTS otel_traces${on} (
          Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
          TraceId String CODEC(ZSTD(1)),
          SpanId String CODEC(ZSTD(1)),
          ParentSpanId String CODEC(ZSTD(1)),
          TraceState String CODEC(ZSTD(1)),
          SpanName LowCardinality(String) CODEC(ZSTD(1)),
          SpanKind LowCardinality(String) CODEC(ZSTD(1)),
          ServiceName LowCardinality(String) CODEC(ZSTD(1)),
          ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
          ScopeName String CODEC(ZSTD(1)),
          ScopeVersion String CODEC(ZSTD(1)),
          SpanAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
          Duration UInt64 CODEC(ZSTD(1)),
          StatusCode LowCardinality(String) CODEC(ZSTD(1)),
          StatusMessage String CODEC(ZSTD(1)),
          Events Nested (
            Timestamp DateTime64(9),
            Name LowCardinality(String),
            Attributes Map(LowCardinality(String), String)
          ) CODEC(ZSTD(1)),
          Links Nested (
            TraceId String,
            SpanId String,
            TraceState String,
            Attributes Map(LowCardinality(String), String)
          ) CODEC(ZSTD(1)),
          INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
          INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
          INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
          INDEX idx_span_attr_key mapKeys(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
          INDEX idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
          INDEX idx_duration Duration TYPE minmax GRANULARITY 1
        ) ENGINE = ${engine}MergeTree
        PARTITION BY toDate(Timestamp)
        PRIMARY KEY (ServiceName, SpanName, toDateTime(Timestamp))
        ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), Timestamp)
        SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`,
        `CREATE TABLE IF NOT EXISTS otel_traces_trace_id_ts${on} (
          TraceId String CODEC(ZSTD(1)),
          Start SimpleAggregateFunction(min, DateTime) CODEC(ZSTD(1)),
          End SimpleAggregateFunction(max, DateTime) CODEC(ZSTD(1))
        ) ENGINE = ${engine}AggregatingMergeTree
        PARTITION BY toStartOfWeek(Start)
        ORDER BY TraceId
        SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`,
        `CREATE MATERIALIZED VIEW IF NOT EXISTS otel_traces_trace_id_ts_mv${on} TO otel_traces_trace_id_ts
        AS SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End
        FROM otel_traces WHERE TraceId != '' GROUP BY TraceId`,
        `CREATE TABLE IF NOT EXISTS otel_logs${on} (
          Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
          TimestampTime DateTime DEFAULT toDateTime(Timestamp),
          TraceId String CODEC(ZSTD(1)),
          SpanId String CODEC(ZSTD(1)),
          TraceFlags UInt8,
          SeverityText LowCardinality(String) CODEC(ZSTD(1)),
          SeverityNumber UInt8,
          ServiceName LowCardinality(String) CODEC(ZSTD(1)),
          Body String CODEC(ZSTD(1)),
          ResourceSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
          ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
          ScopeSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
          ScopeName String CODEC(ZSTD(1)),
          ScopeVersion LowCardinality(String) CODEC(ZSTD(1)),
          ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
          LogAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
          INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
          INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
          INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
          INDEX idx_scope_attr_key mapKeys(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
          INDEX idx_scope_attr_value mapValues(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
          INDEX idx_log_attr_key mapKeys(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
          INDEX idx_log_attr_value mapValues(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
          INDEX idx_body Body TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8
        ) ENGINE = ${engine}MergeTree
        PARTITION BY toDate(TimestampTime)
        PRIMARY KEY (ServiceName, TimestampTime)
        ORDER BY (ServiceName, TimestampTime, Timestamp)
        SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`,
      ],
    },
    {
      version: 2,
      name: 'sessions of spans and logs, names of events, and no batch twice',
      statements: [
        `ALTER TABLE otel_logs${on} ADD COLUMN IF NOT EXISTS EventName String CODEC(ZSTD(1))`,
        `ALTER TABLE otel_logs${on} ADD COLUMN IF NOT EXISTS SessionId String MATERIALIZED
          if(LogAttributes['session.id'] != '', LogAttributes['session.id'], ResourceAttributes['session.id']) CODEC(ZSTD(1))`,
        // The lines of a trace or a session lie far apart, as they came. Each is kept once more where it is looked for.
        `ALTER TABLE otel_logs${on} ADD PROJECTION IF NOT EXISTS moq_by_trace
          (SELECT *, SessionId ORDER BY TraceId, Timestamp)`,
        `ALTER TABLE otel_logs${on} ADD PROJECTION IF NOT EXISTS moq_by_session
          (SELECT *, SessionId ORDER BY SessionId, Timestamp)`,
        `ALTER TABLE otel_traces${on} ADD COLUMN IF NOT EXISTS SessionId String MATERIALIZED
          if(SpanAttributes['session.id'] != '', SpanAttributes['session.id'], ResourceAttributes['session.id']) CODEC(ZSTD(1))`,
        `ALTER TABLE otel_traces${on} ADD INDEX IF NOT EXISTS idx_session_id SessionId TYPE bloom_filter(0.001) GRANULARITY 1`,
        `ALTER TABLE otel_logs${on} MODIFY SETTING non_replicated_deduplication_window = 1000`,
        `ALTER TABLE otel_traces${on} MODIFY SETTING non_replicated_deduplication_window = 1000`,
        `ALTER TABLE otel_traces_trace_id_ts${on} MODIFY SETTING non_replicated_deduplication_window = 1000`,
      ],
    },
    {
      version: 3,
      name: 'sessions and their samples',
      statements: [
        `CREATE TABLE IF NOT EXISTS moq_sessions${on} (
          SessionId String CODEC(ZSTD(1)),
          StartedAt DateTime64(3) CODEC(Delta(8), ZSTD(1)),
          UpdatedAt DateTime64(3) CODEC(Delta(8), ZSTD(1)),
          EndedAt Nullable(DateTime64(3)),
          Namespace LowCardinality(String),
          Broadcast LowCardinality(String),
          State LowCardinality(String),
          Outcome LowCardinality(String),
          TraceId String CODEC(ZSTD(1)),
          Transport LowCardinality(String),
          Browser LowCardinality(String),
          Device LowCardinality(String),
          Region LowCardinality(String),
          UserAgent LowCardinality(String),
          RemoteAddress String CODEC(ZSTD(1)),
          PlayerVersion LowCardinality(String),
          StartupSeconds Nullable(Float32),
          LatencySeconds Nullable(Float32),
          BufferSeconds Nullable(Float32),
          Bitrate Nullable(Float64),
          RttSeconds Nullable(Float32),
          Rendition LowCardinality(String),
          WatchedSeconds Float64,
          StalledSeconds Float64,
          Stalls UInt64,
          QualitySwitches UInt64,
          FramesDecoded UInt64,
          FramesDropped UInt64,
          ReceivedBytes UInt64,
          Failures UInt64,
          LastError String CODEC(ZSTD(1)),
          Reports UInt64
        ) ENGINE = ${engine}ReplacingMergeTree(UpdatedAt)
        PARTITION BY toDate(StartedAt)
        ORDER BY SessionId
        SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000`,
        `CREATE TABLE IF NOT EXISTS moq_session_samples${on} (
          SessionId String CODEC(ZSTD(1)),
          Sequence UInt64 CODEC(Delta(8), ZSTD(1)),
          Timestamp DateTime64(3) CODEC(Delta(8), ZSTD(1)),
          Broadcast LowCardinality(String),
          State LowCardinality(String),
          Rendition LowCardinality(String),
          LatencySeconds Nullable(Float32) CODEC(ZSTD(1)),
          BufferSeconds Nullable(Float32) CODEC(ZSTD(1)),
          Bitrate Nullable(Float64) CODEC(ZSTD(1)),
          RttSeconds Nullable(Float32) CODEC(ZSTD(1)),
          WatchedSeconds Float64 CODEC(ZSTD(1)),
          StalledSeconds Float64 CODEC(ZSTD(1)),
          Stalls UInt32 CODEC(T64, ZSTD(1)),
          QualitySwitches UInt32 CODEC(T64, ZSTD(1)),
          FramesDecoded UInt32 CODEC(T64, ZSTD(1)),
          FramesDropped UInt32 CODEC(T64, ZSTD(1)),
          ReceivedBytes UInt64 CODEC(T64, ZSTD(1))
        ) ENGINE = ${engine}ReplacingMergeTree
        PARTITION BY toDate(Timestamp)
        ORDER BY (SessionId, Sequence)
        SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000`,
      ],
    },
  ];
}

/** What every stored day of goes when it is old: the tables, and what their age is measured by. */
const AGES: readonly { readonly table: string; readonly time: string }[] = [
  { table: 'otel_traces', time: 'Timestamp' },
  { table: 'otel_traces_trace_id_ts', time: 'Start' },
  { table: 'otel_logs', time: 'TimestampTime' },
  { table: 'moq_sessions', time: 'UpdatedAt' },
  { table: 'moq_session_samples', time: 'Timestamp' },
];

/** All tables whose content grows. */
export const growingTables: readonly string[] = AGES.map(({ table }) => table);

/** The age past which a table's rows go, as it shows in the table's definition, and the statement that sets it. */
export function ageLimits(
  days: number,
  options: SchemaOptions,
): readonly {
  readonly table: string;
  readonly definition: string;
  readonly statements: readonly string[];
}[] {
  if (!Number.isSafeInteger(days) || days < 1) throw new RangeError(`${days} is no number of days`);
  const { on } = dialect(options);
  return AGES.map(({ table, time }) => {
    const definition = `TTL toDateTime(${time}) + toIntervalDay(${days})`;
    return {
      table,
      definition,
      statements: [
        // What is there already is looked at anew, not written anew.
        `ALTER TABLE ${table}${on} MODIFY SETTING materialize_ttl_recalculate_only = 1`,
        `ALTER TABLE ${table}${on} MODIFY ${definition}`,
      ],
    };
  });
}

function dialect({ cluster }: SchemaOptions): { readonly on: string; readonly engine: string } {
  if (cluster === undefined) return { on: '', engine: '' };
  if (!isClusterName(cluster)) throw new RangeError(`${JSON.stringify(cluster)} is no name of a cluster`);
  return { on: ` ON CLUSTER ${cluster}`, engine: 'Replicated' };
}

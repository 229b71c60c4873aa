import type { LabelJson, MetricJson, NamedJson, SchemaJson } from './schema-json.ts';

/** How much a change asks of those who use the schema. */
export type Level = (typeof LEVELS)[number];
const LEVELS = ['major', 'minor', 'patch'] as const;

/** A difference between two schemas. */
export interface Change {
  readonly level: Level;
  readonly message: string;
}

/**
 * What changed between a released schema and the one to be released. What breaks queries, dashboards and senders is
 * major: metrics renamed, removed or of another kind, other units, labels or buckets, values of a label that are gone.
 */
export function compare(released: SchemaJson, next: SchemaJson): readonly Change[] {
  const changes: Change[] = [];
  const byKey = new Map(Object.entries(next.metrics).map(([name, { key }]) => [key, name]));
  for (const [name, before] of Object.entries(released.metrics)) {
    const after = next.metrics[name];
    const renamed = byKey.get(before.key);
    if (after) changes.push(...compareMetric(name, before, after));
    else if (renamed) changes.push({ level: 'major', message: `${name} is renamed to ${renamed}` });
    else changes.push({ level: 'major', message: `${name} is removed` });
  }
  for (const name of Object.keys(next.metrics)) {
    if (!released.metrics[name]) changes.push({ level: 'minor', message: `${name} is new` });
  }
  for (const part of ['spans', 'events', 'attributes', 'logFields'] as const) {
    changes.push(...compareNames(part, released[part], next[part]));
  }
  return changes;
}

/** The highest level changesets announce for a package; `changesets` are the texts of the files. */
export function announcedLevel(changesets: readonly string[], name: string): Level | undefined {
  const levels = new Set(changesets.flatMap((changeset) => levelsIn(changeset, name)));
  return LEVELS.find((level) => levels.has(level));
}

function levelsIn(changeset: string, name: string): readonly string[] {
  const [, head = ''] = /^---\r?\n([\s\S]*?)\r?\n---/.exec(changeset) ?? [];
  return head.split('\n').flatMap((line) => {
    const [, named, level] = /^\s*["']?([^"':]+)["']?\s*:\s*["']?(\w+)["']?\s*$/.exec(line) ?? [];
    return named === name && level ? [level] : [];
  });
}

function compareMetric(name: string, before: MetricJson, after: MetricJson): readonly Change[] {
  const changes: Change[] = [];
  const major = (what: string, from: unknown, to: unknown): void => {
    changes.push({ level: 'major', message: `${name}: ${what} ${text(from)} becomes ${text(to)}` });
  };
  for (const field of ['kind', 'unit', 'otelName'] as const) {
    if (before[field] !== after[field]) major(field, before[field], after[field]);
  }
  const labels = [before, after].map((metric) => Object.keys(metric.labels).toSorted().join(', '));
  if (labels[0] !== labels[1]) major('labels', labels[0], labels[1]);
  for (const [label, was] of Object.entries(before.labels)) {
    const is = after.labels[label];
    if (is) changes.push(...compareLabel(`${name}: label ${label}`, was, is));
  }
  if (text(before.buckets) !== text(after.buckets)) major('buckets', before.buckets, after.buckets);
  if (before.key !== after.key)
    changes.push({ level: 'major', message: `${name}: ${before.key} is now ${after.key}` });
  if (before.owner !== after.owner)
    changes.push({ level: 'minor', message: `${name}: now measured by ${after.owner}` });
  for (const field of ['description', 'stability', 'status', 'replacement'] as const) {
    if (before[field] !== after[field])
      changes.push({ level: 'patch', message: `${name}: another ${field}` });
  }
  return changes;
}

function compareLabel(what: string, was: LabelJson, is: LabelJson): readonly Change[] {
  if ('limit' in was && 'limit' in is) {
    return was.limit === is.limit ? [] : [{ level: 'minor', message: `${what}: at most ${is.limit} values` }];
  }
  if ('limit' in was || 'limit' in is) return [{ level: 'major', message: `${what}: no longer what it was` }];
  const gone = was.values.filter((value) => !is.values.includes(value));
  const added = is.values.filter((value) => !was.values.includes(value));
  return [
    ...gone.map((value): Change => ({ level: 'major', message: `${what}: ${value} is removed` })),
    ...added.map((value): Change => ({ level: 'minor', message: `${what}: ${value} is new` })),
  ];
}

function compareNames(
  part: string,
  before: readonly NamedJson[],
  after: readonly NamedJson[],
): readonly Change[] {
  const [was, is] = [new Set(before.map(({ name }) => name)), new Set(after.map(({ name }) => name))];
  return [
    ...[...was.difference(is)].map((name): Change => ({
      level: 'major',
      message: `${part}: ${name} is removed`,
    })),
    ...[...is.difference(was)].map((name): Change => ({
      level: 'minor',
      message: `${part}: ${name} is new`,
    })),
  ];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value || 'none' : JSON.stringify(value ?? null);
}

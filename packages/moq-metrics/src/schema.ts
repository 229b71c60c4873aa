import * as audience from './audience.ts';
import * as client from './client.ts';
import * as collector from './collector.ts';
import { DefinitionError, type Metric } from './define.ts';
import * as relay from './relay.ts';
import * as stack from './stack.ts';

/** A part of the schema: its metrics by the key code knows them by. */
export interface Group {
  readonly name: string;
  readonly metrics: ReadonlyMap<string, Metric>;
}

/** The whole schema, in the order it is documented. Whoever calls this has all of it in the bundle. */
export function schema(): readonly Group[] {
  const groups = Object.entries({ relay, client, audience, collector, stack }).map(([name, exports]) => ({
    name,
    metrics: new Map(
      Object.entries(exports).filter((entry): entry is [string, Metric] => isMetric(entry[1])),
    ),
  }));
  byName(groups.flatMap(({ metrics }) => [...metrics.values()]));
  return groups;
}

/**
 * Metrics by their Prometheus name.
 *
 * @throws DefinitionError when two of them have the same name
 */
export function byName<M extends { readonly name: string }>(metrics: Iterable<M>): ReadonlyMap<string, M> {
  const found = new Map<string, M>();
  for (const metric of metrics) {
    if (found.has(metric.name)) throw new DefinitionError(metric.name, 'defined twice');
    found.set(metric.name, metric);
  }
  return found;
}

function isMetric(value: unknown): value is Metric {
  return typeof value === 'object' && value !== null && 'kind' in value && 'labels' in value;
}

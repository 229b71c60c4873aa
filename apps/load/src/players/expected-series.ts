import { schema } from '@moq-observability/moq-metrics';
import { parseExposition } from '@moq-observability/moq-metrics/exposition';

import type { PlayerTotal } from './players.ts';

/** The series of `/metrics` that players' own totals come to, by their labels, and the values they must have. */
export function expectedSeries(totals: readonly PlayerTotal[]): ReadonlyMap<string, number> {
  const all = schema().flatMap((group) => [...group.metrics.values()]);
  const metrics = new Map(all.map((metric) => [metric.name, metric]));
  const expected = new Map<string, number>();
  for (const { metric: name, labels, value, counts } of totals) {
    const metric = metrics.get(name);
    if (metric?.kind !== 'histogram') {
      expected.set(seriesKey(name, labels), value);
      continue;
    }
    let count = 0;
    counts!.forEach((bucket, i) => {
      count += bucket;
      const le = metric.buckets[i] ?? Number.POSITIVE_INFINITY;
      expected.set(seriesKey(`${name}_bucket`, { ...labels, le: String(le) }), count);
    });
    expected.set(seriesKey(`${name}_sum`, labels), value);
    expected.set(seriesKey(`${name}_count`, labels), count);
  }
  return expected;
}

/** The series of a metrics page, by their labels. */
export function readSeries(page: string): ReadonlyMap<string, number> {
  const { families, errors } = parseExposition(page);
  if (errors.length > 0) throw new SyntaxError(errors[0]);
  const samples = [...families.values()].flatMap((family) => family.samples);
  return new Map(
    samples.map(({ name, labels, value }) => [seriesKey(name, Object.fromEntries(labels)), value]),
  );
}

/** A series by its name and labels, whatever order they are in and however bounds are written. */
export function seriesKey(name: string, labels: Readonly<Record<string, string>>): string {
  const texts = Object.entries(labels).map(([label, value]) => {
    const bound = value === '+Inf' ? 'Infinity' : String(Number(value));
    return `${label}=${JSON.stringify(label === 'le' ? bound : value)}`;
  });
  return `${name}{${texts.toSorted().join(',')}}`;
}

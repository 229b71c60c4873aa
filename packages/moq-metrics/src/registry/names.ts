import { otelName } from '../otel-name.ts';
import { schema } from '../schema.ts';

/** A metric name written out where the schema's object should stand. */
export interface WrittenName {
  /** Counted from 1. */
  readonly line: number;
  readonly name: string;
  /** What to write instead: `relay.bytesSent`. */
  readonly key: string;
}

/**
 * Metric names in a file, under their Prometheus and their OpenTelemetry name. Lines that are comments may have them:
 * they do not break when a name changes.
 */
export function findNames(text: string): readonly WrittenName[] {
  const keys = ourKeys();
  return text.split('\n').flatMap((line, i) => {
    if (/^\s*(\/\/|\/?\*|#|<!--)/.test(line)) return [];
    const candidates = line.match(/moq[_.](?:relay|client|audience|collector)[_.][a-z0-9_]+/g) ?? [];
    return candidates.flatMap((candidate) => {
      const name = candidate.replace(/_(bucket|sum|count)$/, '');
      const key = keys.get(candidate) ?? keys.get(name);
      return key === undefined ? [] : [{ line: i + 1, name: candidate, key }];
    });
  });
}

function ourKeys(): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const group of schema()) {
    for (const [key, metric] of group.metrics) {
      if (metric.owner === 'stack') continue;
      keys.set(metric.name, `${group.name}.${key}`).set(otelName(metric), `${group.name}.${key}`);
    }
  }
  return keys;
}

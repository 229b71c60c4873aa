import { parse, stringify } from 'yaml';

/** Shortest range of a query, in seconds: with fewer samples there is no rate. */
const LEAST_RANGE = 5;

/** Shortest wait of anything else, in seconds. */
const LEAST_WAIT = 1;

/** Seconds, by the unit Prometheus writes durations in. */
const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** A duration as Prometheus writes it, that many times as short, in whole seconds. */
export function shorten(duration: string, speed: number, least: number = LEAST_WAIT): string {
  const seconds = [...duration.matchAll(/(\d+)(ms|[smhdw])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!,
    0,
  );
  return seconds === 0 ? '0s' : `${Math.max(least, Math.ceil(seconds / speed))}s`;
}

/** The same query looking back that many times as far less. */
export function shortenQuery(query: string, speed: number): string {
  return query
    .replaceAll(/\[(\w+)(?::(\w*))?\]/g, (_, range: string, step: string | undefined) => {
      const short = shorten(range, speed, LEAST_RANGE);
      return step === undefined ? `[${short}]` : `[${short}:${step && shorten(step, speed)}]`;
    })
    .replaceAll(/\boffset (\w+)/g, (_, back: string) => `offset ${shorten(back, speed)}`);
}

interface Rules {
  readonly groups: readonly {
    readonly interval?: string;
    readonly rules: readonly { readonly expr: string; readonly for?: string }[];
  }[];
}

/** A file of rules in which everything takes that many times as short: what they say stays as it is. */
export function shortenRules(text: string, speed: number): string {
  const { groups } = parse(text) as Rules;
  return stringify({
    groups: groups.map(({ interval, rules, ...group }) => ({
      ...group,
      ...(interval !== undefined && { interval: shorten(interval, speed) }),
      rules: rules.map((rule) => ({
        ...rule,
        expr: shortenQuery(rule.expr, speed),
        ...(rule.for !== undefined && { for: shorten(rule.for, speed) }),
      })),
    })),
  });
}

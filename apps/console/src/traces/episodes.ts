/** Spans in the order they are shown: those that belong together in time on one scale, children below their parents. */
import type { StoredSpan } from '@moq-observability/collector/api';

/** A span and how deep it lies. */
export interface PlacedSpan {
  readonly span: StoredSpan;
  readonly depth: number;
}

/** What went on at one time: a start, a stall with the reconnect that ended it. */
export interface Episode {
  /** Unix milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly spans: readonly PlacedSpan[];
  readonly traceIds: readonly string[];
  readonly errors: number;
}

/** Nothing for so long ends an episode, in milliseconds: on one scale, what was before and after would be dots. */
const PAUSE = 1_000;

/**
 * Splits spans into episodes, the earliest first. A session that reconnects goes on in the trace of its start, minutes
 * later; and what player and relay did at that time lies in several traces.
 */
export function episodesOf(spans: readonly StoredSpan[]): readonly Episode[] {
  const episodes: StoredSpan[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const span of spans.toSorted((a, b) => a.time - b.time)) {
    if (span.time > end + PAUSE) episodes.push([]);
    episodes.at(-1)!.push(span);
    end = Math.max(end, span.time + span.duration);
  }
  return episodes.map((own) => ({
    from: own[0]!.time,
    to: Math.max(...own.map(({ time, duration }) => time + duration)),
    spans: placed(own),
    traceIds: [...new Set(own.map(({ traceId }) => traceId))],
    errors: own.filter(({ status }) => status === 'Error').length,
  }));
}

function idOf({ traceId, spanId }: StoredSpan): string {
  return `${traceId} ${spanId}`;
}

/** Children below their parents, by time. What strangers send may have circles: no span is shown twice. */
function placed(spans: readonly StoredSpan[]): readonly PlacedSpan[] {
  const byTime = spans.toSorted((a, b) => a.time - b.time || b.duration - a.duration);
  const ids = new Set(spans.map(idOf));
  const parentOf = ({ traceId, parentSpanId }: StoredSpan): string => {
    const id = `${traceId} ${parentSpanId}`;
    return ids.has(id) ? id : '';
  };
  const children = Map.groupBy(byTime, parentOf);
  const found: PlacedSpan[] = [];
  const seen = new Set<StoredSpan>();
  const waiting = (children.get('') ?? []).map((span) => ({ span, depth: 0 })).toReversed();
  const visit = (): void => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      if (seen.has(next.span)) continue;
      seen.add(next.span);
      found.push({ span: next.span, depth: Math.min(next.depth, DEEPEST) });
      const below = children.get(idOf(next.span)) ?? [];
      for (const child of below.toReversed()) waiting.push({ span: child, depth: next.depth + 1 });
    }
  };
  visit();
  // Those that are each other's parents hang on nothing.
  for (const span of byTime) {
    waiting.push({ span, depth: 0 });
    visit();
  }
  return found;
}

/** Deeper ones are not moved further in. */
const DEEPEST = 12;

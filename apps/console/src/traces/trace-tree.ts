/** Spans in the order they are shown: below their parents, traces one after the other. */
import type { StoredSpan } from '@moq-observability/collector/api';

/** A span and how deep it lies. */
export interface PlacedSpan {
  readonly span: StoredSpan;
  readonly depth: number;
}

/** The spans of a trace. */
export interface TraceGroup {
  readonly traceId: string;
  /** Unix milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly spans: readonly PlacedSpan[];
  readonly errors: number;
}

/** Groups spans by their traces, the earliest first. */
export function traceGroups(spans: readonly StoredSpan[]): readonly TraceGroup[] {
  return [...Map.groupBy(spans, ({ traceId }) => traceId)]
    .map(([traceId, own]) => groupOf(traceId, own))
    .toSorted((a, b) => a.from - b.from);
}

function groupOf(traceId: string, spans: readonly StoredSpan[]): TraceGroup {
  return {
    traceId,
    from: Math.min(...spans.map(({ time }) => time)),
    to: Math.max(...spans.map(({ time, duration }) => time + duration)),
    spans: placed(spans),
    errors: spans.filter(({ status }) => status === 'Error').length,
  };
}

/** Children below their parents, by time. What strangers send may have circles: no span is shown twice. */
function placed(spans: readonly StoredSpan[]): readonly PlacedSpan[] {
  const byTime = spans.toSorted((a, b) => a.time - b.time || b.duration - a.duration);
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const children = Map.groupBy(byTime, ({ parentSpanId }) => (ids.has(parentSpanId) ? parentSpanId : ''));
  const found: PlacedSpan[] = [];
  const seen = new Set<StoredSpan>();
  const visit = (span: StoredSpan, depth: number): void => {
    if (seen.has(span)) return;
    seen.add(span);
    found.push({ span, depth: Math.min(depth, DEEPEST) });
    if (depth > spans.length) return;
    for (const child of children.get(span.spanId) ?? []) visit(child, depth + 1);
  };
  for (const root of children.get('') ?? []) visit(root, 0);
  for (const span of byTime) visit(span, 0);
  return found;
}

/** Deeper ones are not moved further in. */
const DEEPEST = 12;

import type { collector } from '@moq-observability/moq-metrics';
import { type Addition, type Catalogue, judge } from '@moq-observability/moq-metrics/merge';
import type { ResourceMetrics } from '../receive/otlp.ts';

/** Why a point is not added. */
export type RejectReason = collector.RejectReason;

/** What became of the points of a request. */
export interface Verdict {
  readonly additions: readonly Addition[];
  /** Rejected points by reason. */
  readonly rejected: ReadonlyMap<RejectReason, number>;
  /** The first few rejections in words. Metric names in them are the client's: bounded, and escaped as JSON. */
  readonly messages: readonly string[];
}

const MAX_MESSAGES = 5;

/** Sorts the points of a request into what is added and what is rejected, by the schema. Never throws. */
export function judgeReport(resources: readonly ResourceMetrics[], catalogue: Catalogue): Verdict {
  const additions: Addition[] = [];
  const rejected = new Map<RejectReason, number>();
  const messages = new Set<string>();
  for (const metric of resources.flatMap(({ metrics }) => metrics)) {
    for (const outcome of judge(metric, catalogue)) {
      if (outcome.kind !== 'rejected') {
        additions.push(outcome);
        continue;
      }
      rejected.set(outcome.reason, (rejected.get(outcome.reason) ?? 0) + outcome.points);
      if (messages.size < MAX_MESSAGES) messages.add(`${quote(metric.name)}: ${outcome.message}`);
    }
  }
  return { additions, rejected, messages: [...messages] };
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

import type { collector } from '@moq-observability/moq-metrics';
import { type Addition, type Catalogue, judge } from '@moq-observability/moq-metrics/merge';
import type { HistogramPoint, NumberPoint, OtlpMetric } from '../receive/metrics.ts';

/** Why a point is not added. */
export type RejectReason = collector.RejectReason;

/** A point with what it adds. */
export interface JudgedPoint {
  readonly addition: Addition;
  readonly point: NumberPoint | HistogramPoint;
}

/** How many rejections are told in words. */
const MAX_MESSAGES = 5;

/** Points that were not added: how many, why, and a few of them in words. */
export class Rejections {
  readonly #reasons = new Map<RejectReason, number>();
  readonly #messages = new Set<string>();
  #points = 0;

  /** Rejected points. */
  get points(): number {
    return this.#points;
  }

  /** Rejected points by reason. */
  get reasons(): ReadonlyMap<RejectReason, number> {
    return this.#reasons;
  }

  /** The first few in words. Metric names in it are the client's: bounded, and escaped as JSON. */
  get message(): string {
    return [...this.#messages].join('; ');
  }

  add(metric: string, reason: RejectReason, message: string, points = 1): void {
    this.#points += points;
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + points);
    if (this.#messages.size < MAX_MESSAGES) this.#messages.add(`${quote(metric)}: ${message}`);
  }
}

/** Sorts the points of a metric into what is added and what is rejected, by the schema. Never throws. */
export function judgeMetric(
  metric: OtlpMetric,
  catalogue: Catalogue,
  rejections: Rejections,
): readonly JudgedPoint[] {
  const judged: JudgedPoint[] = [];
  judge(metric, catalogue).forEach((outcome, i) => {
    if (outcome.kind === 'rejected') {
      rejections.add(metric.name, outcome.reason, outcome.message, outcome.points);
    } else if (metric.kind === 'sum' || metric.kind === 'histogram') {
      // Where any point is judged on its own, all are, one after the other.
      judged.push({ addition: outcome, point: metric.points[i]! });
    }
  });
  return judged;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80).toWellFormed());
}

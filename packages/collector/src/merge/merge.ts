import type { Catalogue } from '@moq-observability/moq-metrics/merge';
import { type OtlpLimits, parseMetrics } from '../receive/otlp.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Fleet } from './fleet.ts';
import { judgeReport } from './judge.ts';
import type { ReportId, SeenReports } from './reports.ts';

/** What the sender of a report gets back. */
export interface Receipt {
  /** Points that were not added. */
  readonly rejectedPoints: number;
  /** Why, in words; empty when all were. */
  readonly message: string;
}

/** What a report goes through, in this order. */
export interface MergeParts {
  readonly limits: OtlpLimits;
  readonly seen: SeenReports;
  readonly catalogue: Catalogue;
  readonly fleet: Fleet;
  readonly telemetry: Telemetry;
}

/**
 * Adds a report to the fleet: parsed, looked up among those seen, judged by the schema, added. A report is parsed
 * before it counts as seen, so a mangled one may be sent again.
 *
 * @param report which report it is; without it, nothing tells a retry from a new one
 * @param now the time in milliseconds, of a clock that never goes back
 * @throws Refused when the text is not shaped like OTLP
 */
export function mergeReport(
  text: string,
  report: ReportId | undefined,
  now: number,
  parts: MergeParts,
): Receipt {
  const { limits, seen, catalogue, fleet, telemetry } = parts;
  const resources = parseMetrics(text, limits);
  if (report && !seen.add(report, now)) {
    telemetry.report('duplicate');
    return { rejectedPoints: 0, message: '' };
  }
  const { additions, rejected, messages } = judgeReport(resources, catalogue);
  fleet.add(additions);
  let rejectedPoints = 0;
  for (const [reason, points] of rejected) {
    telemetry.rejectedPoints(reason, points);
    rejectedPoints += points;
  }
  telemetry.report(additions.length === 0 && rejectedPoints > 0 ? 'rejected' : 'accepted');
  return { rejectedPoints, message: messages.join('; ') };
}

import type { DeltaMetrics } from './delta-metrics.ts';
import { attributes, type OtlpMetricsRequest } from './otlp.ts';
import { resourceOf, SCOPE, type Subject } from './resource.ts';

/**
 * The body of one report in OTLP/JSON, by no more than is loaded with the page.
 *
 * @param now in Unix milliseconds
 */
export function plainReport(metrics: DeltaMetrics, subject: Subject, now: number): string {
  const request: OtlpMetricsRequest = {
    resourceMetrics: [
      {
        resource: { attributes: attributes(resourceOf(subject)) },
        scopeMetrics: [{ scope: SCOPE, metrics: metrics.collect(now) }],
      },
    ],
  };
  return JSON.stringify(request);
}

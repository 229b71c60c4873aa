import { schema } from '@moq-observability/moq-metrics';
import { Catalogue } from '@moq-observability/moq-metrics/merge';

/** Whatever the schema says players measure, under its OpenTelemetry and its Prometheus name. */
export function playerCatalogue(): Catalogue {
  const metrics = schema().flatMap((group) => [...group.metrics.values()]);
  return new Catalogue(metrics.filter(({ owner }) => owner === 'player'));
}

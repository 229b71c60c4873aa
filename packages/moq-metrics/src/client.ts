import { counter, type CounterMetric, histogram, type HistogramMetric } from './define.ts';
import { type BoundedLabel, broadcast, namespace, transport } from './labels.ts';

/** Time from the intent to play to the first frame rendered. */
export const startupTime: HistogramMetric<{
  readonly namespace: BoundedLabel;
  readonly broadcast: BoundedLabel;
  readonly transport: typeof transport;
}> = histogram({
  name: 'moq_client_startup_time_seconds',
  unit: 's',
  description:
    'Play intent to first frame rendered; not observed when the start failed or the page was hidden meanwhile',
  labels: { namespace, broadcast, transport },
  buckets: [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 8, 15],
});

/** Stalls. */
export const rebufferCount: CounterMetric<{
  readonly namespace: BoundedLabel;
  readonly broadcast: BoundedLabel;
}> = counter({
  name: 'moq_client_rebuffer_count_total',
  unit: '{stall}',
  description: 'Stalls of 0.25 s or more after the first frame for want of data',
  labels: { namespace, broadcast },
});

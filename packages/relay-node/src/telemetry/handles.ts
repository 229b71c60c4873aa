import type { CounterHandle, GaugeHandle } from '@moq-observability/moq-metrics';

/** Counts one, and is done with the series. */
export function countOne(counter: CounterHandle): void {
  counter.add(1);
  counter.close();
}

/** Raises a gauge by one; the returned function lowers it again, once. */
export function raise(gauge: GaugeHandle): () => void {
  gauge.add(1);
  let raised = true;
  return () => {
    if (!raised) return;
    raised = false;
    gauge.add(-1);
    gauge.close();
  };
}

/** One open series for each value of a closed set. */
export function openAll<Value extends string, H>(
  values: readonly Value[],
  open: (value: Value) => H,
): ReadonlyMap<Value, H> {
  return new Map(values.map((value) => [value, open(value)]));
}

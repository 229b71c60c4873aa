import { createRequire } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';
import type { GaugeMetric } from '../define.ts';
import * as stack from '../stack.ts';

/**
 * What prom-client measures, by the name of its module. The others would take more of the processor than all of our
 * own series: it is told of each garbage collection, a server has many in a second; each scrape looks at all handles,
 * requests and resources of the process, a server has thousands; and each computes the standard deviation of every
 * look at the event loop.
 */
const MEASURED = [
  'processCpuTotal',
  'processStartTime',
  'osMemoryHeap',
  'processOpenFileDescriptors',
  'processMaxFileDescriptors',
  'heapSizeAndUsed',
  'version',
];

/**
 * From one look at the event loop to the next, in milliseconds. Each look wakes the process up: ten times as often, a
 * relay that is not full took up to a tenth more of the processor.
 */
const LOOK_INTERVAL = 100;

type Measure = (registry: Registry) => void;

const require = createRequire(import.meta.url);

/** Measures the process: its CPU, memory, files and event loop. */
export function collectProcessMetrics(registry: Registry): void {
  for (const name of MEASURED) {
    // `collectDefaultMetrics()` starts them all, and what is started cannot be stopped.
    (require(`prom-client/lib/metrics/${name}.js`) as Measure)(registry);
  }
  watchEventLoop(registry);
}

/** Tells how much later than it was due each look at the event loop came, over the looks since the scrape before. */
function watchEventLoop(registry: Registry): void {
  const looks = monitorEventLoopDelay({ resolution: LOOK_INTERVAL });
  looks.enable();
  const lag = (percentile: number): number =>
    Math.max(0, looks.percentile(percentile) / 1e6 - LOOK_INTERVAL) / 1000;
  const gaugeOf = ({ name, description }: GaugeMetric, collect?: () => void): Gauge =>
    new Gauge({ name, help: description, registers: [registry], ...(collect && { collect }) });
  // The first that is asked tells both.
  const median = gaugeOf(stack.nodejsEventLoopLagP50Seconds, () => {
    median.set(lag(50));
    late.set(lag(99));
    looks.reset();
  });
  const late = gaugeOf(stack.nodejsEventLoopLagP99Seconds);
}

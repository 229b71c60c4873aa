import { createRequire } from 'node:module';
import type { Registry } from 'prom-client';

/**
 * From one look at the event loop of Node to the next, in milliseconds; it is part of what is told as the lag. Each
 * look wakes the process up: with prom-client's own 10 ms a relay that is not full took up to a tenth more of the
 * processor.
 */
const EVENT_LOOP_PRECISION = 50;

/**
 * What prom-client measures, by the name of its module. The others would take more of the processor than all of our
 * own series: it is told of each garbage collection, a server has many in a second, and each scrape looks at all
 * handles, requests and resources of the process, a server has thousands.
 */
const MEASURED = [
  'processCpuTotal',
  'processStartTime',
  'osMemoryHeap',
  'processOpenFileDescriptors',
  'processMaxFileDescriptors',
  'eventLoopLag',
  'heapSizeAndUsed',
  'heapSpacesSizeAndUsed',
  'version',
];

type Measure = (registry: Registry, options: { readonly eventLoopMonitoringPrecision: number }) => void;

const require = createRequire(import.meta.url);

/** Has prom-client measure the process: its CPU, memory, files and event loop. */
export function collectProcessMetrics(registry: Registry): void {
  for (const name of MEASURED) {
    // `collectDefaultMetrics()` starts them all, and what is started cannot be stopped.
    const measure = require(`prom-client/lib/metrics/${name}.js`) as Measure;
    measure(registry, { eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION });
  }
}

import { collectDefaultMetrics, type Registry } from 'prom-client';

/**
 * From one look at the event loop of Node to the next, in milliseconds; it is part of what is told as the lag. Each
 * look wakes the process up: with prom-client's own 10 ms a relay that is not full took up to a tenth more of the
 * processor.
 */
const EVENT_LOOP_PRECISION = 50;

/** For each of these every scrape looks at all handles, requests or resources of the process: a server has thousands. */
const COSTLY = ['handles', 'requests', 'resources'].flatMap((list) => [
  `nodejs_active_${list}`,
  `nodejs_active_${list}_total`,
]);

/** Has prom-client measure the process: its CPU, memory, files, event loop and garbage collections. */
export function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION });
  for (const name of COSTLY) registry.removeSingleMetric(name);
}

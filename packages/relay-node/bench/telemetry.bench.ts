/**
 * What telemetry costs: processor time for each gigabyte delivered, everything on against everything off.
 *
 * Two relays run side by side, and the audience (a process of its own) turns to one and the other: off, on, on, off, and
 * so on, so that whatever drifts hits both. `--pairs` and `--seconds` of each half, `--transport`, `--viewers`; with
 * `--results FILE` the pairs of several runs are put together.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { startRelayProcess } from '../src/relay-process-fixture.ts';
import { argument, Audience, measure, print, startSink, word } from './processes.ts';
import { median, medianInterval } from './statistics.ts';

/** How much more it may be, as a share. */
const GOAL = 0.02;
/** How often somebody scrapes, in milliseconds. */
const SCRAPE = 5000;
/** For how long both play before anything counts, in seconds. */
const WARM_UP = 15;

/** Seconds of processor time for a gigabyte. */
interface Pair {
  readonly off: number;
  readonly on: number;
}

const pairs = argument('pairs', 4);
const seconds = argument('seconds', 10);
const viewers = argument('viewers', 50);
const transport = word('transport') === 'webtransport' ? 'webtransport' : 'websocket';
const file = word('results');

using sink = await startSink();
await using off = await startRelayProcess({ env: { MOQ_RELAY_TELEMETRY: 'off' } });
await using on = await startRelayProcess({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url } });
using audience = new Audience();
const relays = [off, on];
const urls = relays.map(({ url }) => url.href);
await audience.ask({ order: 'gather', urls, transport, viewers, broadcast: 'bench/channel' });
const scraping = setInterval(() => void scrape(), SCRAPE);
for (const relay of [0, 1]) await audience.ask({ order: 'play', relay, seconds: WARM_UP });

console.log(`${transport}, ${viewers} viewers, ${pairs} pairs of ${seconds} s: CPU seconds per GB\n`);
print(['off', 'on', 'difference', 'delivered GB', 'p99 ms']);
const measured: Pair[] = [];
for (let i = 0; i < pairs; i++) {
  const order = i % 2 === 0 ? [0, 1] : [1, 0];
  const costs = new Map<number, Awaited<ReturnType<typeof measure>>>();
  for (const relay of order) costs.set(relay, await measure(audience, relays, relay, seconds));
  const [without, all] = [costs.get(0)!, costs.get(1)!];
  measured.push({ off: without.cpuPerGigabyte, on: all.cpuPerGigabyte });
  print([
    without.cpuPerGigabyte.toFixed(3),
    all.cpuPerGigabyte.toFixed(3),
    percent(all.cpuPerGigabyte / without.cpuPerGigabyte - 1),
    ((without.bytes + all.bytes) / 1e9).toFixed(3),
    `${without.p99.toFixed(0)} ${all.p99.toFixed(0)}`,
  ]);
}
clearInterval(scraping);

const all = [...earlier(), ...measured];
if (file !== undefined) writeFileSync(file, JSON.stringify(all));
const differences = all.map((pair) => pair.on / pair.off - 1);
const [low, high] = medianInterval(differences);
const middle = median(differences);
console.log(
  `\n${all.length} pairs: telemetry costs ${percent(middle)} in the median (95 %: ${percent(low)} to ${percent(high)})`,
);
if (middle > GOAL) console.log(`  missed: more than ${percent(GOAL)}`);

function earlier(): readonly Pair[] {
  if (file === undefined) return [];
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Pair[];
  } catch {
    return []; // The first run begins the file.
  }
}

async function scrape(): Promise<void> {
  const headers = { accept: 'application/openmetrics-text' };
  await (await fetch(new URL('/metrics', on.opsUrls[0]), { headers })).arrayBuffer();
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

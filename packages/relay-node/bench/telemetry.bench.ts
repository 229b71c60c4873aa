/**
 * What telemetry costs: processor time for each gigabyte delivered, everything on against everything off.
 *
 * Two relays run side by side, and the audience (a process of its own) turns to one and the other every few seconds:
 * off, on, on, off, and so on, so that what else the machine does hits both. Two processes of the very same program
 * differ by more than telemetry costs, so each pair has relays of its own. `--pairs`, and `--seconds` for each of the
 * two; `--transport`, `--viewers`; with `--results FILE` the pairs of several runs are put together; `--control` compares
 * off with off, to tell what is chance.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type RelayProcess, startRelayProcess } from '../src/relay-process-fixture.ts';
import { argument, Audience, measure, print, startSink, word } from './processes.ts';
import { median, medianInterval } from './statistics.ts';

/** How much more it may be, as a share. */
const GOAL = 0.02;
/** How often somebody scrapes, in milliseconds. */
const SCRAPE = 5000;
/** For how long each plays before anything counts, and at a time, in seconds. What is not compiled yet costs half more. */
const WARM_UP = 14;
const TURN = 2;

/**
 * New objects have the same room in both: otherwise it grows as it happens, and collecting them costs up to twice as
 * much. And a relay is not taken for idle while the other has its turn: its whole heap would be collected, for a quarter
 * of what a turn takes.
 */
const FLAGS = ['--min-semi-space-size=16', '--max-semi-space-size=16', '--no-memory-reducer'];

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
const isControl = process.argv.includes('--control');

using sink = await startSink();
console.log(`${transport}, ${viewers} viewers, ${pairs} pairs of ${seconds} s: CPU seconds per GB\n`);
print(['off', isControl ? 'off too' : 'on', 'difference', 'delivered GB', 'p99 ms']);
const all: Pair[] = [...earlier()];
for (let i = 0; i < pairs; i++) {
  all.push(await measurePair(i % 2 === 1));
  // A run that is cut short loses nothing.
  if (file !== undefined) writeFileSync(file, JSON.stringify(all));
}
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

async function measurePair(onFirst: boolean): Promise<Pair> {
  const settings = [
    { MOQ_RELAY_TELEMETRY: 'off' },
    isControl ? { MOQ_RELAY_TELEMETRY: 'off' } : { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url },
  ];
  if (onFirst) settings.reverse();
  await using first = await startRelayProcess({ env: settings[0]!, flags: FLAGS });
  await using second = await startRelayProcess({ env: settings[1]!, flags: FLAGS });
  using audience = new Audience();
  const relays = [first, second];
  const [off, on] = onFirst ? [1, 0] : [0, 1];
  await audience.ask({
    order: 'gather',
    urls: relays.map(({ url }) => url.href),
    transport,
    viewers,
    broadcast: 'bench/channel',
  });
  const scraping = setInterval(() => void scrape(relays[on]!), SCRAPE);
  for (const relay of [0, 1]) await audience.ask({ order: 'play', relay, seconds: WARM_UP });
  // Going through the whole heap, once in half a minute, takes what telemetry may. With more on its heap from its start
  // one of them would be due in the time that is measured, and the other shortly after it.
  for (const relay of relays) await relay.usage('collect');
  const bytes = [0, 0];
  const p99 = [0, 0];
  const cpu = [0, 0];
  for (let turn = 0; turn < (2 * seconds) / TURN; turn++) {
    const relay = [0, 1, 1, 0][turn % 4]!;
    const report = await measure(audience, relays, relay, TURN);
    cpu[relay]! += report.cpu;
    bytes[relay]! += report.bytes;
    p99[relay] = Math.max(p99[relay]!, report.p99);
  }
  clearInterval(scraping);
  const cost = (relay: number): number => cpu[relay]! / (bytes[relay]! / 1e9);
  const pair = { off: cost(off), on: cost(on) };
  print([
    pair.off.toFixed(3),
    pair.on.toFixed(3),
    percent(pair.on / pair.off - 1),
    ((bytes[0]! + bytes[1]!) / 1e9).toFixed(3),
    p99.map((each) => each.toFixed(0)).join(' '),
  ]);
  return pair;
}

async function scrape(on: RelayProcess): Promise<void> {
  const headers = { accept: 'application/openmetrics-text' };
  await (await fetch(new URL('/metrics', on.opsUrls[0]), { headers })).arrayBuffer();
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

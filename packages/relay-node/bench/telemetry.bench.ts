/**
 * What telemetry costs: processor time for each gigabyte delivered, everything on against everything off.
 *
 * Two relays serve the same load at the same time, so that whatever else the machine does, and however fast it is at
 * the moment, is the same for both; taking turns of seconds they differ several times as much. Two processes of the very
 * same program differ all the same, and the one that is started first takes a percent more, so each pair has four relays
 * of its own: everything is on in the second of two, then in the first of two.
 *
 * `--pairs`, and `--seconds` for each of the two sides; `--transport`, `--viewers`; with `--results FILE` the pairs of
 * several runs are put together; `--control` compares off with off, to tell what is chance.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type RelayProcess, startRelayProcess } from '../src/relay-process-fixture.ts';
import { argument, Audience, measure, print, startSink, word } from './processes.ts';
import { median, medianInterval } from './statistics.ts';

/** How much more it may be, as a share. */
const GOAL = 0.02;
/** How often somebody scrapes, in milliseconds. */
const SCRAPE = 5000;
/** For how long both play before anything counts, in seconds. What is not compiled yet costs half more. */
const WARM_UP = 14;
/**
 * For how long they are measured at a time, in seconds. Going through the whole heap takes what telemetry may, and is due
 * about twelve seconds after it was done: it is done before, so that it is not in the time of one and not of the other.
 */
const PERIOD = 8;
/** What a whole collection threw away is made again in this many seconds. */
const SETTLE = 2;

const BOTH = [0, 1];

/** New objects have the same room in both: otherwise it grows as it happens, and collecting them costs up to twice as much. */
const FLAGS = ['--min-semi-space-size=16', '--max-semi-space-size=16', '--no-memory-reducer'];

/** Seconds of processor time for a gigabyte. */
interface Pair {
  readonly off: number;
  readonly on: number;
}

interface Half {
  readonly off: Side;
  readonly on: Side;
}

/** What one relay took, and delivered. */
interface Side {
  /** In seconds. */
  readonly cpu: number;
  readonly bytes: number;
  /** In milliseconds. */
  readonly p99: number;
}

const pairs = argument('pairs', 3);
const seconds = argument('seconds', 16);
const viewers = argument('viewers', 50);
const transport = word('transport') === 'webtransport' ? 'webtransport' : 'websocket';
const file = word('results');
const isControl = process.argv.includes('--control');

using sink = await startSink();
console.log(`${transport}, ${viewers} viewers, ${pairs} pairs of ${seconds} s: CPU seconds per GB\n`);
print(['off', isControl ? 'off too' : 'on', 'difference', 'delivered GB', 'p99 ms']);
const all: Pair[] = [...earlier()];
using audience = new Audience();
await warmUp();
for (let i = 0; i < pairs; i++) {
  all.push(await measurePair());
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

/** The audience is warmed up by relays that do not count. */
async function warmUp(): Promise<void> {
  await using first = await startRelayProcess({ env: { MOQ_RELAY_TELEMETRY: 'off' }, flags: FLAGS });
  await using second = await startRelayProcess({ env: { MOQ_RELAY_TELEMETRY: 'off' }, flags: FLAGS });
  await gather([first, second]);
  await audience.play(WARM_UP, BOTH);
}

async function gather(relays: readonly RelayProcess[]): Promise<void> {
  const urls = relays.map(({ url }) => url.href);
  await audience.gather({ urls, transport, viewers, broadcast: 'bench/channel' });
}

/** Four relays, two at a time: everything is on in the one that is started second, then in the one started first. */
async function measurePair(): Promise<Pair> {
  const halves = [await measureHalf(false), await measureHalf(true)];
  const cost = (which: keyof Half): number => {
    const sum = (what: 'cpu' | 'bytes'): number => halves.reduce((all, half) => all + half[which][what], 0);
    return sum('cpu') / (sum('bytes') / 1e9);
  };
  const sides = halves.flatMap(({ off, on }) => [off, on]);
  const pair = { off: cost('off'), on: cost('on') };
  print([
    pair.off.toFixed(3),
    pair.on.toFixed(3),
    percent(pair.on / pair.off - 1),
    (sides.reduce((all, { bytes }) => all + bytes, 0) / 1e9).toFixed(3),
    sides.map(({ p99 }) => p99.toFixed(0)).join(' '),
  ]);
  return pair;
}

async function measureHalf(onFirst: boolean): Promise<Half> {
  const settings = [
    { MOQ_RELAY_TELEMETRY: 'off' },
    isControl ? { MOQ_RELAY_TELEMETRY: 'off' } : { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url },
  ];
  if (onFirst) settings.reverse();
  await using first = await startRelayProcess({ env: settings[0]!, flags: FLAGS });
  await using second = await startRelayProcess({ env: settings[1]!, flags: FLAGS });
  const relays = [first, second];
  const [off, on] = onFirst ? [1, 0] : [0, 1];
  await gather(relays);
  const scraping = setInterval(() => void scrape(relays[on]!), SCRAPE);
  await audience.play(WARM_UP, BOTH);
  const sides = BOTH.map(() => ({ cpu: 0, bytes: 0, p99: 0 }));
  for (let measured = 0; measured < seconds / 2; measured += PERIOD) {
    for (const relay of relays) await relay.usage('collect');
    await audience.play(SETTLE, BOTH);
    for (const [relay, { cpu, bytes, p99 }] of (await measure(audience, relays, BOTH, PERIOD)).entries()) {
      const side = sides[relay]!;
      side.cpu += cpu;
      side.bytes += bytes;
      side.p99 = Math.max(side.p99, p99);
    }
  }
  clearInterval(scraping);
  return { off: sides[off]!, on: sides[on]! };
}

async function scrape(on: RelayProcess): Promise<void> {
  const headers = { accept: 'application/openmetrics-text' };
  await (await fetch(new URL('/metrics', on.opsUrls[0]), { headers })).arrayBuffer();
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

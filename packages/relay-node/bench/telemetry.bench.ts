/**
 * What telemetry costs: processor time for each gigabyte delivered, everything on against everything off.
 *
 * Two relays run side by side, and the audience (a process of its own) turns to one and the other every few seconds:
 * off, on, on, off, and so on, so that what else the machine does hits both. Two processes of the very same program
 * differ by more than telemetry costs, and the one that is started first takes 2 to 5 % more than the other, so each
 * pair has four relays of its own: half of its time everything is on in the second of two, half of it in the first.
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
/** For how long each plays before anything counts, and at a time, in seconds. What is not compiled yet costs half more. */
const WARM_UP = 14;
const TURN = 2;
/** Whose turn it is, again and again. */
const TURNS = [0, 1, 1, 0];

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

/** The audience is warmed up by a relay that does not count. */
async function warmUp(): Promise<void> {
  await using relay = await startRelayProcess({ env: { MOQ_RELAY_TELEMETRY: 'off' }, flags: FLAGS });
  await gather([relay]);
  await audience.ask({ order: 'play', relay: 0, seconds: WARM_UP });
}

async function gather(relays: readonly RelayProcess[]): Promise<void> {
  const urls = relays.map(({ url }) => url.href);
  await audience.ask({ order: 'gather', urls, transport, viewers, broadcast: 'bench/channel' });
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
  // By turns as well, so that neither rests for long.
  for (let turn = 0; turn < (2 * WARM_UP) / TURN; turn++) {
    await audience.ask({ order: 'play', relay: TURNS[turn % TURNS.length]!, seconds: TURN });
  }
  // Going through the whole heap, once in half a minute, takes what telemetry may. With more on its heap from its start
  // one of them would be due in the time that is measured, and the other shortly after it.
  for (const relay of relays) await relay.usage('collect');
  // What a whole collection threw away is made again in the first turn.
  for (const relay of [0, 1]) await audience.ask({ order: 'play', relay, seconds: TURN });
  const sides = [0, 1].map(() => ({ cpu: 0, bytes: 0, p99: 0 }));
  const cycles = Math.ceil(seconds / TURN / TURNS.length);
  for (let turn = 0; turn < cycles * TURNS.length; turn++) {
    const relay = TURNS[turn % TURNS.length]!;
    const report = await measure(audience, relays, relay, TURN);
    const side = sides[relay]!;
    side.cpu += report.cpu;
    side.bytes += report.bytes;
    side.p99 = Math.max(side.p99, report.p99);
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

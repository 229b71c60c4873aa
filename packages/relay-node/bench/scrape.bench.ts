/** What the first scrape takes of a relay with many streams and viewers, and for how long it holds the event loop. */
import { setTimeout as pause } from 'node:timers/promises';
import { Broadcast, Path, Time, type Track } from '@moq/net';
import { connect } from '../src/client.ts';
import { replacePromiseRace } from '../src/promise-race.ts';
import { type RelayProcess, startRelayProcess } from '../src/relay-process-fixture.ts';
import { argument, print } from './processes.ts';
import { median } from './statistics.ts';

/** In milliseconds. */
const GOAL = 25;
/** A session has about a hundred streams at a time. */
const BROADCASTS_PER_SESSION = 40;
const SUBSCRIPTIONS_PER_SESSION = 80;

const rounds = argument('rounds', 5);
const broadcasts = argument('broadcasts', 200);
const subscriptions = argument('subscriptions', 2000);

for (const method of ['debug', 'info', 'warn', 'error'] as const) console[method] = () => {};
process.on('unhandledRejection', () => {});
replacePromiseRace();

console.log(`${broadcasts} broadcasts, ${subscriptions} subscriptions, ${rounds} relays\n`);
print(['scrape', 'ms', 'longest hold', 'kB']);
const first: Scrape[] = [];
for (let round = 0; round < rounds; round++) {
  await using relay = await startRelayProcess();
  await fill(relay);
  await calm(relay);
  // Whoever scrapes has a connection.
  await (await fetch(new URL('/health', relay.opsUrls[0]))).arrayBuffer();
  await relay.usage('watch');
  await pause(500);
  await relay.usage();
  const cold = await scrape(relay);
  first.push(cold);
  row('first', cold);
  for (let i = 0; i < 20; i++) await scrape(relay);
  row('later', await scrape(relay));
}
const middle = {
  took: median(first.map(({ took }) => took)),
  held: median(first.map(({ held }) => held)),
};
console.log(
  `\nfirst scrape: ${middle.took.toFixed(1)} ms, event loop held for ${middle.held.toFixed(1)} ms (medians)`,
);
if (middle.took > GOAL || middle.held > GOAL) console.log(`  missed: more than ${GOAL} ms`);
process.exit();

interface Scrape {
  /** In milliseconds, as is how long the event loop was held. */
  readonly took: number;
  readonly held: number;
  readonly bytes: number;
}

async function scrape(relay: RelayProcess): Promise<Scrape> {
  const began = performance.now();
  const { byteLength } = await (await fetch(new URL('/metrics', relay.opsUrls[0]))).arrayBuffer();
  const took = performance.now() - began;
  return { took, held: (await relay.usage()).longestHold, bytes: byteLength };
}

/** Waits until it has nothing to do, so that what is measured is the scrape. */
async function calm(relay: RelayProcess): Promise<void> {
  for (let [busy, before] = [true, 0]; busy;) {
    await pause(500);
    const { cpu } = await relay.usage();
    busy = cpu - before > 0.05;
    before = cpu;
  }
}

function row(name: string, { took, held, bytes }: Scrape): void {
  print([name, took.toFixed(1), held.toFixed(1), (bytes / 1024).toFixed(0)]);
}

/** Publishes and watches all of it, one frame each. */
async function fill({ url }: RelayProcess): Promise<void> {
  const videos: Track.Producer[] = [];
  let publisher = await connect(url, { transport: 'websocket' });
  for (let i = 0; i < broadcasts; i++) {
    if (i > 0 && i % BROADCASTS_PER_SESSION === 0) publisher = await connect(url, { transport: 'websocket' });
    const producer = new Broadcast.Producer();
    videos.push(producer.createTrack('video', { timescale: Time.Timescale.MICRO, latencyMax: 5000 }));
    publisher.publish(Path.from(`namespace-${i % 20}/stream-${i}`), producer);
  }
  let frames = 0;
  let viewer = await connect(url, { transport: 'websocket' });
  await pause(1000);
  for (let i = 0; i < subscriptions; i++) {
    if (i > 0 && i % SUBSCRIPTIONS_PER_SESSION === 0) viewer = await connect(url, { transport: 'websocket' });
    const stream = i % broadcasts;
    const subscription = viewer
      .consume(Path.from(`namespace-${stream % 20}/stream-${stream}`))
      .subscribe('video');
    void subscription
      .recvGroup()
      .then((group) => group?.readFrame())
      .then(() => (frames += 1));
    if (i % SUBSCRIPTIONS_PER_SESSION === 0) await pause(50);
  }
  for (let waited = 0; ; waited++) {
    await pause(1000);
    if (frames >= subscriptions) return;
    if (waited === 60) throw new Error(`only ${frames} of ${subscriptions} subscriptions have begun`);
    for (const video of videos) {
      const group = video.appendGroup();
      group.writeFrame({ payload: new Uint8Array(100), timestamp: Time.Timestamp.fromMicros(0) });
      group.close();
    }
  }
}

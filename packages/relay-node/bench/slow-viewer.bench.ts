/** What one viewer that does not keep up costs the others, and the relay. */
import { relay as schema } from '@moq-observability/moq-metrics';
import { parseExposition } from '@moq-observability/moq-metrics/exposition';
import { Path, type Track } from '@moq/net';
import { connect } from '../src/client.ts';
import { type Proxy, startProxy } from '../src/network-fixture.ts';
import { replacePromiseRace } from '../src/promise-race.ts';
import { startRelayProcess } from '../src/relay-process-fixture.ts';
import { argument, Audience, print, word } from './processes.ts';
import { median, medianInterval } from './statistics.ts';

/** How much later the others may get their frames, as a share of the 99th percentile. */
const GOAL = 0.1;
/** What may wait for one track of a viewer, in bytes. */
const BACKLOG = 4 * 1024 * 1024;
const WARM_UP = 8;
/** After this many seconds the sockets of this machine are full, and the relay gives up what has waited for too long. */
const SOCKETS = 12;
/** In seconds: the relay would close the session of a viewer that is stuck, and then there is none. */
const FOR_EVER = '3600';

const pairs = argument('pairs', 3);
const seconds = argument('seconds', 8);
const viewers = argument('viewers', 50);
const transport = word('transport') === 'webtransport' ? 'webtransport' : 'websocket';
const broadcast = 'bench/channel';

for (const method of ['debug', 'info', 'warn', 'error'] as const) console[method] = () => {};
process.on('unhandledRejection', () => {});
replacePromiseRace();

await using relay = await startRelayProcess({
  env: {
    MOQ_RELAY_MAX_BACKLOG_BYTES: String(BACKLOG),
    MOQ_RELAY_STUCK_LIMIT: FOR_EVER,
    MOQ_RELAY_IDLE_TIMEOUT: FOR_EVER,
  },
});
using others = new Audience();
await others.gather({ urls: [relay.url.href], transport, viewers: viewers - 1, broadcast });
await others.play(WARM_UP);

console.log(
  `${transport}, ${viewers} viewers of 4 Mbit/s, ${pairs} pairs of ${seconds} s: latency of the others\n`,
);
print(['p99 ms, all well', 'one is stuck', 'difference', 'waits for it MB', 'memory MB']);
const ratios: number[] = [];
let most = 0;
for (let pair = 0; pair < pairs; pair++) {
  const latencies = new Map<boolean, number>();
  let [waiting, rss] = [0, 0];
  for (const stuck of pair % 2 === 0 ? [false, true] : [true, false]) {
    using proxy = await watchThrough();
    if (stuck) proxy.freeze('to-client');
    await others.play(SOCKETS);
    latencies.set(stuck, (await others.play(seconds))[0]!.p99);
    if (!stuck) continue;
    waiting = await worstQueue();
    if (waiting === 0) throw new Error('nothing waits for the viewer that is stuck');
    rss = (await relay.usage()).rss;
  }
  const [well, slow] = [latencies.get(false)!, latencies.get(true)!];
  ratios.push(slow / well - 1);
  most = Math.max(most, waiting);
  print([
    well.toFixed(1),
    slow.toFixed(1),
    `${((slow / well - 1) * 100).toFixed(1)} %`,
    (waiting / 1e6).toFixed(2),
    (rss / 1e6).toFixed(0),
  ]);
}
const middle = median(ratios);
const [low, high] = medianInterval(ratios).map((ratio) => (ratio * 100).toFixed(1));
console.log(
  `\none stuck viewer: p99 of the others changes by ${(middle * 100).toFixed(1)} % in the median (95 %: ${low} to ${high})`,
);
if (middle > GOAL) console.log(`  missed: more than ${GOAL * 100} %`);
console.log(
  `at most ${(most / 1e6).toFixed(2)} MB waited for it, of ${(BACKLOG / 1e6).toFixed(2)} MB that may`,
);
if (most > BACKLOG) console.log('  missed: more than the limit');

/** One more viewer, whose way can be cut; it leaves when that is closed. */
async function watchThrough(): Promise<Proxy> {
  const proxy = await startProxy(relay.url);
  const viewer = await connect(proxy.url, { transport });
  await viewer.announced().next();
  for (const track of ['video', 'audio']) {
    const subscription = viewer.consume(Path.from(broadcast)).subscribe(track);
    await subscription.info();
    void drain(subscription);
  }
  return proxy;
}

async function drain(subscription: Track.Subscriber): Promise<void> {
  for (let group = await subscription.recvGroup(); group; group = await subscription.recvGroup()) {
    const current = group;
    void (async () => {
      while (await current.readFrame());
    })().catch(() => {});
  }
}

async function worstQueue(): Promise<number> {
  const page = await (await fetch(new URL('/metrics', relay.opsUrls[0]))).text();
  return parseExposition(page).families.get(schema.queuedBytesMax.name)!.samples[0]!.value;
}

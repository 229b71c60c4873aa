/** What forwarding takes on each transport, beside a forwarder that is the protocol layer and nothing else. */
import { type RelayProcess, startRelayProcess } from '../src/relay-process-fixture.ts';
import { argument, Audience, type Cost, measure, print } from './processes.ts';
import { median } from './statistics.ts';

const rounds = argument('rounds', 3);
const seconds = argument('seconds', 8);
const viewers = argument('viewers', 50);
const WARM_UP = 10;
/** What a viewer gets, in bytes per second. */
const VIEWER = 4e6 / 8;

const SUBJECTS: Readonly<Record<string, () => Promise<RelayProcess>>> = {
  relay: () => startRelayProcess(),
  bare: () => startRelayProcess({ program: new URL('bare-relay.ts', import.meta.url) }),
};

console.log(`${viewers} viewers of 4 Mbit/s, ${rounds} rounds of ${seconds} s; medians\n`);
print(['transport', 'forwarder', 'viewers/core', 'MB/CPU s', 'p50 ms', 'p99 ms']);
for (const transport of ['websocket', 'webtransport'] as const) {
  const relays = await Promise.all(Object.values(SUBJECTS).map((start) => start()));
  using audience = new Audience();
  const urls = relays.map(({ url }) => url.href);
  await audience.gather({ urls, transport, viewers, broadcast: 'bench/channel' });
  const costs = relays.map((): Cost[] => []);
  for (const relay of relays.keys()) await audience.play(WARM_UP, [relay]);
  for (let round = 0; round < rounds; round++) {
    for (const [relay, each] of costs.entries())
      each.push(...(await measure(audience, relays, [relay], seconds)));
  }
  for (const [relay, name] of Object.keys(SUBJECTS).entries()) {
    const of = (value: (cost: Cost) => number): number => median(costs[relay]!.map(value));
    print([
      transport,
      name,
      of(({ bytes, cpu }) => bytes / cpu / VIEWER).toFixed(0),
      of(({ bytes, cpu }) => bytes / 1e6 / cpu).toFixed(0),
      of(({ p50 }) => p50).toFixed(1),
      of(({ p99 }) => p99).toFixed(1),
    ]);
  }
  for (const relay of relays) await relay[Symbol.asyncDispose]();
}

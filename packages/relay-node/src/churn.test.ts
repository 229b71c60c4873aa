/** Sessions come and go in every way there is; in the end nothing is left of them. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { relay as schema } from '@moq-observability/moq-metrics';
import { parseExposition } from '@moq-observability/moq-metrics/exposition';
import { Path } from '@moq/net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProxy } from './network-fixture.ts';
import { PROTOCOLS } from './relay.ts';
import { channel, connect, metric, quietConsole, type TestBroadcast, until, view } from './relay-fixture.ts';
import { type RelayProcess, startRelayProcess } from './relay-process-fixture.ts';
import { seededRandom } from './random-fixture.ts';

/** How many come and go; `just churn` has a thousand of them. */
const SESSIONS = Number(process.env['MOQ_CHURN_SESSIONS'] ?? 100);
const SEED = Number(process.env['MOQ_FUZZ_SEED'] ?? 1);
/** How many at a time. */
const AT_ONCE = 15;
/** How many are in each process that is killed. */
const KILLED_AT_ONCE = 5;

const WAYS = ['close', 'unsubscribe', 'reset', 'cut', 'killed'] as const;
const TRANSPORTS = ['websocket', 'webtransport'] as const;
/** What some of those who come publish; they take it from one another. */
const BROADCASTS = ['churn/1', 'churn/2', 'churn/3'] as const;

interface Visit {
  readonly way: (typeof WAYS)[number];
  readonly transport: (typeof TRANSPORTS)[number];
  readonly protocol: string;
  readonly publishes: (typeof BROADCASTS)[number] | undefined;
  /** Whether it waits for a frame before it leaves. */
  readonly watches: boolean;
}

let relay: RelayProcess;
let writing: NodeJS.Timeout;
let publisher: Awaited<ReturnType<typeof connect>>;
let broadcast: TestBroadcast;

quietConsole();

beforeAll(async () => {
  relay = await startRelayProcess({ env: { MOQ_RELAY_IDLE_TIMEOUT: '4', MOQ_RELAY_LOG_LEVEL: 'info' } });
  broadcast = channel();
  publisher = await connect(relay);
  publisher.publish(Path.from('demo/bbb'), broadcast.producer);
  writing = setInterval(() => broadcast.write('hi', { groups: 1, frames: 3, bytes: 1000 }), 20);
});

afterAll(async () => {
  clearInterval(writing);
  await relay[Symbol.asyncDispose]();
});

test(
  'whoever comes and goes in whatever way leaves nothing behind',
  async ({ annotate }) => {
    // Once everything that there can be has been there, nothing new is kept.
    const all = PROTOCOLS.flatMap((protocol, i) =>
      TRANSPORTS.map((transport, j) => ({
        protocol,
        transport,
        way: WAYS[(2 * i + j) % 4]!,
        publishes: BROADCASTS[(i + j) % BROADCASTS.length]!,
        watches: true,
      })),
    );
    await run([...all, ...all]);
    await killed();
    await settled();
    const before = { series: (await samples()).size, heap: (await relay.usage('collect')).heapUsed };

    const random = seededRandom(SEED);
    const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
    const visits = Array.from({ length: SESSIONS }, (): Visit => ({
      way: oneOf(WAYS),
      transport: oneOf(TRANSPORTS),
      protocol: oneOf(PROTOCOLS),
      publishes: random() < 0.1 ? oneOf(BROADCASTS) : undefined,
      watches: random() < 0.7,
    }));
    let unequal = 0;
    const scraping = setInterval(() => {
      // Should the relay be gone, others will tell.
      balance().then(
        (difference) => (unequal += Math.abs(difference)),
        () => 0,
      );
    }, 200);
    const came = await arrivals();
    await run(
      visits.filter(({ way }) => way !== 'killed'),
      () => random() < 0.02 && killed(),
    );
    const rest = visits.filter(({ way }) => way === 'killed').length;
    for (let i = 0; i < rest; i += KILLED_AT_ONCE) await killed();
    clearInterval(scraping);
    await settled();
    expect((await arrivals()) - came).toBeGreaterThanOrEqual(SESSIONS);
    expect(unequal).toBe(0);
    expect((await samples()).size).toBe(before.series);
    const { heapUsed } = await relay.usage('collect');
    await annotate(
      `${SESSIONS} sessions: heap ${mebibytes(before.heap)} before, ${mebibytes(heapUsed)} after`,
    );
    expect(heapUsed).toBeLessThan(before.heap * 1.1);
  },
  60_000 + SESSIONS * 300,
);

test('whoever stays costs no more for it', { timeout: 60_000 }, async ({ annotate }) => {
  const viewers = await Promise.all(
    TRANSPORTS.flatMap((transport) => [connect(relay, { transport }), connect(relay, { transport })]),
  );
  for (const viewer of viewers) await viewer.announced().next();
  const videos = viewers.map((viewer) => view(viewer, 'demo/bbb', 'hi'));
  const watch = async (groups: number): Promise<number> => {
    const before = videos.map((video) => video.groups);
    await until(() => videos.every((video, i) => video.groups >= before[i]! + groups), 40_000);
    return (await relay.usage('collect')).heapUsed;
  };
  const groups = 250;
  const start = await watch(groups / 2);
  const grown = ((await watch(groups)) - start) / (groups * videos.length);
  await annotate(`${Math.round(grown)} bytes for each group of each viewer`);
  // What the code itself takes by then is in it.
  expect(grown).toBeLessThan(4000);
  for (const viewer of viewers) viewer.close();
});

test('in the end there is nothing at all', async () => {
  publisher.close();
  await until(async () => (await metric(relay, schema.activeSessions)) === 0);
  expect(await metric(relay, schema.activeStreams)).toBe(0);
  expect(await metric(relay, schema.activeSubscriptions)).toBe(0);
});

/** Has visits happen, some at a time. */
async function run(visits: readonly Visit[], meanwhile: () => unknown = () => {}): Promise<void> {
  const left = [...visits];
  const come = async (): Promise<void> => {
    for (let next = left.pop(); next; next = left.pop()) {
      await visit(next);
      await meanwhile();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, come));
}

async function visit({ way, transport, protocol, publishes, watches }: Visit): Promise<void> {
  using proxy = way === 'cut' || way === 'reset' ? await startProxy(relay.url) : undefined;
  const client = await connect({ url: proxy?.url ?? relay.url }, { transport, protocol });
  const mine = channel();
  if (publishes) client.publish(Path.from(publishes), mine.producer);
  if (watches) await client.announced().next();
  const video = view(client, 'demo/bbb', 'hi');
  const catalog = view(client, 'demo/bbb', 'catalog.json');
  if (watches) await until(() => video.frames > 0 || video.ended, 30_000);
  if (way === 'unsubscribe') {
    video.subscription.close();
    catalog.subscription.close();
  }
  if (way === 'reset') {
    video.subscription.close(new Error('enough'));
    proxy?.reset();
  }
  if (way === 'cut') proxy?.freeze('all');
  client.close();
  mine.close();
}

/** Some viewers whose process is killed. */
async function killed(): Promise<void> {
  const program = fileURLToPath(new URL('viewers-fixture.ts', import.meta.url));
  const child = fork(program, [relay.url.href, 'demo/bbb', 'hi', String(KILLED_AT_ONCE)], {
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  expect(await Promise.race([once(child, 'message'), exited])).toEqual(['watching', undefined]);
  child.kill('SIGKILL');
  await exited;
}

/** Waits until only the publisher is left, exactly. */
async function settled(): Promise<void> {
  await until(async () => (await metric(relay, schema.activeSessions)) === 1, 30_000);
  expect(await balance()).toBe(0);
  expect(await metric(relay, schema.activeSubscribers)).toBe(0);
  expect(await metric(relay, schema.activeSubscriptions)).toBe(0);
  expect(await metric(relay, schema.activeStreams)).toBe(1);
  expect(await metric(relay, schema.queuedBytes)).toBe(0);
}

/** Sessions that were opened, and those that broke off before. */
async function arrivals(): Promise<number> {
  const failed = (stage: 'accept' | 'setup'): Promise<number> => metric(relay, schema.errors, { stage });
  return (await metric(relay, schema.sessions)) + (await failed('accept')) + (await failed('setup'));
}

/** Sessions opened, less those closed, less those that are there: by one scrape. */
async function balance(): Promise<number> {
  const page = await samples();
  const sum = (name: string): number =>
    [...page].reduce((total, [series, value]) => total + (series.startsWith(`${name}{`) ? value : 0), 0);
  return sum(schema.sessions.name) - sum(schema.sessionsClosed.name) - sum(schema.activeSessions.name);
}

/** All series of the relay. */
async function samples(): Promise<Map<string, number>> {
  const response = await fetch(new URL('/metrics', relay.opsUrls[0]));
  const found = new Map<string, number>();
  for (const family of parseExposition(await response.text()).families.values()) {
    for (const { name, labels, value } of family.samples) {
      if (!/^(process|nodejs)_/.test(name)) found.set(`${name}{${JSON.stringify([...labels])}`, value);
    }
  }
  return found;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

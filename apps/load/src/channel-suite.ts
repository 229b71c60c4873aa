import { setTimeout as wait } from 'node:timers/promises';

import { createRelay, type Relay } from '@moq-observability/relay-node';
import { pino } from 'pino';
import { beforeAll, describe, expect, it, vi } from 'vitest';

import { routeConsole } from './cli/process.ts';
import { type Clip, loadClip } from './clip/clip.ts';
import type { TransportChoice } from './connect.ts';
import { createFaultProxy, type FaultProxy } from './proxy/fault-proxy.ts';
import type { Faults } from './proxy/faults.ts';
import { publish, type PublishOptions, type PublishReport } from './publish/publish.ts';
import { view, type ViewOptions, type ViewProgress, type ViewReport } from './view/view.ts';

const BROADCAST = 'demo/clock.hang';
const log = pino({ enabled: false });
/** How long a test may take on a busy machine, in milliseconds. */
const LIMIT = 60_000;

let clip: Clip;

/** Something that runs until it is stopped. */
interface Running<T> {
  readonly done: Promise<T>;
  stop(): Promise<T>;
}

/** A relay with publishers and viewers, all of which end with the test. */
class Scene extends AsyncDisposableStack {
  readonly #transport: TransportChoice;

  constructor(transport: TransportChoice) {
    super();
    this.#transport = transport;
  }

  async relay(port = 0): Promise<Relay> {
    return this.use(await createRelay({ port, opsPort: 0, processMetrics: false }));
  }

  async proxy(relay: Relay, faults: Partial<Faults>): Promise<FaultProxy> {
    const [listen, target] = [0, Number(relay.url.port)].map((port) => ({ host: '127.0.0.1', port }));
    if (!listen || !target) throw new Error('there are two');
    return this.use(await createFaultProxy({ listen, target, faults }));
  }

  publisher(relay: URL, options: Partial<PublishOptions> = {}): Running<PublishReport> {
    const transport = this.#transport;
    return this.#run((signal) =>
      publish({ relay, transport, broadcast: BROADCAST, clip, signal, log, ...options }),
    );
  }

  viewers(
    relay: URL,
    options: Partial<ViewOptions> = {},
  ): Running<ViewReport> & { readonly progress: ViewProgress[] } {
    const progress: ViewProgress[] = [];
    const running = this.#run((signal) =>
      view({
        relay,
        transport: this.#transport,
        broadcast: BROADCAST,
        count: 1,
        tracks: { kinds: ['video', 'audio'], rendition: 'first' },
        untilEnd: false,
        signal,
        log,
        onProgress: (now) => void progress.push(now),
        progressInterval: 200,
        ...options,
      }),
    );
    return { ...running, progress };
  }

  #run<T>(start: (signal: AbortSignal) => Promise<T>): Running<T> {
    const abort = new AbortController();
    const done = start(abort.signal);
    const stop = (): Promise<T> => {
      abort.abort();
      return done;
    };
    // A failure is for the test to see, when it waits for the end.
    this.defer(async () => void (await stop().catch(() => {})));
    return { done, stop };
  }
}

/** Waits until nothing is thrown any more. */
function eventually(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: LIMIT / 2, interval: 50 });
}

/** The totals of the media tracks, without what only viewers know. */
function mediaTotals({ tracks }: PublishReport | ViewReport): Record<string, object> {
  return Object.fromEntries(
    Object.entries(tracks).map(([name, { groups, frames, bytes, aborted }]) => [
      name,
      { groups, frames, bytes, aborted },
    ]),
  );
}

/** What the relay says it received and sent, summed over tracks of one kind. */
async function relayTotals(relay: Relay, type: string): Promise<Record<string, number>> {
  const body = await (await relay.metrics()).text();
  const totals: Record<string, number> = {};
  for (const [, what = '', way = '', labels = '', value] of body.matchAll(
    /^moq_relay_(bytes|frames|groups)_(sent|received)_total\{(.*)\} (\d+)$/gm,
  )) {
    if (!labels.includes(`broadcast="${BROADCAST}"`) || !labels.includes(`track_type="${type}"`)) continue;
    totals[`${what} ${way}`] = (totals[`${what} ${way}`] ?? 0) + Number(value);
  }
  return totals;
}

function expectTotals(track: { groups: number; frames: number; bytes: number } | undefined): object {
  const { groups, frames, bytes } = track ?? {};
  return {
    'groups received': groups,
    'frames received': frames,
    'bytes received': bytes,
    'groups sent': groups,
    'frames sent': frames,
    'bytes sent': bytes,
  };
}

/** What publishers, viewers and faults do together with a real relay, over one transport. */
export function describeChannel(transport: 'webtransport' | 'websocket'): void {
  beforeAll(async () => {
    routeConsole(log);
    clip = await loadClip();
  });

  describe(`a channel over ${transport}`, { timeout: LIMIT }, () => {
    it('a viewer of a finite channel gets exactly what was published, and the relay says so', async () => {
      await using scene = new Scene(transport);
      const relay = await scene.relay();
      const publisher = scene.publisher(relay.url, { frames: 45 });
      const viewers = scene.viewers(relay.url, { untilEnd: true });
      const [published, viewed] = await Promise.all([publisher.done, viewers.done]);
      expect(published).toMatchObject({ complete: true, connections: 1 });
      expect(mediaTotals(viewed)).toEqual(mediaTotals(published));
      expect(viewed.tracks).toMatchObject({
        'catalog.json': { groups: 1, frames: 1 },
        '720p': { groups: 2, frames: 45, aborted: 0 },
        audio: { groups: 3, frames: 75, aborted: 0 },
      });
      expect(Object.keys(viewed.transports)).toEqual([`${transport} moq-lite-05`]);
      expect(await relayTotals(relay, 'video')).toEqual(expectTotals(published.tracks['720p']));
      expect(await relayTotals(relay, 'audio')).toEqual(expectTotals(published.tracks['audio']));
    });

    it('many viewers watch live', async () => {
      await using scene = new Scene(transport);
      const relay = await scene.relay();
      scene.publisher(relay.url);
      const viewers = scene.viewers(relay.url, { count: 3 });
      await eventually(() => expect(viewers.progress.at(-1)?.watching).toBe(3));
      await eventually(() => expect(viewers.progress.at(-1)?.framesPerSecond).toBeGreaterThan(3 * 20));
      await eventually(() => expect(viewers.progress.at(-1)?.latency.p95).toBeDefined());
      const report = await viewers.stop();
      expect(report).toMatchObject({ viewers: 3, reconnects: 0 });
      expect(report.tracks['360p']).toBeUndefined();
    });

    it('viewers go on with a publisher that comes back, on the same connection', async () => {
      await using scene = new Scene(transport);
      const relay = await scene.relay();
      const first = scene.publisher(relay.url);
      const viewers = scene.viewers(relay.url, { count: 2 });
      await eventually(() => expect(viewers.progress.at(-1)?.watching).toBe(2));
      await first.stop();
      await eventually(() => expect(viewers.progress.at(-1)?.watching).toBe(0));
      scene.publisher(relay.url);
      await eventually(() => expect(viewers.progress.at(-1)?.watching).toBe(2));
      await eventually(() => expect(viewers.progress.at(-1)?.framesPerSecond).toBeGreaterThan(2 * 20));
      expect(await viewers.stop()).toMatchObject({ reconnects: 0 });
    });

    it('publisher and viewers come back when the relay does', async () => {
      await using scene = new Scene(transport);
      const relay = await scene.relay();
      const publisher = scene.publisher(relay.url);
      const viewers = scene.viewers(relay.url);
      await eventually(() => expect(viewers.progress.at(-1)?.watching).toBe(1));
      await relay.close();
      await eventually(() => expect(viewers.progress.at(-1)?.watching).toBe(0));
      await scene.relay(Number(relay.url.port));
      await eventually(() => expect(viewers.progress.at(-1)?.watching).toBe(1));
      await eventually(() => expect(viewers.progress.at(-1)?.framesPerSecond).toBeGreaterThan(20));
      expect((await viewers.stop()).reconnects).toBeGreaterThan(0);
      expect((await publisher.stop()).connections).toBeGreaterThan(1);
    });

    it('a path with faults is felt, and a cut is survived', async () => {
      await using scene = new Scene(transport);
      const relay = await scene.relay();
      const proxy = await scene.proxy(relay, { delay: 60 });
      scene.publisher(relay.url);
      const viewers = scene.viewers(new URL(`http://127.0.0.1:${proxy.address.port}/`));
      await eventually(() => expect(viewers.progress.at(-1)?.latency.p50 ?? 0).toBeGreaterThanOrEqual(30));
      proxy.cut(700);
      await wait(100);
      const { bytes } = proxy.stats().down;
      expect(proxy.stats().cut).toBe(true);
      await eventually(() => expect(proxy.stats().down.bytes).toBeGreaterThan(bytes + 50_000));
      expect(await viewers.stop()).toMatchObject({ reconnects: 0 });
    });

    it('everything of a finite channel arrives over a path that loses packets', async () => {
      await using scene = new Scene(transport);
      const relay = await scene.relay();
      const proxy = await scene.proxy(relay, { loss: 0.02, delay: 10 });
      const publisher = scene.publisher(relay.url, { frames: 60 });
      const viewers = scene.viewers(new URL(`http://127.0.0.1:${proxy.address.port}/`), { untilEnd: true });
      const [published, viewed] = await Promise.all([publisher.done, viewers.done]);
      expect(mediaTotals(viewed)).toEqual(mediaTotals(published));
      expect(viewed.tracks['720p']).toMatchObject({ frames: 60, aborted: 0 });
      const { up, down } = proxy.stats();
      expect(up.lost + down.lost > 0).toBe(transport === 'webtransport');
    });
  });

  describe(`a relay that is not there, over ${transport}`, { timeout: LIMIT }, () => {
    const nowhere = new URL('http://127.0.0.1:9/');

    it('ends a publisher that is told to try once, and is named', async () => {
      await using scene = new Scene(transport);
      await expect(scene.publisher(nowhere, { once: true }).done).rejects.toMatchObject({
        code: 'connect',
        message: expect.stringContaining(nowhere.href),
      });
    });

    it('is tried again until the end', async () => {
      await using scene = new Scene(transport);
      const publisher = scene.publisher(nowhere);
      const viewers = scene.viewers(nowhere, { count: 2 });
      await wait(600);
      expect(await publisher.stop()).toEqual({
        broadcast: BROADCAST,
        complete: false,
        connections: 0,
        tracks: {},
      });
      expect(await viewers.stop()).toMatchObject({ reconnects: 0, transports: {}, tracks: {} });
    });
  });
}

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { measureOffset, TimeSync, type TimeSyncResult } from './time-sync.ts';

let cleanUp = new AsyncDisposableStack();
afterEach(async () => {
  await cleanUp.disposeAsync();
  cleanUp = new AsyncDisposableStack();
});

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/some/path?query`);
}

async function start(relay: URL, interval?: number): Promise<{ sync: TimeSync; results: TimeSyncResult[] }> {
  const results: TimeSyncResult[] = [];
  const onSync = (result: TimeSyncResult): void => void results.push(result);
  const sync = await TimeSync.start({ relay, onSync, ...(interval === undefined ? {} : { interval }) });
  return { sync: cleanUp.use(sync), results };
}

describe('measureOffset', () => {
  it('believes the quickest reading', async () => {
    let now = 0;
    const roundTrips = [9_000, 400, 20_000, 7_000, 500];
    const ask = async (): Promise<number> => {
      const roundTrip = roundTrips.shift() ?? 0;
      now += roundTrip;
      // All of the way takes time, none of the way back: the worst that can be.
      return 1_000_000 + now;
    };
    expect(await measureOffset(ask, () => now)).toEqual({ offset: 1_000_200, roundTrip: 400 });
  });
});

describe('TimeSync', () => {
  it('goes by the clock of the relay, and goes on asking', async () => {
    let ahead = 3_600_000;
    const relay = await serve((request, response) => {
      response.end(JSON.stringify(request.url === '/time' ? { now: Date.now() + ahead } : {}));
    });
    const { sync, results } = await start(relay, 20);
    const offset = (): number => sync.now() / 1_000 - Date.now();
    expect(Math.abs(offset() - 3_600_000)).toBeLessThan(50);
    ahead = 0;
    await expect.poll(() => Math.abs(offset())).toBeLessThan(50);
    expect(results.every(({ source }) => source === 'relay')).toBe(true);
  });

  it('does not believe a slow answer more than the clock it has', async () => {
    let late = 0;
    const relay = await serve((_, response) => {
      // The time of the question, answered late: halved, the round trip says that it is later than it is.
      const body = JSON.stringify({ now: Date.now() });
      setTimeout(() => response.end(body), late);
    });
    const { sync, results } = await start(relay);
    late = 60;
    await sync.refresh();
    expect(Math.abs(results.at(-1)?.error ?? Infinity)).toBeLessThan(10_000);
    expect(results).toHaveLength(2);
  });

  it('keeps the time of a relay that is gone', async () => {
    let gone = false;
    const relay = await serve((_, response) => {
      if (gone) response.destroy();
      else response.end(JSON.stringify({ now: Date.now() + 3_600_000 }));
    });
    const { sync, results } = await start(relay);
    gone = true;
    await sync.refresh();
    expect(Math.abs(sync.now() / 1_000 - Date.now() - 3_600_000)).toBeLessThan(50);
    expect(results).toHaveLength(1);
  });

  it.each([
    ['does not answer', undefined, 'fetch failed'],
    ['has no such page', ((_, response) => response.writeHead(404).end()) satisfies RequestListener, '404'],
    [
      'says something else',
      ((_, response) => response.end('{"now":"noon"}')) satisfies RequestListener,
      '"now"',
    ],
    ['says no JSON', ((_, response) => response.end('noon')) satisfies RequestListener, 'JSON'],
  ])('goes by the clock of this machine when the relay %s', async (_, listener, reason) => {
    const relay = listener ? await serve(listener) : new URL('http://127.0.0.1:9/');
    const { sync, results } = await start(relay);
    expect(Math.abs(sync.now() / 1_000 - Date.now())).toBeLessThan(50);
    expect(results).toMatchObject([{ source: 'machine', reason: expect.stringContaining(reason) }]);
  });
});

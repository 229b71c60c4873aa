import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Relay } from './relay.ts';
import { connect, metric, publish, startRelay, TestBroadcast, until, view } from './relay-fixture.ts';
import { routeConsole } from './telemetry/console.ts';

let relay: Relay;
let restoreConsole: () => void;

beforeAll(() => {
  restoreConsole = routeConsole(pino({ level: 'silent' }));
});

afterAll(() => restoreConsole());

beforeEach(async () => {
  relay = await startRelay();
});

afterEach(async () => {
  await relay.close();
});

test('what is published is announced and can be watched', async () => {
  const publisher = await connect(relay);
  const viewer = await connect(relay);
  const announced = viewer.announced();
  const broadcast = new TestBroadcast();
  broadcast.catalog({ video: ['hi'] });
  broadcast.track('hi');
  await publish(relay, publisher, 'demo/bbb.hang', broadcast);
  expect(await announced.next()).toEqual({ path: 'demo/bbb.hang', active: true });

  const video = view(viewer, 'demo/bbb.hang', 'hi');
  await until(async () => (await metric(relay, 'moq_relay_active_subscribers')) === 1);
  broadcast.write('hi', { groups: 3, frames: 4, bytes: 100 });
  await until(() => video.frames === 12);
  expect([...video.content.values()]).toEqual([
    [0, 1, 2, 3],
    [0, 1, 2, 3],
    [0, 1, 2, 3],
  ]);
  publisher.close();
  expect(await announced.next()).toEqual({ path: 'demo/bbb.hang', active: false });
  viewer.close();
});

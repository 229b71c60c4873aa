/** Who may do what, as clients and operators of a relay with keys see it. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { relay as schema } from '@moq-observability/moq-metrics';
import { Path } from '@moq/net';
import { type Claims, generate, type Key, sign } from '@moq/token';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { RelayOptions } from './config.ts';
import type { Relay } from './relay.ts';
import { channel, connect, metric, publish, quietConsole, startRelay, until, view } from './relay-fixture.ts';

let folder: string;
let authKey: string;
let key: Key;
let relay: Relay;

quietConsole();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-auth-'));
  authKey = join(folder, 'key.jwk');
  key = await generate('HS256');
  await writeFile(authKey, JSON.stringify(key));
  relay = await startRelay({ authKey });
});

afterEach(async () => {
  await relay.close();
  await rm(folder, { recursive: true });
});

async function restart(options: RelayOptions): Promise<void> {
  await relay.close();
  relay = await startRelay({ authKey, ...options });
}

/** A path to connect to, with a token. */
async function pathFor(claims: Claims, path = '/'): Promise<string> {
  return `${path}?jwt=${await sign(key, claims)}`;
}

/** The HTTP status a connection is refused with. */
async function refusal(path: string, transport: 'websocket' | 'webtransport'): Promise<number> {
  if (transport === 'webtransport') {
    const error: unknown = await connect(relay, { path, transport }).catch((thrown: unknown) => thrown);
    return Number(/status (\d+)/.exec(String(error))?.[1]);
  }
  // The one that comes with Node asks again when the answer is 401.
  const socket = new WebSocket(new URL(path, relay.url), ['qmux-01.moq-lite-05']);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  response.destroy();
  return response.statusCode!;
}

async function failures(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const reason of schema.authFailureReasons) {
    const count = await metric(relay, schema.authFailures, { reason });
    if (count > 0) counts[reason] = count;
  }
  return counts;
}

describe.each(['websocket', 'webtransport'] as const)('over %s', (transport) => {
  test('whoever has no good token is turned away, and counted by what was wrong with it', async () => {
    const expired = Math.floor(Date.now() / 1000) - 10;
    const secret = Buffer.from(String('k' in key && key.k), 'base64url');
    const late = await new SignJWT({ get: '', exp: expired })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(secret);
    const attempts: [path: string, reason: string][] = [
      ['/', 'missing'],
      ['/?jwt=', 'missing'],
      ['/?jwt=nonsense', 'malformed'],
      [`/?jwt=${late}`, 'expired'],
      [`/?jwt=${await sign(await generate('HS256'), { root: '', get: '' })}`, 'signature'],
      [await pathFor({ root: 'demo', get: '' }, '/news'), 'scope'],
    ];
    for (const [path, reason] of attempts) {
      expect(await refusal(path, transport), path).toBe(reason === 'scope' ? 403 : 401);
    }
    await until(async () => (await metric(relay, schema.errors, { stage: 'auth' })) === attempts.length);
    expect(await failures()).toEqual({ missing: 2, malformed: 1, expired: 1, signature: 1, scope: 1 });
    expect(await metric(relay, schema.sessions)).toBe(0);
  });

  test('a token says what may be published, and what is there to be watched', async () => {
    const publisher = await connect(relay, { transport, path: await pathFor({ root: 'demo', put: 'bbb' }) });
    await publish(relay, publisher, 'demo/bbb', channel());
    publisher.publish(Path.from('news/one'), channel().producer);
    await until(async () => (await failures())['scope'] === 1);
    expect(relay.announced()).toEqual(['demo/bbb']);
    const other = await connect(relay, { path: await pathFor({ root: '', put: '' }) });
    await publish(relay, other, 'news/one', channel());

    const viewer = await connect(relay, { transport, path: await pathFor({ root: 'demo', get: '' }) });
    expect((await viewer.announced().next())?.path).toBe('demo/bbb');
    view(viewer, 'demo/bbb', 'hi');
    await until(async () => (await metric(relay, schema.activeSubscribers)) === 1);
    const hidden = view(viewer, 'news/one', 'hi');
    await until(() => hidden.ended);
    expect(await metric(relay, schema.activeSubscribers)).toBe(1);
    viewer.publish(Path.from('demo/mine'), channel().producer);
    await until(async () => (await failures())['scope'] === 2);
    expect(relay.announced()).toEqual(['demo/bbb', 'news/one']);
  });

  test('a session ends with its token', async () => {
    const exp = Math.floor(Date.now() / 1000) + 2;
    const path = await pathFor({ root: '', get: '', exp });
    const viewer = await connect(relay, { transport, path });
    await viewer.closed;
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000);
    await until(async () => (await metric(relay, schema.sessionsClosed, { reason: 'expired' })) === 1);
    expect(await metric(relay, schema.activeSessions)).toBe(0);
  });
});

test('what is public needs no token, and a token is all that counts of who brings one', async () => {
  await restart({ publicGet: ['/demo/'], publicPut: ['demo/open'] });
  const publisher = await connect(relay, { path: '/demo' });
  await publish(relay, publisher, 'open/one', channel(), 'demo/open/one');
  publisher.publish(Path.from('bbb'), channel().producer);
  await until(async () => (await failures())['scope'] === 1);
  const viewer = await connect(relay);
  view(viewer, 'demo/open/one', 'hi');
  await until(async () => (await metric(relay, schema.activeSubscribers)) === 1);
  expect(await refusal('/news', 'websocket')).toBe(401);
  expect(await refusal(await pathFor({ root: 'news', get: '' }, '/demo'), 'websocket')).toBe(403);
  expect(await failures()).toEqual({ scope: 2, missing: 1 });
});

test('everything may be public to be watched, and nothing to be published', async () => {
  await restart({ publicGet: ['/'] });
  const publisher = await connect(relay, { path: await pathFor({ root: 'demo', put: 'bbb' }) });
  await publish(relay, publisher, 'demo/bbb', channel());
  const viewer = await connect(relay);
  view(viewer, 'demo/bbb', 'hi');
  await until(async () => (await metric(relay, schema.activeSubscribers)) === 1);
  viewer.publish(Path.from('demo/mine'), channel().producer);
  await until(async () => (await failures())['scope'] === 1);
});

test('another relay is no viewer, and what it publishes is no stream of this one', async () => {
  const secret = Buffer.from(String('k' in key && key.k), 'base64url');
  const claims = { put: '', get: '', cluster: true };
  const token = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret);
  const publisher = await connect(relay, { path: await pathFor({ root: '', put: '' }) });
  await publish(relay, publisher, 'demo/bbb', channel());
  const peer = await connect(relay, { path: `/?jwt=${token}` });
  const elsewhere = channel();
  await publish(relay, peer, 'demo/elsewhere', elsewhere);
  const relayed = view(peer, 'demo/bbb', 'hi');
  const viewer = await connect(relay, { path: await pathFor({ root: '', get: '' }) });
  const video = view(viewer, 'demo/elsewhere', 'hi');
  await until(async () => (await metric(relay, schema.activeSubscriptions, { track_type: 'video' })) === 2);
  elsewhere.write('hi', { groups: 1, frames: 1, bytes: 10 });
  await until(() => video.frames === 1);
  const of = (broadcast: string): Promise<number> => metric(relay, schema.activeSubscribers, { broadcast });
  expect([await of('demo/bbb'), await of('demo/elsewhere')]).toEqual([0, 1]);
  expect(await metric(relay, schema.activeStreams)).toBe(1);
  relayed.subscription.close();
  viewer.close();
  await until(async () => (await metric(relay, schema.activeSubscriptions, { track_type: 'video' })) === 0);
  expect(await metric(relay, schema.activeSubscribers)).toBe(0);
});

test('the list of broadcasts is for those who may watch them', async () => {
  const publisher = await connect(relay, { path: await pathFor({ root: '', put: '' }) });
  await publish(relay, publisher, 'demo/bbb', channel());
  await publish(relay, publisher, 'news/one', channel());
  const token = await sign(key, { root: 'demo', get: '' });
  const ask = async (path: string, headers = {}): Promise<unknown> => {
    const response = await fetch(new URL(path, relay.url), { headers });
    return response.ok ? response.json() : response.status;
  };
  expect(await ask('/announced')).toBe(401);
  expect(await ask(`/announced?jwt=${token}`)).toEqual(['demo/bbb']);
  expect(await ask('/announced', { authorization: `Bearer ${token}` })).toEqual(['demo/bbb']);
  expect(await ask(`/announced/demo?jwt=${token}`)).toEqual(['demo/bbb']);
  expect(await ask(`/announced/news?jwt=${token}`)).toBe(403);
  expect(await ask('/announced?jwt=nonsense')).toBe(401);
  expect(await failures()).toEqual({ missing: 1, scope: 1, malformed: 1 });
  await restart({ publicGet: ['news'] });
  await publish(
    relay,
    await connect(relay, { path: await pathFor({ root: '', put: '' }) }),
    'news/one',
    channel(),
  );
  expect(await ask('/announced')).toEqual(['news/one']);
});

test('a key that cannot be read is named', async () => {
  await expect(startRelay({ authKey: join(folder, 'none') })).rejects.toMatchObject({
    code: 'bad_option',
    option: 'authKey',
    message: expect.stringMatching(/none.*ENOENT/),
  });
  await writeFile(authKey, '{}');
  await expect(startRelay({ authKey })).rejects.toMatchObject({ code: 'bad_option', option: 'authKey' });
});

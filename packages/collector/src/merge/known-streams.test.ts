import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { client, otelName, OTHER } from '@moq-observability/moq-metrics';
import { exportJWK, generateSecret, SignJWT } from 'jose';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCollector } from '../collector.ts';
import { metricsRequest } from '../report-fixture.ts';
import { scrape } from '../scrape-fixture.ts';
import { KnownStreams } from './known-streams.ts';

let relay: Server;
let url: URL;
/** The paths that were asked for. */
const asked: string[] = [];
let answer: { status: number; type: string; body: string };

beforeEach(async () => {
  asked.length = 0;
  answer = { status: 200, type: 'application/json', body: '["demo/a","demo/b"]' };
  relay = createServer((request, response) => {
    asked.push(request.url!);
    response.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
  }).listen(0, '127.0.0.1');
  await once(relay, 'listening');
  url = new URL(`http://127.0.0.1:${(relay.address() as AddressInfo).port}`);
});

afterEach(() => {
  relay.closeAllConnections();
  relay.close();
});

function ask(): KnownStreams {
  return new KnownStreams({ relay: url, interval: 20, logger: pino({ level: 'silent' }) });
}

describe('knows what a relay announces', () => {
  test('as JSON, and as lines', async () => {
    await using known = ask();
    await expect.poll(() => known.has('demo/a')).toBe(true);
    expect([known.label('demo/b'), known.label('demo/c')]).toEqual(['demo/b', OTHER]);
    answer = { status: 200, type: 'text/plain', body: 'demo/c\n demo/d \n' };
    await expect.poll(() => known.has('demo/d')).toBe(true);
    expect(known.has('demo/a')).toBe(true);
    expect(new Set(asked)).toEqual(new Set(['/announced']));
  });

  test('with a token, of which the log says nothing', async () => {
    answer.status = 403;
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => void lines.push(line) });
    url.search = '?jwt=secret';
    await using _known = new KnownStreams({ relay: url, interval: 20, logger });
    await expect.poll(() => lines.join('')).toContain('/announced answered 403');
    expect(lines.join('')).not.toContain('secret');
    expect(asked).toContain('/announced?jwt=secret');
  });

  test.each([
    ['an error', { status: 500, type: 'text/plain', body: 'demo/x' }],
    ['no JSON', { status: 200, type: 'application/json', body: 'demo/x' }],
    ['something else', { status: 200, type: 'application/json', body: '{"demo/x":1}' }],
    ['too much', { status: 200, type: 'text/plain', body: 'x\n'.repeat(3_000_000) }],
  ])('and keeps it when the relay answers with %s', async (_, wrong) => {
    await using known = ask();
    await expect.poll(() => known.has('demo/a')).toBe(true);
    answer = wrong;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([known.has('demo/a'), known.has('demo/x')]).toEqual([true, false]);
    answer = { status: 200, type: 'application/json', body: '["demo/e"]' };
    await expect.poll(() => known.has('demo/e')).toBe(true);
  });
});

test('made-up broadcasts have no series of their own, and what they count is not lost', async () => {
  await using collector = await createCollector({
    port: 0,
    opsPort: 0,
    knownStreamsFrom: url.href,
    knownStreamsSeconds: 0.1,
  });
  const watched = async (): Promise<ReadonlyMap<string | undefined, number>> => {
    const samples = (await scrape(collector)).samples(client.watchedSeconds);
    return new Map(samples.map(({ labels, value }) => [labels.get('broadcast'), value]));
  };
  await expect
    .poll(async () => {
      await report(collector.url, 'demo/a');
      return (await watched()).has('demo/a');
    })
    .toBe(true);
  for (let i = 0; i < 300; i++) await report(collector.url, `made/up-${i}`);
  await report(collector.url, 'demo/b');
  const streams = await watched();
  expect([...streams.keys()].toSorted()).toEqual([OTHER, 'demo/a', 'demo/b'].toSorted());
  expect(streams.get(OTHER)).toBeGreaterThanOrEqual(300);
});

test('a token limits what is reported on, and makes it known', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'moq-token-'));
  const key = await generateSecret('HS256', { extractable: true });
  await writeFile(join(folder, 'key.jwk'), JSON.stringify({ ...(await exportJWK(key)), alg: 'HS256' }));
  const token = await new SignJWT({ root: 'room', get: ['1'] })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(key);
  await using collector = await createCollector({
    port: 0,
    opsPort: 0,
    knownStreamsFrom: url.href,
    authKey: join(folder, 'key.jwk'),
  });
  expect((await report(collector.url, 'room/1')).status).toBe(401);
  const authorization = `Bearer ${token}`;
  expect(await (await report(collector.url, 'room/1', { authorization })).json()).toEqual({});
  expect(await (await report(collector.url, 'room/2', { authorization })).json()).toEqual({
    partialSuccess: {
      rejectedDataPoints: '1',
      errorMessage: `"${otelName(client.watchedSeconds)}": the token does not cover the broadcast`,
    },
  });
  const series = (await scrape(collector)).samples(client.watchedSeconds);
  expect(series.map(({ labels, value }) => [labels.get('broadcast'), value])).toEqual([['room/1', 1]]);
  await rm(folder, { recursive: true });
});

function report(collector: URL, broadcast: string, headers: Record<string, string> = {}): Promise<Response> {
  const body = metricsRequest([[client.watchedSeconds, { broadcast }, 1]]);
  return fetch(new URL('v1/metrics', collector), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

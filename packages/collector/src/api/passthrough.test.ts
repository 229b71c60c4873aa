import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Collector, createCollector } from '../collector.ts';
import { passthroughRoute, PROMETHEUS_PAGES } from './passthrough.ts';
import { createRouter } from './router.ts';

let collector: Collector;

describe('pages of other servers', () => {
  let upstream: Server;
  const asked: string[] = [];

  beforeAll(async () => {
    upstream = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.setHeader('content-type', 'application/json');
      response.setHeader('set-cookie', 'secret=1');
      response.writeHead(request.url?.includes('fail') ? 422 : 200);
      request.pipe(response);
    }).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    const there = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/base/`;
    collector = await createCollector({ port: 0, opsPort: 0, prometheusUrl: there, alertmanagerUrl: there });
  });

  beforeEach(() => {
    asked.length = 0;
  });

  afterAll(async () => {
    await collector.close();
    upstream.close();
  });

  test.each([
    ['prometheus/api/v1/query?query=up%7B%7D', 'GET /base/api/v1/query?query=up%7B%7D'],
    ['prometheus/api/v1/label/broadcast/values', 'GET /base/api/v1/label/broadcast/values'],
    ['prometheus/api/v1/./rules', 'GET /base/api/v1/rules'],
    ['alertmanager/api/v2/alerts/groups', 'GET /base/api/v2/alerts/groups'],
  ])('%s is shown', async (path, there) => {
    const response = await fetch(new URL(path, collector.opsUrl));
    expect(response.status).toBe(200);
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(asked).toEqual([there]);
  });

  test('errors are passed on as they are, and forms too', async () => {
    expect((await fetch(new URL('prometheus/api/v1/query?query=fail', collector.opsUrl))).status).toBe(422);
    const body = new URLSearchParams({ query: 'up' });
    const response = await fetch(new URL('prometheus/api/v1/query_range', collector.opsUrl), {
      method: 'POST',
      body,
    });
    expect(await response.text()).toBe('query=up');
  });

  test.each([
    'prometheus/api/v1/admin/tsdb/delete_series',
    'prometheus/api/v1/query/../admin/tsdb/snapshot',
    'prometheus/api/v1/query%2f..%2f..%2f-/quit',
    'prometheus/api/v1/%2e%2e/%2e%2e/-/quit',
    'prometheus/-/reload',
    'prometheus/api/v1/label/a%2fb/values',
    'alertmanager/api/v2/status',
    'alertmanager/../metrics/..',
  ])('%s is not', async (path) => {
    expect(await rawStatus(`/${path}`)).toBe(404);
    expect(asked).toEqual([]);
  });

  test('silences are not made', async () => {
    const response = await fetch(new URL('alertmanager/api/v2/silences', collector.opsUrl), {
      method: 'POST',
    });
    expect(response.status).toBe(405);
    expect(asked).toEqual([]);
  });
});

test('a reader who leaves in the middle takes the question along, and nothing else', async () => {
  const upstream = createServer((_, response) => {
    // The beginning of an answer that never ends comes once the reader is gone.
    setTimeout(() => response.write('{"status":'), 100);
  }).listen(0, '127.0.0.1');
  const asked = once(upstream, 'request');
  const left = once(upstream, 'connection').then(([socket]) => once(socket as Socket, 'close'));
  const errors: unknown[] = [];
  const route = passthroughRoute({
    name: 'Prometheus',
    target: new URL(`http://127.0.0.1:${await portOf(upstream)}/`),
    below: '/prometheus',
    ...PROMETHEUS_PAGES,
    timeout: 300,
  });
  const ops = createServer(
    createRouter({
      routes: [route],
      guard: () => {},
      onAnswer: () => {},
      onError: (error) => errors.push(error),
    }),
  ).listen(0, '127.0.0.1');
  const path = '/prometheus/api/v1/query?query=up';
  const question = request({ host: '127.0.0.1', port: await portOf(ops), path }).end();
  question.on('error', () => {});
  await asked;
  question.destroy();
  await left;
  // Past the time that the server has: what the reader left behind must not end the process then.
  await pause(400);
  expect(errors).toEqual([]);
  ops.close();
  upstream.close();
});

async function portOf(server: Server): Promise<number> {
  if (!server.listening) await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** The status of a path that is sent as it is written. */
async function rawStatus(path: string): Promise<number> {
  const { hostname: host, port } = collector.opsUrl;
  const outgoing = request({ host, port, path }).end();
  const [response] = (await once(outgoing, 'response')) as [{ statusCode: number; resume: () => void }];
  response.resume();
  return response.statusCode;
}

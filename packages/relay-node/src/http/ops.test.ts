import { get, type IncomingMessage } from 'node:http';
import { Rendered } from '@moq-observability/moq-metrics/prometheus';
import { afterEach, expect, test } from 'vitest';
import { createOps, type OpsOptions } from './ops.ts';
import { type HttpServer, listen } from './server.ts';

const CHUNK = '0123456789\n'.repeat(5000);

let server: HttpServer;
let faults: unknown[];

afterEach(() => server.close());

async function serve(metrics: OpsOptions['metrics']): Promise<void> {
  faults = [];
  const options = { purpose: 'ops', host: '127.0.0.1', port: 0, option: 'opsPort', keepAlive: 1000 };
  const ops = createOps({
    allowedHosts: [],
    token: undefined,
    metrics,
    health: () => ({}),
    ready: () => true,
    sessions: () => ({ total: 0, sessions: [] }),
    onError: (error) => faults.push(error),
  });
  server = await listen(options, ops);
}

function scrape(): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(new URL('/metrics', server.url), resolve).once('error', reject);
  });
}

test('a metrics page waits for whoever reads it, and ends with who leaves', async () => {
  const given = Promise.withResolvers<number>();
  let chunks = 0;
  async function* endless(): AsyncGenerator<string> {
    try {
      for (;;) {
        chunks += 1;
        yield CHUNK;
      }
    } finally {
      given.resolve(chunks);
    }
  }
  await serve(async () => new Rendered('text/plain', endless()));
  const response = await scrape();
  let before;
  do {
    before = chunks;
    await new Promise((resolve) => void setTimeout(resolve, 100));
  } while (chunks > before);
  // What the kernel takes for a connection is some megabytes.
  expect(chunks).toBeLessThan(1000);
  response.destroy();
  expect(await given.promise).toBeGreaterThanOrEqual(chunks);
  expect((await fetch(new URL('/health', server.url))).status).toBe(200);
  expect(faults).toEqual([]);
});

test('a metrics page that breaks off is told, and does not look whole', async () => {
  const fault = new Error('broken');
  async function* broken(): AsyncGenerator<string> {
    yield CHUNK;
    throw fault;
  }
  await serve(async () => new Rendered('text/plain', broken()));
  await expect(scrape().then((response) => response.toArray())).rejects.toThrow(/hang up|aborted/);
  expect(faults).toEqual([fault]);
});

test('a metrics page that cannot even begin is a fault of the relay', async () => {
  await serve(() => Promise.reject(new Error('no page')));
  const response = await fetch(new URL('/metrics', server.url));
  expect([response.status, await response.json()]).toEqual([
    500,
    { title: 'the relay could not answer', status: 500 },
  ]);
  expect(faults).toMatchObject([{ message: 'no page' }]);
});

import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createRouter } from './router.ts';

const CHUNK = '0123456789\n'.repeat(5000);

let server: Server;
let faults: unknown[];

afterEach(() => server.close());

async function serve(body: AsyncIterable<string>): Promise<void> {
  faults = [];
  server = createServer(
    createRouter({
      routes: [{ path: '/page', handle: () => ({ status: 200, contentType: 'text/plain', body }) }],
      guard: () => {},
      onAnswer: () => {},
      onError: (error) => faults.push(error),
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
}

function ask(): Promise<IncomingMessage> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/page' }, resolve).once('error', reject);
  });
}

test('a page that breaks off is told, and does not look whole', async () => {
  const fault = new Error('broken');
  async function* broken(): AsyncGenerator<string> {
    yield CHUNK;
    throw fault;
  }
  await serve(broken());
  await expect(ask().then((response) => response.toArray())).rejects.toThrow(/hang up|aborted/);
  expect(faults).toEqual([fault]);
});

test('a page ends with who leaves, and that is no fault', async () => {
  const ended = Promise.withResolvers<void>();
  async function* endless(): AsyncGenerator<string> {
    try {
      for (;;) yield CHUNK;
    } finally {
      ended.resolve();
    }
  }
  await serve(endless());
  const response = await ask();
  response.destroy();
  await ended.promise;
  expect(faults).toEqual([]);
});

import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { relay } from './index.ts';
import { createPrometheusMetrics } from './prometheus.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const metrics = createPrometheusMetrics();
metrics.gauge(relay.activeStreams).series({ namespace: 'a' }).add();

const server = createServer(async (request, response) => {
  if (request.url === '/slow') return;
  if (request.url !== '/metrics') {
    response.writeHead(404).end();
    return;
  }
  const { contentType, body } = await metrics.render(request.headers.accept);
  await pipeline(body, response.setHeader('content-type', contentType));
});
let origin: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** What the command prints, and its exit code. */
async function run(...commandLine: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [main, ...commandLine])) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

test('finds what is missing on a live target, and what is right', async () => {
  const incomplete = await run('check', `${origin}/metrics`);
  expect(incomplete.code).toBe(1);
  expect(incomplete.stdout).toContain(`${relay.bytesSent.name} is missing\n`);
  expect(incomplete.stdout).not.toContain(relay.activeStreams.name);
  expect(await run('check', `${origin}/metrics`, '--owner', 'player')).toMatchObject({ code: 1 });

  for (const metric of Object.values(relay).filter((value) => typeof value === 'object' && 'kind' in value)) {
    if (metric.kind === 'counter') metrics.counter(metric);
    else if (metric.kind === 'gauge') metrics.gauge(metric);
    else metrics.histogram(metric);
  }
  expect(await run('check', `${origin}/metrics`, '--owner', 'relay')).toEqual({
    code: 0,
    stdout: `${origin}/metrics is as the schema says\n`,
    stderr: '',
  });
});

test.each([
  [['check', 'nonsense'], "'nonsense' is invalid for argument 'url'. It must be an http or https URL."],
  [['check', 'http://127.0.0.1:1/', '--owner', 'nobody'], "'nobody' is invalid. Allowed choices are"],
  [['check', 'http://127.0.0.1:1/', '--timeout', '-1'], "'-1' is invalid. It must be a number of seconds."],
  [['check', 'http://127.0.0.1:1/', '--nope'], "unknown option '--nope'"],
  [['check', 'http://127.0.0.1:1/'], 'http://127.0.0.1:1/ cannot be read: '],
  [['check'], "missing required argument 'url'"],
  [['nope'], "unknown command 'nope'"],
])('%j ends with 2 and one line', async (commandLine, line) => {
  const { code, stdout, stderr } = await run(...commandLine);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(line);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test('an answer that is none, or does not come, ends with 2 and one line', async () => {
  expect(await run('check', `${origin}/elsewhere`)).toMatchObject({
    code: 2,
    stderr: `${origin}/elsewhere cannot be read: it answers 404\n`,
  });
  expect(await run('check', `${origin}/slow`, '--timeout', '0.3')).toMatchObject({
    code: 2,
    stderr: `${origin}/slow cannot be read: The operation was aborted due to timeout\n`,
  });
});

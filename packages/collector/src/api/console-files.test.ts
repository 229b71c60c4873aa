import { request } from 'node:http';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Collector, createCollector } from '../collector.ts';

const PAGE = '<!doctype html><title>console</title>';
let above: string;
let collector: Collector;

beforeAll(async () => {
  above = await mkdtemp(join(tmpdir(), 'moq-console-'));
  const folder = join(above, 'dist');
  await mkdir(join(folder, 'assets'), { recursive: true });
  await writeFile(join(folder, 'index.html'), PAGE);
  await writeFile(join(folder, '.env'), 'SECRET=1');
  await writeFile(join(folder, 'assets', 'index-B1z3x9Qa.js'), 'export {};');
  await writeFile(join(above, 'secret.txt'), 'secret');
  collector = await createCollector({ port: 0, opsPort: 0, console: folder });
});

afterAll(async () => {
  await collector.close();
  await rm(above, { recursive: true, force: true });
});

/** Asks for a path exactly as it is written: `fetch` would tidy it up. */
function get(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]>; body: string }> {
  return new Promise((resolve, reject) => {
    const { hostname: host, port } = collector.opsUrl;
    request({ host, port, path, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    })
      .on('error', reject)
      .end();
  });
}

test('the page is shown wherever it may find its way, to this machine alone', async () => {
  for (const path of ['/', '/sessions', '/sessions/0b5b5f3e?tab=logs', '/%E0%A4%A']) {
    const { status, headers, body } = await get(path);
    expect([path, status, body]).toEqual([path, 200, PAGE]);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
    });
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  }
  expect((await get('/', { host: 'rebound.example' })).status).toBe(403);
});

test('files are kept by browsers, or asked for again only if they changed', async () => {
  const script = await get('/assets/index-B1z3x9Qa.js');
  expect(script).toMatchObject({ status: 200, body: 'export {};' });
  expect(script.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'max-age=31536000, immutable',
  });
  const { headers } = await get('/');
  expect((await get('/', { 'if-none-match': String(headers['etag']) })).status).toBe(304);
});

test.each([
  '/assets/gone-B1z3x9Qa.js',
  '/.env',
  '/../secret.txt',
  '/%2e%2e/secret.txt',
  '/assets/..%2f..%2f..%2fsecret.txt',
  '/index.html%00.js',
  '/api/nope',
  '/prometheus',
  '/v1/metrics',
])('%s is not shown', async (path) => {
  const { status, headers, body } = await get(path);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(headers['content-type']).toBe('application/problem+json');
  expect(body).not.toContain('secret');
});

test('a folder without a page is said so', async () => {
  await expect(createCollector({ port: 0, opsPort: 0, console: above })).rejects.toMatchObject({
    code: 'config',
    option: 'console',
    message: expect.stringContaining('there is no index.html in it'),
  });
});

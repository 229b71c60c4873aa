import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-console-'));
  const root = fileURLToPath(new URL('..', import.meta.url));
  await build({ root, logLevel: 'warn', build: { outDir: folder, emptyOutDir: true } });
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function zipped(path: string): Promise<number> {
  return gzipSync(await readFile(join(folder, path)), { level: 9 }).length / 1000;
}

test('what is loaded before the first page weighs at most 250 kB, and dashboards are no part of it', async () => {
  const html = await readFile(join(folder, 'index.html'), 'utf8');
  const initial = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, path]) => path!);
  const sizes = await Promise.all(initial.map(zipped));
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`initial JavaScript: ${whole.toFixed(1)} kB gzip in ${initial.length} files`);
  expect(initial.length).toBeGreaterThan(0);
  expect(whole).toBeLessThan(250);
  const names = await readdir(join(folder, 'assets'));
  const later = names.filter((name) => /^(dashboards|alerts|session)-page-.*\.js$/.test(name));
  expect(later).toHaveLength(3);
  expect(initial.filter((path) => later.some((name) => path.endsWith(name)))).toEqual([]);
});

test('nothing in it names another server that is asked for something', async () => {
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.(js|css|html)$/.test(name));
  for (const name of names) {
    const text = await readFile(join(folder, name), 'utf8');
    expect([name, text.match(/url\(\s*["']?https?:|@import|(?:src|href)="https?:/g)]).toEqual([name, null]);
  }
});

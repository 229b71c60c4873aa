/** The package as it is published: packed, unpacked into an empty project, type-checked, bundled, run. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audience, client, collector, relay } from './index.ts';

const exec = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const NAME = '@moq-observability/moq-metrics';
let project: string;
let installed: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'moq-metrics-package-'));
  installed = join(project, 'node_modules', NAME);
  const tarball = join(project, 'package.tgz');
  await exec('pnpm', ['pack', '--out', tarball], { cwd: root });
  await mkdir(installed, { recursive: true });
  await exec('tar', ['xzf', tarball, '-C', installed, '--strip-components=1']);
  for (const dependency of ['commander', 'prom-client', '@opentelemetry/api']) {
    const link = join(project, 'node_modules', dependency);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(root, 'node_modules', dependency), link);
  }
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
}, 60_000);

afterAll(() => rm(project, { recursive: true, force: true }));

/** What the type checker says of a file of the project; nothing when it is right. */
async function check(name: string, text: string, module: 'nodenext' | 'esnext'): Promise<string> {
  await writeFile(join(project, name), text);
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
  const resolution = module === 'esnext' ? 'bundler' : 'nodenext';
  const options = ['--noEmit', '--strict', '--target', 'es2024', '--lib', 'es2024,esnext.disposable,dom'];
  const commandLine = [
    tsc,
    ...options,
    '--module',
    module,
    '--moduleResolution',
    resolution,
    '--types',
    '',
    name,
  ];
  return exec(process.execPath, commandLine, { cwd: project }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
}

/** The minified code of a page with these imports, and what it needs that is not of the package. */
async function bundle(text: string): Promise<{ code: string; foreign: readonly string[] }> {
  const input = join(project, 'page.js');
  await writeFile(input, text);
  const build = await rolldown({ input, platform: 'browser', external: [], resolve: { symlinks: false } });
  const { output } = await build.generate({ minify: true });
  await build.close();
  // What begins with a zero is of the bundler itself.
  const modules = output[0].moduleIds.filter((id) => id !== input && !id.startsWith('\0'));
  const foreign = [...output[0].imports, ...modules.filter((id) => !id.startsWith(installed))];
  return { code: output[0].code, foreign };
}
function gzip(code: string): number {
  return gzipSync(code, { level: 9 }).length;
}

describe('its types, without a workspace around it', () => {
  test.each(['nodenext', 'esnext'] as const)('a right label compiles: %s', async (module) => {
    const text = `import { client, type Instruments, namespaceOf, relay } from '${NAME}';
      import { checkExposition } from '${NAME}/exposition';
      import { Catalogue } from '${NAME}/merge';
      import { createOtelMetrics } from '${NAME}/otel';
      import { createPrometheusMetrics } from '${NAME}/prometheus';
      import schema from '${NAME}/schema.json' with { type: 'json' };
      const metrics: Instruments = createPrometheusMetrics({ overflow: relay.seriesOverflow });
      metrics.counter(relay.bytesSent).series({ broadcast: 'a/b', track_type: 'video', direction: 'subscribe' }).add(1);
      metrics.histogram(client.latency).series({ namespace: namespaceOf('a/b'), broadcast: 'a/b' }).observe(0.1);
      console.log(checkExposition('').length, new Catalogue([client.latency]), createOtelMetrics, schema.metrics);`;
    expect(await check('right.ts', text, module)).toBe('');
  });

  test('a wrong label does not', async () => {
    const text = `import { relay } from '${NAME}';
      import { createPrometheusMetrics } from '${NAME}/prometheus';
      const bytes = createPrometheusMetrics().counter(relay.bytesSent);
      bytes.series({ broadcast: 'a/b', track_type: 'video', direction: 'down' });
      bytes.series({ broadcast: 'a/b', track_type: 'video', way: 'subscribe' });
      bytes.series({ broadcast: 'a/b', track_type: 'video' });
      relay.bytesSend;`;
    const said = await check('wrong.ts', text, 'nodenext');
    expect(said.match(/^wrong\.ts\(\d+/gm)).toEqual([4, 5, 6, 7].map((line) => `wrong.ts(${line}`));
    expect(said).toContain(`Type '"down"' is not assignable to type '"publish" | "subscribe"'`);
  });
});

describe('in the bundle of a page', () => {
  test('every metric of players and the OpenTelemetry binding are at most 8 kB, and nothing of Node or prom-client', async () => {
    const { code, foreign } = await bundle(`import { client } from '${NAME}';
      import { createOtelMetrics, otelViews } from '${NAME}/otel';
      console.log(client, createOtelMetrics, otelViews);`);
    expect(gzip(code)).toBeLessThanOrEqual(8192);
    expect(foreign).toEqual([]);
    expect(code).not.toMatch(/\b(process|Buffer|require)\b[.(]/);
    expect(code).toContain(client.playOutcomes.name);
  });

  test.each(['index', 'otel', 'merge', 'exposition'])(
    'the entry %s needs nothing but itself',
    async (entry) => {
      const path = entry === 'index' ? NAME : `${NAME}/${entry}`;
      const { foreign } = await bundle(`import * as all from '${path}'; console.log(all);`);
      expect(foreign).toEqual([]);
    },
  );

  test('only the metrics used are in it', async () => {
    const one = await bundle(`import { client } from '${NAME}'; console.log(client.startupTime);`);
    expect(one.code.match(/moq_[a-z_]+/g)?.filter((name) => !name.endsWith('_'))).toEqual([
      client.startupTime.name,
    ]);
    const two = await bundle(
      `import { client } from '${NAME}'; console.log(client.startupTime, client.rebufferCount);`,
    );
    expect(two.code).toContain(client.rebufferCount.name);
    for (const { name } of [relay.bytesSent, collector.reports, audience.latency, client.latency]) {
      expect(two.code).not.toContain(name);
    }
    expect(gzip(two.code) - gzip(one.code)).toBeLessThan(400);
    const none = await bundle(`import { client } from '${NAME}'; console.log('nothing');`);
    expect(none.code.trim()).toBe('console.log(`nothing`);');
  });
});

test('the command runs', async () => {
  const { stdout } = await exec(process.execPath, [join(installed, 'dist/main.js'), '--help']);
  expect(stdout).toContain('Usage: moq-metrics');
});

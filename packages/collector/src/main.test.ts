import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, MOQ_COLLECTOR_PORT: '0', MOQ_COLLECTOR_OPS_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

test('starts, says where, and ends at once when told to', async () => {
  const child = start([]);
  const output = text(child.stdout!);
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  const { otlp, ops, level } = JSON.parse(line.toString()) as Record<string, string>;
  expect(level).toBe('info');
  expect((await fetch(new URL('health', ops))).status).toBe(200);
  expect((await fetch(new URL('v1/metrics', otlp))).status).toBe(405);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(await output).toContain('collector is closed');
});

test.each([
  [['--prot', '1'], {}, /^error: unknown option '--prot'\n$/],
  [['--port', 'x'], {}, /^error: option '--port <number>' argument 'x' is invalid\. .*\n$/],
  [
    [],
    { MOQ_COLLECTOR_OPS_PORT: '70000' },
    /^error: option .*'70000' from env 'MOQ_COLLECTOR_OPS_PORT' is invalid\. .*\n$/,
  ],
  [
    [],
    { MOQ_COLLECTOR_LOG_LEVEL: 'loud' },
    /^error: option .*'loud' from env 'MOQ_COLLECTOR_LOG_LEVEL' is invalid\. .*\n$/,
  ],
  [['--ops-host', '0.0.0.0'], {}, /^error: .*"0\.0\.0\.0".* \(MOQ_COLLECTOR_OPS_HOST\)\n$/],
  [['--allowed-origins', 'a b'], {}, /^error: "a b" is not an origin.* \(MOQ_COLLECTOR_ALLOWED_ORIGINS\)\n$/],
  [['--console', '/nowhere'], {}, /^error: console "\/nowhere": .* \(MOQ_COLLECTOR_CONSOLE\)\n$/],
  [['--store', 'clickhouse'], {}, /^error: store "clickhouse": .* \(MOQ_COLLECTOR_STORE\)\n$/],
  [['stray'], {}, /^error: too many arguments.*\n$/],
])('names what is wrong in one line: %j %j', async (args, env, message) => {
  const child = start(args, env);
  const [errors, [code]] = await Promise.all([text(child.stderr!), once(child, 'exit')]);
  expect(errors).toMatch(message);
  expect(code).toBe(2);
});

test('a taken port names itself and the variable that moves it', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const child = start([], { MOQ_COLLECTOR_OPS_PORT: String(port) });
  const [errors, [code]] = await Promise.all([text(child.stderr!), once(child, 'exit')]);
  expect(errors).toBe(`error: port ${port} (ops) is taken: choose another with MOQ_COLLECTOR_OPS_PORT\n`);
  expect(code).toBe(2);
  server.close();
});

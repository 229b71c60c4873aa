import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { relay as schema } from '@moq-observability/moq-metrics';
import { afterEach, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

const running = new Set<ChildProcess>();
const servers = new Set<Server>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  for (const server of servers) server.close();
});

interface Run {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  /** Settles with the exit code. */
  readonly ended: Promise<number | null>;
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'], MOQ_RELAY_PORT: '0', MOQ_RELAY_OPS_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (output.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output.stderr += data.toString()));
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  return { child, output, ended };
}

/** The first log line, as soon as it is there. */
async function firstLine({ output, ended }: Run): Promise<Record<string, unknown>> {
  let over = false;
  void ended.then(() => (over = true));
  while (!output.stdout.includes('\n')) {
    if (over) throw new Error(output.stderr);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return JSON.parse(output.stdout.split('\n', 1)[0]!) as Record<string, unknown>;
}

/** A port that is taken for as long as the test runs. */
async function takenPort(): Promise<number> {
  const server = createServer();
  servers.add(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

test.each(['SIGTERM', 'SIGINT'] as const)('starts, says where it is, and ends by %s', async (signal) => {
  const relay = run(['--transports', 'websocket']);
  const line = await firstLine(relay);
  expect(line).toMatchObject({
    level: 'info',
    msg: 'relay listens',
    'service.name': 'moq-relay',
    transports: ['websocket'],
  });
  const [ops] = line['ops'] as string[];
  const health: unknown = await (await fetch(new URL('/health', ops))).json();
  expect(health).toMatchObject({ status: 'ok', sessions: 0 });
  const metrics = await (await fetch(new URL('/metrics', ops))).text();
  expect(metrics).toContain(`${schema.buildInfo.name}{`);
  expect(metrics).toContain('process_cpu_seconds_total ');
  relay.child.kill(signal);
  expect(await relay.ended).toBe(0);
});

test.each([
  [['--colour'], {}, "error: unknown option '--colour'"],
  [
    ['--port', 'http'],
    {},
    "error: option '--port <number>' argument 'http' is invalid. It is a number from 0",
  ],
  [[], { MOQ_RELAY_OPS_PORT: '70000' }, "value '70000' from env 'MOQ_RELAY_OPS_PORT' is invalid"],
  [[], { MOQ_RELAY_IDLE_TIMEOUT: 'soon' }, "'MOQ_RELAY_IDLE_TIMEOUT' is invalid"],
  [['--transports', 'pigeon'], {}, 'error: transports ["pigeon"]: '],
  [['--log-level', 'loud'], {}, "error: option '--log-level <level>' argument 'loud' is invalid"],
  [['--ops-host', '0.0.0.0'], {}, 'it needs a token (MOQ_RELAY_OPS_TOKEN)'],
  [['--certificate', 'a.pem'], {}, 'a certificate and its key come together (MOQ_RELAY_PRIVATE_KEY)'],
  [['--certificate', '/nowhere/a.pem', '--private-key', '/nowhere/b.pem'], {}, 'cannot read /nowhere/a.pem'],
  [['--auth-key', '/nowhere/key.jwk'], {}, 'the key in /nowhere/key.jwk cannot be used: ENOENT'],
  [['--host', '0.0.0.0'], {}, 'choose transports without quiche (MOQ_RELAY_ALLOW_OUTDATED_QUIC)'],
  [['now'], {}, 'error: too many arguments'],
])('%j %j is refused in one line', async (args, env, message) => {
  const relay = run(args, env);
  expect(await relay.ended).toBe(2);
  expect(relay.output.stderr).toContain(message);
  expect(relay.output.stderr.trim().split('\n')).toHaveLength(1);
});

test('a port that is taken is named, with the variable that moves it', async () => {
  const port = String(await takenPort());
  const relay = run([], { MOQ_RELAY_PORT: port });
  expect(await relay.ended).toBe(2);
  expect(relay.output.stderr).toBe(
    `error: port ${port} (clients) is taken: choose another with MOQ_RELAY_PORT\n`,
  );
  const ops = run([], { MOQ_RELAY_OPS_PORT: port });
  expect(await ops.ended).toBe(2);
  expect(ops.output.stderr).toBe(
    `error: port ${port} (ops) is taken: choose another with MOQ_RELAY_OPS_PORT\n`,
  );
});

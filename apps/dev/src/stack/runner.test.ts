import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Channel, CONTROL_VARIABLE } from '../control/channel.ts';
import type { Order, Report } from '../control/messages.ts';
import { Runner } from './runner.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

/** How long a process may take to start or end on a machine that is busy with other things, in milliseconds. */
const SLOW = 30_000;

let folder: string;
let server: Server;
let supervisor: ChildProcess;
let channel: Channel<Order, Report>;
let runner: Runner;
let ending: AbortController;
let said: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-runner-'));
  said = [];
  ending = new AbortController();
  server = createServer();
  server.listen(join(folder, 'control'));
  await once(server, 'listening');
  supervisor = spawn(process.execPath, [main, 'service', 'relay'], {
    env: { ...process.env, [CONTROL_VARIABLE]: join(folder, 'control'), MOQ_DEV_LOGS: folder },
    stdio: 'inherit',
  });
  const [socket] = await once(server, 'connection');
  channel = new Channel(socket);
  channel.listen((report) => runner.hear(report));
}, SLOW);

afterEach(async () => {
  ending.abort();
  channel.close();
  if (supervisor.exitCode === null && supervisor.signalCode === null) await once(supervisor, 'exit');
  server.close();
  await rm(folder, { recursive: true });
}, SLOW);

/** A service that is the given script, and ready when it has written its process id into the file `up`. */
function serve(script: string): Runner {
  const pid = join(folder, 'up');
  const preamble = `require('node:fs').writeFileSync(${JSON.stringify(pid)}, String(process.pid));`;
  runner = new Runner(
    {
      name: 'relay',
      after: [],
      rows: [],
      command: async () => ({
        executable: process.execPath,
        args: ['-e', script.replace('UP;', preamble)],
        cwd: folder,
        environment: { FROM_CONDUCTOR: 'yes' },
      }),
      isReady: async () => existsSync(pid),
    },
    'relay.log',
    {
      say: (line) => said.push(line),
      giveUp: (line) => said.push(`given up: ${line}`),
      signal: ending.signal,
    },
  );
  void runner.attach(channel);
  return runner;
}

/** Generous: the machine may be busy with other things. */
const LONG = { timeout: 15_000 };

const FOREVER = 'setInterval(() => {}, 1000);';

async function pid(): Promise<number> {
  return Number(await readFile(join(folder, 'up'), 'utf8'));
}

/** Whether a process runs. One that has ended stays on as a zombie where nobody asks how it did. */
function isAlive(process_: number): boolean {
  try {
    process.kill(process_, 0);
    return !/\) Z /.test(readFileSync(`/proc/${process_}/stat`, 'utf8'));
  } catch (error) {
    // Where there is no /proc, the first line has told.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && !existsSync('/proc/self');
  }
}

test('starts a service, keeps its log, and ends it', async () => {
  serve(
    `UP; console.log('hello', process.env.FROM_CONDUCTOR); console.log('{"level":40,"msg":"careful"}'); ${FOREVER}`,
  );
  await runner.start();
  expect(runner.state).toMatchObject({ is: 'up' });
  await expect.poll(() => said, LONG).toEqual(['relay: careful']);
  const running = await pid();
  await runner.stop();
  expect(isAlive(running)).toBe(false);
  expect(await readFile(join(folder, 'relay.log'), 'utf8')).toMatch(
    /hello yes\n.*careful.*\n--- was ended by SIGTERM/,
  );
});

test('has a service read its configuration again, and it goes on', async () => {
  serve(`process.on('SIGHUP', () => console.log('{"level":40,"msg":"read again"}')); UP; ${FOREVER}`);
  await runner.start();
  const running = await pid();
  runner.hangUp();
  await expect.poll(() => said, LONG).toEqual(['relay: read again']);
  expect(await pid()).toBe(running);
  expect(isAlive(running)).toBe(true);
});

test('starts a service again that ended by itself, and says so', async () => {
  serve(`UP; ${FOREVER}`);
  await runner.start();
  const first = await pid();
  process.kill(first, 'SIGKILL');
  await expect.poll(() => said.at(-1), LONG).toBe('relay: is up again');
  expect(said[0]).toBe('relay: was ended by SIGKILL, starts again in 0.5 s: see relay.log');
  await expect.poll(pid, LONG).not.toBe(first);
});

test('does not wait for ever for a service that keeps ending, and says why once', async () => {
  serve(`console.error('Error: no such thing'); process.exit(1);`);
  await runner.start();
  expect(runner.state).toEqual({ is: 'down', why: 'exited with code 1' });
  expect(said).toEqual([
    'relay: exited with code 1 (Error: no such thing), starts again in 0.5 s: see relay.log',
  ]);
});

test('gives up when a service was told what makes no sense', async () => {
  serve(`console.error('error: port 1 (x) is taken: choose another with X'); process.exit(2);`);
  void runner.start();
  await expect
    .poll(() => said, LONG)
    .toEqual(['given up: relay: error: port 1 (x) is taken: choose another with X']);
  await runner.stop();
});

test('kills a service that does not end when told to, and all it started', async () => {
  const grandchild = join(folder, 'grandchild');
  serve(
    `process.on('SIGTERM', () => {});
     const child = require('node:child_process').spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); ${FOREVER}"], { stdio: 'ignore' });
     require('node:fs').writeFileSync(${JSON.stringify(grandchild)}, String(child.pid));
     UP; ${FOREVER}`,
  );
  await runner.start();
  const pids = [await pid(), Number(await readFile(grandchild, 'utf8'))];
  expect(pids.map(isAlive)).toEqual([true, true]);
  await runner.stop();
  await expect.poll(() => pids.map(isAlive), LONG).toEqual([false, false]);
});

test('leaves nothing behind when the conductor is gone', async () => {
  serve(`UP; ${FOREVER}`);
  await runner.start();
  const running = await pid();
  channel.close();
  await once(supervisor, 'exit');
  expect(isAlive(running)).toBe(false);
});

test('leaves nothing behind when the supervisor is killed', async () => {
  serve(`UP; ${FOREVER}`);
  await runner.start();
  const running = await pid();
  supervisor.kill('SIGKILL');
  await expect.poll(() => isAlive(running), LONG).toBe(false);
});

test('a service that cannot be started at all is one that ended', async () => {
  await writeFile(join(folder, 'empty'), '');
  runner = new Runner(
    {
      name: 'relay',
      after: [],
      rows: [],
      command: async () => ({ executable: join(folder, 'empty'), args: [], cwd: folder, environment: {} }),
      isReady: async () => false,
    },
    'relay.log',
    { say: (line) => said.push(line), giveUp: () => {}, signal: ending.signal },
  );
  void runner.attach(channel);
  await runner.start();
  expect(runner.state.is).toBe('down');
  expect(said[0]).toContain('EACCES');
});

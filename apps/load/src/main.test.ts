import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { createRelay } from '@moq-observability/relay-node';
import { pino } from 'pino';
import { beforeAll, describe, expect, it, vi } from 'vitest';

import { routeConsole } from './cli/process.ts';

beforeAll(() => {
  routeConsole(pino({ enabled: false }));
});

const MAIN = join(import.meta.dirname, 'main.ts');

/** The tool, running. */
class Tool implements AsyncDisposable {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [MAIN, ...args]);
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#closed = once(this.#child, 'close');
  }

  /** Its exit code. */
  async end(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }
}

describe('the tool', { timeout: 60_000 }, () => {
  it('tells what it can, and what is wrong, by its exit code too', async () => {
    await using help = new Tool(['view', '--help']);
    await using wrong = new Tool(['--', 'proxy', '--loss', '10']);
    expect([await help.end(), await wrong.end()]).toEqual([0, 2]);
    expect(help.stdout).toContain('--until-end');
    expect(wrong.stderr).toMatch(/^error: .*--loss.*\n$/);
  });

  it('publishes and views a finite channel, and both say the same at the end', async () => {
    await using relay = await createRelay({ port: 0, opsPort: 0, processMetrics: false });
    const common = ['--relay', relay.url.href, '--broadcast', 'test/one.hang', '--transport', 'websocket'];
    await using publisher = new Tool([
      'publish',
      ...common,
      '--frames',
      '30',
      '--renditions',
      '360p',
      '--no-audio',
    ]);
    await using viewer = new Tool(['view', ...common, '--until-end', '--json', '--rendition', 'all']);
    expect(await Promise.all([publisher.end(), viewer.end()])).toEqual([0, 0]);
    const published = JSON.parse(publisher.stdout);
    const viewed = JSON.parse(viewer.stdout);
    expect(published).toMatchObject({ broadcast: 'test/one.hang', complete: true });
    expect(Object.keys(published.tracks)).toEqual(['catalog.json', '360p']);
    expect(viewed.tracks['360p']).toMatchObject({ ...published.tracks['360p'], groups: 1, frames: 30 });
    expect(viewer.stderr).toBe('');
    for (const line of publisher.stderr.trim().split('\n')) {
      expect(JSON.parse(line)).toMatchObject({ 'service.name': 'moq-load', level: 'info' });
    }
  });

  it('ends in order when it is asked to, with its results', async () => {
    await using relay = await createRelay({ port: 0, opsPort: 0, processMetrics: false });
    const common = ['--relay', relay.url.href, '--transport', 'websocket'];
    await using publisher = new Tool(['publish', ...common]);
    await using viewer = new Tool(['view', ...common, '--count', '2']);
    await vi.waitFor(() => expect(viewer.stderr).toContain('of 2 watching'), { timeout: 30_000 });
    viewer.signal('SIGINT');
    expect(await viewer.end()).toBe(0);
    expect(JSON.parse(viewer.stdout)).toMatchObject({ viewers: 2, reconnects: 0 });
    publisher.signal('SIGTERM');
    expect(await publisher.end()).toBe(0);
    expect(JSON.parse(publisher.stdout)).toMatchObject({ complete: false, connections: 1 });
  });

  it('cuts and changes a path from outside, and frees its port', async () => {
    const echo = createSocket('udp4');
    echo.on('message', (bytes, from) => echo.send(bytes, from.port, from.address));
    echo.bind(0, '127.0.0.1');
    await once(echo, 'listening');
    const client = createSocket('udp4');
    try {
      const addresses = ['--listen', '127.0.0.1:0', '--target', `127.0.0.1:${echo.address().port}`];
      await using tool = new Tool(['proxy', ...addresses, '--control', '127.0.0.1:0', '--cut', '1h@1h']);
      await vi.waitFor(() => expect(tool.stderr).toContain('forwarding'), { timeout: 30_000 });
      const { address, control } = JSON.parse(tool.stderr);
      const post = (path: string, body: object): Promise<Response> =>
        fetch(`http://127.0.0.1:${control.port}${path}`, { method: 'POST', body: JSON.stringify(body) });
      client.send('there', address.port, '127.0.0.1');
      expect(String((await once(client, 'message'))[0])).toBe('there');
      expect((await post('/cut', { for: '1m' })).status).toBe(200);
      client.send('lost', address.port, '127.0.0.1');
      await vi.waitFor(async () => {
        const stats = await fetch(`http://127.0.0.1:${control.port}/`);
        expect(await stats.json()).toMatchObject({ up: { packets: 1, cut: 1 }, cut: true });
      }, 30_000);
      tool.signal('SIGINT');
      expect(await tool.end()).toBe(0);
      expect(JSON.parse(tool.stdout)).toMatchObject({ up: { packets: 1, cut: 1 }, down: { packets: 1 } });
      const again = createServer().listen(address.port, '127.0.0.1');
      await once(again, 'listening');
      again.close();
    } finally {
      echo.close();
      client.close();
    }
  });
});

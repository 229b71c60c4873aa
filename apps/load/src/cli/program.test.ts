import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { runProgram } from './program.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Runs the tool with a signal that has fired, so that what is not refused ends at once. */
async function run(...args: string[]): Promise<{ code: number; results: unknown[]; errors: string }> {
  const results: unknown[] = [];
  let errors = '';
  const code = await runProgram(
    args,
    (level) => ({
      log: pino({ level, enabled: false }),
      signal: AbortSignal.abort(),
      result: (value) => void results.push(value),
    }),
    (text) => (errors += text),
  );
  return { code, results, errors };
}

describe('bad input ends with one line that names it, and code 2', () => {
  it.each([
    ['proxy --loss 10', ['--loss', '"10"']],
    ['proxy --delay soon', ['--delay', '"soon"']],
    ['proxy --jitter -1ms', ['--jitter', '"-1ms"']],
    ['proxy --rate 2', ['--rate', '"2"']],
    ['proxy --seed x', ['--seed', '"x"']],
    ['proxy --cut 3s@soon', ['--cut', '"3s@soon"']],
    ['proxy --listen 5443', ['--listen', '"5443"']],
    ['proxy --target nowhere', ['--target', '"nowhere"']],
    ['proxy --listen 127.0.0.1:0 --target no-such-host.invalid:1', ['no-such-host.invalid']],
    ['proxy --listen 127.0.0.1:0 --control 0.0.0.0:0', ['control', '0.0.0.0']],
    ['publish --bogus', ['--bogus']],
    ['publish --renditions 720p,4k', ['--renditions', '"4k"']],
    ['publish --frames 0', ['--frames', '"0"']],
    ['publish --duration 10', ['--duration', '"10"']],
    ['publish --broadcast /demo', ['--broadcast', '"/demo"']],
    ['publish --audio maybe', ['--audio', '"maybe"']],
    ['view --relay localhost', ['--relay', '"localhost"']],
    ['view --transport pigeon', ['--transport', 'pigeon']],
    ['view --tracks smell', ['--tracks', 'smell']],
    ['view --count many', ['--count', '"many"']],
    ['players --interval 10', ['--interval', '"10"']],
    ['players --count 0', ['--count', '"0"']],
    ['players --duplicates 10', ['--duplicates', '"10"']],
    ['players --collector nowhere', ['--collector', '"nowhere"']],
    ['view that', ['that']],
    ['watch', ["'watch'"]],
    ['--log-level loud view', ['--log-level', 'loud']],
  ])('%s', async (line, names) => {
    const { code, results, errors } = await run(...line.split(' '));
    expect(code).toBe(2);
    expect(results).toEqual([]);
    expect(errors).toMatch(/^error: .*\n$/);
    for (const name of names) expect(errors).toContain(name);
  });

  it.each([
    ['publish', 'MOQ_LOAD_AUDIO', 'loud'],
    ['view', 'MOQ_LOAD_COUNT', '0'],
    ['players', 'MOQ_LOAD_PLAYERS_SKEW', 'some'],
    ['proxy', 'MOQ_LOAD_PROXY_LOSS', 'some'],
  ])('%s, from %s', async (command, variable, value) => {
    vi.stubEnv(variable, value);
    const { code, errors } = await run(command);
    expect(code).toBe(2);
    expect(errors).toMatch(/^error: .*\n$/);
    expect(errors).toContain(`'${variable}'`);
    expect(errors).toContain(JSON.stringify(value));
  });

  it.each([
    ['--listen', 'MOQ_LOAD_PROXY_LISTEN'],
    ['--control', 'MOQ_LOAD_PROXY_CONTROL'],
  ])('a taken port of %s', async (flag, variable) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      const { code, errors } = await run('proxy', '--listen', '127.0.0.1:0', flag, `127.0.0.1:${port}`);
      expect(code).toBe(2);
      expect(errors).toMatch(/^error: .*\n$/);
      expect(errors).toContain(`${port}`);
      expect(errors).toContain(`choose another with ${flag} or ${variable}`);
    } finally {
      server.close();
    }
  });
});

describe('good input', () => {
  it('is taken from the command line and the environment', async () => {
    vi.stubEnv('MOQ_LOAD_BROADCAST', 'test/two.hang');
    vi.stubEnv('MOQ_LOAD_RELAY', 'http://127.0.0.1:9/');
    expect(await run('publish', '--once', '--no-audio', '--duration', '1h')).toMatchObject({
      code: 0,
      results: [{ broadcast: 'test/two.hang', complete: false, connections: 0 }],
    });
    expect(await run('view', '--broadcast', 'test/three.hang', '--count', '3', '--json')).toMatchObject({
      code: 0,
      results: [{ broadcast: 'test/three.hang', viewers: 3 }],
      errors: '',
    });
    const proxy =
      '--listen 127.0.0.1:0 --loss 10% --delay 50ms --jitter 5ms --rate 2Mbit --cut 3s@10s,1s --seed 7';
    expect(await run('proxy', ...proxy.split(' '))).toMatchObject({
      code: 0,
      results: [{ up: { packets: 0 }, tcpConnections: 0 }],
    });
  });
});

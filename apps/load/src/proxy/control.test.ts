import { request } from 'node:http';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openProxyControl, type ProxyControl } from './control.ts';
import { createFaultProxy, type FaultProxy } from './fault-proxy.ts';

const ANYWHERE = { host: '127.0.0.1', port: 0 };
let proxy: FaultProxy;
let control: ProxyControl;

beforeEach(async () => {
  proxy = await createFaultProxy({ listen: ANYWHERE, target: { host: '127.0.0.1', port: 9 } });
  control = await openProxyControl(proxy, ANYWHERE);
});

afterEach(async () => {
  await control[Symbol.asyncDispose]();
  await proxy.close();
});

async function call(
  path: string,
  body?: string,
): Promise<{ status: number; answer: Record<string, unknown> }> {
  const url = `http://127.0.0.1:${control.address.port}${path}`;
  const response = await fetch(url, body === undefined ? {} : { method: 'POST', body });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

describe('the control port', () => {
  it('tells, changes faults, and cuts', async () => {
    const { answer } = await call('/');
    expect(answer).toEqual({ faults: proxy.faults, ...proxy.stats() });
    const faults = { loss: 0.1, delay: 50, jitter: 0, rate: 2_000_000 };
    expect(await call('/faults', '{"loss":"10%","delay":"50ms","rate":"2Mbit"}')).toMatchObject({
      status: 200,
      answer: { faults },
    });
    expect(proxy.faults).toEqual(faults);
    await call('/faults', '{"rate":"none"}');
    expect(proxy.faults).toEqual({ ...faults, rate: undefined });
    expect(await call('/cut', '{"for":"10s"}')).toMatchObject({ answer: { cut: true } });
    expect(proxy.stats().cut).toBe(true);
  });

  it.each([
    ['/faults', '{"loss":"110%"}', '110%'],
    ['/faults', '{"lag":"1s"}', 'lag'],
    ['/faults', 'loss=10%', 'no JSON'],
    ['/faults', 'null', 'no object'],
    ['/faults', `"${'x'.repeat(5000)}"`, 'at most 4096'],
    ['/cut', '{}', 'how long'],
    ['/cut', '{"for":"soon"}', 'soon'],
  ])('refuses %s %s', async (path, body, named) => {
    const { status, answer } = await call(path, body);
    expect(status).toBe(400);
    expect(answer['detail']).toContain(named);
    expect(proxy.faults.loss).toBe(0);
  });

  it('says what there is', async () => {
    expect((await call('/nothing')).status).toBe(404);
    expect((await call('/cut')).status).toBe(404);
  });

  it.each([{ origin: 'http://127.0.0.1' }, { host: 'example.com' }])(
    'is closed to web pages: %o',
    async (headers) => {
      const status = await new Promise((resolve, reject) => {
        request({ host: '127.0.0.1', port: control.address.port, headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
      expect(status).toBe(403);
    },
  );

  it('is for this machine only, and names a port that is taken', async () => {
    await expect(openProxyControl(proxy, { host: '0.0.0.0', port: 0 })).rejects.toThrow('0.0.0.0');
    await expect(openProxyControl(proxy, control.address)).rejects.toThrow(`${control.address.port}`);
  });
});

import { createRelay, type RelayOptions } from '@moq-observability/relay-node';
import { pino } from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';

import { routeConsole } from './cli/process.ts';
import { connectRelay, type TransportChoice, TRANSPORTS } from './connect.ts';

beforeAll(() => {
  routeConsole(pino({ enabled: false }));
});

const never = new AbortController().signal;

async function carrier(choice: TransportChoice, transports: RelayOptions['transports']): Promise<string> {
  await using relay = await createRelay({ port: 0, opsPort: 0, processMetrics: false, transports });
  const connection = await connectRelay(relay.url, choice, never);
  connection.close();
  return connection.transport;
}

describe('connectRelay', () => {
  it('takes what it is told', async () => {
    expect(await carrier('webtransport', undefined)).toBe('webtransport');
    expect(await carrier('websocket', undefined)).toBe('websocket');
  });

  it('takes WebTransport when it may choose, and WebSocket when there is no other', async () => {
    expect(await carrier('auto', undefined)).toBe('webtransport');
    expect(await carrier('auto', ['websocket'])).toBe('websocket');
  });

  it.each(TRANSPORTS)('names the relay when it is not there: %s', async (choice) => {
    const url = new URL('http://127.0.0.1:9/');
    await expect(connectRelay(url, choice, never)).rejects.toMatchObject({
      code: 'connect',
      message: expect.stringMatching(/^cannot reach http:\/\/127\.0\.0\.1:9\/: .+/),
    });
  });

  it('is stopped by its signal', async () => {
    await expect(connectRelay(new URL('http://127.0.0.1:9/'), 'auto', AbortSignal.abort())).rejects.toThrow(
      'abort',
    );
  });
});

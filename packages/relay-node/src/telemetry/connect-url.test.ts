import { expect, test } from 'vitest';
import { readConnectUrl } from './connect-url.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SESSION = '0e37df36-f698-11e6-8dd4-cb9ced3df976';

function read(query: string): { sessionId: string | undefined; traceId: string | undefined } {
  return readConnectUrl(new URL(`https://relay.example/anon?${query}`));
}

test('a player names its session and its trace', () => {
  expect(read(`session=${SESSION.toUpperCase()}&traceparent=00-${TRACE}-00f067aa0ba902b7-01`)).toEqual({
    sessionId: SESSION,
    traceId: TRACE,
  });
});

test.each([
  '',
  'session=&traceparent=',
  'session=1234&traceparent=abc',
  `session=${SESSION}x&traceparent=00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  `traceparent=00-${TRACE}-${'0'.repeat(16)}-01`,
  `traceparent=ff-${TRACE}-00f067aa0ba902b7-01`,
  `traceparent=00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
])('what does not look right counts as absent: %j', (query) => {
  expect(read(query)).toEqual({ sessionId: undefined, traceId: undefined });
});

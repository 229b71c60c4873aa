import { expect, test } from 'vitest';
import { type ConnectContext, readConnectUrl } from './connect-url.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const SESSION = '0e37df36-f698-11e6-8dd4-cb9ced3df976';

function read(query: string): ConnectContext {
  return readConnectUrl(new URL(`https://relay.example/anon?${query}`));
}

test('a player names its session and its trace', () => {
  expect(read(`session=${SESSION.toUpperCase()}&traceparent=00-${TRACE}-${SPAN}-01`)).toEqual({
    sessionId: SESSION,
    parent: { traceId: TRACE, spanId: SPAN },
    token: undefined,
    invalid: [],
  });
  expect(read('jwt=a.b.c')).toEqual({ sessionId: undefined, parent: undefined, token: 'a.b.c', invalid: [] });
  expect(read('jwt=').token).toBeUndefined();
});

test.each([
  ['session=&traceparent=', ['session', 'traceparent']],
  ['session=1234&traceparent=abc', ['session', 'traceparent']],
  [`session=${SESSION}x&traceparent=00-${'0'.repeat(32)}-${SPAN}-01`, ['session', 'traceparent']],
  [`traceparent=00-${TRACE}-${'0'.repeat(16)}-01`, ['traceparent']],
  [`traceparent=ff-${TRACE}-${SPAN}-01`, ['traceparent']],
  [`traceparent=00-${TRACE.toUpperCase()}-${SPAN}-01`, ['traceparent']],
])('what does not look right counts as absent: %j', (query, invalid) => {
  expect(read(query)).toEqual({ sessionId: undefined, parent: undefined, token: undefined, invalid });
});

import { RemoteError } from '@moq/net';
import { expect, test } from 'vitest';
import { isViolation, watchStreams } from './violations.ts';

test.each([
  'unknown stream type: 63',
  'unknown announce message type: 9',
  'unknown subscribe response type: 7',
  'unknown subscription: id=7',
  'unknown message parameter id: 99',
  'duplicate session stream',
  'duplicate parameter id: 1',
  'unexpected end of stream',
  'unexpected message 0x08: no SubscribeNamespace stream',
  'invalid announce status',
  'invalid bool value',
  'unsupported filter type: 9',
  'Unsupported group type: 99',
  'trailing bytes in RELAY_HOPS',
  'too many parameters',
  'hop count 99 exceeds maximum 32',
  'path exceeds 32 parts',
  'read size 99999999 exceeds max size 67108864',
  'value larger than 53-bits: 9007199254740993',
  'Message decoding consumed too few bytes',
  'object IDs must start at 0 and increment by 1, got a delta of 3',
  'track timescale must be non-zero',
])('the peer broke the protocol: %s', (message) => {
  expect(isViolation(new Error(message))).toBe(true);
});

test.each([
  'cancel',
  'not found',
  'closed',
  'session closed',
  'track is closed',
  'no stream slot',
  'group not found: 7',
  'subscribe timed out after 10000ms waiting for the first response (browser stream limit reached?)',
  'fetch requires moq-lite-05 or newer',
  'Connection closed: 0 ',
  'bidi stream error',
  'idle timeout',
])('everyday life: %s', (message) => {
  expect(isViolation(new Error(message))).toBe(false);
});

test('what the peer resets, and what is no error, is everyday life too', () => {
  expect(isViolation(new RemoteError(15))).toBe(false);
  expect(isViolation('unknown stream type: 63')).toBe(false);
  expect(isViolation(undefined)).toBe(false);
});

test('text that is no UTF-8 breaks the protocol', () => {
  let thrown: unknown;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff]));
  } catch (error) {
    thrown = error;
  }
  expect(isViolation(thrown)).toBe(true);
});

function streamOf<T>(value: T): ReadableStream<T> {
  return new ReadableStream({ start: (controller) => controller.enqueue(value) });
}

test('streams of all kinds are watched, and still do what they did', async () => {
  const violations: string[] = [];
  const ended: unknown[] = [];
  const pair = (): WebTransportBidirectionalStream =>
    ({
      readable: new ReadableStream({ cancel: (reason) => void ended.push(reason) }),
      writable: new WritableStream({ abort: (reason) => void ended.push(reason) }),
    }) as WebTransportBidirectionalStream;
  const transport = {
    incomingBidirectionalStreams: streamOf(pair()),
    incomingUnidirectionalStreams: streamOf(pair().readable),
    createBidirectionalStream: () => Promise.resolve(pair()),
  };
  let unknown = 0;
  watchStreams(transport, {
    violated: ({ message }) => violations.push(message),
    unknown: () => (unknown += 1),
  });

  const incoming = (await transport.incomingBidirectionalStreams.getReader().read()).value!;
  await incoming.writable.getWriter().abort(new Error('unknown stream type: 1'));
  await incoming.readable.getReader().cancel(new Error('cancel'));
  const group = (await transport.incomingUnidirectionalStreams.getReader().read()).value!;
  await group.getReader().cancel(new Error('unknown stream type: 2'));
  const outgoing = await transport.createBidirectionalStream();
  await outgoing.writable.getWriter().abort(new Error('unknown stream type: 3'));
  await outgoing.readable.getReader().cancel(new Error('unknown stream type: 4'));

  expect(violations).toEqual([1, 2, 3, 4].map((type) => `unknown stream type: ${type}`));
  expect(ended).toHaveLength(5);
  expect(unknown).toBe(0);
});

test('a request for a broadcast that is not there is noticed', async () => {
  const pair = {
    readable: new ReadableStream(),
    writable: new WritableStream(),
  } as WebTransportBidirectionalStream;
  const took: number[] = [];
  const transport = {
    incomingBidirectionalStreams: streamOf(pair),
    incomingUnidirectionalStreams: new ReadableStream(),
    createBidirectionalStream: () => Promise.reject(new Error('closed')),
  };
  watchStreams(transport, {
    violated: (violation) => expect(violation).toBeUndefined(),
    unknown: (time) => took.push(time),
  });
  const incoming = (await transport.incomingBidirectionalStreams.getReader().read()).value!;
  await incoming.writable.getWriter().abort(new Error('not found'));
  expect(took).toEqual([expect.any(Number)]);
});

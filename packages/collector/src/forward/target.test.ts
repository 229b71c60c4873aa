import { assert, property, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { partialSuccess, retryAfter } from './target.ts';

describe('Retry-After', () => {
  const now = Date.parse('2026-11-23T10:00:00Z');
  test.each([
    [null, undefined],
    ['3', 3000],
    ['0', 0],
    [' 7 ', 7000],
    ['86400', 300_000],
    ['Mon, 23 Nov 2026 10:00:30 GMT', 30_000],
    ['Mon, 23 Nov 2026 09:00:00 GMT', 0],
    ['Mon, 23 Nov 2036 10:00:30 GMT', 300_000],
    ['soon', undefined],
    ['', undefined],
    ['-5', 0],
  ])('%s', (header, wait) => expect(retryAfter(header, now)).toBe(wait));
});

describe('a partial success', () => {
  const json = new Headers({ 'content-type': 'application/json; charset=utf-8' });
  const protobuf = new Headers({ 'content-type': 'application/x-protobuf' });

  test.each([
    ['', 0, ''],
    ['{}', 0, ''],
    ['{"partialSuccess":{}}', 0, ''],
    ['{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}', 3, 'too old'],
    ['{"partialSuccess":{"rejectedLogRecords":4}}', 4, ''],
    ['{"partialSuccess":{"rejectedDataPoints":"5"}}', 5, ''],
    ['{"partialSuccess":{"rejectedSpans":"-1"}}', 0, ''],
    ['<html>', 0, ''],
    ['null', 0, ''],
  ])('in JSON: %s', (body, rejected, message) => {
    expect(partialSuccess(Buffer.from(body), json)).toEqual({ rejected, message });
  });

  test.each([
    [[], 0, ''],
    [[0x0a, 0x00], 0, ''],
    [[0x0a, 0x02, 0x08, 0x03], 3, ''],
    [[0x0a, 0x07, 0x08, 0xac, 0x02, 0x12, 0x02, 0x6e, 0x6f], 300, 'no'],
    [[0x18, 0x01, 0x0a, 0x02, 0x08, 0x07], 7, ''],
    [[0x0a, 0x7f, 0x08], 0, ''],
  ])('in Protobuf: %j', (body, rejected, message) => {
    expect(partialSuccess(Uint8Array.from(body), protobuf)).toEqual({ rejected, message });
  });

  test('of any bytes at all is a number and a text', () => {
    assert(
      property(uint8Array(), (bytes) => {
        for (const headers of [json, protobuf]) {
          const { rejected, message } = partialSuccess(bytes, headers);
          expect(rejected).toBeGreaterThanOrEqual(0);
          expect(message.length).toBeLessThanOrEqual(300);
        }
      }),
    );
  });
});

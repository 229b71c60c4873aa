import { assert, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { fromHttpCode, reasonCode, streamError, toHttpCode } from './codes.ts';

test("an application's codes map to codes of HTTP/3 and back, past those without meaning", () => {
  expect(toHttpCode(0)).toBe(0x52e4_a40f_a8db);
  expect(toHttpCode(0xffff_ffff)).toBe(0x52e5_ac98_3162);
  assert(
    property(integer({ min: 0, max: 0xffff_ffff }), (code) => {
      const http = toHttpCode(code);
      expect((http - 0x21) % 0x1f).not.toBe(0);
      expect(fromHttpCode(http)).toBe(code);
    }),
  );
});

test("codes that are not an application's are 0", () => {
  for (const code of [0, 0x100, 0x170d_7b68, 0x52e4_a40f_a8da, 0x52e5_ac98_3163, 2 ** 62]) {
    expect(fromHttpCode(code)).toBe(0);
  }
});

test('a reason tells its code', () => {
  expect(reasonCode({ streamErrorCode: 7 })).toBe(7);
  expect(reasonCode({ streamErrorCode: 2 ** 32 + 1.5 })).toBe(1);
  for (const reason of [undefined, null, 'because', new Error('no code'), { streamErrorCode: null }]) {
    expect(reasonCode(reason)).toBe(0);
  }
});

test('errors of the library that are resets are errors of the stream', () => {
  expect(streamError(new Error(`StreamReset(${toHttpCode(9)})`))).toMatchObject({ streamErrorCode: 9 });
  expect(streamError(new Error(`StreamStopped(${toHttpCode(30)})`))).toMatchObject({ streamErrorCode: 30 });
  expect(streamError(new Error('InvalidStreamState(4)'))).toBeUndefined();
});

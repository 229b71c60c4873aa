import { assert, maxSafeInteger, property } from 'fast-check';
import { expect, test } from 'vitest';
import { readVarint, varintLength, varints, varintSize } from './varint.ts';

test.each([
  // The examples of RFC 9000, appendix A.1.
  ['c000000000000025', 37],
  ['9d7f3e7d', 494_878_333],
  ['7bbd', 15_293],
  ['25', 37],
  ['4025', 37],
])('%s is %i', (hex, value) => {
  const bytes = Buffer.from(hex, 'hex');
  expect(varintLength(bytes[0]!)).toBe(bytes.byteLength);
  expect(readVarint(bytes, 0)).toBe(value);
});

test('what is written is read, as far as it is there', () => {
  assert(
    property(maxSafeInteger(), (signed) => {
      const value = Math.abs(signed);
      const bytes = varints(7, value);
      expect(bytes.byteLength).toBe(1 + varintSize(value));
      expect(readVarint(bytes, 1)).toBe(value);
      expect(readVarint(bytes.subarray(0, -1), 1)).toBeUndefined();
    }),
  );
});

import { array, assert, integer, property, record as recordOf, uint8Array } from 'fast-check';
import { expect, test } from 'vitest';
import { record, RecordReader, RecordTooLong, type Taking } from './records.ts';

interface Seen {
  readonly type: number;
  readonly value: string;
}

/** Types that are multiples of three are collected, the next ones come in pieces, and the rest is skipped. */
function takingOf(type: number): Taking {
  return (['whole', 'pieces', 'skip'] as const)[type % 3]!;
}

function collector(limit: number): { readonly reader: RecordReader; readonly seen: Seen[] } {
  const seen: { type: number; value: string }[] = [];
  const reader = new RecordReader({
    limit,
    begin: (type) => {
      if (takingOf(type) === 'pieces') seen.push({ type, value: '' });
      return takingOf(type);
    },
    whole: (type, value) => seen.push({ type, value: value.toString('hex') }),
    piece: (type, bytes) => {
      const last = seen.at(-1)!;
      expect(last.type).toBe(type);
      last.value += bytes.toString('hex');
    },
  });
  return { reader, seen };
}

test('records come out as they went in, however they are cut', () => {
  const records = array(
    recordOf({ type: integer({ min: 0, max: 20_000 }), value: uint8Array({ maxLength: 300 }) }),
  );
  assert(
    property(records, array(integer({ min: 1, max: 50 }), { minLength: 1 }), (given, cuts) => {
      const bytes = Buffer.concat(given.map(({ type, value }) => record(type, value)));
      const { reader, seen } = collector(1000);
      for (let offset = 0, cut = 0; offset < bytes.byteLength; cut += 1) {
        const length = cuts[cut % cuts.length]!;
        // Each piece is only there while it is pushed.
        const piece = Buffer.from(bytes.subarray(offset, offset + length));
        reader.push(piece);
        piece.fill(0);
        offset += length;
      }
      expect(reader.unfinished).toBe(false);
      expect(seen).toEqual(
        given
          .filter(({ type }) => takingOf(type) !== 'skip')
          .map(({ type, value }) => ({ type, value: Buffer.from(value).toString('hex') })),
      );
    }),
  );
});

test('a record too long to be collected is an error before it arrives', () => {
  const { reader } = collector(10);
  reader.push(record(3, Buffer.alloc(10)));
  expect(() => reader.push(record(3, Buffer.alloc(11)).subarray(0, 2))).toThrow(RecordTooLong);
});

test('a record that is cut short leaves the reader unfinished', () => {
  const { reader } = collector(10);
  expect(reader.unfinished).toBe(false);
  reader.push(record(2, Buffer.alloc(5)).subarray(0, 4));
  expect(reader.unfinished).toBe(true);
});

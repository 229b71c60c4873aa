import { array, assert, property, string, tuple, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeHuffman } from './huffman.ts';
import { decodeFields, encodeFields } from './qpack.ts';

describe('field sections', () => {
  test('decode to what was encoded', () => {
    const latin1 = string({ unit: 'grapheme-ascii', maxLength: 300 });
    assert(
      property(array(tuple(latin1, latin1), { maxLength: 20 }), (fields) => {
        expect(decodeFields(encodeFields(fields))).toEqual(fields);
      }),
    );
  });

  test('of a browser: indexed, named by the table, literal, Huffman-coded', () => {
    const block = Buffer.concat([
      Buffer.from('0000', 'hex'),
      // Indexed: 15 is `:method: CONNECT`, 23 is `:scheme: https`, 98 needs a second byte.
      Buffer.from('cfd7ff23', 'hex'),
      // Named by entry 0, `:authority`, with a Huffman-coded value.
      Buffer.from('508cf1e3c2e5f23a6ba0ab90f4ff', 'hex'),
      // Named by entry 95, `user-agent`.
      Buffer.from('5f5003666f6f', 'hex'),
      // Literal throughout.
      Buffer.from('2361626302', 'hex'),
      Buffer.from('xy'),
    ]);
    expect(decodeFields(block)).toEqual([
      [':method', 'CONNECT'],
      [':scheme', 'https'],
      ['x-frame-options', 'sameorigin'],
      [':authority', 'www.example.com'],
      ['user-agent', 'foo'],
      ['abc', 'xy'],
    ]);
  });

  test.each([
    ['nothing', ''],
    ['a prefix only half there', '00'],
    ['an insert count', '0200'],
    ['an index into a dynamic table', '000080'],
    ['a name from a dynamic table', '00004000'],
    ['an index past the base', '000010'],
    ['an entry the static table does not have', '0000ff24'],
    ['an integer without end', '0000ffffffffffffffffff'],
    ['a string longer than what is there', '00002361'],
  ])('with %s are refused', (_, hex) => {
    expect(() => decodeFields(Buffer.from(hex, 'hex'))).toThrow(Error);
  });

  test('that are random bytes decode or are refused in good order', () => {
    assert(
      property(uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeFields(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect(['TypeError', 'RangeError']).not.toContain((error as Error).name);
        }
      }),
    );
  });
});

describe('Huffman-coded strings', () => {
  test.each([
    // The examples of RFC 7541, appendix C.4 and C.6.
    ['f1e3c2e5f23a6ba0ab90f4ff', 'www.example.com'],
    ['a8eb10649cbf', 'no-cache'],
    ['25a849e95ba97d7f', 'custom-key'],
    ['25a849e95bb8e8b4bf', 'custom-value'],
    ['6402', '302'],
    ['d07abe941054d444a8200595040b8166e082a62d1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['9d29ad171863c78f0b97c8e9ae82ae43d3', 'https://www.example.com'],
    ['', ''],
  ])('%s', (hex, text) => {
    expect(decodeHuffman(Buffer.from(hex, 'hex'))).toBe(text);
  });

  test.each([
    ['padding that is not ones', 'f1e3c2e5f23a6ba0ab90f4fe'],
    ['padding of a whole byte', '6402ff'],
    ['the end of string', 'ffffffff'],
  ])('with %s are refused', (_, hex) => {
    expect(() => decodeHuffman(Buffer.from(hex, 'hex'))).toThrow(/Huffman/);
  });
});

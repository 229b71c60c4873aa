import { array, assert, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { parseStringList, quoteString } from './structured-field.ts';

test('lists of strings', () => {
  expect(parseStringList('"moq-lite-05", "moq-lite-04"')).toEqual(['moq-lite-05', 'moq-lite-04']);
  expect(parseStringList('  "a";q=1;x="y,z" ,\t"b" ')).toEqual(['a', 'b']);
  expect(parseStringList('"say \\"hi\\" \\\\"')).toEqual(['say "hi" \\']);
  expect(parseStringList(undefined)).toEqual([]);
  expect(parseStringList('')).toEqual([]);
});

test.each(['moq', '"a', '"a",', '"a" "b"', ',"a"', '"a",,"b"', '"ä"', '"\\n"', '"a"x', '("a")', '"a', '1'])(
  '%s is no list of strings, and counts as none',
  (field) => {
    expect(parseStringList(field)).toEqual([]);
  },
);

test('what is quoted is parsed', () => {
  assert(
    property(
      array(string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 }), { maxLength: 30 }),
      (given) => {
        const printable = given.filter((text) => /^[\x20-\x7e]+$/.test(text));
        expect(parseStringList(printable.map(quoteString).join(', '))).toEqual(printable);
      },
    ),
  );
});

test('lists that are long, or made to be hard, cost nothing', () => {
  expect(parseStringList(Array.from({ length: 33 }, () => '"a"').join(','))).toEqual([]);
  const before = performance.now();
  for (const part of [';', '; ', ';"', ';a=" ', ' ', '\\', '"']) {
    parseStringList(`"a"${part.repeat(2000 / part.length)}!`);
  }
  expect(performance.now() - before).toBeLessThan(1000);
});

import { expect, test } from 'vitest';
import { printable } from './text.ts';

test.each([
  ['plain text', 'plain text'],
  ['two\nlines', 'two\ufffdlines'],
  ['\u001b[31mred', '\ufffd[31mred'],
  ['turned \u202e around', 'turned \ufffd around'],
  ['half \ud83d pair', 'half \ufffd pair'],
  ['café ⚡', 'café ⚡'],
])('%j is printed as %j', (text, expected) => {
  expect(printable(text)).toBe(expected);
});

test('long text is cut, also in the middle of a character', () => {
  expect(printable('x'.repeat(300))).toBe(`${'x'.repeat(255)}…`);
  expect(printable('⚡'.repeat(10), 4)).toBe('⚡⚡⚡…');
  expect(printable('😀😀', 2)).toBe('\ufffd…');
});

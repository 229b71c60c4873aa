import { expect, test } from 'vitest';
import { printable, readLogLine } from './log-lines.ts';

test.each([
  ['{"level":30,"msg":"listening"}', false, 'listening'],
  ['{"level":40,"msg":"slow"}', true, 'slow'],
  ['{"level":"warn","msg":"not connected","reason":"refused"}', true, 'not connected: refused'],
  ['{"level":"error","msg":"internal error","err":{"message":"boom"}}', true, 'internal error: boom'],
  ['{"level":"info","msg":"ready"}', false, 'ready'],
  [
    'ts=2026-11-23T08:52:10.659Z caller=main.go:823 level=warn msg="late"',
    true,
    'ts=2026-11-23T08:52:10.659Z caller=main.go:823 level=warn msg="late"',
  ],
  [
    'ts=2026-11-23T08:52:10.659Z caller=main.go:823 level=info msg="fine"',
    false,
    'ts=2026-11-23T08:52:10.659Z caller=main.go:823 level=info msg="fine"',
  ],
  ['  2 of 2 watching', false, '2 of 2 watching'],
  ['{ not JSON', false, '{ not JSON'],
])('reads %s', (line, isWarning, text) => {
  expect(readLogLine(line)).toEqual({ isWarning, text });
});

test('what is printed is one bounded line that cannot steer the terminal', () => {
  expect(printable('\u001b[31mred\u001b[0m\u001b[2J\ttab\nline\u0007')).toBe('red tab line ');
  expect(printable('x'.repeat(1000))).toHaveLength(300);
});

import { expect, test } from 'vitest';
import { parseReportId } from './reports.ts';

const session = '6f1a2c9e-0b5d-4c53-9d0e-2f1d7c1b8a11';

test('reads the header', () => {
  expect(parseReportId(`${session}/7`)).toEqual({ session, sequence: 7 });
});

test.each([
  '',
  session,
  `${session}/`,
  `${session}/0`,
  `${session}/-1`,
  `${session}/1.5`,
  `${session}/01`,
  'a/1',
  `${session}/1/2`,
  `${'a'.repeat(65)}/1`,
  `${session}/9999999999999999`,
])('takes no header "%s"', (header) => {
  expect(parseReportId(header)).toBeUndefined();
});

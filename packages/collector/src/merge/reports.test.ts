import { expect, test } from 'vitest';
import { parseReportId, SeenReports } from './reports.ts';

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

test('knows a report again, whatever the order', () => {
  const seen = new SeenReports({ sessions: 10, expiry: 1000 });
  const add = (sequence: number): boolean => seen.add({ session, sequence }, 0);
  expect([3, 1, 3, 2, 1, 2, 3, 4, 4].map(add)).toEqual([
    true,
    true,
    false,
    true,
    false,
    false,
    false,
    true,
    false,
  ]);
});

test('keeps sessions apart', () => {
  const seen = new SeenReports({ sessions: 10, expiry: 1000 });
  expect(seen.add({ session: 'session-a', sequence: 1 }, 0)).toBe(true);
  expect(seen.add({ session: 'session-b', sequence: 1 }, 0)).toBe(true);
});

test('gives up reports that are missing for long, and never counts one twice', () => {
  const seen = new SeenReports({ sessions: 10, expiry: 1000 });
  const add = (sequence: number): boolean => seen.add({ session, sequence }, 0);
  for (let sequence = 2; sequence <= 66; sequence++) expect(add(sequence)).toBe(true);
  expect(add(1)).toBe(false);
  for (let sequence = 2; sequence <= 66; sequence++) expect(add(sequence)).toBe(false);
  expect(add(67)).toBe(true);
});

test('forgets silent sessions after their time, and the longest silent past the limit', () => {
  const seen = new SeenReports({ sessions: 2, expiry: 1000 });
  seen.add({ session: 'session-a', sequence: 1 }, 0);
  seen.add({ session: 'session-b', sequence: 1 }, 500);
  seen.add({ session: 'session-a', sequence: 2 }, 600);
  seen.add({ session: 'session-c', sequence: 1 }, 700);
  expect(seen.size).toBe(2);
  expect(seen.add({ session: 'session-a', sequence: 2 }, 800)).toBe(false);
  seen.add({ session: 'session-d', sequence: 1 }, 2000);
  expect(seen.size).toBe(1);
});

import { expect, test } from 'vitest';
import { CollectorError } from '../errors.ts';
import { createOriginPolicy } from './origins.ts';

test('allows exact origins, hosts below a name, and any port', () => {
  const allows = createOriginPolicy([
    'https://tv.example',
    'https://*.cdn.example',
    'http://localhost:*',
    'http://[::1]:8080',
  ]);
  expect(
    [
      'https://tv.example',
      'https://a.cdn.example',
      'https://a.b.cdn.example',
      'http://localhost',
      'http://localhost:5173',
      'http://[::1]:8080',
    ].filter((origin) => !allows(origin)),
  ).toEqual([]);
  expect(
    [
      'http://tv.example',
      'https://tv.example:444',
      'https://tv.example.evil',
      'https://cdn.example',
      'https://evilcdn.example',
      'https://*.cdn.example',
      'http://localhost.evil:5173',
      'http://[::1]:8081',
      'null',
      '',
    ].filter(allows),
  ).toEqual([]);
});

test('* allows every origin', () => {
  expect(createOriginPolicy(['*'])('null')).toBe(true);
});

test.each(['tv.example', 'https://tv.example/', 'ftp://tv.example', 'https://*', ''])(
  'refuses the pattern "%s"',
  (pattern) => {
    expect(() => createOriginPolicy([pattern])).toThrow(CollectorError);
    expect(() => createOriginPolicy([pattern])).toThrow(`"${pattern}" is not an origin`);
  },
);

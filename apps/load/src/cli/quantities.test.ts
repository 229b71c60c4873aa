import { describe, expect, it } from 'vitest';

import {
  parseBroadcast,
  parseCut,
  parseDuration,
  parseEndpoint,
  parseInteger,
  parsePercent,
  parseRate,
  parseUrl,
} from './quantities.ts';

describe('what is said on the command line', () => {
  it.each([
    ['0s', 0],
    ['250ms', 250],
    ['10s', 10_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
  ])('a duration of %s is %d ms', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it('percentages, rates, integers, cuts, addresses and URLs', () => {
    expect(parsePercent('10%')).toBeCloseTo(0.1);
    expect(parsePercent('100%')).toBe(1);
    expect(parseRate('2Mbit')).toBe(2_000_000);
    expect(parseRate('512kbit')).toBe(512_000);
    expect(parseInteger('12', 1)).toBe(12);
    expect(parseCut('3s')).toEqual({ duration: 3000, start: 0 });
    expect(parseCut('500ms@10s')).toEqual({ duration: 500, start: 10_000 });
    expect(parseEndpoint('127.0.0.1:5443')).toEqual({ host: '127.0.0.1', port: 5443 });
    expect(parseEndpoint('[::1]:0')).toEqual({ host: '::1', port: 0 });
    expect(parseUrl('http://127.0.0.1:4443/').port).toBe('4443');
    expect(parseBroadcast('demo/clock.hang')).toBe('demo/clock.hang');
  });

  it.each([
    ['a duration', parseDuration, ['', '10', 's', '-1s', '1e3s', '10 s', '99999h', 'ten seconds']],
    ['a percentage', parsePercent, ['', '10', '101%', '-1%', '%']],
    ['a rate', parseRate, ['', '2', '0Mbit', '2MB', '-1kbit']],
    ['an integer', (text: string) => parseInteger(text, 1, 9), ['', '0', '10', '1.5', '-1', '0x1']],
    ['a cut', parseCut, ['', '3', '3s@', '@3s', '3s@1s@1s']],
    [
      'an address',
      parseEndpoint,
      ['', '5443', ':5443', '127.0.0.1:65536', '127.0.0.1:', '::1:5443', 'a b:1'],
    ],
    ['a URL', parseUrl, ['', '127.0.0.1:4443', 'ftp://127.0.0.1/', 'http://']],
    [
      'a path',
      parseBroadcast,
      ['', '/demo', 'demo/', 'demo//clock', 'x'.repeat(1025), `${'a/'.repeat(32)}a`],
    ],
  ] as const)('what is not %s is refused by name', (_, parse, texts) => {
    for (const text of texts) {
      const named = JSON.stringify(text.slice(0, 60)).slice(0, -1);
      expect(() => parse(text)).toThrow(named);
      expect(() => parse(text)).not.toThrow(/.{200}/);
    }
  });
});

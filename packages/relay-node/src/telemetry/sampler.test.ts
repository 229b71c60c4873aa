import { TraceFlags } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { Sampler } from './sampler.ts';

function isSampled(sampler: Sampler, parent?: { isRemote: boolean; isSampled: boolean }): boolean {
  return sampler.sample(
    parent && {
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      spanId: '00f067aa0ba902b7',
      traceFlags: parent.isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
      isRemote: parent.isRemote,
    },
  );
}

test('a stranger can neither force nor forbid sampling', () => {
  let drawn = 0.4;
  const sampler = new Sampler({ ratio: 0.5, spansPerSecond: 100, random: () => drawn });
  for (const wish of [true, false]) {
    drawn = 0.4;
    expect(isSampled(sampler, { isRemote: true, isSampled: wish })).toBe(true);
    drawn = 0.6;
    expect(isSampled(sampler, { isRemote: true, isSampled: wish })).toBe(false);
  }
  expect(isSampled(sampler)).toBe(false);
});

test('what happens within a session goes with the session', () => {
  const never = new Sampler({ ratio: 0, spansPerSecond: 100 });
  expect(isSampled(never, { isRemote: false, isSampled: true })).toBe(true);
  const always = new Sampler({ ratio: 1, spansPerSecond: 100 });
  expect(isSampled(always, { isRemote: false, isSampled: false })).toBe(false);
});

test('there are only so many spans in a second', () => {
  let now = 0;
  const sampler = new Sampler({ ratio: 1, spansPerSecond: 3, now: () => now });
  const second = (): number => Array.from({ length: 10 }, () => isSampled(sampler)).filter(Boolean).length;
  expect(second()).toBe(3);
  now = 999;
  expect(second()).toBe(0);
  now = 1000;
  expect(second()).toBe(3);
});

import { ROOT_CONTEXT, SpanKind, trace, TraceFlags } from '@opentelemetry/api';
import { SamplingDecision } from '@opentelemetry/sdk-trace';
import { expect, test } from 'vitest';
import { RelaySampler } from './sampler.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

function sampled(sampler: RelaySampler, parent?: { remote: boolean; sampled: boolean }): boolean {
  const context = parent
    ? trace.setSpanContext(ROOT_CONTEXT, {
        traceId: TRACE,
        spanId: '00f067aa0ba902b7',
        traceFlags: parent.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
        isRemote: parent.remote,
      })
    : ROOT_CONTEXT;
  const { decision } = sampler.shouldSample(context, TRACE, 'moq.session', SpanKind.SERVER, {}, []);
  return decision === SamplingDecision.RECORD_AND_SAMPLED;
}

test('a stranger can neither force nor forbid sampling', () => {
  let drawn = 0.4;
  const sampler = new RelaySampler({ ratio: 0.5, spansPerSecond: 100, random: () => drawn });
  for (const wish of [true, false]) {
    drawn = 0.4;
    expect(sampled(sampler, { remote: true, sampled: wish })).toBe(true);
    drawn = 0.6;
    expect(sampled(sampler, { remote: true, sampled: wish })).toBe(false);
  }
  expect(sampled(sampler)).toBe(false);
});

test('what happens within a session goes with the session', () => {
  const never = new RelaySampler({ ratio: 0, spansPerSecond: 100 });
  expect(sampled(never, { remote: false, sampled: true })).toBe(true);
  const always = new RelaySampler({ ratio: 1, spansPerSecond: 100 });
  expect(sampled(always, { remote: false, sampled: false })).toBe(false);
});

test('there are only so many spans in a second', () => {
  let now = 0;
  const sampler = new RelaySampler({ ratio: 1, spansPerSecond: 3, now: () => now });
  const second = (): number => Array.from({ length: 10 }, () => sampled(sampler)).filter(Boolean).length;
  expect(second()).toBe(3);
  now = 999;
  expect(second()).toBe(0);
  now = 1000;
  expect(second()).toBe(3);
});

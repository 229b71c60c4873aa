import { describe, expect, it } from 'vitest';

import { LatencyHistogram } from './latency-histogram.ts';

describe('LatencyHistogram', () => {
  it('has no quantile before the first', () => {
    expect(new LatencyHistogram().quantile(0.5)).toBeUndefined();
  });

  it('tells quantiles to the millisecond', () => {
    const latency = new LatencyHistogram();
    for (let value = 100; value > 0; value--) latency.add(value + 0.7);
    expect([0, 0.5, 0.95, 1].map((share) => latency.quantile(share))).toEqual([1, 50, 95, 100]);
    expect(latency.samples).toBe(100);
  });

  it('counts what is too long as the longest, and what is negative apart', () => {
    const latency = new LatencyHistogram();
    latency.add(1e9);
    latency.add(-5);
    expect(latency.quantile(1)).toBe(10_000);
    expect([latency.samples, latency.negative]).toEqual([1, 1]);
  });
});

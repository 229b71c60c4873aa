/**
 * Alerts from the condition to the notification and back, in the whole stack: the rules that are shipped, with all
 * times sixty times as short, in a real Prometheus, through a real Alertmanager.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { node, start } from './process.ts';
import { type Stack, startStack } from './stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ environment: { MOQ_ALERT_SPEED: '60' } });
});
afterAll(() => stack?.[Symbol.asyncDispose]());

/** Rehearses an alert. Resolves with what happened, step by step. */
async function rehearse(name: string): Promise<readonly string[]> {
  await using running = start(node, ['apps/dev/src/main.ts', 'alert', name], stack.settings);
  const code = await running.exited;
  expect(code, `${name}:\n${running.output()}\n${stack.running.output()}`).toBe(0);
  return [...running.output().matchAll(/(\w+) after [\d.]+ s/g)].map(([, step]) => step!);
}

// Each group can happen at the same time: none of it takes away what another needs, or inhibits it.
test.each([
  [['TelemetryMissing', 'PublisherStalled', 'ExpectedStreamMissing']],
  [['HighClientLatency', 'HighRebufferRate', 'NoActiveStreams']],
  [['RelayDown']],
])(
  '%j is pending, fires, is delivered, and is over when its cause is',
  { timeout: 240_000 },
  async (names) => {
    const steps = await Promise.all(names.map(rehearse));
    for (const taken of steps) expect(taken).toEqual(['pending', 'firing', 'delivered', 'resolved']);
    for (const name of names) {
      expect(stack.running.output()).toContain(`alert ${name} fires (`);
      expect(stack.running.output()).toContain(`alert ${name} is over`);
    }
  },
);

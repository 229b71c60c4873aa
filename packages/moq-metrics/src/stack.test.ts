import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { Metric } from './define.ts';
import { parseExposition } from './exposition.ts';
import { collectProcessMetrics } from './prometheus.ts';
import * as stack from './stack.ts';

/** Holds an exposition of other software against what the schema says of it. */
function compare(text: string, metrics: readonly Metric[]): void {
  const { families, errors } = parseExposition(text);
  expect(errors).toEqual([]);
  for (const { name, kind, description, labels } of metrics) {
    const family = families.get(name);
    expect([family?.type, family?.help], name).toEqual([kind, description]);
    expect([...family!.samples[0]!.labels.keys()].toSorted(), name).toEqual(Object.keys(labels).toSorted());
  }
}

function named(pattern: RegExp): readonly Metric[] {
  const metrics: readonly Metric[] = Object.values(stack);
  return metrics.filter(({ name }) => pattern.test(name));
}

test('the metrics of a process are as the schema says', async () => {
  const registry = new Registry();
  collectProcessMetrics(registry);
  const metrics = named(/^(process|nodejs)_/);
  expect(metrics.length).toBeGreaterThan(5);
  compare(await registry.metrics(), metrics);
});

test("node_exporter's metrics are as the schema says", async () => {
  const dev = fileURLToPath(new URL('../../../apps/dev/src/main.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [dev, 'backend', 'node_exporter']);
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  const exporter = spawn(stdout.trim(), [`--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  const exited = once(exporter, 'exit');
  try {
    const scrape = (): Promise<string> =>
      fetch(`http://127.0.0.1:${port}/metrics`).then((response) => response.text());
    let text = await scrape().catch(() => '');
    for (let attempt = 0; text === '' && attempt < 100; attempt++) {
      await sleep(50);
      text = await scrape().catch(() => '');
    }
    const metrics = named(/^node_/);
    expect(metrics.length).toBeGreaterThan(5);
    compare(text, metrics);
  } finally {
    exporter.kill();
    await exited;
  }
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openStore } from '../src/store/open-store.ts';
import { type AudiencePlan, writeAudience } from './audience.ts';
import { lookups, time } from './lookups.ts';

test('what the benchmark asks of ten million rows is right for fewer', { timeout: 60_000 }, async () => {
  const hour = 3_600_000;
  const plan: AudiencePlan = {
    sessions: 100,
    atOnce: 50,
    logsPerSession: 200,
    samplesPerSession: 20,
    spansPerSession: 10,
    start: Date.now() - 4 * hour,
    length: hour,
  };
  const folder = await mkdtemp(join(tmpdir(), 'store-bench-'));
  const store = await openStore({ driver: 'chdb', folder, queueAge: 50 });
  try {
    await vi.waitUntil(() => store.health().state === 'ready', { timeout: 30_000 });
    await writeAudience(plan, store);
    await store.flush();
    const found: Record<string, number> = {};
    for (const lookup of lookups(plan, store)) {
      const { rows, slowest } = await time(lookup, 3, plan);
      found[lookup.what] = rows;
      // A fiftieth of the rows, and a machine that may be busy with anything.
      expect(slowest).toBeLessThan(5000);
    }
    expect(found).toMatchObject({
      'logs of a trace': 200,
      'a whole session: summary, samples, spans, logs': 1 + 20 + 10 + 200,
      'a trace': 10,
      'the newest 100 logs': 100,
      'the newest 100 errors of a service': 100,
      'slow failed starts, 100 traces': 2,
      'sessions by time stalled, 100 of all': 100,
    });
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});

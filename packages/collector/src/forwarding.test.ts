/** Spans on their way through a whole collector while their target is down, and the collector itself is killed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { collector as own } from '@moq-observability/moq-metrics';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestTarget } from './forward/target-fixture.ts';
import { CollectorProcess } from './process-fixture.ts';
import { tracesRequest } from './report-fixture.ts';
import { scrape } from './scrape-fixture.ts';

/** How long spans come, in seconds; `just soak` lets them come for longer. */
const SECONDS = process.env['MOQ_TEST_FULL'] === 'yes' ? 60 : 6;

/** 500 spans a second. */
const SPANS = { perRequest: 10, every: 20 } as const;

let folder: string;
let target: TestTarget;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-forwarding-'));
  target = await TestTarget.start();
});

afterEach(async () => {
  await target[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Sends spans as a relay does: again and again until they are acknowledged. */
class Spans {
  readonly #url: URL;
  readonly #under: Promise<void>[] = [];
  readonly sent: string[] = [];
  /** Those whose request was sent more than once: the answer may have been lost. */
  readonly resent = new Set<string>();

  constructor(url: URL) {
    this.#url = url;
  }

  /** Sends for so many seconds; for longer when the machine cannot keep up, as none are left out. */
  async send(seconds: number): Promise<void> {
    const started = performance.now();
    for (let request = 0; request * SPANS.every < seconds * 1000; request++) {
      await pause(Math.max(0, started + request * SPANS.every - performance.now()));
      const ids = Array.from({ length: SPANS.perRequest }, (_, i) => String(this.sent.length + i));
      this.sent.push(...ids);
      this.#under.push(this.#deliver(ids));
    }
    await Promise.all(this.#under);
  }

  async #deliver(ids: readonly string[]): Promise<void> {
    const spans = ids.map((id) => ({
      name: `id:${id};`,
      traceId: id.padStart(32, 'a'),
      spanId: id.padStart(16, 'b'),
      milliseconds: 1,
    }));
    const body = JSON.stringify(tracesRequest(spans, { 'service.name': 'moq-relay' }));
    const headers = { 'content-type': 'application/json' };
    for (;;) {
      const answer = await fetch(this.#url, { method: 'POST', headers, body }).catch(() => undefined);
      if (answer?.status === 200) return;
      for (const id of ids) this.resent.add(id);
      await pause(100);
    }
  }
}

test(
  'a target that is down, and a collector that is killed: every span arrives, twice only where an answer was lost',
  { timeout: 60_000 + SECONDS * 2_000 },
  async ({ annotate }) => {
    const settings = ['--data-dir', folder, '--store', 'off', '--forward-traces', target.url.href];
    await using collector = await CollectorProcess.start(settings);
    const started = performance.now();
    const at = (share: number): Promise<void> =>
      pause(Math.max(0, started + share * SECONDS * 1000 - performance.now()));
    const spans = new Spans(new URL('v1/traces', collector.url));
    const sending = spans.send(SECONDS);

    await at(0.1);
    const cut = new Set<string>();
    target.answer = ({ body }) => {
      // One answer is lost: what it was about comes again.
      if (cut.size > 0) return {};
      for (const [, id] of body.toString('latin1').matchAll(/id:(\d+);/g)) cut.add(id!);
      return { lost: true };
    };
    await expect.poll(() => cut.size, { interval: 20, timeout: 30_000 }).toBeGreaterThan(0);
    await at(0.25);
    await target.stop();
    await at(0.4);
    await collector.end('SIGKILL');
    await collector.start();
    await at(0.6);
    await collector.end('SIGTERM');
    await collector.start();
    await at(0.75);
    await expect
      .poll(async () => (await scrape(collector)).value(own.forwardFailed, { signal: 'traces' }), {
        timeout: 30_000,
      })
      .toBeGreaterThan(0);
    await target.start();
    await sending;
    await expect
      .poll(async () => (await scrape(collector)).value(own.forwardQueueBytes, { signal: 'traces' }), {
        timeout: 60_000,
      })
      .toBe(0);

    expect(spans.sent.length).toBe(SECONDS * 500);
    const arrived = new Map<string, number>();
    for (const id of target.ids) arrived.set(id, (arrived.get(id) ?? 0) + 1);
    expect(spans.sent.filter((id) => !arrived.has(id))).toEqual([]);
    expect(arrived.size).toBe(spans.sent.length);
    const repeated = [...arrived].filter(([, times]) => times > 1).map(([id]) => id);
    expect(repeated.filter((id) => !cut.has(id) && !spans.resent.has(id))).toEqual([]);
    expect([...cut].every((id) => repeated.includes(id))).toBe(true);
    expect((await scrape(collector)).value(own.forwardDropped, { signal: 'traces' })).toBe(0);
    await annotate(
      `${spans.sent.length} spans arrived; ${cut.size} whose answer the target lost and ` +
        `${repeated.filter((id) => !cut.has(id)).length} of ${spans.resent.size} sent again by their sender arrived twice`,
    );
  },
);

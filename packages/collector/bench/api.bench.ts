/** How soon a report is seen, and what looking costs, with a fleet that reports all the time. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, end, print, send, startSender, startSubject } from './processes.ts';
import { reportBody } from './report-body.ts';
import type { SenderPlan } from './sender.ts';

/** Within how many milliseconds a report has to be seen, and for how long the event loop may be held. */
const GOAL = { seen: 1_000, hold: 50 } as const;

const quick = process.argv.includes('--quick');
const SESSIONS = quick ? 10_000 : 100_000;
const SEEN = quick ? 40 : 200;

const folder = await mkdtemp(join(tmpdir(), 'moq-bench-'));
const subject = startSubject(folder);
const sender = startSender();
try {
  const { otlp, ops } = await ask(subject, 'measure');
  const plan: SenderPlan = {
    port: Number(new URL(otlp).port),
    sessions: SESSIONS,
    rate: 4_000,
    reports: SESSIONS,
    connections: 50,
    broadcasts: 20,
    gzip: false,
  };
  await send(sender, plan);
  console.log(`${SESSIONS.toLocaleString('en')} sessions held\n`);

  print(['page', 'ms', 'kB', 'longest hold ms']);
  for (const page of [
    'metrics',
    'api/streams',
    'api/sessions?limit=100&sort=latency',
    'api/sessions?limit=1000&sort=-started_at&state=loading',
  ]) {
    await fetch(new URL(page, ops)).then((response) => response.text());
    await ask(subject, 'reset');
    const began = performance.now();
    const text = await (await fetch(new URL(page, ops))).text();
    const took = performance.now() - began;
    const { longestHold } = await ask(subject, 'measure');
    print([page.slice(0, 15), took.toFixed(0), (text.length / 1024).toFixed(0), longestHold.toFixed(0)]);
    if (longestHold > GOAL.hold)
      console.log(`  missed: the event loop was held for more than ${GOAL.hold} ms`);
  }

  const background = send(sender, { ...plan, rate: 1_000, reports: quick ? 8_000 : 40_000 });
  await ask(subject, 'reset');
  const live = await seen(new URL(otlp), new URL('api/live', ops));
  const { longestHold } = await ask(subject, 'measure');
  console.log('\nfrom sending a report to seeing it, 1,000 others a second\n');
  print(['by', 'p50 ms', 'p99 ms']);
  for (const [by, times] of Object.entries(live)) {
    print([by, quantile(times, 0.5).toFixed(0), quantile(times, 0.99).toFixed(0)]);
    if (quantile(times, 0.99) > GOAL.seen) console.log(`  missed: later than ${GOAL.seen} ms`);
  }
  console.log(`\nlongest hold of the event loop meanwhile: ${longestHold.toFixed(0)} ms`);
  await background;
} finally {
  await end(subject);
  sender.kill();
  await rm(folder, { recursive: true, force: true });
}

/** Sends reports one by one, and notes when each is told as an event, and when a question about it knows of it. */
async function seen(otlp: URL, live: URL): Promise<{ events: number[]; api: number[] }> {
  const times = { events: [] as number[], api: [] as number[] };
  const closed = new AbortController();
  const response = await fetch(live, { signal: closed.signal });
  const sentAt = new Map<string, number>();
  const reading = read(response, sentAt, times.events);
  const body = reportBody('demo/stream-0.hang');
  for (let i = 0; i < SEEN; i++) {
    const id = `seen-${i}-${Date.now()}`;
    const sent = performance.now();
    sentAt.set(id, sent);
    await fetch(new URL('v1/metrics', otlp), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'moq-report': `${id}/1` },
      body: new Uint8Array(body),
    });
    while (!(await fetch(new URL(`sessions/${id}`, live))).ok);
    times.api.push(performance.now() - sent);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  while (sentAt.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  closed.abort();
  await reading;
  return times;
}

async function read(response: Response, sentAt: Map<string, number>, times: number[]): Promise<void> {
  let text = '';
  try {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const events = (text + chunk).split('\n\n');
      text = events.pop()!;
      for (const event of events) {
        for (const [, id] of event.matchAll(/"sessionId":"(seen-[\d-]+)"/g)) {
          const sent = sentAt.get(id!);
          if (sent === undefined) continue;
          times.push(performance.now() - sent);
          sentAt.delete(id!);
        }
      }
    }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
  }
}

function quantile(times: readonly number[], share: number): number {
  const sorted = Float64Array.from(times).toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

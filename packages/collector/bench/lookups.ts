import type { Store } from '../src/store/store.ts';
import { type AudiencePlan, sessionId, traceId } from './audience.ts';

/** A question the console asks, and how long its answer may take in milliseconds. */
export interface Lookup {
  readonly what: string;
  readonly bound: number | undefined;
  /** Asks for a session of the plan; says how many rows came. */
  readonly ask: (session: number) => Promise<number>;
}

/** What is asked of a store that holds the plan's audience. */
export function lookups(plan: AudiencePlan, store: Store): readonly Lookup[] {
  const end = plan.start + Math.ceil(plan.sessions / plan.atOnce) * plan.length;
  return [
    {
      what: 'logs of a trace',
      bound: 100,
      ask: async (session) =>
        (await store.logs({ traceId: traceId(session), order: 'oldest', limit: 1000 })).rows.length,
    },
    {
      what: 'a whole session: summary, samples, spans, logs',
      bound: 200,
      ask: async (session) => {
        const id = sessionId(session);
        const [summary, samples, spans, logs] = await Promise.all([
          store.session(id),
          store.samples(id),
          store.sessionSpans(id),
          store.logs({ sessionId: id, order: 'oldest', limit: 1000 }),
        ]);
        return (summary ? 1 : 0) + samples.length + spans.length + logs.rows.length;
      },
    },
    {
      what: 'a trace',
      bound: undefined,
      ask: async (session) => (await store.trace(traceId(session))).length,
    },
    {
      what: 'the newest 100 logs',
      bound: undefined,
      ask: async () => (await store.logs({})).rows.length,
    },
    {
      what: 'the newest 100 errors of a service',
      bound: undefined,
      ask: async () => (await store.logs({ service: 'moq-relay', minSeverity: 17 })).rows.length,
    },
    {
      what: 'a text in the last hour',
      bound: undefined,
      ask: async () => (await store.logs({ text: 'delivered 777', from: end - 3_600_000 })).rows.length,
    },
    {
      what: 'a text anywhere',
      bound: undefined,
      ask: async () => (await store.logs({ text: 'delivered 777' })).rows.length,
    },
    {
      what: 'slow failed starts, 100 traces',
      bound: undefined,
      ask: async () =>
        (await store.traces({ name: 'playback.startup', error: true, minDuration: 100 })).rows.length,
    },
    {
      what: 'sessions by time stalled, 100 of all',
      bound: undefined,
      ask: async () => (await store.sessions({ sort: 'stalled' })).rows.length,
    },
  ];
}

/** How long a lookup took, in milliseconds, and how many rows it found. */
export interface LookupTimes {
  readonly rows: number;
  readonly median: number;
  readonly slowest: number;
}

/** Asks a number of times, each time for another session. */
export async function time(lookup: Lookup, times: number, plan: AudiencePlan): Promise<LookupTimes> {
  const taken: number[] = [];
  let rows = 0;
  for (let round = 0; round < times; round += 1) {
    const session = Math.floor((plan.sessions * (round + 0.5)) / times);
    const started = performance.now();
    rows = await lookup.ask(session);
    taken.push(performance.now() - started);
  }
  taken.sort((a, b) => a - b);
  return { rows, median: taken[Math.floor(times / 2)]!, slowest: taken.at(-1)! };
}

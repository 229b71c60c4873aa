/** What every store has to do, whatever holds its tables. */

import { randomUUID } from 'node:crypto';
import { sample as arbitraries, string as anyString } from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hex, log, nanos, sample, session, span } from './rows-fixture.ts';
import { reach } from './store-fixture.ts';
import { type Page, sessionSorts, type SessionQuery, type SessionRow, type Store } from './store.ts';

/** Runs the suite against a store that `open` has opened. */
export function describeStore(
  name: string,
  open: () => Promise<{ readonly store: Store } & AsyncDisposable>,
): void {
  describe(name, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let store: Store;
    beforeAll(async () => {
      opened = await open();
      store = opened.store;
      await reach(store, 'ready');
    }, 60_000);
    afterAll(() => opened[Symbol.asyncDispose](), 30_000);

    describe('logs', () => {
      test('come back whole', async () => {
        const time = Date.now() - 5000;
        const row = log({
          time: nanos(time) + 123_456n,
          traceId: hex(32),
          spanId: hex(16),
          traceFlags: 1,
          severityNumber: 17,
          severityText: 'ERROR',
          serviceName: 'moq-player',
          eventName: 'playback.error',
          body: 'it stopped',
          resourceAttributes: new Map([['service.version', '1.0.0']]),
          attributes: new Map<string, string | number | boolean>([
            ['session.id', 'the-session'],
            ['retries', 3],
            ['fatal', true],
          ]),
        });
        expect(await store.writeLogs([row])).toBe('kept');
        await store.flush();
        const { rows, cursor } = await store.logs({ traceId: row.traceId });
        expect(cursor).toBeUndefined();
        expect(rows).toEqual([
          {
            time: expect.closeTo(time + 0.123456, 3) as number,
            traceId: row.traceId,
            spanId: row.spanId,
            sessionId: 'the-session',
            severityNumber: 17,
            severityText: 'ERROR',
            serviceName: 'moq-player',
            eventName: 'playback.error',
            body: 'it stopped',
            resourceAttributes: { 'service.version': '1.0.0' },
            attributes: { 'session.id': 'the-session', retries: '3', fatal: 'true' },
          },
        ]);
      });

      test('are found by each condition and by all together', async () => {
        const service = `service-${randomUUID()}`;
        const sessionId = randomUUID();
        const traceId = hex(32);
        const time = Date.now() - 60_000;
        const lines = [
          log({ body: 'Zero: nothing of it' }),
          log({ body: 'one: the session on the line', attributes: new Map([['session.id', sessionId]]) }),
          log({
            body: 'two: the session of the sender',
            resourceAttributes: new Map([['session.id', sessionId]]),
          }),
          log({ body: 'three: the trace', traceId }),
          log({ body: 'four: Größe und Änderung', severityNumber: 13 }),
          log({ body: 'five', eventName: 'Stall.Start', severityNumber: 18 }),
          log({
            body: 'six: everything',
            traceId,
            attributes: new Map([['session.id', sessionId]]),
            severityNumber: 21,
          }),
        ].map((row, index) => ({ ...row, serviceName: service, time: nanos(time + index * 1000) }));
        await store.writeLogs(lines);
        await store.flush();
        const find = async (query: Parameters<Store['logs']>[0]): Promise<number[]> => {
          const { rows } = await store.logs({ service, order: 'oldest', ...query });
          return rows.map((row) => Math.round((row.time - time) / 1000));
        };
        expect(await find({})).toEqual([0, 1, 2, 3, 4, 5, 6]);
        expect(await find({ order: 'newest' })).toEqual([6, 5, 4, 3, 2, 1, 0]);
        expect(await find({ sessionId })).toEqual([1, 2, 6]);
        expect(await find({ traceId })).toEqual([3, 6]);
        expect(await find({ minSeverity: 13 })).toEqual([4, 5, 6]);
        expect(await find({ text: 'GRÖßE' })).toEqual([4]);
        expect(await find({ text: 'ÄNDER' })).toEqual([4]);
        expect(await find({ text: 'zero' })).toEqual([0]);
        expect(await find({ text: 'stall.start' })).toEqual([5]);
        expect(await find({ from: time + 2000, to: time + 4000 })).toEqual([2, 3]);
        expect(await find({ from: time + 6000 })).toEqual([6]);
        expect(await find({ sessionId, traceId, minSeverity: 21, text: 'every' })).toEqual([6]);
        expect(await find({ service: 'somebody else' })).toEqual([]);
      });

      test('are paged through without a gap or a repeat, many at the same time of day', async () => {
        const service = `service-${randomUUID()}`;
        const time = Date.now() - 60_000;
        const lines = Array.from({ length: 50 }, (_, index) =>
          log({ serviceName: service, body: `${index}`, time: nanos(time + Math.floor(index / 12)) }),
        );
        await store.writeLogs(lines.slice(0, 20));
        await store.writeLogs(lines.slice(20));
        await store.flush();
        for (const order of ['newest', 'oldest'] as const) {
          for (const limit of [5, 12, 49, 50]) {
            const pages = await all((cursor) => store.logs({ service, order, limit, cursor }));
            expect(pages.slice(0, -1).every(({ rows }) => rows.length === limit)).toBe(true);
            const rows = pages.flatMap((page) => page.rows);
            expect(new Set(rows.map(({ body }) => body)).size).toBe(50);
            expect(rows.length).toBe(50);
            const times = rows.map((row) => row.time);
            expect(times).toEqual(times.toSorted((a, b) => (order === 'oldest' ? a - b : b - a)));
          }
        }
      });

      test('with a clock far off are those of the moment they came', async () => {
        const service = `service-${randomUUID()}`;
        const before = Date.now();
        const times = [
          0n,
          -5n,
          nanos(before - 8 * 86_400_000),
          nanos(before + 2 * 86_400_000),
          2n ** 64n - 1n,
        ];
        await store.writeLogs(times.map((time) => log({ serviceName: service, time })));
        await store.flush();
        const { rows } = await store.logs({ service });
        expect(rows.length).toBe(times.length);
        for (const { time } of rows) {
          expect(time).toBeGreaterThanOrEqual(before);
          expect(time).toBeLessThanOrEqual(Date.now());
        }
      });
    });

    describe('text from strangers is text', () => {
      const HOSTILE = [
        "'; DROP TABLE otel_logs; --",
        "\\'; DROP TABLE otel_logs; --",
        '{traceId:String}',
        '%s %% _ \\% \\_ *',
        '\u0000\u0001\b\f\n\r\t\u007f\u0085\u2028',
        '"]\n["second row",',
        '<script>alert(1)</script>',
        '\u{1F600} ẞ ﷽ \u202e gnorw',
        '\\N',
        '\\ud800 spelled out',
        '__proto__',
        ' leading and trailing ',
        'x'.repeat(4000),
        '\ud800 half a character',
        'the other half \udfff',
      ];

      test.each(HOSTILE.map((text, index) => [index, text] as const))('%i', async (_, text) => {
        const whole = text.toWellFormed();
        const sessionId = `${text}${randomUUID()}`;
        const attributes = new Map([
          ['session.id', sessionId],
          [text, text],
        ]);
        await store.writeLogs([log({ body: text, serviceName: text, eventName: text, attributes })]);
        await store.writeSpans([
          span({
            name: text,
            statusMessage: text,
            attributes,
            events: [{ time: nanos(Date.now()), name: text, attributes }],
            links: [{ traceId: text, spanId: text, traceState: text, attributes }],
          }),
        ]);
        await store.writeSessions([
          session({ sessionId, broadcast: text, lastError: text, userAgent: text }),
        ]);
        await store.writeSamples([sample({ sessionId, rendition: text })]);
        await store.flush();
        const id = sessionId.toWellFormed();
        const { rows } = await store.logs({ sessionId: id, service: whole, text: whole });
        expect(rows).toMatchObject([{ body: whole, eventName: whole, sessionId: id }]);
        expect(rows[0]!.attributes).toEqual(
          Object.fromEntries([
            ['session.id', id],
            [whole, whole],
          ]),
        );
        const [found] = await store.sessionSpans(id);
        expect(found).toMatchObject({ name: whole, statusMessage: whole });
        expect(found!.events[0]!.name).toBe(whole);
        expect(found!.links[0]!.traceId).toBe(whole);
        const sessions = await store.sessions({ broadcast: whole });
        expect(sessions.rows.map((row) => row.sessionId)).toContain(id);
        expect(await store.samples(id)).toMatchObject([{ rendition: whole }]);
      });

      test('any text at all', async () => {
        const service = `service-${randomUUID()}`;
        const texts = arbitraries(anyString({ unit: 'binary', maxLength: 40 }), 500);
        await store.writeLogs(
          texts.map((body, index) =>
            log({
              serviceName: service,
              body,
              attributes: new Map([[body, body]]),
              time: nanos(Date.now() - 5000 + index),
            }),
          ),
        );
        await store.flush();
        const { rows } = await store.logs({ service, order: 'oldest', limit: 1000 });
        expect(rows.map(({ body }) => body)).toEqual(texts.map((text) => text.toWellFormed()));
        expect(rows.map(({ attributes }) => Object.values(attributes)[0])).toEqual(
          texts.map((text) => text.toWellFormed()),
        );
      });
    });

    describe('traces', () => {
      test('come back whole, from whoever took part', async () => {
        const traceId = hex(32);
        const sessionId = randomUUID();
        const time = Date.now() - 30_000;
        const root = span({
          traceId,
          time: nanos(time) + 250_000n,
          serviceName: 'moq-player',
          name: 'playback.startup',
          kind: 'Client',
          duration: 1_500_250_000n,
          status: 'Error',
          statusMessage: 'no frame came',
          resourceAttributes: new Map([['session.id', sessionId]]),
          attributes: new Map([['moq.broadcast', 'anon/bbb']]),
          events: [
            { time: nanos(time + 10), name: 'first', attributes: new Map([['a', '1']]) },
            { time: nanos(time + 20), name: 'second', attributes: new Map() },
          ],
          links: [{ traceId: hex(32), spanId: hex(16), traceState: '', attributes: new Map([['b', '2']]) }],
        });
        const child = span({
          traceId,
          parentSpanId: root.spanId,
          time: nanos(time + 100),
          duration: 3_000_000_000n,
        });
        await store.writeSpans([child]);
        await store.writeSpans([root, span()]);
        await store.flush();
        const spans = await store.trace(traceId);
        expect(spans.map(({ spanId }) => spanId)).toEqual([root.spanId, child.spanId]);
        expect(spans[0]).toEqual({
          time: expect.closeTo(time + 0.25, 3) as number,
          duration: 1500.25,
          traceId,
          spanId: root.spanId,
          parentSpanId: '',
          name: 'playback.startup',
          kind: 'Client',
          status: 'Error',
          statusMessage: 'no frame came',
          serviceName: 'moq-player',
          sessionId,
          resourceAttributes: { 'session.id': sessionId },
          attributes: { 'moq.broadcast': 'anon/bbb' },
          events: [
            { time: time + 10, name: 'first', attributes: { a: '1' } },
            { time: time + 20, name: 'second', attributes: {} },
          ],
          links: [{ traceId: root.links[0]!.traceId, spanId: root.links[0]!.spanId, attributes: { b: '2' } }],
        });
        expect(await store.sessionSpans(sessionId)).toEqual(spans);
        expect(await store.sessionSpans(sessionId, { to: time + 50 })).toEqual(spans.slice(0, 1));
        expect(await store.trace(hex(32))).toEqual([]);
        expect(await store.sessionSpans(randomUUID())).toEqual([]);
        const { rows } = await store.traces({ name: 'moq.subscribe', from: time, to: time + 1000 });
        expect(rows.find((row) => row.traceId === traceId)).toEqual({
          traceId,
          time: expect.closeTo(time + 0.25, 3) as number,
          duration: expect.closeTo(3099.75, 3) as number,
          name: 'playback.startup',
          serviceName: 'moq-player',
          sessionId,
          broadcast: 'anon/bbb',
          spans: 2,
          errors: 1,
        });
      });

      test('are searched for by a span to which everything applies, newest first, page by page', async () => {
        const service = `service-${randomUUID()}`;
        const time = Date.now() - 60_000;
        const traces = Array.from({ length: 20 }, (_, index) => ({ traceId: hex(32), index }));
        await store.writeSpans(
          traces.flatMap(({ traceId, index }) => [
            span({
              traceId,
              serviceName: service,
              name: index % 2 === 0 ? 'even' : 'odd',
              // Several start at the same time.
              time: nanos(time + Math.floor(index / 3)),
              duration: BigInt(index) * 1_000_000n,
              status: index % 5 === 0 ? 'Error' : 'Ok',
            }),
            span({ traceId, serviceName: service, name: 'other', time: nanos(time), duration: 0n }),
          ]),
        );
        await store.flush();
        const find = async (query: Parameters<Store['traces']>[0], limit = 100): Promise<number[]> => {
          const pages = await all((cursor) => store.traces({ service, limit, cursor, ...query }));
          return pages.flatMap(({ rows }) =>
            rows.map((row) => traces.find(({ traceId }) => traceId === row.traceId)!.index),
          );
        };
        expect(sorted(await find({}))).toEqual(traces.map(({ index }) => index));
        expect(sorted(await find({ name: 'odd' }))).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
        expect(sorted(await find({ minDuration: 15 }))).toEqual([15, 16, 17, 18, 19]);
        expect(sorted(await find({ name: 'even', minDuration: 15 }))).toEqual([16, 18]);
        expect(sorted(await find({ error: true }))).toEqual([0, 5, 10, 15]);
        expect(sorted(await find({ name: 'even', error: false }))).toEqual([2, 4, 6, 8, 12, 14, 16, 18]);
        expect(sorted(await find({ from: time + 6 }))).toEqual([18, 19]);
        expect(sorted(await find({ name: 'even', to: time + 1 }))).toEqual([0, 2]);
        expect(await find({ service: 'somebody else' })).toEqual([]);
        for (const limit of [3, 19, 20]) {
          const found = await find({}, limit);
          expect(sorted(found)).toEqual(traces.map(({ index }) => index));
          const starts = found.map((index) => Math.floor(index / 3));
          expect(starts).toEqual(starts.toSorted((a, b) => b - a));
        }
      });
    });

    describe('sessions', () => {
      test('are what was said of them last', async () => {
        const first = session({ startedAt: Date.now() - 60_000, updatedAt: Date.now() - 50_000 });
        const last: SessionRow = {
          ...first,
          updatedAt: first.updatedAt + 40_000,
          endedAt: first.updatedAt + 40_000,
          state: 'ended',
          latencySeconds: undefined,
          watchedSeconds: 99.25,
        };
        await store.writeSessions([last, { ...first, state: 'paused', updatedAt: first.updatedAt + 1 }]);
        await store.writeSessions([first]);
        await store.flush();
        expect(await store.session(first.sessionId)).toEqual(last);
        const { rows } = await store.sessions({ from: first.startedAt, to: first.startedAt + 1 });
        expect(rows.filter(({ sessionId }) => sessionId === first.sessionId)).toEqual([last]);
        const paused = await store.sessions({
          state: 'paused',
          from: first.startedAt,
          to: first.startedAt + 1,
        });
        expect(paused.rows).toEqual([]);
        expect(await store.session(randomUUID())).toBeUndefined();
      });

      test('are filtered, sorted every way and paged through', async () => {
        const namespace = randomUUID();
        const from = Date.now() - 600_000;
        const all20 = Array.from({ length: 20 }, (_, index) =>
          session({
            namespace,
            broadcast: `${namespace}/${index % 4}`,
            startedAt: from + index * 1000,
            updatedAt: from + 30_000 - (index % 7),
            state: index % 2 === 0 ? 'playing' : 'stalled',
            transport: index % 3 === 0 ? 'websocket' : 'webtransport',
            browser: index % 5 === 0 ? 'firefox' : 'chrome',
            region: index % 4 === 0 ? 'eu' : 'us',
            startupSeconds: index % 6 === 0 ? undefined : 1 / (index + 3),
            latencySeconds: index % 3 === 0 ? undefined : 0.1 * (index % 4),
            stalledSeconds: index % 3,
            stalls: index % 4,
            watchedSeconds: 1000 / (index + 1),
            failures: index % 2,
          }),
        );
        await store.writeSessions(all20);
        await store.flush();
        const range = { from, to: from + 20_000 };
        const find = async (query: SessionQuery): Promise<SessionRow[]> =>
          (await all((cursor) => store.sessions({ ...range, cursor, ...query }))).flatMap(({ rows }) => rows);

        expect((await find({})).map(({ startedAt }) => startedAt)).toEqual(
          all20.map(({ startedAt }) => startedAt).toReversed(),
        );
        const where = (test: (row: SessionRow) => boolean): string[] => names(all20.filter(test));
        expect(names(await find({ broadcast: `${namespace}/1` }))).toEqual(
          where((row) => row.broadcast === `${namespace}/1`),
        );
        expect(names(await find({ state: 'stalled', browser: 'firefox' }))).toEqual(
          where((row) => row.state === 'stalled' && row.browser === 'firefox'),
        );
        expect(names(await find({ region: 'eu', errors: false }))).toEqual(
          where((row) => row.region === 'eu' && row.failures === 0),
        );
        expect(names(await find({ errors: true }))).toEqual(where((row) => row.failures > 0));
        expect(names(await find({ minLatency: 0.15, minStalls: 1 }))).toEqual(
          where((row) => (row.latencySeconds ?? 0) >= 0.15 && row.stalls >= 1),
        );
        expect(names(await find({ text: all20[3]!.sessionId.toUpperCase() }))).toEqual(names([all20[3]!]));
        expect(names(await find({ transport: 'websocket', from: from + 5000, to: from + 9000 }))).toEqual(
          names([all20[6]!]),
        );

        const keys: Record<(typeof sessionSorts)[number], keyof SessionRow> = {
          started_at: 'startedAt',
          updated_at: 'updatedAt',
          broadcast: 'broadcast',
          startup: 'startupSeconds',
          latency: 'latencySeconds',
          stalled: 'stalledSeconds',
          stalls: 'stalls',
          watched: 'watchedSeconds',
          failures: 'failures',
        };
        for (const sort of sessionSorts) {
          for (const ascending of [true, false]) {
            const rows = await find({ sort, ascending, limit: 7 });
            expect(names(rows)).toEqual(names(all20));
            const values = rows.map((row) => row[keys[sort]]);
            const known = values.filter((value) => value !== undefined);
            expect(values.slice(0, known.length)).toEqual(known);
            expect(known).toEqual(
              known.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0) * (ascending ? 1 : -1)),
            );
          }
        }
      });
    });

    describe('samples', () => {
      test('come back whole and in order, each once', async () => {
        const sessionId = randomUUID();
        const time = Date.now() - 60_000;
        const rows = Array.from({ length: 6 }, (_, index) =>
          sample({
            sessionId,
            sequence: index + 1,
            time: time + index * 10_000,
            latencySeconds: index === 3 ? undefined : 0.25,
            rttSeconds: index === 3 ? undefined : 0.5,
          }),
        );
        await store.writeSamples([...rows.slice(3), sample()]);
        await store.writeSamples(rows.slice(0, 3));
        await store.flush();
        await store.writeSamples(rows.slice(1, 5));
        await store.flush();
        expect(await store.samples(sessionId)).toEqual(rows);
        expect(await store.samples(sessionId, { from: time + 10_000, to: time + 30_000 })).toEqual(
          rows.slice(1, 3),
        );
        expect(await store.samples(sessionId, { limit: 2 })).toEqual(rows.slice(0, 2));
        expect(await store.samples(randomUUID())).toEqual([]);
      });

      test('cannot hold what is no number, and take the nearest', async () => {
        const row = sample({
          latencySeconds: Number.NaN,
          bufferSeconds: Number.POSITIVE_INFINITY,
          stalls: -3,
          framesDecoded: 1.6,
          framesDropped: Number.NaN,
          watchedSeconds: Number.NEGATIVE_INFINITY,
          receivedBytes: 2 ** 53 - 1,
        });
        await store.writeSamples([row]);
        await store.flush();
        expect(await store.samples(row.sessionId)).toMatchObject([
          { stalls: 0, framesDecoded: 2, framesDropped: 0, watchedSeconds: 0, receivedBytes: 2 ** 53 - 1 },
        ]);
        expect((await store.samples(row.sessionId))[0]).toMatchObject({
          latencySeconds: undefined,
          bufferSeconds: undefined,
        });
      });
    });

    describe('a question that makes no sense', () => {
      const NONSENSE: readonly [string, (store: Store) => Promise<unknown>][] = [
        ['limit 0', (it) => it.logs({ limit: 0 })],
        ['limit 1.5', (it) => it.sessions({ limit: 1.5 })],
        ['limit 10001', (it) => it.logs({ limit: 10_001 })],
        ['limit 1001 of traces', (it) => it.traces({ limit: 1001 })],
        ['limit NaN', (it) => it.samples('x', { limit: Number.NaN })],
        ['a time that is none', (it) => it.logs({ from: Number.NaN })],
        ['an infinite time', (it) => it.traces({ to: Number.POSITIVE_INFINITY })],
        ['text past all bounds', (it) => it.logs({ text: 'x'.repeat(5000) })],
        ['an id past all bounds', (it) => it.samples('x'.repeat(5000))],
        ['a cursor that is no JSON', (it) => it.logs({ cursor: 'x' })],
        ['an empty cursor', (it) => it.logs({ cursor: '' })],
        ['a cursor of another question', (it) => it.traces({ cursor: cursor(['1', 2]) })],
        ['a cursor of another sort', (it) => it.sessions({ sort: 'broadcast', cursor: cursor([0, 1, 'x']) })],
        ['a cursor past all bounds', (it) => it.sessions({ cursor: cursor([0, 1, 'x'.repeat(5000)]) })],
        ['a cursor that is an object', (it) => it.logs({ cursor: cursor({ length: 2 }) })],
      ];
      test.each(NONSENSE)('%s', async (_, ask) => {
        await expect(ask(store)).rejects.toMatchObject({ name: 'StoreError', code: 'bad_query' });
      });

      test('times and cursors beyond all times find nothing, and break nothing', async () => {
        expect((await store.logs({ from: -1e300, to: -1e299 })).rows).toEqual([]);
        expect((await store.logs({ from: 1e300 })).rows).toEqual([]);
        expect((await store.sessions({ from: 1e300, to: 1e301 })).rows).toEqual([]);
        expect((await store.logs({ cursor: cursor(['99999999999999999999', 1e300]) })).rows).toEqual([]);
        expect((await store.traces({ minDuration: 1e300 })).rows).toEqual([]);
        expect((await store.logs({ service: randomUUID(), minSeverity: 1e300 })).rows).toEqual([]);
      });
    });

    test('nothing was lost on the way', () => {
      expect(store.health()).toMatchObject({
        state: 'ready',
        reason: undefined,
        queuedRows: 0,
        queuedBytes: 0,
        droppedRows: 0,
        restarts: 0,
      });
      expect(store.pressure).toBe(0);
    });
  });
}

function sorted(list: readonly number[]): number[] {
  return list.toSorted((a, b) => a - b);
}

function names(rows: readonly SessionRow[]): string[] {
  return rows.map(({ sessionId }) => sessionId).toSorted();
}

function cursor(parts: unknown): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** All pages of an answer. */
async function all<Row>(ask: (cursor: string | undefined) => Promise<Page<Row>>): Promise<Page<Row>[]> {
  const pages: Page<Row>[] = [];
  let next: string | undefined;
  do {
    const page = await ask(next);
    pages.push(page);
    next = page.cursor;
  } while (next !== undefined && pages.length < 1000);
  return pages;
}

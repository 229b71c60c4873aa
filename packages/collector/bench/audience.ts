/** What a day of viewers leaves in a store: sessions with their samples, spans and logs, in the order they came. */

import { createHash } from 'node:crypto';
import type { LogRow, SampleRow, SessionRow, SpanRow, Store } from '../src/store/store.ts';

/** How much of it there is. */
export interface AudiencePlan {
  readonly sessions: number;
  /** Sessions that run at the same time. */
  readonly atOnce: number;
  readonly logsPerSession: number;
  readonly samplesPerSession: number;
  readonly spansPerSession: number;
  /** Unix milliseconds of the first session's start. */
  readonly start: number;
  /** Milliseconds a session lasts. */
  readonly length: number;
}

/** Rows that go in together, as they would after some requests. */
const ROWS_AT_ONCE = 500;

/** Writes all of it, as fast as the store takes it. */
export async function writeAudience(plan: AudiencePlan, store: Store): Promise<void> {
  for (let first = 0; first < plan.sessions; first += plan.atOnce) {
    const last = Math.min(plan.sessions, first + plan.atOnce);
    await inTurns(
      plan.spansPerSession,
      first,
      last,
      store,
      (session, index) => span(plan, session, index),
      (rows) => store.writeSpans(rows),
    );
    await inTurns(
      plan.samplesPerSession,
      first,
      last,
      store,
      (session, index) => sample(plan, session, index),
      (rows) => store.writeSamples(rows),
    );
    await inTurns(
      plan.logsPerSession,
      first,
      last,
      store,
      (session, index) => log(plan, session, index),
      (rows) => store.writeLogs(rows),
    );
    await inTurns(
      1,
      first,
      last,
      store,
      (session) => sessionRow(plan, session),
      (rows) => store.writeSessions(rows),
    );
  }
}

/** The id of a session of the plan. */
export function sessionId(session: number): string {
  const hex = hash(`session ${session}`);
  return [8, 12, 16, 20, 32].map((end, index) => hex.slice([0, 8, 12, 16, 20][index], end)).join('-');
}

/** The id of the trace of its start. */
export function traceId(session: number): string {
  return hash(`trace ${session}`);
}

/** The first row of every session, then the second of every one. */
async function inTurns<Row>(
  perSession: number,
  first: number,
  last: number,
  store: Store,
  make: (session: number, index: number) => Row,
  write: (rows: readonly Row[]) => Promise<string>,
): Promise<void> {
  let rows: Row[] = [];
  const hand = async (): Promise<void> => {
    // A sender that is asked to slow down.
    while (store.pressure > 0.5) await new Promise((resolve) => setTimeout(resolve, 20));
    if ((await write(rows)) !== 'kept') throw new Error('the store refused rows');
    rows = [];
  };
  for (let index = 0; index < perSession; index += 1) {
    for (let session = first; session < last; session += 1) {
      rows.push(make(session, index));
      if (rows.length === ROWS_AT_ONCE) await hand();
    }
  }
  if (rows.length > 0) await hand();
}

function timeOf(plan: AudiencePlan, session: number, share: number): number {
  const begin = plan.start + Math.floor(session / plan.atOnce) * plan.length;
  return begin + (session % plan.atOnce) + Math.floor(share * plan.length);
}

const EVENTS = [
  '',
  '',
  '',
  'stall.start',
  'stall.end',
  'quality.switch',
  'playback.paused',
  'connection.lost',
];

function log(plan: AudiencePlan, session: number, index: number): LogRow {
  const player = index % 4 === 0;
  const id = sessionId(session);
  const broadcast = `live/channel-${session % 50}.hang`;
  return {
    time:
      BigInt(timeOf(plan, session, index / plan.logsPerSession)) * 1_000_000n + BigInt(index % 1000) * 1000n,
    serviceName: player ? 'moq-player' : 'moq-relay',
    resourceAttributes: player
      ? new Map([
          ['service.name', 'moq-player'],
          ['service.version', '1.4.2'],
          ['session.id', id],
          ['moq.broadcast', broadcast],
          ['network.transport.name', 'webtransport'],
        ])
      : new Map([
          ['service.name', 'moq-relay'],
          ['service.version', '1.4.2'],
          ['moq.relay.id', `relay-${session % 3}`],
        ]),
    scopeName: 'moq',
    scopeVersion: '1.0.0',
    traceId: traceId(session),
    spanId: hash(`span ${session} ${index % 10}`).slice(0, 16),
    traceFlags: 1,
    severityNumber: index % 100 === 99 ? 17 : index % 20 === 19 ? 13 : 9,
    severityText: index % 100 === 99 ? 'ERROR' : index % 20 === 19 ? 'WARN' : 'INFO',
    eventName: player ? EVENTS[index % EVENTS.length]! : '',
    body: player
      ? `buffer ${(session * 31 + index * 17) % 900} ms, latency ${(session * 13 + index * 7) % 2000} ms`
      : `subscription ${session * 7 + index} of track video/${index % 4} closed: delivered ${(session * 101 + index * 997) % 100_000} frames`,
    resourceSchemaUrl: '',
    scopeSchemaUrl: '',
    scopeAttributes: new Map(),
    attributes: player
      ? new Map<string, string | number>([
          ['moq.track_type', 'video'],
          ['duration_ms', (index * 37) % 5000],
        ])
      : new Map([
          ['session.id', id],
          ['moq.broadcast', broadcast],
          ['moq.relay.session.id', hash(`relay session ${session}`).slice(0, 16)],
        ]),
  };
}

const PHASES = ['moq.connect', 'moq.announce', 'moq.catalog', 'moq.subscribe', 'moq.first_frame'];

function span(plan: AudiencePlan, session: number, index: number): SpanRow {
  const player = index <= PHASES.length;
  return {
    time: BigInt(timeOf(plan, session, 0) + index * 20) * 1_000_000n,
    serviceName: player ? 'moq-player' : 'moq-relay',
    resourceAttributes: new Map([
      ['service.name', player ? 'moq-player' : 'moq-relay'],
      ['session.id', sessionId(session)],
    ]),
    scopeName: 'moq',
    scopeVersion: '1.0.0',
    traceId: traceId(session),
    spanId: hash(`span ${session} ${index}`).slice(0, 16),
    parentSpanId: index === 0 ? '' : hash(`span ${session} 0`).slice(0, 16),
    traceState: '',
    name: index === 0 ? 'playback.startup' : player ? PHASES[index - 1]! : 'moq.subscribe',
    kind: player ? 'Client' : 'Server',
    duration: BigInt(((session * 7919 + index * 104_729) % 1000) + 1) * 1_000_000n,
    status: session % 40 === 0 && index === 0 ? 'Error' : 'Unset',
    statusMessage: '',
    attributes: new Map([['moq.broadcast', `live/channel-${session % 50}.hang`]]),
    events: [],
    links: [],
  };
}

function sample(plan: AudiencePlan, session: number, index: number): SampleRow {
  return {
    sessionId: sessionId(session),
    sequence: index + 1,
    time: timeOf(plan, session, index / plan.samplesPerSession),
    broadcast: `live/channel-${session % 50}.hang`,
    state: index % 30 === 29 ? 'stalled' : 'playing',
    rendition: index % 10 < 7 ? '720p' : '360p',
    latencySeconds: 0.06 + ((session * 13 + index * 7) % 100) / 1000,
    bufferSeconds: 0.1 + ((session * 31 + index * 17) % 90) / 100,
    bitrate: 2_400_000 + ((session + index) % 100) * 1000,
    rttSeconds: 0.01 + (session % 50) / 1000,
    watchedSeconds: 10,
    stalledSeconds: index % 30 === 29 ? 0.7 : 0,
    stalls: index % 30 === 29 ? 1 : 0,
    qualitySwitches: index % 10 === 7 ? 1 : 0,
    framesDecoded: 300,
    framesDropped: index % 3,
    receivedBytes: 3_000_000 + ((session * 17 + index * 3) % 10_000),
  };
}

function sessionRow(plan: AudiencePlan, session: number): SessionRow {
  const startedAt = timeOf(plan, session, 0);
  return {
    sessionId: sessionId(session),
    startedAt,
    updatedAt: startedAt + plan.length,
    endedAt: startedAt + plan.length,
    namespace: 'live',
    broadcast: `live/channel-${session % 50}.hang`,
    state: 'ended',
    outcome: session % 40 === 0 ? 'failed' : 'started',
    traceId: traceId(session),
    transport: session % 5 === 0 ? 'websocket' : 'webtransport',
    browser: session % 3 === 0 ? 'firefox' : 'chrome',
    device: 'desktop',
    region: 'eu',
    userAgent: `Mozilla/5.0 (X11; Linux x86_64) Chrome/1${session % 30}.0`,
    remoteAddress: `192.0.2.${session % 256}`,
    playerVersion: '1.4.2',
    startupSeconds: 0.2 + (session % 100) / 100,
    latencySeconds: 0.1,
    bufferSeconds: 0.3,
    bitrate: 2_400_000,
    rttSeconds: 0.02,
    rendition: '720p',
    watchedSeconds: plan.length / 1000,
    stalledSeconds: (session % 17) / 3,
    stalls: session % 17,
    qualitySwitches: session % 4,
    framesDecoded: 30_000,
    framesDropped: session % 100,
    receivedBytes: 300_000_000,
    failures: session % 40 === 0 ? 1 : 0,
    lastError: '',
    reports: plan.samplesPerSession,
  };
}

function hash(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

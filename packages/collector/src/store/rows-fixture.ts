/** Rows for tests, with something in every field. */

import { randomUUID } from 'node:crypto';
import type { LogRow, SampleRow, SessionRow, SpanRow } from './rows.ts';

/** A number of hex digits that nobody has had before. */
export function hex(digits: 16 | 32): string {
  return randomUUID().replaceAll('-', '').slice(0, digits);
}

/** Unix milliseconds as Unix nanoseconds. */
export function nanos(milliseconds: number): bigint {
  return BigInt(milliseconds) * 1_000_000n;
}

/** A log line. */
export function log(row: Partial<LogRow> = {}): LogRow {
  return {
    time: nanos(Date.now()),
    serviceName: 'moq-relay',
    resourceAttributes: new Map([['service.name', 'moq-relay']]),
    scopeName: '',
    scopeVersion: '',
    traceId: '',
    spanId: '',
    traceFlags: 0,
    severityNumber: 9,
    severityText: 'INFO',
    eventName: '',
    body: 'a line',
    resourceSchemaUrl: '',
    scopeSchemaUrl: '',
    scopeAttributes: new Map(),
    attributes: new Map(),
    ...row,
  };
}

/** A span. */
export function span(row: Partial<SpanRow> = {}): SpanRow {
  return {
    time: nanos(Date.now()),
    serviceName: 'moq-relay',
    resourceAttributes: new Map([['service.name', 'moq-relay']]),
    scopeName: '',
    scopeVersion: '',
    traceId: hex(32),
    spanId: hex(16),
    parentSpanId: '',
    traceState: '',
    name: 'moq.subscribe',
    kind: 'Server',
    duration: 1_000_000n,
    status: 'Unset',
    statusMessage: '',
    attributes: new Map(),
    events: [],
    links: [],
    ...row,
  };
}

/** A session. */
export function session(row: Partial<SessionRow> = {}): SessionRow {
  const now = Date.now();
  return {
    sessionId: randomUUID(),
    startedAt: now,
    updatedAt: now,
    endedAt: undefined,
    namespace: 'anon',
    broadcast: 'anon/bbb',
    state: 'playing',
    outcome: 'started',
    traceId: hex(32),
    transport: 'webtransport',
    browser: 'chrome',
    device: 'desktop',
    region: 'eu',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64)',
    remoteAddress: '192.0.2.7',
    playerVersion: '1.2.3',
    startupSeconds: 0.25,
    latencySeconds: 0.0625,
    bufferSeconds: 0.5,
    bitrate: 2_500_000,
    rttSeconds: 0.03125,
    rendition: '720p',
    watchedSeconds: 60.1,
    stalledSeconds: 1.7,
    stalls: 2,
    qualitySwitches: 1,
    framesDecoded: 1800,
    framesDropped: 3,
    receivedBytes: 123_456_789_012,
    failures: 1,
    lastError: 'timeout',
    reports: 6,
    ...row,
  };
}

/** What a report said. */
export function sample(row: Partial<SampleRow> = {}): SampleRow {
  return {
    sessionId: randomUUID(),
    sequence: 1,
    time: Date.now(),
    broadcast: 'anon/bbb',
    state: 'playing',
    rendition: '720p',
    latencySeconds: 0.0625,
    bufferSeconds: 0.5,
    bitrate: 2_500_000,
    rttSeconds: 0.03125,
    watchedSeconds: 10.1,
    stalledSeconds: 0.7,
    stalls: 1,
    qualitySwitches: 1,
    framesDecoded: 300,
    framesDropped: 2,
    receivedBytes: 3_000_000,
    ...row,
  };
}

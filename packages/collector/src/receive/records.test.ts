import { describe, expect, test } from 'vitest';
import { readLogs } from './logs.ts';
import { readTraces } from './traces.ts';

const limits = { points: 10, attributes: 4, text: 30 };
const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'moq-player' } }] };

function spansOf(...spans: unknown[]): ReturnType<typeof readTraces> {
  return readTraces({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 's' }, spans }] }] }, limits);
}

function recordsOf(...logRecords: unknown[]): ReturnType<typeof readLogs> {
  return readLogs({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] }, limits);
}

describe('spans', () => {
  test('with all they have, ids in hex or in bytes', () => {
    const link = { traceId: Buffer.from(traceId, 'hex'), spanId: Buffer.from(spanId, 'hex') };
    const { rows, rejected } = spansOf({
      traceId: traceId.toUpperCase(),
      spanId: Buffer.from(spanId, 'hex'),
      parentSpanId: '',
      name: 'playback.startup',
      kind: 3,
      startTimeUnixNano: '1700000000000000001',
      endTimeUnixNano: '1700000000250000001',
      status: { code: 2, message: 'no\ud800' },
      attributes: [{ key: 'n', value: { intValue: '5' } }],
      events: [{ timeUnixNano: '1700000000000000002', name: 'e' }],
      links: [link, { traceId: 'x', spanId }],
    });
    expect(rejected).toBe(0);
    expect(rows).toEqual([
      {
        serviceName: 'moq-player',
        resourceAttributes: new Map([['service.name', 'moq-player']]),
        scopeName: 's',
        scopeVersion: '',
        scopeAttributes: new Map(),
        time: 1700000000000000001n,
        duration: 250000000n,
        traceId,
        spanId,
        parentSpanId: '',
        traceState: '',
        name: 'playback.startup',
        kind: 'Client',
        status: 'Error',
        statusMessage: 'no\ufffd',
        attributes: new Map([['n', 5]]),
        events: [{ time: 1700000000000000002n, name: 'e', attributes: new Map() }],
        links: [{ traceId, spanId, traceState: '', attributes: new Map() }],
      },
    ]);
  });

  test('without a trace or span id are left out and counted', () => {
    const { rows, rejected, message } = spansOf(
      { traceId, spanId: '0000000000000000' },
      { traceId: 'x'.repeat(32), spanId },
      { spanId },
      { traceId: Buffer.alloc(15, 1), spanId },
      { traceId, spanId },
    );
    expect([rows.length, rejected]).toEqual([1, 4]);
    expect(message).toBe('spans need a trace id and a span id');
  });
});

describe('log records', () => {
  test('with all they have', () => {
    const [row] = recordsOf({
      observedTimeUnixNano: '7',
      severityNumber: 9,
      severityText: 'INFO',
      body: { stringValue: 'a line that is much longer than the limit allows' },
      attributes: [{ key: 'event.name', value: { stringValue: 'stall.start' } }],
      flags: 257,
      traceId,
      spanId,
    }).rows;
    expect(row).toMatchObject({
      serviceName: 'moq-player',
      time: 7n,
      traceId,
      spanId,
      traceFlags: 1,
      severityNumber: 9,
      severityText: 'INFO',
      eventName: 'stall.start',
      body: 'a line that is much longer tha',
    });
  });

  test('with nothing in them, and bodies that are structures', () => {
    const body = { kvlistValue: { values: [{ key: 'a', value: { boolValue: true } }] } };
    const { rows } = recordsOf({}, { body, eventName: 'session.end', severityNumber: 99 });
    expect(rows[0]).toMatchObject({ time: 0n, traceId: '', severityNumber: 0, body: '', eventName: '' });
    expect(rows[1]).toMatchObject({ body: '{"a":true}', eventName: 'session.end', severityNumber: 0 });
  });

  test.each([
    ['more than the limit', Array.from({ length: 11 }, () => ({})), 413],
    ['what is no object', [5], 400],
    ['a time that is none', [{ timeUnixNano: '-1' }], 400],
  ])('refuses %s', (_, records, status) => {
    expect(() => recordsOf(...records)).toThrow(expect.objectContaining({ status }));
  });
});

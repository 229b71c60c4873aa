/** Making one OTLP request of several, without understanding what is in them. */

import type { collector } from '@moq-observability/moq-metrics';
import type { OtlpContentType } from './forward.ts';

/** The one field of a request that holds everything. */
const FIELD: Readonly<Record<collector.Signal, string>> = {
  traces: 'resourceSpans',
  logs: 'resourceLogs',
  metrics: 'resourceMetrics',
};

/** Puts requests of one signal and one encoding into one. */
export function joinRequests(
  signal: collector.Signal,
  contentType: OtlpContentType,
  requests: readonly Uint8Array[],
): Uint8Array {
  const [first] = requests;
  if (requests.length === 1 && first) return first;
  // In Protobuf, messages put one after another are one message with all of their repeated fields.
  if (contentType === 'application/x-protobuf') return Buffer.concat(requests);
  const field = FIELD[signal];
  const elements = requests.map((request) => arrayElements(Buffer.from(request), field)).filter(Boolean);
  return Buffer.from(`{"${field}":[${elements.join(',')}]}`);
}

/**
 * The text between the brackets of an array that is a field of a JSON object. It is taken as it is and not parsed:
 * JavaScript would round 64-bit integers that are written as numbers.
 *
 * @returns nothing when there is no such array
 */
export function arrayElements(json: Buffer, field: string): string {
  let at = skipSpace(json, 0);
  if (json[at] !== OPEN_BRACE) return '';
  let found = '';
  for (at = skipSpace(json, at + 1); json[at] === QUOTE; at = skipSpace(json, at + 1)) {
    const nameEnd = skipString(json, at);
    const name = json.toString('utf8', at + 1, nameEnd - 1);
    const colon = skipSpace(json, nameEnd);
    const start = skipSpace(json, colon + 1);
    const end = skipValue(json, start);
    // As everywhere in JSON, the last one counts.
    if (name === field && json[start] === OPEN_BRACKET)
      found = json.toString('utf8', start + 1, end - 1).trim();
    at = skipSpace(json, end);
    if (json[at] !== COMMA) break;
  }
  return found;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Blank, tab, line feed, carriage return. */
const SPACE: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d]);

function skipSpace(json: Buffer, from: number): number {
  let at = from;
  while (SPACE.has(json[at])) at += 1;
  return at;
}

/** From a quote to behind the one that ends the string. */
function skipString(json: Buffer, from: number): number {
  let at = from + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** To behind a value, whatever it is. */
function skipValue(json: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < json.length;) {
    const byte = json[at];
    if (byte === QUOTE) {
      at = skipString(json, at);
      if (depth === 0) return at;
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      // The end of what the value is in.
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (byte === COMMA && depth === 0) return at;
    at += 1;
  }
  return json.length;
}

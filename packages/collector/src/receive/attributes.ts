import { boolean, boundedText, double, integer, list, object, optional, text, type Tree } from './checked.ts';
import { Refused } from './refused.ts';

/** The value of an attribute; lists, maps and bytes become JSON text. */
export type AttributeValue = string | number | boolean;

/** Attributes by name. */
export type Attributes = ReadonlyMap<string, AttributeValue>;

/** How much one request may hold. */
export interface OtlpLimits {
  /** Points, spans or log records in one request. */
  readonly points: number;
  /** Attributes of one point, span, log record, event, link, scope or resource. */
  readonly attributes: number;
  /** Characters of a value, a body or a message; what is longer is cut. */
  readonly text: number;
}

/** Characters of a name. */
const MAX_NAME = 256;

/** How deep lists and maps in a value are read. */
const MAX_DEPTH = 8;

/** Reads attributes and values, and counts what a request holds. */
export class OtlpReader {
  readonly limits: OtlpLimits;
  #points = 0;

  constructor(limits: OtlpLimits) {
    this.limits = limits;
  }

  /** Takes note of points, spans or log records.  @throws Refused 413 past the limit */
  count(points: number): void {
    this.#points += points;
    if (this.#points > this.limits.points) {
      throw new Refused(413, `a request holds at most ${this.limits.points} points, spans or log records`);
    }
  }

  /** A name, cut where it is far too long. */
  name(value: unknown, what: string): string {
    return boundedText(value, what, MAX_NAME);
  }

  /** A message or body, cut where it is too long. */
  text(value: unknown, what: string): string {
    return boundedText(value, what, this.limits.text);
  }

  /** @throws Refused 413 when there are too many */
  attributes(value: unknown): Attributes {
    const entries = list(value, 'attributes');
    if (entries.length > this.limits.attributes) {
      throw new Refused(413, `there are at most ${this.limits.attributes} attributes`);
    }
    const attributes = new Map<string, AttributeValue>();
    for (const entry of entries) {
      const { key, value } = object(entry, 'attribute');
      const kept = this.value(value);
      if (kept !== undefined) attributes.set(this.name(key, 'key'), kept);
    }
    return attributes;
  }

  /** An `AnyValue`; `undefined` when there is none in it. */
  value(value: unknown): AttributeValue | undefined {
    const any = object(value ?? {}, 'value');
    return (
      optional(any['stringValue'], (given, what) => this.text(given, what), 'stringValue') ??
      optional(any['boolValue'], boolean, 'boolValue') ??
      optional(any['intValue'], integer, 'intValue') ??
      optional(any['doubleValue'], double, 'doubleValue') ??
      this.#structure(any)
    );
  }

  #structure(any: Tree): string | undefined {
    const structure = plain(any, MAX_DEPTH);
    if (structure === undefined) return undefined;
    return this.text(JSON.stringify(structure), 'value');
  }
}

/** An `AnyValue` as the JSON it stands for. */
function plain(any: Tree, depth: number): unknown {
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = any;
  const simple = stringValue ?? boolValue ?? doubleValue;
  if (simple !== undefined && simple !== null) return simple;
  if (intValue !== undefined && intValue !== null) return integer(intValue, 'intValue');
  if (bytesValue instanceof Uint8Array) return Buffer.from(bytesValue).toString('base64');
  if (bytesValue !== undefined && bytesValue !== null) return text(bytesValue, 'bytesValue');
  if (depth === 0) return arrayValue || kvlistValue ? '…' : undefined;
  const nested = (value: unknown): unknown => plain(object(value ?? {}, 'value'), depth - 1) ?? null;
  if (arrayValue) return list(object(arrayValue, 'arrayValue')['values'], 'values').map(nested);
  if (!kvlistValue) return undefined;
  const entries = list(object(kvlistValue, 'kvlistValue')['values'], 'values').map((entry) => {
    const { key, value } = object(entry, 'attribute');
    return [optional(key, text, 'key') ?? '', nested(value)] as const;
  });
  return Object.fromEntries(entries);
}

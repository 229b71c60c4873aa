import { decodeHuffman } from './huffman.ts';
import { STATIC_TABLE } from './qpack-static-table.ts';

/** Fields of an HTTP message in their order; names are in lower case. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** More fields than any honest request has. */
const MAX_FIELDS = 128;

/**
 * Decodes a field section (RFC 9204, section 4.5). Peers are told that there is no dynamic table, so that a reference
 * to one is an error.
 *
 * @throws Error when the bytes are no field section.
 */
export function decodeFields(block: Buffer): Fields {
  const reader = new FieldReader(block);
  const insertCount = reader.integer(8);
  reader.integer(7);
  if (insertCount !== 0) throw new Error('a field section refers to the dynamic table');

  const fields: (readonly [string, string])[] = [];
  while (!reader.done) {
    if (fields.length === MAX_FIELDS) throw new Error(`a field section has more than ${MAX_FIELDS} fields`);
    fields.push(reader.field());
  }
  return fields;
}

/** Encodes fields as literals. */
export function encodeFields(fields: Fields): Buffer {
  const parts: Buffer[] = [Buffer.from([0, 0])];
  for (const [name, value] of fields) {
    const nameBytes = Buffer.from(name, 'latin1');
    const valueBytes = Buffer.from(value, 'latin1');
    parts.push(integer(0x20, 3, nameBytes.byteLength), nameBytes);
    parts.push(integer(0, 7, valueBytes.byteLength), valueBytes);
  }
  return Buffer.concat(parts);
}

class FieldReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.byteLength;
  }

  field(): readonly [string, string] {
    const first = this.#byte(this.#offset);
    // Indexed, with a name from the table, or literal throughout; bit 6 or 4 tells which table.
    if (first & 0x80) {
      if (!(first & 0x40)) throw new Error('a field refers to the dynamic table');
      return staticField(this.integer(6));
    }
    if (first & 0x40) {
      if (!(first & 0x10)) throw new Error('a field name refers to the dynamic table');
      const [name] = staticField(this.integer(4));
      return [name, this.#string(7)];
    }
    if (first & 0x20) return [this.#string(3), this.#string(7)];
    throw new Error('a field refers to the dynamic table');
  }

  /** An integer in the last `bits` bits of this byte and, when they are all ones, in those that follow. */
  integer(bits: number): number {
    const limit = 2 ** bits - 1;
    let value = this.#byte(this.#offset++) & limit;
    if (value < limit) return value;
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.#byte(this.#offset++);
      value += (byte & 0x7f) * 2 ** shift;
      if (!(byte & 0x80)) return value;
    }
    throw new Error('an integer of a field section is too large');
  }

  #string(bits: number): string {
    const huffman = (this.#byte(this.#offset) & (1 << bits)) !== 0;
    const length = this.integer(bits);
    const end = this.#offset + length;
    if (end > this.#bytes.byteLength) throw new Error('a field section is cut short');
    const bytes = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return huffman ? decodeHuffman(bytes) : bytes.toString('latin1');
  }

  #byte(offset: number): number {
    const byte = this.#bytes[offset];
    if (byte === undefined) throw new Error('a field section is cut short');
    return byte;
  }
}

function staticField(index: number): readonly [string, string] {
  const field = STATIC_TABLE[index];
  if (!field) throw new Error(`the static table has no entry ${index}`);
  return field;
}

/** An integer in the last `bits` bits of a byte that begins with `flags`. */
function integer(flags: number, bits: number, value: number): Buffer {
  const limit = 2 ** bits - 1;
  if (value < limit) return Buffer.from([flags | value]);
  const bytes = [flags | limit];
  let rest = value - limit;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

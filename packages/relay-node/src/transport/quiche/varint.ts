/** How many bytes a variable-length integer has whose first byte this is (RFC 9000, section 16). */
export function varintLength(first: number): 1 | 2 | 4 | 8 {
  return (1 << (first >> 6)) as 1 | 2 | 4 | 8;
}

/**
 * The variable-length integer at `offset`, or `undefined` when not all of it is there.
 * Values past 2^53 lose their last bits; nothing that large is a legal length or identifier here.
 */
export function readVarint(bytes: Buffer, offset: number): number | undefined {
  const first = bytes[offset];
  if (first === undefined) return undefined;
  const length = varintLength(first);
  if (offset + length > bytes.byteLength) return undefined;
  switch (length) {
    case 1:
      return first;
    case 2:
      return bytes.readUInt16BE(offset) & 0x3fff;
    case 4:
      return bytes.readUInt32BE(offset) & 0x3fff_ffff;
    case 8:
      return (bytes.readUInt32BE(offset) & 0x3fff_ffff) * 2 ** 32 + bytes.readUInt32BE(offset + 4);
  }
}

/** How many bytes a value takes as a variable-length integer. */
export function varintSize(value: number): 1 | 2 | 4 | 8 {
  if (value < 0x40) return 1;
  if (value < 0x4000) return 2;
  return value < 0x4000_0000 ? 4 : 8;
}

/** Values as variable-length integers, one after the other. */
export function varints(...values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.reduce((total, value) => total + varintSize(value), 0));
  let offset = 0;
  for (const value of values) {
    const size = varintSize(value);
    if (size === 1) bytes.writeUInt8(value, offset);
    else if (size === 2) bytes.writeUInt16BE(value | 0x4000, offset);
    else if (size === 4) bytes.writeUInt32BE((value | 0x8000_0000) >>> 0, offset);
    else bytes.writeBigUInt64BE(BigInt(value) | 0xc000_0000_0000_0000n, offset);
    offset += size;
  }
  return bytes;
}

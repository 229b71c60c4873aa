/**
 * The length in bits of each symbol's code in the Huffman code of HPACK and QPACK (RFC 7541, appendix B): of the
 * bytes 0 to 255, and of the end-of-string symbol. The code is canonical, so the lengths say it all.
 */
const LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
const END_OF_STRING = 256;

/** For each length: the first code that has it, and the symbols whose codes follow one another from there. */
interface CodesOfLength {
  readonly first: number;
  readonly symbols: readonly number[];
}

const CODES = canonicalCodes();

function canonicalCodes(): readonly CodesOfLength[] {
  const byLength: CodesOfLength[] = [];
  let code = 0;
  for (let length = 0; length <= 30; length += 1) {
    const symbols = LENGTHS.flatMap((bits, symbol) => (bits === length ? [symbol] : []));
    byLength.push({ first: code, symbols });
    code = (code + symbols.length) * 2;
  }
  return byLength;
}

/**
 * Decodes a Huffman-coded string.
 *
 * @throws Error when the bytes are no such string.
 */
export function decodeHuffman(bytes: Uint8Array): string {
  const decoded: number[] = [];
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = code * 2 + ((byte >> bit) & 1);
      length += 1;
      const candidates = CODES[length];
      if (!candidates) throw new Error('a Huffman code is too long');
      const symbol = candidates.symbols[code - candidates.first];
      if (symbol === undefined) continue;
      if (symbol === END_OF_STRING) throw new Error('a Huffman-coded string holds an end of string');
      decoded.push(symbol);
      code = 0;
      length = 0;
    }
  }
  // What is left is padding: fewer than eight bits, all of them ones.
  if (length > 7 || code !== 2 ** length - 1) throw new Error('a Huffman-coded string has bad padding');
  return Buffer.from(decoded).toString('latin1');
}

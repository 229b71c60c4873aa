import { describe, expect, it } from 'vitest';

import { readOpusPackets } from './ogg.ts';

const HEAD = Buffer.from('OpusHead\u0001');
const TAGS = Buffer.from('OpusTags');

/** A page with these lengths in its segment table and these bytes after it. */
function page(lacing: readonly number[], body: Uint8Array): Buffer {
  const header = Buffer.alloc(27);
  header.write('OggS');
  header[26] = lacing.length;
  return Buffer.concat([header, Buffer.from(lacing), body]);
}

function bytes(length: number, value: number): Buffer {
  return Buffer.alloc(length, value);
}

const HEADERS = Buffer.concat([page([HEAD.length], HEAD), page([TAGS.length], TAGS)]);

describe('readOpusPackets', () => {
  it('joins packets of many segments, within a page and over pages', () => {
    const first = page([255, 10, 3, 255], Buffer.concat([bytes(265, 1), bytes(3, 2), bytes(255, 3)]));
    const second = page([0, 7], bytes(7, 4));
    const packets = readOpusPackets(Buffer.concat([HEADERS, first, second]));
    expect(packets.map((packet) => [packet.length, packet[0], packet.at(-1)])).toEqual([
      [265, 1, 1],
      [3, 2, 2],
      [255, 3, 3],
      [7, 4, 4],
    ]);
  });

  it.each([
    ['no headers', page([3], bytes(3, 1)), 'OpusHead'],
    ['no comments', page([HEAD.length], HEAD), 'OpusTags'],
    ['rubbish after a page', Buffer.concat([HEADERS, bytes(4, 7)]), `byte ${HEADERS.length}`],
    ['a page cut short', Buffer.concat([HEADERS, page([9], bytes(3, 1))]), 'within a page'],
    ['a packet that does not end', Buffer.concat([HEADERS, page([255], bytes(255, 1))]), 'within a packet'],
  ])('refuses a file with %s', (_, file, message) => {
    expect(() => readOpusPackets(file)).toThrow(message);
  });
});

import { describe, expect, it } from 'vitest';

import { makeCatalog, readCatalog } from './catalog.ts';
import { loadClip } from './clip/clip.ts';

function read(value: unknown): unknown {
  return readCatalog(new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)));
}

describe('the catalog', () => {
  it('says of the clip what a player needs', async () => {
    expect(makeCatalog(await loadClip())).toEqual({
      video: {
        renditions: {
          '720p': {
            codec: 'avc1.42c01f',
            container: { kind: 'legacy' },
            bitrate: expect.any(Number),
            jitter: 34,
            codedWidth: 1280,
            codedHeight: 720,
            framerate: 30,
            optimizeForLatency: true,
          },
          '360p': expect.objectContaining({ codec: 'avc1.42c01e', codedWidth: 640, codedHeight: 360 }),
        },
      },
      audio: {
        renditions: {
          audio: {
            codec: 'opus',
            container: { kind: 'legacy' },
            bitrate: 64_000,
            jitter: 20,
            sampleRate: 48_000,
            numberOfChannels: 2,
          },
        },
      },
    });
  });

  it('has no section for what the clip has not', async () => {
    const clip = await loadClip();
    const tracks = clip.tracks.filter(({ kind }) => kind === 'video');
    expect(makeCatalog({ ...clip, tracks })).not.toHaveProperty('audio');
  });

  it('is read in its order, the video first', async () => {
    expect(read(makeCatalog(await loadClip()))).toEqual([
      { name: '720p', kind: 'video' },
      { name: '360p', kind: 'video' },
      { name: 'audio', kind: 'audio' },
    ]);
  });

  it('may lack anything, and say anything else', () => {
    expect(read({})).toEqual([]);
    expect(read(null)).toEqual([]);
    expect(read({ video: { renditions: { a: 1 } }, audio: [], other: {} })).toEqual([
      { name: 'a', kind: 'video' },
    ]);
    expect(read({ video: { renditions: 'abc' }, audio: { renditions: null } })).toEqual([]);
  });

  it('is refused when it is no JSON, and bounded', () => {
    expect(() => read('{')).toThrow('no JSON');
    expect(() => readCatalog(Uint8Array.of(0x22, 0xff, 0x22))).toThrow('no JSON');
    expect(() => read('x'.repeat(300_000))).toThrow('too long');
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`v${index}`, {}]));
    expect(read({ video: { renditions: many } })).toHaveLength(64);
    expect(read({ audio: { renditions: { ['x'.repeat(257)]: {} } } })).toEqual([]);
  });
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { CLIP_FOLDER, type ClipDefinition, CLOCK_CLIP, loadClip } from './clip.ts';

/** Loads the picture of the committed clip under another definition, or with other bytes. */
async function load(change: Partial<ClipDefinition['tracks'][number]>, bytes?: Buffer): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'clip-'));
  try {
    const [video] = CLOCK_CLIP.tracks;
    if (video?.kind !== 'video') throw new Error('the first track is a picture');
    await writeFile(join(folder, video.file), bytes ?? (await readFile(join(CLIP_FOLDER, video.file))));
    return await loadClip(
      { seconds: CLOCK_CLIP.seconds, tracks: [{ ...video, ...change, kind: 'video' }] },
      folder,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('the committed clip', () => {
  it('has every frame of every track', async () => {
    const clip = await loadClip();
    expect(clip.tracks.map(({ name, codec, frames }) => [name, codec, frames.length])).toEqual([
      ['720p', 'avc1.42c01f', 300],
      ['360p', 'avc1.42c01e', 300],
      ['audio', 'opus', 500],
    ]);
    for (const track of clip.tracks) {
      expect(track.frames.length % track.framesPerGroup).toBe(0);
      expect(track.frames.every((frame) => frame.length > 0)).toBe(true);
    }
  });

  it('is small', async () => {
    const { tracks } = await loadClip();
    const bytes = Object.fromEntries(
      tracks.map(({ name, bitrate }) => [name, (bitrate * CLOCK_CLIP.seconds) / 8]),
    );
    expect(bytes['720p']).toBeLessThan(1_500_000);
    expect(bytes['360p']).toBeLessThan(500_000);
    expect(bytes['audio']).toBe(80_000);
  });

  it('loses no byte of a video file', async () => {
    const { tracks } = await loadClip();
    for (const { kind, file, frames } of tracks) {
      if (kind === 'video')
        expect(Buffer.concat(frames).equals(await readFile(join(CLIP_FOLDER, file)))).toBe(true);
    }
  });
});

describe('loadClip', () => {
  it('refuses another number of frames, and groups that do not start with a keyframe', async () => {
    await expect(load({ frameRate: 25 })).rejects.toThrow('300 frames and should have 250');
    await expect(load({ framesPerGroup: 60 })).rejects.toThrow('frame 30 of clock-720p.h264 is a keyframe');
    await expect(load({ framesPerGroup: 15 })).rejects.toThrow('frame 15 of clock-720p.h264 is no keyframe');
    await expect(load({}, Buffer.from('not a video'))).rejects.toThrow('no picture');
  });
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { LoadError } from '../error.ts';
import { readCodec, splitAccessUnits } from './annexb.ts';
import { readOpusPackets } from './ogg.ts';

/** What a track of a clip is, before its file is read. */
interface TrackDefinition {
  /** The name of the MoQ track. */
  readonly name: string;
  /** The file in the clip's folder. */
  readonly file: string;
  /** Frames per second, a whole number. */
  readonly frameRate: number;
  /** Frames per MoQ group; the first one of each can be decoded on its own. */
  readonly framesPerGroup: number;
}

/** A rendition of the picture: H.264 without B-frames, as an Annex B byte stream. */
export interface VideoDefinition extends TrackDefinition {
  readonly kind: 'video';
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

/** The sound: Opus in Ogg, one packet per frame. */
export interface AudioDefinition extends TrackDefinition {
  readonly kind: 'audio';
  /** Hertz. */
  readonly sampleRate: number;
  readonly channels: number;
}

/** A piece of media that is played over and over. */
export interface ClipDefinition {
  /** Its length in whole seconds. */
  readonly seconds: number;
  readonly tracks: readonly (VideoDefinition | AudioDefinition)[];
}

/** What reading a track's file adds. */
interface Media {
  /** The codec string of WebCodecs. */
  readonly codec: string;
  /** Bits per second of payload, on average. */
  readonly bitrate: number;
  /** The encoded frames; the one at index p is p / frameRate seconds into the clip. */
  readonly frames: readonly Uint8Array[];
}

/** A track of a loaded clip. */
export type ClipTrack = (VideoDefinition & Media) | (AudioDefinition & Media);

/** A clip in memory. */
export interface Clip {
  readonly seconds: number;
  readonly tracks: readonly ClipTrack[];
}

/** The channel that comes with this package: a clock, at 720p and 360p, with sound. */
export const CLOCK_CLIP: ClipDefinition = {
  seconds: 10,
  tracks: [
    {
      kind: 'video',
      name: '720p',
      file: 'clock-720p.h264',
      width: 1280,
      height: 720,
      frameRate: 30,
      framesPerGroup: 30,
    },
    {
      kind: 'video',
      name: '360p',
      file: 'clock-360p.h264',
      width: 640,
      height: 360,
      frameRate: 30,
      framesPerGroup: 30,
    },
    {
      kind: 'audio',
      name: 'audio',
      file: 'clock.ogg',
      sampleRate: 48_000,
      channels: 2,
      frameRate: 50,
      framesPerGroup: 25,
    },
  ],
};

/** Where the committed clips are. */
export const CLIP_FOLDER: string = join(import.meta.dirname, '..', '..', 'clips');

/**
 * Reads a clip into memory.
 *
 * @throws LoadError `clip` when a file does not hold what the definition says: another number of frames, or a
 * group that does not start with a keyframe.
 */
export async function loadClip(
  definition: ClipDefinition = CLOCK_CLIP,
  folder: string = CLIP_FOLDER,
): Promise<Clip> {
  const { seconds } = definition;
  return {
    seconds,
    tracks: await Promise.all(definition.tracks.map((track) => loadTrack(track, seconds, folder))),
  };
}

async function loadTrack(
  definition: VideoDefinition | AudioDefinition,
  seconds: number,
  folder: string,
): Promise<ClipTrack> {
  const bytes = await readFile(join(folder, definition.file));
  const frames = definition.kind === 'video' ? readVideo(definition, bytes) : readOpusPackets(bytes);
  const expected = seconds * definition.frameRate;
  if (frames.length !== expected) {
    throw new LoadError('clip', `${definition.file} has ${frames.length} frames and should have ${expected}`);
  }
  const total = frames.reduce((sum, frame) => sum + frame.length, 0);
  const codec = definition.kind === 'video' ? readCodec(bytes) : 'opus';
  return { ...definition, codec, frames, bitrate: Math.round((total * 8) / seconds) };
}

function readVideo({ file, framesPerGroup }: VideoDefinition, bytes: Uint8Array): Uint8Array[] {
  const units = splitAccessUnits(bytes);
  for (const [index, unit] of units.entries()) {
    if (unit.keyframe === (index % framesPerGroup === 0)) continue;
    throw new LoadError('clip', `frame ${index} of ${file} is ${unit.keyframe ? 'a' : 'no'} keyframe`);
  }
  return units.map((unit) => unit.data);
}

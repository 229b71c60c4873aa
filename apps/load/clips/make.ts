/**
 * Makes the clips of the synthetic channel: `node clips/make.ts` in apps/load, with ffmpeg (libx264, libopus) and
 * the font DejaVu on the machine. What it makes is committed; publishing needs neither.
 *
 * Pictures are drawn in ./picture.ts and sounds in ./sound.ts; the result is read back and checked to the frame.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import type { AudioDefinition, VideoDefinition } from '../src/clip/clip.ts';
import { CLIP_FOLDER, CLOCK_CLIP, loadClip } from '../src/clip/clip.ts';
import { readPosition } from '../src/position-pattern.ts';
import { drawFrame } from './picture.ts';
import { makeSound } from './sound.ts';

/** How each picture is encoded: by its height, in pixels. */
const ENCODINGS: Readonly<Record<number, { level: string; kilobitsPerSecond: number }>> = {
  720: { level: '3.1', kilobitsPerSecond: 1200 },
  360: { level: '3.0', kilobitsPerSecond: 400 },
};
/** Constant rate factor of x264: the lower, the better and bigger. */
const QUALITY = 26;

/** Runs ffmpeg with these arguments, in groups for the eye, and returns what it writes to stdout. */
async function ffmpeg(
  args: readonly (readonly string[])[],
  input?: AsyncIterable<Uint8Array>,
): Promise<Buffer> {
  const child = spawn('ffmpeg', ['-v', 'error', '-y', ...args.flat()], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = once(child, 'close');
  await pipeline(input ?? [], child.stdin);
  const [code] = await closed;
  if (code !== 0) throw new Error(`ffmpeg ended with ${String(code)}`);
  return Buffer.concat(chunks);
}

async function* drawFrames({ width, height, frameRate }: VideoDefinition): AsyncGenerator<Uint8Array> {
  const frames = CLOCK_CLIP.seconds * frameRate;
  for (let frame = 0; frame < frames; frame++) {
    const canvas = { width, height, pixels: new Uint8Array(width * height * 3) };
    drawFrame(canvas, { frame, frames, frameRate });
    yield canvas.pixels;
  }
}

/** Burns in a line of text; size and place are shares of the picture's height. */
function textLine(text: string, size: number, top: number, colour: string): string {
  return `drawtext=text='${text}':font=DejaVu Sans:fontsize=${size}*h:fontcolor=${colour}:x=w*0.53:y=h*${top}`;
}

/** Two digits of an expression over the frame's index, `n`. */
function twoDigits(expression: string): string {
  return String.raw`%{eif\:${expression}\:d\:2}`;
}

/** The words in the picture: the position as mm:ss.ff, and what one looks at. */
function words({ width, height, frameRate }: VideoDefinition): string {
  const minutes = twoDigits(`trunc(n/${60 * frameRate})`);
  const seconds = twoDigits(String.raw`mod(trunc(n/${frameRate})\,60)`);
  const frames = twoDigits(String.raw`mod(n\,${frameRate})`);
  return [
    textLine('MoQ test channel', 0.05, 0.26, 'white@0.85'),
    textLine(String.raw`${minutes}\:${seconds}.${frames}`, 0.165, 0.36, 'white'),
    textLine(`${width} x ${height}, ${frameRate} fps`, 0.04, 0.57, 'white@0.6'),
  ].join(',');
}

async function makeVideo(video: VideoDefinition): Promise<void> {
  const { width, height, frameRate, framesPerGroup } = video;
  const encoding = ENCODINGS[height];
  if (!encoding) throw new Error(`no encoding for a height of ${height}`);
  const rate = `${encoding.kilobitsPerSecond}k`;
  const group = `keyint=${framesPerGroup}:min-keyint=${framesPerGroup}:scenecut=0:open-gop=0:repeat-headers=1`;
  const x264 = `${group}:bframes=0:ref=1:threads=1`;
  await ffmpeg(
    [
      ['-f', 'rawvideo', '-pixel_format', 'rgb24', '-video_size', `${width}x${height}`],
      ['-framerate', `${frameRate}`, '-i', '-'],
      ['-vf', `${words(video)},scale=out_color_matrix=bt709:out_range=tv,format=yuv420p`],
      ['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv'],
      ['-c:v', 'libx264', '-preset', 'veryslow', '-profile:v', 'baseline', '-level', encoding.level],
      ['-crf', `${QUALITY}`, '-maxrate', rate, '-bufsize', rate, '-x264-params', x264],
      // Without the encoder's message about itself (SEI).
      ['-bsf:v', 'filter_units=remove_types=6', '-f', 'h264', join(CLIP_FOLDER, video.file)],
    ],
    drawFrames(video),
  );
}

/** Encodes the clip three times over and keeps the middle, whose end leads into its start. */
async function makeAudio({ file, sampleRate, channels }: AudioDefinition): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'clip-'));
  try {
    const pcm = join(folder, 'sound.pcm');
    const thrice = join(folder, 'sound.ogg');
    await writeFile(pcm, Buffer.from(makeSound(CLOCK_CLIP.seconds, 3).buffer));
    await ffmpeg([
      ['-f', 's16le', '-ar', `${sampleRate}`, '-ac', `${channels}`, '-i', pcm],
      ['-c:a', 'libopus', '-b:a', '64k', '-vbr', 'off', '-application', 'audio', '-frame_duration', '20'],
      [thrice],
    ]);
    // Packets are stamped a little early, by the encoder's delay: half a packet before the cut is between two.
    const cut = ['-ss', `${CLOCK_CLIP.seconds - 0.01}`, '-t', `${CLOCK_CLIP.seconds}`];
    await ffmpeg([['-i', thrice], cut, ['-c', 'copy', '-fflags', '+bitexact', join(CLIP_FOLDER, file)]]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Decodes what was made, at several sizes, and reads the position of every frame. */
async function verifyPositions({ file, frameRate }: VideoDefinition): Promise<void> {
  const sizes = [
    [1280, 720],
    [640, 360],
    [160, 90],
  ] as const;
  for (const [width, height] of sizes) {
    const scale = ['-vf', `scale=${width}:${height}`, '-f', 'rawvideo', '-pix_fmt', 'rgba', '-'];
    const rgba = await ffmpeg([['-i', join(CLIP_FOLDER, file)], scale]);
    const size = width * height * 4;
    for (let frame = 0; frame < CLOCK_CLIP.seconds * frameRate; frame++) {
      const read = readPosition({ width, height, data: rgba.subarray(frame * size, (frame + 1) * size) });
      if (read === frame) continue;
      throw new Error(`${file} at ${width}x${height}: frame ${frame} reads as ${String(read)}`);
    }
  }
}

for (const track of CLOCK_CLIP.tracks) {
  if (track.kind === 'audio') {
    await makeAudio(track);
  } else {
    await makeVideo(track);
    await verifyPositions(track);
  }
}
const clip = await loadClip();
for (const { file, frames, bitrate, codec } of clip.tracks) {
  process.stdout.write(`${file}: ${frames.length} frames, ${bitrate} bit/s, ${codec}\n`);
}

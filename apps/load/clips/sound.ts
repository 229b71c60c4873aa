/** The sound of the clip: a quiet chord under a bell on every second, the same when it starts over. */

const RATE = 48_000;

/** What libopus delays its input by at 48 kHz, in samples; the sound is made that much early. */
const OPUS_DELAY = 312;

/** Frequencies in Hz with a whole number of periods in any whole number of 100 ms, so that the chord has no seam. */
const CHORD = [110, 165, 220, 280, 330];
/** One bell per second, rising and coming home; the first second is the loudest. */
const BELLS = [880, 660, 740, 880, 990, 1110, 990, 880, 740, 660];

/**
 * Stereo sound as interleaved 16-bit PCM at 48 kHz.
 *
 * @param seconds the length of the clip, in whole seconds.
 * @param times how often the clip is repeated.
 */
export function makeSound(seconds: number, times: number): Int16Array<ArrayBuffer> {
  const length = seconds * RATE;
  const once = new Float64Array(length * 2);
  for (let sample = 0; sample < length; sample++) {
    const time = sample / RATE;
    const swell = 0.75 + 0.25 * Math.sin((2 * Math.PI * time) / seconds);
    for (const [index, frequency] of CHORD.entries()) {
      const value = (0.022 / Math.sqrt(index + 1)) * swell * Math.sin(2 * Math.PI * frequency * time + index);
      const pan = 0.5 + 0.3 * Math.sin((2 * Math.PI * time) / seconds + index);
      once[sample * 2]! += value * pan * 2;
      once[sample * 2 + 1]! += value * (1 - pan) * 2;
    }
  }
  for (let second = 0; second < seconds; second++) addBell(once, second, length);

  const pcm = new Int16Array(length * 2 * times);
  for (let index = 0; index < pcm.length; index++) {
    pcm[index] = Math.round((once[(index + OPUS_DELAY * 2) % once.length] ?? 0) * 32_767);
  }
  return pcm;
}

function addBell(sound: Float64Array, second: number, length: number): void {
  const frequency = BELLS[second % BELLS.length] ?? 880;
  const loudness = second === 0 ? 0.16 : 0.1;
  for (let sample = 0; sample < RATE * 1.5; sample++) {
    const time = sample / RATE;
    const attack = Math.min(1, time / 0.002);
    const tone =
      Math.sin(2 * Math.PI * frequency * time) * Math.exp(-time * 5) +
      0.3 * Math.sin(2 * Math.PI * frequency * 2.01 * time) * Math.exp(-time * 9);
    const at = ((second * RATE + sample) % length) * 2;
    sound[at]! += tone * attack * loudness;
    sound[at + 1]! += tone * attack * loudness;
  }
}

import { Drought } from './drought.ts';
import type { Medium, PlaybackFact, PlayerEvent, Rendition, StopCause } from './events.ts';
import { type ClockReading, latencyOf } from './latency.ts';
import { switchDirection } from './quality.ts';
import { Stalls } from './stalls.ts';
import { Throughput } from './throughput.ts';

/** From one look at buffer, latency and the like to the next while playing, in milliseconds. */
const LOOK_INTERVAL = 1000;

/** Playheads that have not moved for this long cannot be compared, in milliseconds. */
const MAX_PLAYHEAD_AGE = 250;

const MEDIA: readonly Medium[] = ['video', 'audio'];

const NOTHING: readonly never[] = [];

/** The clocks latency is told by. */
export interface Clocks {
  /** The relay's. */
  readonly relay: (at: number) => ClockReading | undefined;
  /** Unix time at 0 of the monotonic clock, in milliseconds, as the page's own clock has it. */
  readonly own: () => number;
}

/**
 * One playback of one broadcast from its first frame on: what happens in the player goes in, what the viewer
 * experienced comes out. It may be told everything later than it happened.
 */
export class Playback {
  readonly #clocks: Clocks;
  readonly #stalls = new Stalls();
  readonly #droughts: Readonly<Record<Medium, Drought>> = { video: new Drought(), audio: new Drought() };
  readonly #throughput: Readonly<Record<Medium, Throughput>> = {
    video: new Throughput(),
    audio: new Throughput(),
  };
  #started = false;
  #wanted = false;
  #hidden: boolean;
  #lookAt: number | undefined;
  #rendered: { readonly media: number; readonly at: number } | undefined;
  #rendition: Rendition | undefined;
  #rtt: number | undefined;
  #lostAt: number | undefined;
  #back = false;

  /** @param hidden whether the page is hidden to begin with */
  constructor(hidden: boolean, clocks: Clocks) {
    this.#hidden = hidden;
    this.#clocks = clocks;
  }

  /** Whether a stall that counts is under way. */
  get stalled(): boolean {
    return this.#stalls.stalled;
  }

  /**
   * Takes an event of the time `at`, in milliseconds. Times ascend, except that the end of a broadcast may be told
   * after the fact.
   */
  handle(event: PlayerEvent, at: number): readonly PlaybackFact[] {
    switch (event.type) {
      case 'frame':
        return this.#frame(at, event.media);
      case 'progress':
        if (!this.#wanted || this.#hidden) return NOTHING;
        this.#droughts[event.medium].progress(at, event.media);
        return this.#judge(at);
      case 'sample':
        if (!this.#wanted || this.#hidden) return NOTHING;
        this.#throughput[event.medium].observe(at, event.received);
        this.#droughts[event.medium].sample(at, event);
        return joined(this.#judge(at), this.#look(at));
      case 'idle':
        this.#droughts[event.medium].rest();
        this.#throughput[event.medium].rest(event.received);
        return this.#judge(at);
      case 'play':
        this.#wanted = true;
        return NOTHING;
      case 'stop':
        return this.#stop(event.cause, at);
      case 'show':
        this.#hidden = false;
        return NOTHING;
      case 'withdrawn':
        this.#stalls.hold();
        return NOTHING;
      case 'reinstated':
        this.#stalls.release();
        return NOTHING;
      case 'switch':
        this.#stalls.switchRequested(at);
        return NOTHING;
      case 'switched':
        this.#stalls.switched();
        return NOTHING;
      case 'rendition':
        return this.#select(event.rendition, at);
      case 'rtt':
        this.#rtt = event.milliseconds;
        return NOTHING;
      case 'lost':
        this.#rtt = undefined;
        this.#lostAt ??= at;
        this.#back = false;
        return [{ type: 'lost', at }];
      case 'connected':
        this.#back = true;
        return this.#lostAt === undefined ? NOTHING : [{ type: 'restored', at }];
      default:
        return NOTHING;
    }
  }

  /** Tells how much time was spent in stalls up to `at`, and how many bytes came, that was not told before. */
  totals(at: number): readonly PlaybackFact[] {
    const facts: PlaybackFact[] = [];
    const stalled = this.#stalls.take(at);
    if (this.#started) facts.push({ type: 'stalled', at, seconds: stalled / 1000 });
    for (const medium of MEDIA) {
      const bytes = this.#throughput[medium].takeBytes();
      if (bytes > 0) facts.push({ type: 'bytes', at, medium, bytes });
    }
    return facts;
  }

  #frame(at: number, media: number | undefined): readonly PlaybackFact[] {
    this.#started = true;
    if (media !== undefined) this.#rendered = { media, at };
    if (this.#lostAt === undefined || !this.#back) return NOTHING;
    const seconds = (at - this.#lostAt) / 1000;
    this.#lostAt = undefined;
    return [{ type: 'reconnect', at, seconds }];
  }

  #stop(cause: StopCause, at: number): readonly PlaybackFact[] {
    if (cause === 'hide') this.#hidden = true;
    else if (cause !== 'end') this.#wanted = false;
    const facts = [...this.#stalls.end(at), ...this.totals(at)];
    for (const medium of MEDIA) {
      this.#droughts[medium].rest();
      this.#throughput[medium].rest();
    }
    this.#lookAt = undefined;
    this.#rendered = undefined;
    this.#lostAt = undefined;
    return facts;
  }

  #judge(at: number): readonly PlaybackFact[] {
    if (!this.#started) return NOTHING;
    const { video, audio } = this.#droughts;
    const since = Math.min(video.since ?? Infinity, audio.since ?? Infinity);
    return this.#stalls.update(at, since === Infinity ? undefined : since);
  }

  #select(rendition: Rendition, at: number): readonly PlaybackFact[] {
    const before = this.#rendition;
    this.#rendition = rendition;
    if (!before || before.track === rendition.track) return NOTHING;
    return [{ type: 'switch', at, direction: switchDirection(before, rendition), rendition }];
  }

  /** What is looked at once a second while playing. */
  #look(at: number): readonly PlaybackFact[] {
    if (!this.#started) return NOTHING;
    const last = this.#lookAt;
    if (last !== undefined && at < last + LOOK_INTERVAL) return NOTHING;
    // What was missed is not made up for: a page that was held up was not looked at.
    this.#lookAt = last === undefined ? at : at - ((at - last) % LOOK_INTERVAL);
    const facts: PlaybackFact[] = [];
    for (const medium of MEDIA) {
      const bitsPerSecond = this.#throughput[medium].takeRate(at);
      if (last !== undefined && bitsPerSecond !== undefined) {
        facts.push({ type: 'bitrate', at, medium, bitsPerSecond });
      }
    }
    if (last === undefined) return NOTHING;
    if (this.#rtt !== undefined) facts.push({ type: 'rtt', at, seconds: this.#rtt / 1000 });
    return this.#stalls.stalled ? facts : [...facts, ...this.#playheads(at)];
  }

  #playheads(at: number): readonly PlaybackFact[] {
    const facts: PlaybackFact[] = [];
    for (const medium of MEDIA) {
      const { ahead } = this.#droughts[medium];
      if (ahead !== undefined) facts.push({ type: 'buffer', at, medium, seconds: ahead / 1000 });
    }
    const rendered = this.#rendered;
    this.#rendered = undefined;
    if (rendered) {
      const { relay, own } = this.#clocks;
      const latency = latencyOf(rendered.at, rendered.media, relay(rendered.at), own());
      facts.push(
        'seconds' in latency
          ? { type: 'latency', at, seconds: latency.seconds }
          : { type: 'latency-unavailable', at, reason: latency.unavailable },
      );
    }
    const video = this.#droughts.video.playhead;
    const audio = this.#droughts.audio.playhead;
    if (video && audio && at - Math.min(video.at, audio.at) <= MAX_PLAYHEAD_AGE) {
      // Both move with time: the one that was seen earlier has gone on since.
      const drift = video.media - video.at - (audio.media - audio.at);
      facts.push({
        type: 'drift',
        at,
        ahead: drift > 0 ? 'video' : 'audio',
        seconds: Math.abs(drift) / 1000,
      });
    }
    return facts;
  }
}

/** Both one after the other; mostly there is nothing. */
function joined(some: readonly PlaybackFact[], more: readonly PlaybackFact[]): readonly PlaybackFact[] {
  if (some.length === 0) return more;
  return more.length === 0 ? some : [...some, ...more];
}

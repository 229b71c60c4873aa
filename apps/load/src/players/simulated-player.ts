import {
  client,
  namespaceOf,
  type Stream,
  type TrackType,
  type Transport,
  transports,
} from '@moq-observability/moq-metrics';

import { Increments } from './increments.ts';

/** Something a player tells as it happens. */
export interface PlayerEvent {
  /** By the player's clock, in Unix milliseconds. */
  readonly time: number;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** How well it plays, where chance is not to decide. */
export interface Experience {
  /** Capture to render, in milliseconds. */
  readonly latency?: number | undefined;
  /** Play intent to first frame, in milliseconds. */
  readonly startup?: number | undefined;
  /** Share of the time that is stalled, below 1. */
  readonly stalled?: number | undefined;
}

/** Where a simulated viewer watches, and how. */
export interface SimulatedPlayerOptions {
  readonly broadcast: string;
  readonly experience: Experience;
  /** From 0 up to and without 1. */
  readonly random: () => number;
}

/** Seconds between stalls, on average, and how long one lasts. */
const STALLS = { every: 45, mean: 1.5, least: 0.25 } as const;

/** Seconds between changes of the rendition, on average. */
const SWITCH_EVERY = 60;

const FRAMES_PER_SECOND = 30;
const RENDITIONS = ['video/720p', 'video/360p'] as const;

/**
 * A viewer who watches a broadcast: starts, plays, stalls now and then, changes the rendition, and leaves. Everything
 * measured is a multiple of 1/1024, so that sums of it are the same in whatever order they are added up.
 */
export class SimulatedPlayer {
  readonly transport: Transport;
  readonly #random: () => number;
  readonly #stream: Stream;
  readonly #startup: number;
  readonly #latency: number;
  /** Seconds played between stalls, on average. */
  readonly #stallEvery: number;
  readonly #bitrate: number;
  readonly #rtt: number;
  #age = 0;
  #started = false;
  /** Time played that was not sampled yet, in seconds. */
  #unsampled = 0;
  /** Frames played that were not counted yet. */
  #frames = 0;
  /** What is left of the stall under way, in seconds, and how long it has lasted. */
  #stall: { left: number; lasted: number } | undefined;
  #rendition = 0;
  #increments = new Increments();
  #events: PlayerEvent[] = [];

  constructor({ broadcast, experience, random }: SimulatedPlayerOptions) {
    this.#random = random;
    this.#stream = { namespace: namespaceOf(broadcast), broadcast };
    this.transport = random() < 0.9 ? transports[0] : transports[1];
    const { startup, latency, stalled } = experience;
    const chance = [0.15 + exponential(random) * 0.3, 0.08 + exponential(random) * 0.12] as const;
    this.#startup = measured(startup === undefined ? chance[0] : startup / 1000);
    this.#latency = latency === undefined ? chance[1] : latency / 1000;
    this.#stallEvery =
      stalled === undefined ? STALLS.every : ((STALLS.least + STALLS.mean) * (1 - stalled)) / stalled;
    this.#bitrate = 2e6 + random() * 3e6;
    this.#rtt = 0.01 + exponential(random) * 0.04;
    this.#increments.add(client.playAttempts, this.#stream);
    this.#increments.add(client.connections, { transport: this.transport, result: 'ok' });
  }

  /** Whether the first frame was seen. */
  get started(): boolean {
    return this.#started;
  }

  /** Seconds from play intent to first frame. */
  get startup(): number {
    return this.#startup;
  }

  /** The rendition that is shown. */
  get rendition(): string {
    return RENDITIONS[this.#rendition]!;
  }

  /**
   * Watches on.
   *
   * @param seconds how long
   * @param now the player's clock at the end of it, in Unix milliseconds
   */
  watch(seconds: number, now: number): void {
    const time = measured(seconds);
    this.#age += time;
    this.#increments.add(client.watchedSeconds, this.#stream, time);
    if (!this.#started) this.#start(now);
    else this.#play(time, now);
  }

  /** Leaves: a start under way counts as exited, and a stall ends. */
  leave(now: number): void {
    if (!this.#started) {
      const outcome = this.#age < 1 ? 'bounced' : 'exited';
      this.#increments.add(client.playOutcomes, { ...this.#stream, outcome });
    }
    if (this.#stall) this.#endStall(this.#stall.lasted, now);
    this.#tell(now, 'session.end');
  }

  /** What was counted since the last time. */
  takeIncrements(): Increments {
    const increments = this.#increments;
    this.#increments = new Increments();
    return increments;
  }

  /** What happened since the last time. */
  takeEvents(): readonly PlayerEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #start(now: number): void {
    if (this.#age < this.#startup) return;
    this.#started = true;
    const { transport } = this;
    this.#increments.add(client.playOutcomes, { ...this.#stream, outcome: 'started' });
    this.#increments.observe(client.startupTime, { ...this.#stream, transport }, this.#startup);
    for (const phase of client.startupPhases) {
      const share = measured(this.#startup / client.startupPhases.length);
      this.#increments.observe(client.startupPhase, { phase, transport }, share);
    }
    this.#tell(now, 'playback.started', { 'network.transport.name': transport, 'moq.track': this.rendition });
  }

  #play(seconds: number, now: number): void {
    const stalled = this.#stallFor(seconds, now);
    const played = seconds - stalled;
    this.#unsampled += played;
    while (this.#unsampled >= 1) {
      this.#unsampled -= 1;
      this.#sample();
    }
    this.#frames += played * FRAMES_PER_SECOND;
    const frames = Math.floor(this.#frames);
    this.#frames -= frames;
    if (frames > 0) this.#increments.add(client.framesDecoded, this.#stream, frames);
    if (this.#happens(seconds, SWITCH_EVERY)) this.#switch(now);
  }

  /** @returns how much of the time was spent in stalls */
  #stallFor(seconds: number, now: number): number {
    if (!this.#stall) {
      if (!this.#happens(seconds, this.#stallEvery)) return 0;
      this.#stall = { left: measured(STALLS.least + exponential(this.#random) * STALLS.mean), lasted: 0 };
      this.#increments.add(client.rebufferCount, this.#stream);
      this.#tell(now, 'stall.start', { 'moq.track_type': 'video' });
    }
    const stall = this.#stall;
    const stalled = Math.min(seconds, stall.left);
    stall.left -= stalled;
    stall.lasted += stalled;
    this.#increments.add(client.stalledSeconds, this.#stream, stalled);
    if (stall.left === 0) this.#endStall(stall.lasted, now);
    return stalled;
  }

  #endStall(lasted: number, now: number): void {
    this.#stall = undefined;
    this.#increments.observe(client.rebufferDuration, this.#stream, lasted);
    this.#tell(now, 'stall.end', { 'moq.track_type': 'video' });
  }

  #switch(now: number): void {
    const down = this.#rendition === 0;
    this.#rendition = down ? 1 : 0;
    this.#increments.add(client.qualitySwitches, { ...this.#stream, switch: down ? 'down' : 'up' });
    this.#tell(now, 'quality.switch', { 'moq.track': this.rendition, 'moq.track_type': 'video' });
  }

  /** What is measured once a second. */
  #sample(): void {
    const jitter = 0.7 + 0.6 * this.#random();
    this.#increments.observe(client.latency, this.#stream, measured(this.#latency * jitter));
    this.#increments.observe(client.rtt, { transport: this.transport }, measured(this.#rtt * jitter));
    this.#sampleTrack('video', (this.#rendition === 0 ? 1 : 0.3) * this.#bitrate * jitter, jitter);
    this.#sampleTrack('audio', 128_000 * jitter, jitter);
  }

  #sampleTrack(track_type: TrackType, bitrate: number, jitter: number): void {
    const bytes = Math.round(bitrate / 8);
    const labels = { ...this.#stream, track_type };
    this.#increments.observe(client.bufferLength, labels, measured(0.2 * jitter));
    this.#increments.observe(client.bitrate, labels, bytes * 8);
    this.#increments.add(client.mediaReceivedBytes, labels, bytes);
  }

  #happens(seconds: number, every: number): boolean {
    return this.#random() < 1 - Math.exp(-seconds / every);
  }

  #tell(time: number, name: string, attributes: Readonly<Record<string, string>> = {}): void {
    this.#events.push({ time, name, attributes });
  }
}

/** The nearest multiple of 1/1024. */
function measured(seconds: number): number {
  return Math.round(seconds * 1024) / 1024;
}

/** A waiting time of mean 1. */
function exponential(random: () => number): number {
  return -Math.log(1 - random());
}

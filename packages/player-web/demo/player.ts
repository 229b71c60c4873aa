import { Signals } from '@moq/watch';
import { MoqObservedPlayer } from '../src/element.ts';
import type { Fact, Medium, Observation } from '../src/index.ts';
import type { PageDecoders } from '../src/webcodecs.ts';
import type { Settings } from './settings.ts';

/** What the viewer experienced so far. */
export interface Experience {
  /** Seconds from play intent to first frame; undefined before it, or when it could not be measured. */
  readonly startup: number | undefined;
  readonly stalls: number;
  /** Seconds in stalls that are over. */
  readonly stalledSeconds: number;
  readonly stalledNow: boolean;
  /** Seconds, as of the last look; undefined when it is not known. */
  readonly latency: number | undefined;
  /** Why latency is not known. */
  readonly latencyUnavailable: string | undefined;
  /** Seconds of picture that are ahead. */
  readonly buffer: number | undefined;
  /** Bits per second of picture and sound. */
  readonly bitrate: Readonly<Partial<Record<Medium, number>>>;
  /** Seconds. */
  readonly rtt: number | undefined;
}

const NOTHING: Experience = {
  startup: undefined,
  stalls: 0,
  stalledSeconds: 0,
  stalledNow: false,
  latency: undefined,
  latencyUnavailable: undefined,
  buffer: undefined,
  bitrate: {},
  rtt: undefined,
};

/** What is known once one more fact is. */
function learn(before: Experience, fact: Fact): Experience {
  switch (fact.type) {
    case 'startup':
      return { ...before, startup: fact.seconds };
    case 'stall':
      return { ...before, stalls: before.stalls + 1, stalledNow: true };
    case 'stall-end':
      return { ...before, stalledSeconds: before.stalledSeconds + fact.seconds, stalledNow: false };
    case 'latency':
      return { ...before, latency: fact.seconds, latencyUnavailable: undefined };
    case 'latency-unavailable':
      return { ...before, latency: undefined, latencyUnavailable: fact.reason };
    case 'buffer':
      return fact.medium === 'video' ? { ...before, buffer: fact.seconds } : before;
    case 'bitrate':
      return { ...before, bitrate: { ...before.bitrate, [fact.medium]: fact.bitsPerSecond } };
    case 'rtt':
      return { ...before, rtt: fact.seconds };
    default:
      return before;
  }
}

/** One broadcast being played, from the click to the next one. */
export class Player {
  readonly name: string;
  readonly element: MoqObservedPlayer;
  readonly experience: Signals.Signal<Experience> = new Signals.Signal<Experience>(NOTHING);
  /** While this is set, no connection lasts. */
  readonly offline: Signals.Signal<boolean> = new Signals.Signal(false);

  /** Whether there is a picture on the canvas. */
  readonly picture: Signals.Signal<boolean> = new Signals.Signal(false);

  /** Plays a broadcast, muted, in a part of the page. */
  constructor(stage: HTMLElement, name: string, settings: Settings, decoders: PageDecoders) {
    this.name = name;
    const canvas = document.createElement('canvas');
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', `Live picture of ${name}`);
    this.element = new MoqObservedPlayer();
    this.element.options = {
      endpoint: settings.collector,
      intent: performance.now(),
      decoders,
      onFact: (fact) => this.experience.update((before) => learn(before, fact)),
      ...(settings.intervalSeconds !== undefined && { intervalSeconds: settings.intervalSeconds }),
    };
    this.element.append(canvas);
    this.element.muted = true;
    // A page that watches waits for its relay for as long as it takes.
    this.element.connection.delay = { initial: 500, multiplier: 2, max: 4000, timeout: 0 };
    this.element.connection.websocket = { enabled: settings.transport !== 'webtransport' };
    this.element.signals.subscribe(this.element.renderer.out.frame, (frame) => {
      this.picture.set(frame !== undefined);
    });
    this.element.signals.run((effect) => {
      if (effect.get(this.offline)) effect.get(this.element.connection.established)?.close();
    });
    this.element.url = settings.relay;
    this.element.name = name;
    stage.append(this.element);
  }

  /** What is reported of it, while it plays. */
  get observation(): Observation | undefined {
    return this.element.observation;
  }

  close(): void {
    this.element.remove();
    this.element.signals.close();
  }
}

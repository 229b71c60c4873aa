import type { PlayerEvent, StartFact } from './events.ts';
import type { PlaybackError, StartupPhase } from './terms.ts';
import { WatchedTime } from './watched-time.ts';

type State = 'idle' | 'starting' | 'failed' | 'done';

const NOTHING: readonly StartFact[] = [];

/** Who leaves this soon after the intent bounced, in milliseconds. */
const BOUNCE = 1000;

/** The phases a start goes through, by the event that ends each. */
const PHASES: Partial<Record<PlayerEvent['type'], StartupPhase>> = {
  connected: 'connect',
  announced: 'announce',
  catalog: 'catalog',
  received: 'subscribe',
  frame: 'first_frame',
};

/**
 * The start of one playback of one broadcast, its connections, and how long it was watched.
 *
 * Startup time is play intent to first frame rendered (video startup time of CTA-2066), once per playback. It is not
 * observed when the page was hidden in between; a pause before the first frame takes the intent back, and the next one
 * is another attempt. Each attempt has one outcome: started; failed by a fatal error before the first frame; exited, or
 * bounced within a second (exit before video start of CTA-2066).
 */
export class Startup {
  readonly #watched = new WatchedTime();
  #state: State = 'idle';
  #hidden: boolean;
  #wanted = false;
  #paused = false;
  /** Whether the time from the intent on says nothing: the page was hidden meanwhile. */
  #tainted = false;
  /** Whether the player played before it was observed: that attempt was not seen. */
  #underWay = false;
  #intent = 0;
  /** Since when the phase under way lasts. */
  #mark = 0;
  #dialled = false;
  readonly #phases = new Set<StartupPhase>();

  /** @param hidden whether the page is hidden to begin with */
  constructor(hidden: boolean) {
    this.#hidden = hidden;
  }

  /** Whether a frame was rendered since the player was asked to play. */
  get done(): boolean {
    return this.#state === 'done';
  }

  /** Takes an event of the time `at`, in milliseconds. */
  handle(event: PlayerEvent, at: number): readonly StartFact[] {
    const phase = this.#phase(event, at);
    return phase ? [phase, ...this.#handle(event, at)] : this.#handle(event, at);
  }

  /** Tells how much was watched up to `at` and was not told before. */
  watched(at: number): StartFact {
    return { type: 'watched', at, seconds: this.#watched.take(at) / 1000 };
  }

  #handle(event: PlayerEvent, at: number): readonly StartFact[] {
    switch (event.type) {
      case 'play':
        return this.#play(at, event.underWay);
      case 'stop':
        if (event.cause === 'hide') return this.#hide(at);
        if (event.cause !== 'end') return this.#leave(at, event.cause === 'pause');
        this.#watched.stop(at);
        return NOTHING;
      case 'show':
        this.#hidden = false;
        if (this.#wanted) this.#watched.start(at);
        return NOTHING;
      case 'fail':
        return this.#fail(at, event.error);
      case 'connected': {
        const { transport, fallback } = event;
        return [{ type: 'connection', at, transport, result: fallback ? 'fallback' : 'ok' }];
      }
      case 'refused':
        return event.tried.map((transport) => ({ type: 'connection', at, transport, result: 'failed' }));
      case 'frame':
        return this.#frame(at);
      default:
        return NOTHING;
    }
  }

  #play(at: number, underWay: boolean): readonly StartFact[] {
    this.#wanted = true;
    if (!this.#hidden) this.#watched.start(at);
    const resumed = this.#paused && this.#state === 'done';
    this.#paused = false;
    if (this.#state === 'done') return resumed ? [{ type: 'resumed', at }] : NOTHING;
    if (this.#state === 'starting') return NOTHING;
    this.#state = 'starting';
    this.#tainted = this.#hidden;
    this.#underWay = underWay;
    this.#intent = at;
    this.#mark = at;
    this.#dialled = false;
    this.#phases.clear();
    return underWay ? NOTHING : [{ type: 'attempt', at }];
  }

  /** The page is hidden: browsers hold rendering up, so what is measured now would say nothing of the stream. */
  #hide(at: number): readonly StartFact[] {
    this.#hidden = true;
    this.#tainted = true;
    this.#watched.stop(at);
    return NOTHING;
  }

  #leave(at: number, paused: boolean): readonly StartFact[] {
    this.#wanted = false;
    this.#watched.stop(at);
    if (this.#state === 'done') {
      if (!paused || this.#paused) return NOTHING;
      this.#paused = true;
      return [{ type: 'paused', at }];
    }
    const started = this.#state === 'starting';
    this.#state = 'idle';
    if (!started || this.#underWay) return NOTHING;
    return [this.#outcome(at, at - this.#intent < BOUNCE ? 'bounced' : 'exited')];
  }

  #fail(at: number, error: PlaybackError): readonly StartFact[] {
    const failure: StartFact = { type: 'failure', at, error, started: this.#state === 'done' };
    this.#watched.stop(at);
    if (this.#state !== 'starting') return [failure];
    this.#state = 'failed';
    return this.#underWay ? [failure] : [failure, this.#outcome(at, 'failed')];
  }

  #frame(at: number): readonly StartFact[] {
    // A broadcast that had ended, or a player that had failed, goes on after all.
    if (this.#wanted && !this.#hidden) this.#watched.start(at);
    const state = this.#state;
    if (state === 'idle' || state === 'done') return NOTHING;
    this.#state = 'done';
    if (state === 'failed' || this.#underWay) return NOTHING;
    const started = this.#outcome(at, 'started');
    if (this.#tainted) return [started];
    return [{ type: 'startup', at, seconds: Math.max(0, at - this.#intent) / 1000 }, started];
  }

  #outcome(at: number, outcome: 'started' | 'failed' | 'exited' | 'bounced'): StartFact {
    return { type: 'outcome', at, outcome, seconds: Math.max(0, at - this.#intent) / 1000 };
  }

  /** A phase lasts from the end of the one before it; each is told once per attempt. */
  #phase(event: PlayerEvent, at: number): StartFact | undefined {
    if (this.#state !== 'starting') return undefined;
    // What lies between the catalog and the subscription is the choice of a rendition.
    if (event.type === 'rendition' && !this.#phases.has('subscribe')) this.#mark = at;
    if (event.type === 'dial' && !this.#dialled && this.#phases.size === 0) {
      this.#dialled = true;
      this.#mark = at;
    }
    const phase = PHASES[event.type];
    if (phase === undefined || this.#phases.has(phase)) return undefined;
    const seconds = Math.max(0, at - this.#mark) / 1000;
    this.#phases.add(phase);
    this.#mark = at;
    if (this.#tainted || this.#underWay) return undefined;
    return { type: 'phase', at, phase, seconds };
  }
}

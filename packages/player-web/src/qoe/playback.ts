import { Drought } from './drought.ts';
import type { Fact, Medium, PlayerEvent, StopCause } from './events.ts';
import { Stalls } from './stalls.ts';
import { Startup } from './startup.ts';

/** One playback of one broadcast: what happens in the player goes in, what the viewer experienced comes out. */
export class Playback {
  readonly #startup = new Startup();
  readonly #stalls = new Stalls();
  readonly #droughts: Readonly<Record<Medium, Drought>> = { video: new Drought(), audio: new Drought() };
  #wanted = false;
  #hidden: boolean;

  /** @param hidden whether the page is hidden to begin with */
  constructor(hidden: boolean) {
    this.#hidden = hidden;
  }

  /**
   * Takes an event of the time `at`, in milliseconds. Times ascend, except that the end of a broadcast may be told
   * after the fact.
   */
  handle(event: PlayerEvent, at: number): readonly Fact[] {
    switch (event.type) {
      case 'play':
        this.#wanted = true;
        this.#startup.play(at, this.#hidden || event.underWay);
        return [];
      case 'stop':
        return this.#stop(event.cause, at);
      case 'show':
        this.#hidden = false;
        return [];
      case 'frame':
        return this.#startup.frame(at);
      case 'progress':
        if (!this.#wanted || this.#hidden) return [];
        this.#droughts[event.medium].progress(at, event.media);
        return this.#judge(at);
      case 'sample':
        if (!this.#wanted || this.#hidden) return [];
        this.#droughts[event.medium].sample(at, event);
        return this.#judge(at);
      case 'idle':
        this.#droughts[event.medium].rest();
        return this.#judge(at);
      case 'withdrawn':
        this.#stalls.hold();
        return [];
      case 'reinstated':
        this.#stalls.release();
        return [];
      case 'switch':
        this.#stalls.switchRequested(at);
        return [];
      case 'switched':
        this.#stalls.switched();
        return [];
    }
  }

  #stop(cause: StopCause, at: number): readonly Fact[] {
    if (cause === 'hide') {
      this.#hidden = true;
      this.#startup.hide();
    } else if (cause !== 'end') {
      this.#wanted = false;
      this.#startup.cancel();
    }
    for (const drought of Object.values(this.#droughts)) drought.rest();
    return this.#stalls.end(at);
  }

  #judge(at: number): readonly Fact[] {
    if (!this.#startup.done) return [];
    const since = Object.values(this.#droughts).flatMap((drought) => drought.since ?? []);
    return this.#stalls.update(at, since.length > 0 ? Math.min(...since) : undefined);
  }
}

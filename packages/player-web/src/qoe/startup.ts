import type { Fact } from './events.ts';

type State = 'idle' | 'starting' | 'tainted' | 'done';

/**
 * Startup time: play intent to first frame rendered (video startup time of CTA-2066). Once per playback. Not
 * observed when the page was hidden in between; a pause before the first frame takes the intent back, and the next
 * one counts from there.
 */
export class Startup {
  #state: State = 'idle';
  #intent = 0;

  /** Whether a frame was rendered since the player was asked to play. */
  get done(): boolean {
    return this.#state === 'done';
  }

  /**
   * The player is asked to play.
   *
   * @param tainted whether the time from here on says nothing: the page is hidden, or a frame is on the screen already
   */
  play(at: number, tainted: boolean): void {
    if (this.#state !== 'idle') return;
    this.#state = tainted ? 'tainted' : 'starting';
    this.#intent = at;
  }

  /** The page is hidden: browsers hold rendering up, so what is measured now would say nothing of the stream. */
  hide(): void {
    if (this.#state === 'starting') this.#state = 'tainted';
  }

  /** The intent is taken back: paused before anything was seen. */
  cancel(): void {
    if (this.#state !== 'done') this.#state = 'idle';
  }

  /** A frame is rendered. */
  frame(at: number): readonly Fact[] {
    const state = this.#state;
    if (state === 'idle' || state === 'done') return [];
    this.#state = 'done';
    return state === 'starting'
      ? [{ type: 'startup', at, seconds: Math.max(0, at - this.#intent) / 1000 }]
      : [];
  }
}

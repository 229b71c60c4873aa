/**
 * The `<moq-observed-player>` custom element: a `<moq-watch>` that is observed.
 *
 * Side-effectful: importing this registers the element, and `<moq-watch>`.
 *
 * @module
 */
import MoqWatch from '@moq/watch/element';
import { type Observation, observePlayer } from './observe.ts';
import type { ObserveOptions } from './options.ts';

/**
 * Plays a broadcast as `<moq-watch>` does, by all of its attributes, and reports what the viewer experiences to
 * `endpoint`. It brings its canvas along when it is given none.
 *
 * ```html
 * <moq-observed-player url="https://relay.example/live" name="channel.hang" endpoint="https://collector.example">
 * </moq-observed-player>
 * ```
 *
 * Further attributes are `interval` (seconds from one report to the next) and `trace-sampling` (0 to 1). What cannot be
 * written as an attribute is set as {@link MoqObservedPlayer.options} before the element is put into the page. Without
 * an endpoint it plays and is not observed.
 */
export class MoqObservedPlayer extends MoqWatch {
  /** Options besides those that attributes set. */
  options: Partial<ObserveOptions> = {};
  #observation: Observation | undefined;

  /** The observation while the element is in the page and has an endpoint. */
  get observation(): Observation | undefined {
    return this.#observation;
  }

  override connectedCallback(): void {
    if (!this.querySelector('canvas')) this.append(document.createElement('canvas'));
    const { endpoint, ...options } = { ...this.options, ...this.#attributes() };
    try {
      // Before it connects: the session then goes along with the URL.
      if (endpoint !== undefined) this.#observation = observePlayer(this, { ...options, endpoint });
    } finally {
      super.connectedCallback(); // It plays, whatever is wrong with its options.
    }
  }

  override disconnectedCallback(): void {
    void this.#observation?.close();
    this.#observation = undefined;
    super.disconnectedCallback();
  }

  #attributes(): Partial<ObserveOptions> {
    const endpoint = this.getAttribute('endpoint');
    const interval = this.getAttribute('interval');
    const sampling = this.getAttribute('trace-sampling');
    return {
      ...(endpoint !== null && { endpoint }),
      ...(interval !== null && { intervalSeconds: Number(interval) }),
      ...(sampling !== null && { traceSampling: Number(sampling) }),
    };
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'moq-observed-player': MoqObservedPlayer;
  }
}

customElements.define('moq-observed-player', MoqObservedPlayer);

import type { Stream } from '@moq-observability/moq-metrics';
import type { PlayerEvent, PlayerTransport, StartFact } from '../qoe/events.ts';

/** What is known of the connection. */
export interface Link {
  readonly transport: PlayerTransport;
  /** The protocol that was negotiated. */
  readonly version: string;
}

/** What the core hands on. Times are milliseconds on the clock of `performance.now()`. */
export type Entry =
  /** Another broadcast is played from now on, or none. */
  | {
      readonly type: 'begin';
      readonly at: number;
      readonly stream: Stream | undefined;
      readonly hidden: boolean;
      readonly link: Link | undefined;
    }
  | { readonly type: 'event'; readonly at: number; readonly event: PlayerEvent }
  /** `counted`: a report of the core's own has it in its metrics. */
  | { readonly type: 'fact'; readonly fact: StartFact; readonly counted: boolean };

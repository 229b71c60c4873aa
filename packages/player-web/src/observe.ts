import { client, namespaceOf, type Stream, type Transport, transports } from '@moq-observability/moq-metrics';
import { type CheckedOptions, checkOptions, type ObserveOptions } from './options.ts';
import { Reporter } from './otel/reporter.ts';
import type { ReportCounts } from './otel/sender.ts';
import type { Fact, PlayerEvent } from './qoe/events.ts';
import { Playback } from './qoe/playback.ts';
import { randomSessionId } from './session-id.ts';
import { type PlayerListener, WatchAdapter } from './watch-adapter.ts';
import { missingSignal, type WatchElement } from './watch-element.ts';

/** A player that is being observed. */
export interface Observation extends AsyncDisposable {
  /** The random id of this observation: `session.id` in telemetry, `session` in the connect URL. */
  readonly sessionId: string;
  /** What became of the reports so far. */
  readonly reports: ReportCounts;
  /** Sends what there is, now. Never rejects. */
  flush(): Promise<void>;
  /**
   * Ends the observation: the viewer leaves. Releases everything and resolves when the last report is delivered or
   * given up. Never rejects.
   */
  close(): Promise<void>;
}

/**
 * Observes a `<moq-watch>` element: measures what the viewer experiences, and reports it as OTLP metrics. Playback
 * goes on untouched whatever becomes of the reports; the console is told once when they cannot be delivered.
 *
 * @throws TypeError when the element is no `<moq-watch>`, or naming the option that is wrong
 */
export function observePlayer(element: WatchElement, options: ObserveOptions): Observation {
  const checked = checkOptions(options);
  const missing = missingSignal(element);
  if (missing !== undefined) {
    throw new TypeError(
      `observePlayer: element must be a <moq-watch> of @moq/watch 0.4 that is defined by now; it has no ${missing}`,
    );
  }
  const observation = new PlayerObservation(element, checked);
  checked.log.info('[Observability] Initialized');
  return observation;
}

class PlayerObservation implements Observation, PlayerListener {
  readonly sessionId: string = randomSessionId();
  readonly #options: CheckedOptions;
  readonly #reporter: Reporter;
  readonly #adapter: WatchAdapter;
  #stream: Stream | undefined;
  #transport: Transport | undefined;
  #playback: Playback | undefined;
  #started = false;
  #closed: Promise<void> | undefined;

  constructor(element: WatchElement, options: CheckedOptions) {
    this.#options = options;
    const { endpoint, headers, interval, intent, linkSession, log } = options;
    this.#reporter = new Reporter({
      endpoint,
      headers,
      interval,
      session: this.sessionId,
      warn: (message) => log.warn(`[Observability] ${message}`),
    });
    this.#adapter = new WatchAdapter(element, this, {
      ...(linkSession && { session: this.sessionId }),
      ...(intent !== undefined && { intent }),
    });
    this.#adapter.start();
  }

  get reports(): ReportCounts {
    return this.#reporter.counts;
  }

  flush(): Promise<void> {
    return this.#closed ?? this.#reporter.flush();
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  onBroadcast(broadcast: string | undefined): void {
    this.#leave();
    this.#reporter.about({ broadcast });
    this.#started = false;
    if (broadcast === undefined) return;
    this.#stream = { namespace: namespaceOf(broadcast), broadcast };
    this.#playback = new Playback(document.visibilityState === 'hidden');
  }

  onConnected(transport: string): void {
    this.#transport = transports.find((known) => known === transport);
    this.#reporter.about({ transport });
  }

  onEvent(event: PlayerEvent, at: number): void {
    if (event.type === 'frame' && !this.#started && this.#stream) {
      this.#started = true;
      // From here on there can be stalls: 0 is a count of them, and lets rates see the first.
      this.#reporter.metrics.add(client.rebufferCount, this.#stream, 0);
    }
    this.#record(this.#playback?.handle(event, at) ?? []);
    if (event.type === 'stop' && event.cause === 'hide') void this.#reporter.flush();
  }

  #end(): Promise<void> {
    this.#adapter.close();
    this.#leave();
    return this.#reporter.close();
  }

  #leave(): void {
    this.#record(this.#playback?.handle({ type: 'stop', cause: 'leave' }, performance.now()) ?? []);
    this.#playback = undefined;
    this.#stream = undefined;
  }

  #record(facts: readonly Fact[]): void {
    for (const fact of facts) {
      if (this.#stream) this.#count(fact, this.#stream);
      try {
        this.#options.onFact(fact);
      } catch (error) {
        reportError(error); // The page's own mistake, told where the page's mistakes are told.
      }
    }
  }

  #count(fact: Fact, stream: Stream): void {
    const { metrics } = this.#reporter;
    if (fact.type === 'stall') metrics.add(client.rebufferCount, stream);
    if (fact.type === 'startup' && this.#transport) {
      metrics.observe(client.startupTime, { ...stream, transport: this.#transport }, fact.seconds);
    }
  }
}

import { namespaceOf, type Stream } from '@moq-observability/moq-metrics';
import { Backlog } from './backlog.ts';
import { type CheckedOptions, checkOptions, type ObserveOptions } from './options.ts';
import { DeltaMetrics } from './otel/delta-metrics.ts';
import type { Entry, Link } from './otel/entry.ts';
import { measureStart } from './otel/measure-start.ts';
import { Outbox, type ReportCounts } from './otel/outbox.ts';
import { plainReport } from './otel/plain-report.ts';

import type { Telemetry } from './otel/telemetry.ts';
import type { Fact, PlayerEvent, StartFact } from './qoe/events.ts';
import { Startup } from './qoe/startup.ts';
import type { PlaybackError } from './qoe/terms.ts';
import { randomSessionId } from './session-id.ts';
import { randomTrace, type TraceContext, traceparent } from './trace-context.ts';
import { type PlayerListener, WatchAdapter } from './watch-adapter.ts';
import { decodingOf, missingSignal, type WatchElement } from './watch-element.ts';
import type { PlayerDecoding } from './webcodecs/page-decoders.ts';

/** Who waits this long for a first frame is told of, in milliseconds. */
const PATIENCE = 3000;

/** A player that is being observed. */
export interface Observation extends AsyncDisposable {
  /** The random id of this observation: `session.id` in telemetry, `session` in the connect URL. */
  readonly sessionId: string;
  /** The trace of the start, 32 hex digits: in the connect URL's `traceparent`, and so in the relay's logs. */
  readonly traceId: string;
  /** What became of the reports so far. */
  readonly reports: ReportCounts;
  /** Tells of a fatal error that the page knows of and the player does not, such as a token that was refused. */
  fail(error: PlaybackError): void;
  /** Sends what there is, now. Never rejects. */
  flush(): Promise<void>;
  /**
   * Ends the observation: the viewer leaves. Releases everything and resolves when the last report is delivered or
   * given up. Never rejects.
   */
  close(): Promise<void>;
}

/**
 * Observes a `<moq-watch>` element: measures what the viewer experiences, and reports it over OTLP. Playback goes on
 * untouched whatever becomes of the reports; the console is told once when they cannot be delivered.
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

/**
 * What runs from the first moment on: it watches, knows the start, and keeps the rest until the part that measures
 * playback and speaks all of OTLP is loaded. That begins after the first frame, so as not to be in its way; who never
 * gets to see one is reported from here.
 */
class PlayerObservation implements Observation, PlayerListener {
  readonly sessionId: string = randomSessionId();
  readonly #trace: TraceContext;
  readonly #element: WatchElement;
  readonly #options: CheckedOptions;
  readonly #outbox: Outbox;
  readonly #adapter: WatchAdapter;
  readonly #decoding: PlayerDecoding | undefined;
  readonly #backlog = new Backlog();
  readonly #beat: ReturnType<typeof setInterval>;
  #patience: ReturnType<typeof setTimeout> | undefined;
  readonly #metrics = new DeltaMetrics(Date.now());
  #stream: Stream | undefined;
  #link: Link | undefined;
  #startup: Startup | undefined;
  #telemetry: Telemetry | undefined;
  #loading: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(element: WatchElement, options: CheckedOptions) {
    this.#element = element;
    this.#options = options;
    const { endpoint, headers, interval, intent, linkSession, traceSampling, decoders, log } = options;
    this.#trace = randomTrace(Math.random() < traceSampling);
    const warn = (message: string): void => log.warn(`[Observability] ${message}`);
    this.#outbox = new Outbox({ endpoint, headers, session: this.sessionId, warn });
    const link = { session: this.sessionId, traceparent: traceparent(this.#trace) };
    this.#adapter = new WatchAdapter(element, this, {
      ...(linkSession && { link }),
      ...(intent !== undefined && { intent }),
    });
    this.#decoding = decoders?.attach(decodingOf(element));
    this.#adapter.start();
    this.#beat = setInterval(() => this.#report(), interval);
  }

  get traceId(): string {
    return this.#trace.traceId;
  }

  get reports(): ReportCounts {
    return this.#outbox.counts;
  }

  fail(error: PlaybackError): void {
    this.onEvent({ type: 'fail', error }, performance.now());
  }

  flush(): Promise<void> {
    return this.#closed ?? this.#flush();
  }

  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  onBroadcast(broadcast: string | undefined): void {
    const at = performance.now();
    this.#leave(at);
    if (!this.#telemetry) this.#report();
    const hidden = document.visibilityState === 'hidden';
    this.#stream = broadcast === undefined ? undefined : { namespace: namespaceOf(broadcast), broadcast };
    this.#startup = this.#stream && new Startup(hidden);
    this.#hand({ type: 'begin', at, stream: this.#stream, hidden, link: this.#link });
  }

  onEvent(event: PlayerEvent, at: number): void {
    const startup = this.#startup;
    if (!startup || this.#closed) return;
    // What comes all the time says nothing of a start.
    if (event.type === 'progress' || event.type === 'sample' || event.type === 'idle') {
      this.#handEvent(event, at);
      return;
    }
    if (event.type === 'connected') this.#link = { transport: event.transport, version: event.version };
    if (event.type === 'show' || event.type === 'play') this.#outbox.hurried = false;
    const facts = startup.handle(event, at);
    this.#handEvent(event, at);
    for (const fact of facts) this.#know(fact);
    if (startup.done || event.type === 'fail') void this.#load();
    if (event.type === 'stop' && (event.cause === 'hide' || event.cause === 'leave')) {
      this.#outbox.hurried = true;
      void this.#flush();
    }
  }

  #leave(at: number): void {
    if (!this.#startup) return;
    const event: PlayerEvent = { type: 'stop', cause: 'leave' };
    this.#handEvent(event, at);
    for (const fact of this.#startup.handle(event, at)) this.#know(fact);
    this.#settle();
    this.#startup = undefined;
  }

  async #end(): Promise<void> {
    this.#adapter.close();
    clearInterval(this.#beat);
    clearTimeout(this.#patience);
    this.#leave(performance.now());
    if (this.#telemetry) await this.#telemetry.close();
    else this.#report();
    this.#decoding?.detach();
    await this.#outbox.flush();
  }

  async #flush(): Promise<void> {
    if (this.#telemetry) await this.#telemetry.collect();
    else this.#report();
    await this.#outbox.flush();
  }

  /** Tells how much was watched up to now. */
  #settle(): void {
    if (this.#startup) this.#know(this.#startup.watched(performance.now()));
  }

  #know(fact: StartFact): void {
    this.#hand({ type: 'fact', fact, counted: false });
    if (fact.type === 'attempt') {
      clearTimeout(this.#patience);
      this.#patience = setTimeout(() => this.#lookAfter(), PATIENCE);
    }
    if (fact.type !== 'watched') this.#tell(fact);
  }

  #tell(fact: Fact): void {
    try {
      this.#options.onFact(fact);
    } catch (error) {
      reportError(error); // The page's own mistake, told where the page's mistakes are told.
    }
  }

  #hand(entry: Entry): void {
    if (this.#telemetry) this.#telemetry.take(entry);
    else this.#backlog.add(entry);
  }

  #handEvent(event: PlayerEvent, at: number): void {
    if (this.#telemetry) this.#telemetry.takeEvent(event, at);
    else this.#backlog.add({ type: 'event', at, event });
  }

  /** The first frame is long in coming: that it is must not be lost with the page. */
  #lookAfter(): void {
    if (this.#startup?.done !== false) return;
    this.#report();
    void this.#load();
  }

  /** One plain report of the start as far as it is known, while nothing better is loaded. */
  #report(): void {
    if (this.#telemetry || !this.#stream) return;
    this.#settle();
    const facts = this.#backlog.count();
    if (facts.length === 0) return;
    const { broadcast } = this.#stream;
    const transport = this.#link?.transport;
    for (const { fact } of facts) measureStart(this.#metrics, fact, this.#stream, transport);
    const { traceId } = this.#trace;
    const subject = { session: this.sessionId, traceId, broadcast, transport };
    this.#outbox.push('metrics', plainReport(this.#metrics, subject, Date.now()));
  }

  #load(): Promise<void> {
    this.#loading ??= this.#loadTelemetry();
    return this.#loading;
  }

  async #loadTelemetry(): Promise<void> {
    try {
      const { createTelemetry } = await import('./otel/telemetry.ts');
      if (this.#closed) return;
      const { interval } = this.#options;
      this.#telemetry = createTelemetry({
        session: this.sessionId,
        trace: this.#trace,
        interval,
        outbox: this.#outbox,
        decoding: this.#decoding,
        relay: () => this.#element.connection.url.peek(),
        settle: () => this.#settle(),
        tell: (fact) => this.#tell(fact),
      });
      for (const entry of this.#backlog.take()) this.#telemetry.take(entry);
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.#options.log.warn(`[Observability] only the start is reported, the rest did not load: ${cause}`);
    }
  }
}

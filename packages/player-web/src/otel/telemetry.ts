import { attributes as names, events, spans, type Stream } from '@moq-observability/moq-metrics';
import { type Attributes, type Context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { ClockSync } from '../clock-sync.ts';
import type { Fact, PlaybackFact, PlayerEvent, StartFact } from '../qoe/events.ts';
import { Playback } from '../qoe/playback.ts';
import type { TraceContext } from '../trace-context.ts';
import type { PlayerDecoding } from '../webcodecs/page-decoders.ts';
import type { Entry, Link } from './entry.ts';
import { Delivery } from './delivery.ts';
import { EventLog } from './event-log.ts';
import { measureDecoding } from './measure-decoding.ts';
import { measurePlayback } from './measure-playback.ts';
import { measureStart } from './measure-start.ts';
import { OtelMeters } from './otel-meters.ts';
import type { Outbox } from './outbox.ts';
import { resourceOf } from './resource.ts';
import { end, Tracing } from './tracing.ts';

/** Stalls are told as they begin and end, but no more often than this, in milliseconds. */
const TOLD_EVERY = 1000;

/** What telemetry is made of. */
export interface TelemetryOptions {
  /** The session's id. */
  readonly session: string;
  /** The trace that the connect URL told. */
  readonly trace: TraceContext;
  /** From one report to the next, in milliseconds. */
  readonly interval: number;
  readonly outbox: Outbox;
  /** What the player's decoders do, where they are measured. */
  readonly decoding: PlayerDecoding | undefined;
  /** The URL that is connected to. */
  readonly relay: () => URL | undefined;
  /** Has the core tell what was watched up to now. */
  readonly settle: () => void;
  /** Told of each fact of playback. */
  readonly tell: (fact: Fact) => void;
}

/** The part that is loaded after the first frame: it measures playback, and tells it all over OTLP. */
export interface Telemetry {
  take(entry: Entry): void;
  /** The same as taking it as an entry, of which there would be a great many. */
  takeEvent(event: PlayerEvent, at: number): void;
  /** Makes reports of what there is, to be delivered. */
  collect(): Promise<void>;
  /** The session ends: the last reports are made. */
  close(): Promise<void>;
}

/** Makes the telemetry of a session. */
export function createTelemetry(options: TelemetryOptions): Telemetry {
  return new SessionTelemetry(options);
}

class SessionTelemetry implements Telemetry {
  readonly #options: TelemetryOptions;
  readonly #meters = new OtelMeters();
  readonly #tracing: Tracing;
  readonly #log: EventLog;
  readonly #clock: ClockSync;
  readonly #delivery: Delivery;
  readonly #timer: ReturnType<typeof setInterval>;
  #playback: Playback | undefined;
  #stream: Stream | undefined;
  #link: Link | undefined;
  #track: string | undefined;
  #greeted = false;
  #startFacts: StartFact[] = [];
  #stall: Span | undefined;
  #telling: ReturnType<typeof setTimeout> | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(options: TelemetryOptions) {
    this.#options = options;
    const resource = resourceOf({
      session: options.session,
      traceId: options.trace.traceId,
      broadcast: undefined,
      transport: undefined,
    });
    this.#tracing = new Tracing(options.trace, resource);
    this.#log = new EventLog(resource);
    this.#clock = new ClockSync(options.relay);
    this.#delivery = new Delivery(options.outbox);
    this.#timer = setInterval(() => void this.collect(), options.interval);
  }

  take(entry: Entry): void {
    switch (entry.type) {
      case 'begin':
        this.#begin(entry);
        break;
      case 'event':
        this.takeEvent(entry.event, entry.at);
        break;
      case 'fact':
        this.#know(entry.fact, entry.counted);
        break;
    }
  }

  takeEvent(event: PlayerEvent, at: number): void {
    if (event.type === 'connected') this.#link = { transport: event.transport, version: event.version };
    if (event.type === 'rendition') this.#track = event.rendition.track;
    const facts = this.#playback?.handle(event, at);
    if (facts !== undefined && facts.length > 0) this.#record(facts);
  }

  async collect(): Promise<void> {
    this.#options.settle();
    this.#record(this.#playback?.totals(performance.now()) ?? []);
    const { outbox, decoding, session, trace: start } = this.#options;
    if (decoding && this.#stream) measureDecoding(this.#meters, decoding.take(), this.#stream);
    const broadcast = this.#stream?.broadcast;
    const subject = { session, traceId: start.traceId, broadcast, transport: this.#link?.transport };
    // What is told by one event of the page goes out with it: the SDK takes some turns to read its metrics.
    this.#tellEvents();
    const traces = this.#tracing.collect();
    if (traces !== undefined) outbox.push('traces', traces);
    const metrics = await this.#meters.collect(resourceOf(subject));
    if (metrics !== undefined) outbox.push('metrics', metrics);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#telling);
    this.#clock.close();
    this.#emit(events.sessionEnd, performance.now());
    await this.collect();
    this.#delivery.close();
    await Promise.all([this.#meters.close(), this.#tracing.close(), this.#log.close()]);
  }

  #begin({ at, stream, hidden, link }: Extract<Entry, { type: 'begin' }>): void {
    if (this.#playback) void this.collect();
    this.#link = link ?? this.#link;
    this.#track = undefined;
    this.#startFacts = [];
    this.#playback =
      stream &&
      new Playback(hidden, {
        relay: (time) => this.#clock.read(time),
        own: () => Date.now() - performance.now(),
      });
    if (!stream) return;
    this.#stream = stream;
    if (!this.#greeted) this.#emit(events.sessionStart, at);
    this.#greeted = true;
  }

  #know(fact: StartFact, counted: boolean): void {
    if (!this.#stream) return;
    if (!counted) measureStart(this.#meters, fact, this.#stream, this.#link?.transport);
    switch (fact.type) {
      case 'attempt':
        this.#startFacts = [fact];
        this.#emit(events.playbackIntent, fact.at);
        break;
      case 'phase':
        this.#startFacts.push(fact);
        break;
      case 'failure':
        this.#fail(fact);
        break;
      case 'outcome':
        this.#startSpans(fact);
        if (fact.outcome === 'started') this.#emit(events.playbackStarted, fact.at);
        break;
      case 'paused':
        this.#emit(events.playbackPaused, fact.at);
        break;
      case 'resumed':
        this.#emit(events.playbackResumed, fact.at);
        break;
      default:
    }
  }

  #startSpans({ at, outcome, seconds }: Extract<StartFact, { type: 'outcome' }>): void {
    const failure = this.#startFacts.find((fact) => fact.type === 'failure');
    const phases = this.#startFacts
      .filter((fact) => fact.type === 'phase')
      .map((phase) => ({ ...phase, at: unix(phase.at) }));
    const error = outcome === 'failed' ? (failure?.error ?? 'other') : undefined;
    this.#tracing.startup(unix(at - seconds * 1000), unix(at), phases, this.#attributes(), error);
    this.#startFacts = [];
  }

  #fail(fact: Extract<StartFact, { type: 'failure' }>): void {
    this.#startFacts.push(fact);
    this.#emit(events.playbackError, fact.at, { [names.errorType.name]: fact.error });
    if (fact.started) {
      end(
        this.#tracing.incident(spans.playbackFailure, unix(fact.at), this.#attributes()),
        unix(fact.at),
        fact.error,
      );
    }
  }

  #record(facts: readonly PlaybackFact[]): void {
    for (const fact of facts) {
      if (!this.#stream) return;
      measurePlayback(this.#meters, fact, this.#stream, this.#link?.transport);
      this.#narrate(fact);
      this.#options.tell(fact);
    }
  }

  #narrate(fact: PlaybackFact): void {
    switch (fact.type) {
      case 'stall': {
        this.#stall = this.#tracing.incident(spans.playbackStall, unix(fact.at), this.#attributes());
        this.#emit(events.stallStart, fact.at, {}, trace.setSpan(ROOT_CONTEXT, this.#stall));
        this.#tellSoon();
        break;
      }
      case 'stall-end': {
        const stall = this.#stall;
        if (!stall) break;
        this.#emit(events.stallEnd, fact.at, {}, trace.setSpan(ROOT_CONTEXT, stall));
        end(stall, unix(fact.at));
        this.#stall = undefined;
        this.#tellSoon();
        break;
      }
      case 'switch':
        this.#emit(events.qualitySwitch, fact.at);
        break;
      case 'lost':
        this.#emit(events.connectionLost, fact.at);
        break;
      case 'restored':
        this.#emit(events.connectionRestored, fact.at);
        break;
      case 'reconnect': {
        const from = unix(fact.at - fact.seconds * 1000);
        end(this.#tracing.incident(spans.playbackReconnect, from, this.#attributes()), unix(fact.at));
        break;
      }
      default:
    }
  }

  /** Who looks at a viewer that stalls is not to wait for the next report. */
  #tellSoon(): void {
    this.#telling ??= setTimeout(
      () => this.#tellEvents(),
      Math.max(0, this.#toldAt + TOLD_EVERY - performance.now()),
    );
  }

  #tellEvents(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    this.#toldAt = performance.now();
    const logs = this.#log.collect();
    if (logs !== undefined) this.#options.outbox.push('logs', logs);
  }

  #emit(
    definition: typeof events.sessionStart,
    at: number,
    more: Attributes = {},
    context: Context = this.#tracing.context,
  ): void {
    this.#log.emit(definition, unix(at), { ...this.#attributes(), ...more }, context);
  }

  /** All that is known; of it each span and each event takes what the schema gives it. */
  #attributes(): Attributes {
    return {
      [names.sessionId.name]: this.#options.session,
      [names.moqNamespace.name]: this.#stream?.namespace,
      [names.moqBroadcast.name]: this.#stream?.broadcast,
      [names.networkTransport.name]: this.#link?.transport,
      [names.version.name]: this.#link?.version,
      [names.track.name]: this.#track,
      [names.trackType.name]: this.#track === undefined ? undefined : 'video',
    };
  }
}

/** A time of `performance.now()` as Unix milliseconds, by the page's own clock as it is now. */
function unix(at: number): number {
  return at + Date.now() - performance.now();
}

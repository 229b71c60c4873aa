import { attributes as names, client, namespaceOf } from '@moq-observability/moq-metrics';
import type { Addition, Catalogue, MergeableMetric } from '@moq-observability/moq-metrics/merge';
import type { Attributes, OtlpLimits } from '../receive/attributes.ts';
import { idOf } from '../receive/checked.ts';
import type { Grant } from '../receive/grants.ts';
import type { Delivery, Receipt, Sender } from '../receive/http.ts';
import {
  type HistogramPoint,
  type NumberPoint,
  readMetrics,
  type ResourceMetrics,
} from '../receive/metrics.ts';
import { Digest } from '../sessions/digest.ts';
import type { Session } from '../sessions/session.ts';
import type { Sessions, Subject } from '../sessions/sessions.ts';
import type { SampleRow } from '../store/store.ts';
import type { Telemetry } from '../telemetry.ts';
import { type AudienceBook, audienceView } from './audience.ts';
import type { Example, Fleet } from './fleet.ts';
import { judgeMetric, Rejections } from './judge.ts';
import type { KnownStreams } from './known-streams.ts';
import type { Ledger } from './ledger.ts';
import { impossible, type SessionTime } from './plausible.ts';
import { isSessionId } from './reports.ts';

/** What a report goes through, in this order. */
export interface MergerOptions {
  readonly limits: OtlpLimits;
  readonly catalogue: Catalogue;
  readonly audience: AudienceBook;
  readonly sessions: Sessions;
  readonly fleet: Fleet;
  readonly ledger: Ledger;
  readonly telemetry: Telemetry;
  /** All broadcasts have series of their own when it is left out. */
  readonly known?: KnownStreams | undefined;
  /** Told of every report that was added, as it came in; what it returns is awaited before the report is acknowledged. */
  readonly onAccepted?: (delivery: Delivery) => Promise<unknown>;
  /** Told of what each report said of its session. */
  readonly onSample?: (sample: SampleRow) => void;
}

/** Whose points have examples: what one looks for a trace of. */
const EXEMPLARY: ReadonlySet<MergeableMetric> = new Set<MergeableMetric>([
  client.startupTime,
  client.latency,
  client.rebufferDuration,
  client.rebufferCount,
  client.playbackFailures,
]);

/** The shortest and the longest time from one report to the next that is believed, in milliseconds. */
const HEARTBEATS = { least: 1_000, most: 300_000 } as const;

/** Reports a player keeps while the collector is away, and the least time they stand for, in seconds. */
const BACKLOG = { reports: 30, least: 600 } as const;

/** What the points of a request are added under. */
interface Context {
  readonly sender: Sender;
  readonly subject: Subject;
  readonly session: Session | undefined;
  readonly digest: Digest;
  readonly rejections: Rejections;
  readonly time: SessionTime | undefined;
  readonly now: number;
}

/**
 * Adds reports to the fleet: read, looked up among those seen, judged by the schema and by what is possible, added, and
 * made safe. A report is read before it counts as seen, so a mangled one may be sent again.
 */
export class Merger {
  readonly #options: MergerOptions;

  constructor(options: MergerOptions) {
    this.#options = options;
  }

  /**
   * Takes a report. Everything but making it safe happens before this returns.
   *
   * @param now Unix milliseconds of a clock that never goes back
   * @throws Refused when it is not shaped like OTLP
   */
  take(delivery: Delivery, now: number): Promise<Receipt> {
    const { limits, ledger } = this.#options;
    const receipt = this.#merge(readMetrics(delivery.request, limits), delivery, now);
    return Promise.all([ledger.commit(), receipt.passedOn]).then(() => receipt);
  }

  #merge(
    resources: readonly ResourceMetrics[],
    delivery: Delivery,
    now: number,
  ): Receipt & { readonly passedOn?: Promise<unknown> | undefined } {
    const { sessions, telemetry, ledger, onAccepted, onSample } = this.#options;
    const { sender, report } = delivery;
    const subject = this.#subject(resources[0]?.attributes, sender);
    const id = report?.session ?? sessionIdOf(resources[0]?.attributes);
    const before = id === undefined ? undefined : sessions.find(id);
    if (report && before?.seen.has(report.sequence)) {
      telemetry.report('duplicate');
      return { rejected: 0, message: '' };
    }
    const time = id === undefined ? undefined : timeOf(before, now);
    const session = id === undefined ? undefined : sessions.hear(id, subject, now);
    if (report) session?.seen.add(report.sequence);
    const context: Context = {
      sender,
      subject,
      session,
      digest: new Digest(),
      rejections: new Rejections(),
      time,
      now,
    };
    const added = this.#addAll(resources, context);
    const { rejections, digest } = context;
    for (const [reason, points] of rejections.reasons) telemetry.rejectedPoints(reason, points);
    telemetry.report(added === 0 && rejections.points > 0 ? 'rejected' : 'accepted');
    if (session) {
      sessions.report(session, digest, now);
      const sample = sampleOf(session, digest, report?.sequence ?? Math.round(now), now);
      ledger.note(session, sample);
      onSample?.(sample);
    }
    return {
      rejected: rejections.points,
      message: rejections.message,
      passedOn: added > 0 ? onAccepted?.(delivery) : undefined,
    };
  }

  /** @returns how many points were added */
  #addAll(resources: readonly ResourceMetrics[], context: Context): number {
    const { catalogue, telemetry } = this.#options;
    let added = 0;
    let latest = 0;
    let longest = 0;
    for (const { metrics } of resources) {
      for (const metric of metrics) {
        for (const { addition, point } of judgeMetric(metric, catalogue, context.rejections)) {
          if (!this.#add(metric.name, addition, point, context)) continue;
          added += 1;
          latest = Math.max(latest, point.time);
          if (point.start > 0) longest = Math.max(longest, point.time - point.start);
        }
      }
    }
    if (latest > 0) telemetry.reportAge(Math.max(0, context.now - latest) / 1000);
    if (context.session && longest >= HEARTBEATS.least && longest <= HEARTBEATS.most) {
      context.session.heartbeat = longest;
    }
    return added;
  }

  #add(name: string, addition: Addition, point: NumberPoint | HistogramPoint, context: Context): boolean {
    const { fleet } = this.#options;
    const { rejections, digest, session, subject, time, now } = context;
    const { broadcast } = addition.labels;
    if (broadcast !== undefined && context.sender.grant?.covers(broadcast) === false) {
      rejections.add(name, 'bad_label', 'the token does not cover the broadcast');
      return false;
    }
    const impossibility = time && impossible(addition, time, digest);
    if (impossibility !== undefined) {
      rejections.add(name, 'bad_value', impossibility);
      return false;
    }
    const example = exampleOf(addition, point, session?.traceId ?? subject.traceId);
    fleet.add(this.#labelled(addition, context.sender.grant), now, example);
    const transport = subject.transport ?? session?.transport ?? '';
    const view = audienceView(addition, subject.audience, transport);
    if (view) fleet.add(view, now, example);
    digest.add(addition);
    if (session && broadcast !== undefined && !session.broadcast) {
      this.#options.sessions.rename(session, broadcast);
    }
    return true;
  }

  /** Made-up broadcasts have no series of their own where it is known which there are. */
  #labelled(addition: Addition, grant: Grant | undefined): Addition {
    const { known } = this.#options;
    const { broadcast } = addition.labels;
    if (!known || broadcast === undefined) return addition;
    // A token that covers it names it: by now it would have been turned away otherwise.
    if (grant) known.add(broadcast);
    const label = known.label(broadcast);
    if (label === broadcast) return addition;
    return { ...addition, labels: { ...addition.labels, broadcast: label, namespace: namespaceOf(label) } };
  }

  #subject(resource: Attributes | undefined, sender: Sender): Subject {
    return subjectOf(resource ?? new Map(), sender, this.#options.audience);
  }
}

/** What a resource and its sender say of a session. */
export function subjectOf(resource: Attributes, sender: Sender, audience: AudienceBook): Subject {
  const text = (name: string): string | undefined => {
    const value = resource.get(name);
    return typeof value === 'string' && value !== '' ? value.slice(0, MAX_TEXT) : undefined;
  };
  return {
    broadcast: text(names.moqBroadcast.name),
    transport: text(names.networkTransport.name),
    traceId: idOf(resource.get(names.traceId.name), 16) || undefined,
    playerVersion: text(names.serviceVersion.name),
    userAgent: sender.userAgent,
    remoteAddress: sender.address,
    audience: audience.profile(sender.userAgent, sender.region),
  };
}

/** Characters of what a session is said to be. */
const MAX_TEXT = 256;

function sessionIdOf(resource: Attributes | undefined): string | undefined {
  const id = resource?.get(names.sessionId.name);
  return typeof id === 'string' && isSessionId(id) ? id : undefined;
}

function timeOf(session: Session | undefined, now: number): SessionTime {
  if (!session) return { sinceLast: 0, sinceFirst: 0, watched: 0, stalled: 0, backlog: BACKLOG.least };
  return {
    sinceLast: (now - session.updatedAt) / 1000,
    sinceFirst: (now - session.startedAt) / 1000,
    watched: session.watched,
    stalled: session.stalled,
    backlog: Math.max(BACKLOG.least, (BACKLOG.reports * session.heartbeat) / 1000),
  };
}

/** An example that the sender gave, or one that can be told from what it counted. */
function exampleOf(
  addition: Addition,
  point: NumberPoint | HistogramPoint,
  traceId: string | undefined,
): Example | undefined {
  const { metric } = addition;
  if (!EXEMPLARY.has(metric)) return undefined;
  if (addition.kind === 'counter') {
    return traceId && addition.value > 0 ? { traceId, value: addition.value, bucket: 0 } : undefined;
  }
  const { counts, sum } = addition;
  const given = 'exemplar' in point ? point.exemplar : undefined;
  if (given) {
    const bucket = addition.metric.buckets.findIndex((bound) => given.value <= bound);
    return { ...given, bucket: bucket < 0 ? counts.length - 1 : bucket };
  }
  if (!traceId) return undefined;
  // The mean of values that are all in one bucket is in it too.
  const bucket = counts.findIndex((count) => count > 0);
  if (bucket < 0 || counts.findLastIndex((count) => count > 0) !== bucket) return undefined;
  return { traceId, value: sum / counts[bucket]!, bucket };
}

function sampleOf(session: Session, digest: Digest, sequence: number, now: number): SampleRow {
  return {
    sessionId: session.id,
    sequence,
    time: now,
    broadcast: session.broadcast,
    state: session.state,
    rendition: session.rendition,
    latencySeconds: digest.latency,
    bufferSeconds: digest.buffer,
    bitrate: digest.bitrate,
    rttSeconds: digest.rtt,
    watchedSeconds: digest.watched,
    stalledSeconds: digest.stalled,
    stalls: digest.stalls,
    qualitySwitches: digest.qualitySwitches,
    framesDecoded: digest.framesDecoded,
    framesDropped: digest.framesDropped,
    receivedBytes: digest.receivedBytes,
  };
}

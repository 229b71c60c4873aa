import { setTimeout as pause } from 'node:timers/promises';
import type { LabelValues } from '@moq-observability/moq-metrics';
import type { MergeableMetric } from '@moq-observability/moq-metrics/merge';
import type { Journal } from '../journal/journal.ts';
import type { Session } from '../sessions/session.ts';
import {
  profileOf,
  progressOf,
  type SessionProfile,
  type SessionProgress,
} from '../sessions/session-state.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { SampleRow } from '../store/store.ts';
import type { Fleet, SeriesState } from './fleet.ts';

/** What the ledger keeps, and where. */
export interface LedgerOptions {
  /** Left out, nothing is remembered beyond this process. */
  readonly journal?: Journal | undefined;
  readonly fleet: Fleet;
  readonly sessions: Sessions;
  /** Keeps samples safe; resolves when they are, or when that has failed. Left out, there is nowhere to keep them. */
  readonly keepSamples?: (samples: readonly SampleRow[]) => Promise<unknown>;
  /** Told when the journal cannot be written, and, with `undefined`, when it can again. */
  readonly onFault: (fault: Error | undefined) => void;
  /** Bytes of a segment past which a checkpoint is made. */
  readonly segmentBytes: number;
}

/** The least time from one write to the next, in milliseconds: whoever comes in between shares the next one. */
const GROUP = 4;

/** How often it is tried to get a journal going again that cannot be written, in milliseconds. */
const HEAL_EVERY = 2_000;

/** Series and sessions in one record of a checkpoint: what is turned to text in one go. */
const SERIES_PER_RECORD = 200;
const SESSIONS_PER_RECORD = 100;

/** Between two records of a checkpoint that nobody waits for, in milliseconds: reports come first. */
const LEISURE = 10;

/** The name of a metric, and the values of its labels in the order of its definition. */
type SeriesKey = readonly [metric: string, ...labels: string[]];

/** What is appended: absolute values, so that reading it twice changes nothing. */
interface LedgerRecord {
  /** Series that are no more; what they counted is part of others. */
  readonly gone?: readonly SeriesKey[];
  /** Names that stand for series from here to the end of the segment. */
  readonly names?: readonly (readonly [number, SeriesKey])[];
  /** By number: the value of a counter; the sum of a histogram, and then one count per bucket. */
  readonly values?: readonly (readonly [number, ...number[]])[];
  /** Series with their names: in checkpoints. */
  readonly series?: readonly (readonly [SeriesKey, readonly number[]])[];
  readonly profiles?: readonly (readonly [number, SessionProfile])[];
  readonly progress?: readonly (readonly [number, SessionProgress])[];
  /** Sessions with both parts: in checkpoints. */
  readonly sessions?: readonly (readonly [SessionProfile, SessionProgress])[];
}

/**
 * Makes merged reports safe before they are acknowledged. Reports that come in while one group is being written share
 * the next: first their samples are kept, then one record in the journal says what series and sessions came to. So a
 * report is in all of them or it is sent again, and its number tells that it is the same.
 */
export class Ledger implements AsyncDisposable {
  readonly #options: LedgerOptions;
  #touched = new Set<Session>();
  #samples: SampleRow[] = [];
  #group: PromiseWithResolvers<void> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #lastWrite = Number.NEGATIVE_INFINITY;
  #numbers = new Numbers();
  #fault: Error | undefined;
  /** Whether something was said of a fault that is not over for good. */
  #told = false;
  #healAt = 0;
  #checkpointing: Promise<void> | undefined;
  #checkpointBytes = 0;
  #closing = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** Why the journal is not written at the moment. */
  get fault(): Error | undefined {
    return this.#fault;
  }

  /** Takes note of a report that was merged, and of what it said. */
  note(session: Session | undefined, sample: SampleRow | undefined): void {
    if (session) this.#touched.add(session);
    if (sample && this.#options.keepSamples) this.#samples.push(sample);
  }

  /** Resolves when everything merged until now is safe. Never rejects. */
  commit(): Promise<void> {
    const { journal, keepSamples, fleet } = this.#options;
    if (!journal && !keepSamples) {
      fleet.dropChanges();
      this.#touched.clear();
      return Promise.resolve();
    }
    if (!this.#group) {
      const group = (this.#group = Promise.withResolvers());
      this.#writing = this.#writing.then(() => this.#pause()).then(() => this.#write(group));
    }
    return this.#group.promise;
  }

  /** Says all there is in a checkpoint, so that what was appended before can go. */
  checkpoint(): Promise<void> {
    return this.#begin(false);
  }

  #begin(leisurely: boolean): Promise<void> {
    this.#checkpointing ??= this.#checkpoint(leisurely).finally(() => (this.#checkpointing = undefined));
    return this.#checkpointing;
  }

  /** Writes what is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    await this.commit();
    await this.#checkpointing;
    await this.#options.journal?.[Symbol.asyncDispose]();
  }

  async #pause(): Promise<void> {
    const wait = this.#lastWrite + GROUP - performance.now();
    if (wait > 0) await pause(wait);
  }

  async #write(group: PromiseWithResolvers<void>): Promise<void> {
    this.#lastWrite = performance.now();
    this.#group = undefined;
    const samples = this.#samples;
    this.#samples = [];
    // Taken at one moment, so that the numbers and the reports that are known to be in them agree.
    const record = this.#record();
    if (samples.length > 0) await this.#options.keepSamples?.(samples);
    if (record && this.#options.journal) await this.#append(record, this.#options.journal);
    group.resolve();
  }

  async #append(record: LedgerRecord, journal: Journal): Promise<void> {
    // What cannot be written now is part of the checkpoint that gets the journal going again.
    if (this.#fault) {
      if (performance.now() >= this.#healAt) void this.checkpoint();
      return;
    }
    try {
      await journal.append(record);
      const limit = Math.max(this.#options.segmentBytes, 4 * this.#checkpointBytes);
      if (journal.segmentBytes > limit) void this.#begin(true);
    } catch (error) {
      this.#fail(error);
    }
  }

  #record(): LedgerRecord | undefined {
    const touched = this.#touched;
    this.#touched = new Set();
    if (!this.#options.journal) {
      this.#options.fleet.dropChanges();
      return undefined;
    }
    const { gone, changed } = this.#options.fleet.takeChanges();
    if (gone.length + changed.length + touched.size === 0) return undefined;
    const names: [number, SeriesKey][] = [];
    const values = changed.map((series) => {
      const [number, isNew] = this.#numbers.ofSeries(series.labels);
      if (isNew) names.push([number, keyOf(series)]);
      return [number, ...series.values] as const;
    });
    const profiles: [number, SessionProfile][] = [];
    const progress = Array.from(touched, (session) => {
      const [number, isNew] = this.#numbers.ofSession(session);
      if (isNew) profiles.push([number, profileOf(session)]);
      return [number, progressOf(session)] as const;
    });
    return {
      ...(gone.length > 0 && { gone: gone.map(keyOf) }),
      ...(names.length > 0 && { names }),
      ...(values.length > 0 && { values }),
      ...(profiles.length > 0 && { profiles }),
      ...(progress.length > 0 && { progress }),
    };
  }

  async #checkpoint(leisurely: boolean): Promise<void> {
    const { journal } = this.#options;
    if (!journal) return;
    this.#healAt = performance.now() + HEAL_EVERY;
    try {
      // A segment of its own, whose numbers begin anew, between two groups.
      await this.#exclusively(async () => {
        await journal.rotate();
        this.#numbers = new Numbers();
        await journal.append({});
        this.#fault = undefined;
      });
      this.#checkpointBytes = await journal.checkpoint(
        leisurely ? this.#inPassing(this.#everything()) : this.#everything(),
        () => this.commit(),
      );
      if (this.#told) this.#options.onFault(undefined);
      this.#told = false;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Does something while no group is being written. */
  #exclusively(action: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(action);
    this.#writing = done.catch(() => {}); // Whoever asked for it is told.
    return done;
  }

  *#everything(): Generator<LedgerRecord> {
    for (const series of chunks(this.#options.fleet.states(), SERIES_PER_RECORD)) {
      yield { series: series.map((each) => [keyOf(each), each.values]) };
    }
    // Those there are now: whoever is heard of meanwhile would come again and again.
    for (const sessions of chunks([...this.#options.sessions.all()], SESSIONS_PER_RECORD)) {
      yield { sessions: sessions.map((each) => [profileOf(each), progressOf(each)]) };
    }
  }

  async *#inPassing(records: Iterable<LedgerRecord>): AsyncGenerator<LedgerRecord> {
    for (const record of records) {
      yield record;
      if (!this.#closing && !this.#fault) await pause(LEISURE);
    }
  }

  #fail(error: unknown): void {
    this.#fault = error instanceof Error ? error : new Error(String(error));
    this.#healAt = performance.now() + HEAL_EVERY;
    if (!this.#told) this.#options.onFault(this.#fault);
    this.#told = true;
  }
}

/** What the records of a journal come to. */
export interface Remembered {
  readonly series: readonly SeriesState[];
  /** The longest silent first. */
  readonly sessions: readonly (readonly [SessionProfile, SessionProgress])[];
}

/** Reads what was remembered. Metrics that are no more, or have other labels or buckets now, are left out. */
export function remember(
  records: Iterable<unknown>,
  find: (metric: string) => MergeableMetric | undefined,
): Remembered {
  const series = new Map<string, readonly [SeriesKey, readonly number[]]>();
  const sessions = new Map<string, readonly [SessionProfile, SessionProgress]>();
  let names = new Map<number, SeriesKey>();
  let profiles = new Map<number, SessionProfile>();
  for (const record of records as Iterable<LedgerRecord>) {
    // An empty record begins a segment.
    if (Object.keys(record).length === 0) {
      names = new Map();
      profiles = new Map();
    }
    for (const key of record.gone ?? []) series.delete(key.join('\n'));
    for (const [number, key] of record.names ?? []) names.set(number, key);
    for (const [number, ...values] of record.values ?? []) {
      const key = names.get(number);
      if (key) series.set(key.join('\n'), [key, values]);
    }
    for (const entry of record.series ?? []) series.set(entry[0].join('\n'), entry);
    for (const [number, profile] of record.profiles ?? []) profiles.set(number, profile);
    for (const [number, progress] of record.progress ?? []) {
      const profile = profiles.get(number);
      if (profile) sessions.set(profile.id, [profile, progress]);
    }
    for (const entry of record.sessions ?? []) sessions.set(entry[0].id, entry);
  }
  return {
    series: [...series.values()].flatMap(([key, values]) => stateOf(key, values, find) ?? []),
    sessions: [...sessions.values()].toSorted(([, a], [, b]) => (a.updatedAt ?? 0) - (b.updatedAt ?? 0)),
  };
}

/** Small numbers that stand for series and sessions for as long as a segment lasts. */
class Numbers {
  readonly #series = new Map<LabelValues, number>();
  readonly #segment = {};
  #next = 1;

  /** The number of a series, and whether it has to be told what it stands for. */
  ofSeries(labels: LabelValues): readonly [number: number, isNew: boolean] {
    const known = this.#series.get(labels);
    if (known !== undefined) return [known, false];
    const number = this.#next++;
    this.#series.set(labels, number);
    return [number, true];
  }

  /**
   * The number of a session, and whether it has to be told what it is by now. Kept with the session: a map with an entry
   * for each is a long hold whenever it grows.
   */
  ofSession(session: Session): readonly [number: number, isNew: boolean] {
    const { entry, revision } = session;
    const known = entry?.segment === this.#segment ? entry : undefined;
    if (known && known.revision === revision) return [known.number, false];
    const number = known?.number ?? this.#next++;
    session.entry = { segment: this.#segment, number, revision };
    return [number, true];
  }
}

function keyOf({ metric, labels }: Pick<SeriesState, 'metric' | 'labels'>): SeriesKey {
  return [metric.name, ...Object.keys(metric.labels).map((name) => labels[name]!)];
}

function stateOf(
  [name, ...texts]: SeriesKey,
  values: readonly number[],
  find: (metric: string) => MergeableMetric | undefined,
): SeriesState | undefined {
  const metric = find(name);
  const labels = Object.keys(metric?.labels ?? {});
  const width = metric?.kind === 'histogram' ? metric.buckets.length + 2 : 1;
  if (!metric || labels.length !== texts.length || values.length !== width) return undefined;
  return { metric, labels: Object.fromEntries(labels.map((label, i) => [label, texts[i]!])), values };
}

function* chunks<T>(things: Iterable<T>, size: number): Generator<readonly T[]> {
  let chunk: T[] = [];
  for (const thing of things) {
    chunk.push(thing);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

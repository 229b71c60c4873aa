/** Rows of the last moments, which the store may not be able to find yet. */
import type { LogRow, SampleRow, SpanRow } from '../store/store.ts';

/** Rows of the latest kind, the oldest first: bounded in number and in time. */
export class RecentRows<Row> {
  readonly #limit: number;
  readonly #age: number;
  #rows: { readonly at: number; readonly row: Row }[] = [];
  #first = 0;

  /** @param age how long a row stays, in milliseconds */
  constructor(limit: number, age: number) {
    this.#limit = limit;
    this.#age = age;
  }

  /** @param now the time in milliseconds, of a clock that never goes back */
  add(row: Row, now: number): void {
    this.#rows.push({ at: now, row });
    const rows = this.#rows;
    while (rows.length - this.#first > this.#limit || rows[this.#first]!.at < now - this.#age)
      this.#first += 1;
    // Moved together when half of it is dead, so that each row is moved once.
    if (this.#first > 1024 && this.#first * 2 > rows.length) {
      this.#rows = rows.slice(this.#first);
      this.#first = 0;
    }
  }

  /** The rows that fit, the oldest first. */
  filter(fits: (row: Row) => boolean): readonly Row[] {
    const found: Row[] = [];
    for (let i = this.#first; i < this.#rows.length; i++) {
      const { row } = this.#rows[i]!;
      if (fits(row)) found.push(row);
    }
    return found;
  }
}

const TEXTS = ['sessionId', 'broadcast', 'state', 'rendition'] as const;
const NUMBERS = [
  'sequence',
  'time',
  'latencySeconds',
  'bufferSeconds',
  'bitrate',
  'rttSeconds',
  'watchedSeconds',
  'stalledSeconds',
  'stalls',
  'qualitySwitches',
  'framesDecoded',
  'framesDropped',
  'receivedBytes',
] as const;

/** What is kept of a sample: all of it. */
type Kept = Pick<SampleRow, (typeof TEXTS)[number] | (typeof NUMBERS)[number]>;

/**
 * The latest samples: bounded in number and in time. There are thousands a second, and objects that live for as long as
 * these cost the collector of garbage most: a new one takes the place of the oldest in arrays that stay.
 */
export class RecentSamples {
  readonly #limit: number;
  readonly #age: number;
  readonly #texts: Record<(typeof TEXTS)[number], string[]>;
  readonly #numbers: Float64Array;
  #added = 0;
  #latest = 0;

  /** @param age how long a sample stays, in milliseconds */
  constructor(limit: number, age: number) {
    this.#limit = limit;
    this.#age = age;
    const texts = (): string[] => Array.from({ length: limit }, () => '');
    this.#texts = { sessionId: texts(), broadcast: texts(), state: texts(), rendition: texts() };
    this.#numbers = new Float64Array(limit * NUMBERS.length);
  }

  add(sample: SampleRow): void {
    const place = this.#added++ % this.#limit;
    for (const name of TEXTS) this.#texts[name][place] = sample[name];
    let at = place * NUMBERS.length;
    for (const name of NUMBERS) this.#numbers[at++] = sample[name] ?? Number.NaN;
    this.#latest = sample.time;
  }

  /** The samples of a session, the oldest first. */
  of(sessionId: string): readonly SampleRow[] {
    const found: SampleRow[] = [];
    for (let i = Math.max(0, this.#added - this.#limit); i < this.#added; i++) {
      const place = i % this.#limit;
      if (this.#texts.sessionId[place] !== sessionId) continue;
      const sample = this.#at(place);
      if (sample.time >= this.#latest - this.#age) found.push(sample);
    }
    return found;
  }

  #at(place: number): SampleRow {
    const texts = TEXTS.map((name) => [name, this.#texts[name][place]]);
    const first = place * NUMBERS.length;
    const numbers = NUMBERS.map((name, i) => {
      const value = this.#numbers[first + i]!;
      return [name, Number.isNaN(value) ? undefined : value];
    });
    return Object.fromEntries([...texts, ...numbers]) as Kept;
  }
}

/** Rows of the last half minute. */
export class Recent {
  readonly samples: RecentSamples = new RecentSamples(20_000, 30_000);
  readonly logs: RecentRows<LogRow> = new RecentRows(5_000, 30_000);
  readonly spans: RecentRows<SpanRow> = new RecentRows(5_000, 30_000);
}

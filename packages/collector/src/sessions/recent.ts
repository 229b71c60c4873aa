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

/** Rows of the last half minute. */
export class Recent {
  readonly samples: RecentRows<SampleRow> = new RecentRows(20_000, 30_000);
  readonly logs: RecentRows<LogRow> = new RecentRows(5_000, 30_000);
  readonly spans: RecentRows<SpanRow> = new RecentRows(5_000, 30_000);
}

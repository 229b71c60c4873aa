/** Series of different times, put onto the same ones. */

/** A series over time. */
export interface TimedValues {
  /** Unix milliseconds, rising. */
  readonly times: readonly number[];
  readonly values: readonly number[];
}

/** Series over the same times; `null` where one has no value. */
export interface Aligned {
  readonly times: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
}

/** Puts series onto all the times any of them has. */
export function align(series: readonly TimedValues[]): Aligned {
  const times = [...new Set(series.flatMap((each) => each.times))].toSorted((a, b) => a - b);
  const places = new Map(times.map((time, index) => [time, index]));
  const values = series.map((each) => {
    const row: (number | null)[] = Array.from({ length: times.length }, () => null);
    for (const [i, time] of each.times.entries()) {
      const value = each.values[i]!;
      row[places.get(time)!] = Number.isFinite(value) ? value : null;
    }
    return row;
  });
  return { times, values };
}

/**
 * Puts a hole wherever a series has no value for longer than usual, so that no line is drawn across.
 *
 * @param step from one value to the next, in milliseconds
 */
export function withGaps({ times, values }: TimedValues, step: number): TimedValues {
  const gap = step * 2.5;
  const filled: { times: number[]; values: number[] } = { times: [], values: [] };
  for (const [i, time] of times.entries()) {
    const before = times[i - 1];
    if (before !== undefined && time - before > gap) {
      filled.times.push(before + step);
      filled.values.push(Number.NaN);
    }
    filled.times.push(time);
    filled.values.push(values[i]!);
  }
  return filled;
}

/** Adds each series to those before it, for areas that lie on top of one another. */
export function stack(values: Aligned['values']): Aligned['values'] {
  let below: readonly (number | null)[] = [];
  return values.map((row) => {
    const sum = row.map((value, i) => (value === null && !below[i] ? value : (value ?? 0) + (below[i] ?? 0)));
    below = sum;
    return sum;
  });
}

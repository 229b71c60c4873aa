/** One line of a table. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  /** What it must stay under, where there is such a bound. */
  readonly bound?: string;
}

const ROUNDS = 7;

/**
 * Time of one pass through the loop of `run`, in nanoseconds: the best of several rounds, after one to warm up, as
 * whatever else the machine does can only make a round longer.
 */
export function nanoseconds(iterations: number, run: (iterations: number) => void): number {
  run(iterations);
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = process.hrtime.bigint();
    run(iterations);
    return Number(process.hrtime.bigint() - start) / iterations;
  });
  return Math.min(...rounds);
}

/** What is on the heap after a collection, in bytes. Node has to run with `--expose-gc`. */
export function heapUsed(): number {
  const { gc } = globalThis;
  if (!gc) throw new Error('run node with --expose-gc');
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

/** Prints a table. */
export function print(title: string, rows: readonly Row[]): void {
  console.log(`\n${title}`);
  const width = Math.max(...rows.map(({ what }) => what.length));
  for (const { what, measured, bound } of rows) {
    console.log(`  ${what.padEnd(width)}  ${measured.padStart(12)}${bound ? `  (bound: ${bound})` : ''}`);
  }
}

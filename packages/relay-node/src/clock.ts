/**
 * Unix time in milliseconds, with a fraction: the system's millisecond, and within it the finer clock that never
 * jumps. After the system's clock was set the fraction is lost, never the millisecond.
 */
export function unixNow(): number {
  const wall = Date.now();
  const fine = performance.timeOrigin + performance.now();
  return Math.min(Math.max(fine, wall), wall + 0.999);
}

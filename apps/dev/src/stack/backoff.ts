/** How long to wait before a service is started again, in milliseconds: longer each time it ends soon after. */
export function backoff(failures: number): number {
  return Math.min(500 * 2 ** (failures - 1), 10_000);
}

import { RelayError } from './errors.ts';

/**
 * Waits for a promise, but not for ever. What it comes to later is of no interest to whoever waited.
 *
 * @param limit in milliseconds
 * @throws {RelayError} `timeout`
 */
export async function within<T>(limit: number, what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new RelayError('timeout', `${what} was not there after ${limit} ms`));
  }, limit);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets some time pass, in milliseconds; less when the signal says so. Never rejects. */
export function pause(time: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, time);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();

    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}

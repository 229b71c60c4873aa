/** The collector that is measured, in a process of its own: told what to do, and telling how it is, by messages. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createCollector } from '../src/collector.ts';
import { collectGarbageSeldom } from '../src/heap.ts';

/** What is asked of it. */
export type SubjectQuestion = 'reset' | 'measure' | 'close';

/** How it is. */
export interface SubjectState {
  readonly otlp: string;
  readonly ops: string;
  /** Microseconds of CPU since the last reset, of this process alone. */
  readonly cpu: number;
  /** The longest time the event loop was held since then, and the 99th percentile, in milliseconds. */
  readonly longestHold: number;
  readonly hold99: number;
  /** Bytes on the heap after a collection, and beside it. */
  readonly heap: number;
  readonly external: number;
}

collectGarbageSeldom();
const [dataDir] = process.argv.slice(2);
const collector = await createCollector({
  port: 0,
  opsPort: 0,
  maxSessions: 500_000,
  ...(dataDir !== undefined && { dataDir }),
});
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let since = process.cpuUsage();

process.on('message', (question: SubjectQuestion) => {
  if (question === 'close') {
    void collector.close().then(() => process.disconnect());
    return;
  }
  const { user, system } = process.cpuUsage(since);
  const holds = { longestHold: delay.max / 1e6, hold99: delay.percentile(99) / 1e6 };
  // The first only finds what is not needed beside the heap.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const state: SubjectState = {
    otlp: collector.url.href,
    ops: collector.opsUrl.href,
    cpu: user + system,
    ...holds,
    heap: heapUsed,
    external: arrayBuffers,
  };
  // What the collection just now took is nobody's fault.
  setTimeout(() => {
    if (question === 'reset') {
      delay.reset();
      since = process.cpuUsage();
    }
    process.send!(state);
  }, 50);
});

/** Has a process tell what it takes, when it is asked: `node --import ./usage-fixture.ts …`. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** `collect` collects garbage first, for which Node has to run with `--expose-gc`; `watch` begins to time the loop. */
export type UsageQuestion = 'usage' | 'collect' | 'watch';

/** What a process takes. */
export interface Usage {
  /** Processor time since its start, in seconds. */
  readonly cpu: number;
  /** In bytes. */
  readonly heapUsed: number;
  /** In bytes. */
  readonly rss: number;
  /** For how long the event loop was held at most since it was asked before, in milliseconds; 0 if it is not timed. */
  readonly longestHold: number;
}

/** Looking this often takes processor time itself, in milliseconds. */
const RESOLUTION = 1;

let delays: ReturnType<typeof monitorEventLoopDelay> | undefined;

process.on('message', (question: UsageQuestion) => {
  if (question === 'collect') {
    const { gc } = globalThis;
    if (!gc) throw new Error('run node with --expose-gc');
    gc();
    gc();
  }
  if (question === 'watch' && !delays) {
    delays = monitorEventLoopDelay({ resolution: RESOLUTION });
    delays.enable();
  }
  const { user, system } = process.cpuUsage();
  const { heapUsed, rss } = process.memoryUsage();
  const usage: Usage = {
    cpu: (user + system) / 1e6,
    heapUsed,
    rss,
    longestHold: delays ? Math.max(0, delays.max / 1e6 - RESOLUTION) : 0,
  };
  delays?.reset();
  process.send!(usage);
});
// It is not what the process lives for, yet nothing is left to live for without whoever asks.
// An orderly end could wait for ever: the logger writes what is left, again and again, to whom has gone.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();

import { Worker } from 'node:worker_threads';
import {
  type ExportAnswer,
  type ExportFault,
  type ExportRequest,
  type ExportStart,
  ROOM,
  type SpanRecord,
} from './export-protocol.ts';

/** How often what was recorded is handed over, in milliseconds. */
const PAUSE = 100;

/** Lies beside this file, in the sources as in what is built from them. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './export-worker.ts' : './export-worker.js',
  import.meta.url,
);

/**
 * The thread that exports. It has a heap and an event loop of its own, so that what is exported holds up nothing that
 * is forwarded: merely loaded beside it, the SDK of OpenTelemetry and its exporters cost some 3 % of the processor.
 *
 * It starts at once and takes what it is given from then on; it does not keep the process alive.
 */
export class ExportThread {
  readonly #worker: Worker;
  readonly #ended = Promise.withResolvers<void>();
  readonly #tell: (fault: ExportFault) => void;
  #spans: SpanRecord[] = [];
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Handed over, and not taken yet. */
  #underWay = 0;
  #lost = 0;
  #isOver = false;

  /**
   * @param env the `OTEL_*` variables
   * @param tell is told of what goes wrong; never while it starts
   */
  constructor(start: ExportStart, env: NodeJS.ProcessEnv, tell: (fault: ExportFault) => void) {
    this.#tell = tell;
    this.#worker = new Worker(WORKER, { name: 'export', workerData: start, env });
    this.#worker.on('message', (answer: ExportAnswer) => this.#hear(answer));
    this.#worker.on('error', (error) => {
      tell({
        level: 'warn',
        message: 'the export has ended: nothing more is exported',
        details: String(error),
      });
    });
    this.#worker.on('exit', () => {
      this.#isOver = true;
      this.#ended.resolve();
    });
    this.#worker.unref();
  }

  /** Takes a span. */
  addSpan(span: SpanRecord): void {
    if (this.#hasRoom()) this.#spans.push(span);
  }

  /** Takes a line of the log, as pino writes it. */
  addLine(line: string): void {
    if (this.#hasRoom()) this.#lines.push(line);
  }

  /** Sends what is left, and ends. Never rejects. */
  async close(): Promise<void> {
    this.#handOver();
    this.#worker.ref();
    this.#post({ kind: 'close' });
    await this.#ended.promise;
  }

  #hasRoom(): boolean {
    if (this.#isOver) return false;
    const waiting = this.#spans.length + this.#lines.length;
    if (waiting + this.#underWay >= ROOM) {
      this.#lost += 1;
      return false;
    }
    this.#timer ??= setTimeout(() => this.#handOver(), PAUSE).unref();
    return true;
  }

  #handOver(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [spans, lines] = [this.#spans, this.#lines];
    this.#spans = [];
    this.#lines = [];
    this.#underWay += spans.length + lines.length;
    this.#post({ kind: 'records', spans, lines });
  }

  #post(request: ExportRequest): void {
    this.#worker.postMessage(request);
  }

  #hear(answer: ExportAnswer): void {
    if (answer.kind === 'taken') {
      this.#underWay -= answer.count;
      if (this.#lost === 0) return;
      const message = `${this.#lost} spans and log lines were not exported: too many at once`;
      this.#lost = 0;
      this.#tell({ level: 'warn', message });
    } else if (answer.kind === 'fault') this.#tell(answer.fault);
    else void this.#worker.terminate();
  }
}

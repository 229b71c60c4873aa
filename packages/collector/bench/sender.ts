/** The load, in a process of its own: reports at a fixed rate, whatever becomes of them, over many connections. */
import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { reportBody } from './report-body.ts';

/** How much is sent. */
export interface SenderPlan {
  readonly port: number;
  /** Sessions whose reports are sent, one after the other. */
  readonly sessions: number;
  /** Reports per second; 0 for as many as it takes. */
  readonly rate: number;
  /** Reports in all. */
  readonly reports: number;
  readonly connections: number;
  readonly broadcasts: number;
  readonly gzip: boolean;
}

/** What came of it. */
export interface SenderResult {
  readonly seconds: number;
  readonly acknowledged: number;
  readonly refused: number;
  /** Milliseconds from when a report was due to its answer. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';

interface Line {
  readonly socket: Socket;
  /** When the report under way was due. */
  due: number;
}

class Load {
  readonly #plan: SenderPlan;
  readonly #bodies: readonly Buffer[];
  readonly #ids: readonly string[];
  readonly #times: number[] = [];
  readonly #idle: Line[] = [];
  readonly #lines: Line[] = [];
  readonly #answered: PromiseWithResolvers<void> = Promise.withResolvers();
  #began = 0;
  #sent = 0;
  #acknowledged = 0;
  #refused = 0;

  constructor(plan: SenderPlan) {
    this.#plan = plan;
    this.#bodies = Array.from({ length: plan.broadcasts }, (_, i) => {
      const body = reportBody(`demo/stream-${i}.hang`);
      return plan.gzip ? gzipSync(body) : body;
    });
    this.#ids = ids(plan.sessions);
  }

  async run(): Promise<SenderResult> {
    await Promise.all(Array.from({ length: this.#plan.connections }, () => this.#open()));
    const { rate } = this.#plan;
    const began = performance.now();
    this.#began = began;
    // Where there is a rate, someone has to look whose turn it is; otherwise each answer makes room for the next.
    const clock = rate > 0 ? setInterval(() => this.#sendDue(), 1) : undefined;
    this.#sendDue();
    await this.#answered.promise;
    clearInterval(clock);
    const seconds = (performance.now() - began) / 1000;
    for (const { socket } of this.#lines) socket.destroy();
    const times = Float64Array.from(this.#times).toSorted();
    const quantile = (share: number): number =>
      times[Math.min(times.length - 1, Math.floor(share * times.length))] ?? 0;
    return {
      seconds,
      acknowledged: this.#acknowledged,
      refused: this.#refused,
      p50: quantile(0.5),
      p99: quantile(0.99),
      max: quantile(1),
    };
  }

  #open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: this.#plan.port, host: '127.0.0.1', noDelay: true }, resolve);
      const line: Line = { socket, due: 0 };
      this.#lines.push(line);
      this.#idle.push(line);
      socket.once('error', reject);
      socket.on('data', (answer) => {
        // Answers are short and come whole; one request is under way on a connection.
        if (answer.toString('latin1', 9, 12) === '200') this.#acknowledged += 1;
        else this.#refused += 1;
        this.#times.push(performance.now() - line.due);
        this.#idle.push(line);
        if (this.#acknowledged + this.#refused === this.#plan.reports) this.#answered.resolve();
        else this.#sendDue();
      });
    });
  }

  #sendDue(): void {
    const { reports, rate } = this.#plan;
    const now = performance.now();
    const due = rate === 0 ? reports : Math.min(reports, ((now - this.#began) / 1000) * rate);
    while (this.#sent < due && this.#idle.length > 0) {
      this.#send(this.#idle.pop()!, rate === 0 ? now : this.#began + (this.#sent / rate) * 1000);
    }
  }

  #send(line: Line, due: number): void {
    const session = this.#sent % this.#ids.length;
    const sequence = (sent[session] = (sent[session] ?? 0) + 1);
    this.#sent += 1;
    line.due = due;
    const body = this.#bodies[session % this.#bodies.length]!;
    line.socket.cork();
    line.socket.write(
      `POST /v1/metrics HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\norigin: http://localhost:5173\r\n` +
        `user-agent: ${USER_AGENT}\r\nmoq-report: ${this.#ids[session]}/${sequence}\r\n` +
        `${this.#plan.gzip ? 'content-encoding: gzip\r\n' : ''}content-length: ${body.length}\r\n\r\n`,
      'latin1',
    );
    line.socket.write(body);
    line.socket.uncork();
  }
}

const known: string[] = [];

/** How many reports each of them has sent. */
const sent: number[] = [];

/** The ids of sessions; the same ones in every round, and more of them where there are to be more. */
function ids(count: number): readonly string[] {
  while (known.length < count) known.push(randomUUID());
  return known.slice(0, count);
}

process.on('message', (plan: SenderPlan) => {
  const load = new Load(plan);
  void load.run().then((result) => process.send!(result));
});

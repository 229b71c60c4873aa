import { type ChildProcess, fork } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import type { ChdbMessage, ChdbRequest, ChdbStart } from './chdb-protocol.ts';
import { ClickHouseError, type Connection, type Engine, type Insert, type SqlParams } from './engine.ts';
import { StoreError } from './errors.ts';

/** An embedded database. */
export interface ChdbOptions {
  /** The database's own folder; made when it is not there. One process at a time can use it. */
  readonly folder: string;
  /** Memory the database may take, in bytes; its process takes some 300 MB more. 1 GiB. */
  readonly memoryBytes?: number | undefined;
  /** The module that holds the engine; `chdb`. */
  readonly module?: string | undefined;
}

/** How long the database may take to open, and to answer: past that it is taken for stuck, in milliseconds. */
const START_TIMEOUT = 120_000;
const ANSWER_TIMEOUT = 60_000;

/** How long it may take to close before it is ended, in milliseconds. */
const CLOSE_TIMEOUT = 5_000;

/** What is kept of the last words of a process that died. */
const LAST_WORDS = 500;

/** Lies beside this file, in the sources as in what is built from them. */
const CHILD = new URL(
  import.meta.url.endsWith('.ts') ? './chdb-child.ts' : './chdb-child.js',
  import.meta.url,
);

/** ClickHouse in a process of its own, on this machine: chDB, an optional dependency. */
export function chdbEngine({ folder, memoryBytes = 1024 ** 3, module = 'chdb' }: ChdbOptions): Engine {
  return {
    driver: 'chdb',
    connect: async (signal) => {
      await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
        throw new StoreError('unavailable', `the folder ${folder} cannot be made`, { cause });
      });
      const process = new ChdbProcess({ folder, memoryBytes, module });
      await process.started(signal);
      return process;
    },
  };
}

interface Pending {
  readonly resolve: (rows: Uint8Array | number) => void;
  readonly reject: (error: StoreError) => void;
  readonly timeout: NodeJS.Timeout;
}

class ChdbProcess implements Connection {
  readonly lost: Promise<string>;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  readonly #start = Promise.withResolvers<void>();
  #lastWords = '';
  #nextId = 1;

  constructor(start: ChdbStart) {
    this.#child = fork(CHILD, [JSON.stringify(start)], {
      execArgv: [],
      // Nothing of the collector's environment is the database's business.
      env: { PATH: process.env['PATH'], TZ: 'UTC', UV_THREADPOOL_SIZE: '16' },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const { promise, resolve } = Promise.withResolvers<string>();
    this.lost = promise;
    this.#child.on('message', (message: ChdbMessage) => this.#receive(message));
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS);
    });
    this.#child.once('error', (error) => this.#end(`its process failed: ${error.message}`, resolve));
    this.#child.once('exit', (code, signal) =>
      this.#end(`its process ended (${signal ?? `code ${code}`})`, resolve),
    );
    lowerPriority(this.#child.pid);
  }

  /** Resolves when the database is open. */
  async started(signal: AbortSignal): Promise<void> {
    const kill = (): void => this.#kill();
    const timeout = setTimeout(kill, START_TIMEOUT);
    signal.addEventListener('abort', kill);
    if (signal.aborted) kill();
    try {
      await this.#start.promise;
    } finally {
      clearTimeout(timeout);
      signal.removeEventListener('abort', kill);
    }
  }

  async query<Row>(sql: string, params: SqlParams): Promise<readonly Row[]> {
    const bytes = await this.#ask({ kind: 'query', sql, params });
    return parseLines<Row>(Buffer.from(bytes as Uint8Array));
  }

  async command(sql: string): Promise<void> {
    await this.#ask({ kind: 'command', sql });
  }

  async insert({ table, columns, batch }: Insert): Promise<number> {
    const { path, bytes, id: token } = batch;
    return (await this.#ask({ kind: 'insert', table, columns, path, bytes, token })) as number;
  }

  async close(): Promise<void> {
    const kill = setTimeout(() => this.#kill(), CLOSE_TIMEOUT);
    await this.#ask({ kind: 'close' }).catch(() => {
      // It is ended in any case.
    });
    this.#kill();
    await this.lost;
    clearTimeout(kill);
  }

  #ask(request: WithoutId<ChdbRequest>): Promise<Uint8Array | number> {
    if (!this.#child.connected) return Promise.reject(new StoreError('unavailable', 'the database is gone'));
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array | number>();
    // Queries have a limit of their own and answer before: who gets here is stuck.
    const timeout = setTimeout(() => this.#kill(), ANSWER_TIMEOUT);
    this.#pending.set(id, { resolve, reject, timeout });
    this.#child.send({ ...request, id }, (error) => {
      if (error)
        this.#settle(id)?.reject(new StoreError('unavailable', 'the database is gone', { cause: error }));
    });
    return promise;
  }

  #receive(message: ChdbMessage): void {
    switch (message.kind) {
      case 'ready':
        return this.#start.resolve();
      case 'unable':
        this.#start.reject(
          message.missing
            ? new StoreError('off', `chDB cannot be loaded: ${message.message.split('\n', 1)[0]}`)
            : new StoreError('unavailable', `the database does not open: ${this.#explain(message.message)}`),
        );
        return this.#kill();
      case 'answer':
        return this.#settle(message.id)?.resolve(message.rows);
      case 'error':
        return this.#settle(message.id)?.reject(new ClickHouseError(message.number, message.message));
    }
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(pending?.timeout);
    return pending;
  }

  #end(reason: string, lost: (reason: string) => void): void {
    const error = new StoreError('unavailable', this.#explain(reason));
    this.#start.reject(error);
    for (const id of this.#pending.keys()) this.#settle(id)!.reject(error);
    lost(error.message);
  }

  #explain(reason: string): string {
    const words = this.#lastWords.trim().split('\n', 1)[0]!;
    return words === '' ? reason : `${reason}: ${words}`;
  }

  #kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Bytes that are parsed in one go, so that a large answer does not hold up everything else. */
const PARSED_AT_ONCE = 256 * 1024;

async function parseLines<Row>(lines: Buffer): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let from = 0; from < lines.length;) {
    if (from > 0) await turn();
    const end = lines.indexOf('\n', Math.min(from + PARSED_AT_ONCE, lines.length - 1));
    const to = end < 0 ? lines.length : end;
    for (const line of lines.toString('utf8', from, to).split('\n')) {
      if (line !== '') rows.push(JSON.parse(line) as Row);
    }
    from = to + 1;
  }
  return rows;
}

type WithoutId<Request> = Request extends unknown ? Omit<Request, 'id'> : never;

/** Merging comes first when the machine is busy. */
function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It is gone already, or the system does not allow it.
  }
}

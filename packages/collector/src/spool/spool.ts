/**
 * A bounded queue on disk. Records are appended to batch files, one open file per lane; a file that is large or old
 * enough is sealed, and taken by whoever empties the lane, who removes it once its content is safe elsewhere. What
 * lies on disk is there again after a crash of the process.
 */

import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeRecords, readBatch, recordBytes, type SpoolRecord } from './batch-file.ts';

/** How a spool is kept. */
export interface SpoolOptions<Lane extends string> {
  /** A folder of its own; made when it is not there. */
  readonly folder: string;
  /** Names of letters, digits and underscores. */
  readonly lanes: readonly Lane[];
  /** Bytes of all files together. */
  readonly maxBytes: number;
  /** Bytes of a batch; only a single record may exceed it. */
  readonly batchBytes: number;
  /** A batch is sealed this many milliseconds after its first record, or when it is full. */
  readonly batchAge: number;
  /** What gives way when there is no room: the record that comes, or the oldest batches nobody is working on. */
  readonly whenFull: 'refuse' | 'drop_oldest';
  /** There may be something to take. */
  readonly onReady?: (lane: Lane) => void;
  /** Something that had been kept was dropped to make room. */
  readonly onDropped?: (lane: Lane, count: number) => void;
}

/** What became of a record: kept, or lost for want of room or because the disk could not be written. */
export type AppendResult = 'kept' | 'full' | 'disk';

/** A sealed batch. */
export interface Batch<Lane extends string> {
  readonly lane: Lane;
  /** Unlike that of any other batch, ever. */
  readonly id: string;
  readonly path: string;
  /** How much of the file counts. */
  readonly bytes: number;
  /** Sum of its records' counts. */
  readonly count: number;
}

/** What is on disk. */
export interface SpoolSize {
  readonly bytes: number;
  /** Sum of the records' counts. */
  readonly count: number;
}

interface StoredBatch<Lane extends string> {
  readonly lane: Lane;
  readonly id: string;
  readonly gone: PromiseWithResolvers<void>;
  state: 'open' | 'ready' | 'taken' | 'gone';
  path: string;
  bytes: number;
  count: number;
}

interface OpenFile<Lane extends string> {
  readonly batch: StoredBatch<Lane>;
  readonly handle: FileHandle;
  readonly age: NodeJS.Timeout;
}

interface Waiting {
  readonly record: SpoolRecord;
  readonly settle: (result: AppendResult) => void;
}

/** `<number>-<random>.<lane>.open` while it is written, then `<number>-<random>.<lane>.<count>.batch`. */
const FILE_NAME = /^((\d{16})-[\da-f]{8})\.(\w+)\.(?:open|(\d+)\.batch)$/;

/** A bounded queue on disk. */
export class Spool<Lane extends string> implements AsyncDisposable {
  readonly #options: SpoolOptions<Lane>;
  readonly #nonce = randomBytes(4).toString('hex');
  /** By id, oldest first. */
  readonly #batches = new Map<string, StoredBatch<Lane>>();
  readonly #open = new Map<Lane, OpenFile<Lane>>();
  /** What was appended and is not written yet. */
  #waiting = new Map<Lane, Waiting[]>();
  /** All work on files, one piece after the other. Never rejects. */
  #work: Promise<void> = Promise.resolve();
  #flushDue = false;
  #bytes = 0;
  #count = 0;
  #number: number;
  #closed = false;

  private constructor(options: SpoolOptions<Lane>, firstNumber: number) {
    this.#options = options;
    this.#number = firstNumber;
  }

  /**
   * Opens a spool with what an earlier one left.
   *
   * @throws the file system's own error when the folder cannot be made or read
   */
  static async open<Lane extends string>(options: SpoolOptions<Lane>): Promise<Spool<Lane>> {
    await mkdir(options.folder, { recursive: true });
    const names = (await readdir(options.folder)).filter((name) => FILE_NAME.test(name)).toSorted();
    const last = Number(FILE_NAME.exec(names.at(-1) ?? '')?.[2] ?? 0);
    // Numbers go on from where they were even if the clock was set back.
    const spool = new Spool(options, Math.max(Date.now(), last + 1));
    for (const name of names) await spool.#recover(name);
    return spool;
  }

  /** What is on disk, or on its way there. */
  get size(): SpoolSize {
    return { bytes: this.#bytes, count: this.#count };
  }

  /**
   * Appends a record, whose bytes must not change until this settles: from then on they survive the end of the
   * process. Never rejects. Everything appended in one turn of the event loop, or while the disk is busy, is written
   * at once.
   */
  append(lane: Lane, record: SpoolRecord): Promise<AppendResult> {
    const bytes = recordBytes(record);
    if (this.#closed || !this.#makeRoom(bytes)) return Promise.resolve('full');
    this.#bytes += bytes;
    this.#count += record.count;
    const { promise, resolve } = Promise.withResolvers<AppendResult>();
    const waiting = this.#waiting.get(lane);
    if (waiting) waiting.push({ record, settle: resolve });
    else this.#waiting.set(lane, [{ record, settle: resolve }]);
    if (!this.#flushDue) {
      this.#flushDue = true;
      void this.#then(() => this.#flush());
    }
    return promise;
  }

  /** Takes the oldest sealed batch of a lane; it is the caller's until it is released or removed. */
  take(lane: Lane): Batch<Lane> | undefined {
    const batch = this.#firstReady(lane);
    if (!batch) return undefined;
    batch.state = 'taken';
    const { id, path, bytes, count } = batch;
    return { lane, id, path, bytes, count };
  }

  /** Gives a batch back, to be taken again. */
  release({ id }: Batch<Lane>): void {
    const batch = this.#batches.get(id);
    if (batch?.state === 'taken') batch.state = 'ready';
  }

  /** Removes a batch: its content is safe elsewhere, or will never be. */
  async remove({ id }: Batch<Lane>): Promise<void> {
    const batch = this.#batches.get(id);
    if (batch) await this.#remove(batch);
  }

  /**
   * Seals what is open, and resolves when everything appended so far has been removed.
   *
   * @param signal gives up waiting; rejects with its reason
   */
  async drained(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await this.#sealAll();
    const gone = Promise.all([...this.#batches.values()].map((batch) => batch.gone.promise));
    const { promise: abandoned, reject } = Promise.withResolvers<never>();
    const abandon = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', abandon);
    if (signal?.aborted) abandon();
    await Promise.race([gone, abandoned]).finally(() => signal?.removeEventListener('abort', abandon));
  }

  /** Takes nothing more, writes what was appended and closes the files. Everything stays on disk. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#sealAll();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #recover(name: string): Promise<void> {
    const [, id, , laneName, sealed] = FILE_NAME.exec(name)!;
    const lane = this.#options.lanes.find((known) => known === laneName);
    if (lane === undefined) return;
    const path = join(this.#options.folder, name);
    const content =
      sealed === undefined
        ? await readBatch(path)
        : { bytes: (await stat(path)).size, count: Number(sealed) };
    const batch = this.#add(lane, id!, path);
    batch.state = 'ready';
    batch.bytes = content.bytes;
    batch.count = content.count;
    this.#bytes += batch.bytes;
    this.#count += batch.count;
    if (batch.bytes === 0) await this.#remove(batch);
  }

  #add(lane: Lane, id: string, path: string): StoredBatch<Lane> {
    const gone = Promise.withResolvers<void>();
    const batch: StoredBatch<Lane> = { lane, id, gone, state: 'open', path, bytes: 0, count: 0 };
    this.#batches.set(id, batch);
    return batch;
  }

  #firstReady(lane: Lane): StoredBatch<Lane> | undefined {
    for (const batch of this.#batches.values())
      if (batch.lane === lane && batch.state === 'ready') return batch;
    return undefined;
  }

  /** Forgets a batch at once, and resolves when its file is gone too. */
  async #remove(batch: StoredBatch<Lane>): Promise<void> {
    this.#batches.delete(batch.id);
    this.#bytes -= batch.bytes;
    this.#count -= batch.count;
    batch.state = 'gone';
    batch.gone.resolve();
    // A file that cannot be removed comes back at the next start, under the same id.
    await rm(batch.path, { force: true }).catch(() => undefined);
  }

  #makeRoom(bytes: number): boolean {
    const { maxBytes, whenFull, onDropped } = this.#options;
    if (whenFull === 'drop_oldest' && bytes <= maxBytes) {
      for (const batch of this.#batches.values()) {
        if (this.#bytes + bytes <= maxBytes) break;
        if (batch.state !== 'ready') continue;
        void this.#remove(batch);
        onDropped?.(batch.lane, batch.count);
      }
    }
    return this.#bytes + bytes <= maxBytes;
  }

  /** Does a piece of work after all others. */
  #then(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work);
    return this.#work;
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    this.#flushDue = false;
    for (const [lane, records] of waiting) {
      for (let from = 0; from < records.length;) {
        const to = this.#fitting(lane, records, from);
        const result = await this.#write(lane, records.slice(from, to));
        for (const { settle } of records.slice(from, to)) settle(result);
        from = to;
      }
    }
  }

  /** How many of the records still fit into the lane's batch: all up to the one returned, and at least one. */
  #fitting(lane: Lane, records: readonly Waiting[], from: number): number {
    let bytes = this.#open.get(lane)?.batch.bytes ?? 0;
    let to = from;
    while (to < records.length) {
      bytes += recordBytes(records[to]!.record);
      if (to > from && bytes > this.#options.batchBytes) break;
      to += 1;
    }
    return to;
  }

  async #write(lane: Lane, waiting: readonly Waiting[]): Promise<AppendResult> {
    const content = encodeRecords(waiting.map(({ record }) => record));
    const count = waiting.reduce((sum, { record }) => sum + record.count, 0);
    const { batchBytes } = this.#options;
    try {
      const full = this.#open.get(lane);
      if (full && full.batch.bytes + content.length > batchBytes) await this.#seal(lane);
      const { batch, handle } = this.#open.get(lane) ?? (await this.#create(lane));
      await handle.appendFile(content);
      batch.bytes += content.length;
      batch.count += count;
      if (batch.bytes >= batchBytes) await this.#seal(lane);
      return 'kept';
    } catch {
      // Whatever it is (no space, no folder, a broken disk): these records are lost, and the next try their luck.
      this.#bytes -= content.length;
      this.#count -= count;
      await this.#seal(lane, true);
      return 'disk';
    }
  }

  async #create(lane: Lane): Promise<OpenFile<Lane>> {
    const { folder, batchAge } = this.#options;
    await mkdir(folder, { recursive: true });
    const id = `${String(this.#number++).padStart(16, '0')}-${this.#nonce}`;
    const path = join(folder, `${id}.${lane}.open`);
    const handle = await open(path, 'wx');
    const batch = this.#add(lane, id, path);
    const age = setTimeout(() => void this.#then(() => this.#grown(batch)), batchAge);
    const file = { batch, handle, age };
    this.#open.set(lane, file);
    return file;
  }

  /** Seals a batch that is old enough, unless others wait before it: then it may as well become larger. */
  async #grown(batch: StoredBatch<Lane>): Promise<void> {
    const file = this.#open.get(batch.lane);
    if (file?.batch !== batch) return;
    if (this.#firstReady(batch.lane)) file.age.refresh();
    else await this.#seal(batch.lane);
  }

  /** Ends the lane's open batch; a torn one is cut to what was written whole. Never rejects. */
  async #seal(lane: Lane, torn: boolean = false): Promise<void> {
    const file = this.#open.get(lane);
    if (!file) return;
    const { batch, handle, age } = file;
    this.#open.delete(lane);
    clearTimeout(age);
    // If the file cannot be cut, closed or renamed, its reader still knows how much of it counts.
    if (torn) await handle.truncate(batch.bytes).catch(() => undefined);
    await handle.close().catch(() => undefined);
    if (batch.bytes === 0) return this.#remove(batch);
    const path = join(this.#options.folder, `${batch.id}.${lane}.${batch.count}.batch`);
    await rename(batch.path, path).then(
      () => (batch.path = path),
      () => undefined,
    );
    batch.state = 'ready';
    this.#options.onReady?.(lane);
  }

  #sealAll(): Promise<void> {
    return this.#then(async () => {
      for (const lane of this.#open.keys()) await this.#seal(lane);
    });
  }
}

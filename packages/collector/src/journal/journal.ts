import { mkdir, open, readdir, readFile, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { CollectorError } from '../errors.ts';
import { encodeFrame, findFrames, parseFrame } from './frames.ts';
import { FolderLock } from './lock.ts';

/** The format of the files; another one is not read. */
const VERSION = 1;

const FILE = /^(segment|checkpoint)-(\d{1,15})\.moqj$/;

/** What a journal remembers of earlier runs. */
export interface Recovered {
  /** Records in the order they were written: of the last checkpoint, and of everything after it. */
  records(): Iterable<unknown>;
  /** Bytes at the ends of files that were not written to their end. */
  readonly damaged: number;
}

/**
 * A folder of records. Segments are appended to; a checkpoint says all that the segments before it came to, so that
 * they can go. What was appended survives the end of this process at any moment; a loss of power is not covered.
 *
 * A checkpoint begins with a new segment, and says how things are at some moment after that: records have to be such
 * that reading again what a checkpoint knows already changes nothing.
 */
export class Journal implements AsyncDisposable {
  readonly #folder: string;
  readonly #lock: FolderLock;
  #number: number;
  #segment: FileHandle | undefined;
  #segmentBytes = 0;

  private constructor(folder: string, lock: FolderLock, number: number) {
    this.#folder = folder;
    this.#lock = lock;
    this.#number = number;
  }

  /**
   * Opens a folder, which is made when it is not there. Nothing is written before the first record.
   *
   * @throws CollectorError (`config`) when the folder cannot be used, is in use, or is of another version
   */
  static async open(folder: string): Promise<{ readonly journal: Journal; readonly recovered: Recovered }> {
    let lock: FolderLock;
    try {
      await mkdir(folder, { recursive: true });
      lock = await FolderLock.take(join(folder, 'lock'), folder);
    } catch (cause) {
      if (cause instanceof CollectorError) throw cause;
      throw unusable(folder, cause);
    }
    try {
      const files = await listed(folder);
      const { recovered, last } = await recover(folder, files);
      return { journal: new Journal(folder, lock, last), recovered };
    } catch (cause) {
      await lock[Symbol.asyncDispose]();
      throw cause instanceof CollectorError ? cause : unusable(folder, cause);
    }
  }

  /** Bytes of the segment that is written to. */
  get segmentBytes(): number {
    return this.#segmentBytes;
  }

  /** Appends a record.  @throws NodeJS.ErrnoException when it cannot be written */
  async append(record: unknown): Promise<void> {
    const segment = (this.#segment ??= await this.#begin());
    const frame = encodeFrame(record);
    await segment.appendFile(frame);
    this.#segmentBytes += frame.length;
  }

  /** Ends the segment: the next record begins another. Nothing may be appended meanwhile. */
  async rotate(): Promise<void> {
    const segment = this.#segment;
    this.#segment = undefined;
    this.#segmentBytes = 0;
    await segment?.close();
  }

  /**
   * Writes a checkpoint; records may be appended meanwhile. To be called after {@link rotate} and the first record of
   * the new segment.
   *
   * @param records all there is to say
   * @param settle awaited before the checkpoint counts: until what it says has been appended too
   * @returns how many bytes it has
   * @throws NodeJS.ErrnoException when it cannot be written; nothing is lost then
   */
  async checkpoint(
    records: Iterable<unknown> | AsyncIterable<unknown>,
    settle: () => Promise<void>,
  ): Promise<number> {
    const number = this.#number;
    const path = this.#path('checkpoint', number);
    const draft = `${path}.draft`;
    const file = await open(draft, 'w');
    let bytes = 0;
    const write = async (record: unknown): Promise<void> => {
      const frame = encodeFrame(record);
      await file.appendFile(frame);
      bytes += frame.length;
    };
    try {
      await write(header());
      for await (const record of records) await write(record);
      await write({ end: true });
    } finally {
      await file.close();
    }
    await settle();
    await rename(draft, path);
    await this.#removeBefore(number);
    return bytes;
  }

  /** Closes the files, and lets others have the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.rotate();
    await this.#lock[Symbol.asyncDispose]();
  }

  async #begin(): Promise<FileHandle> {
    const segment = await open(this.#path('segment', this.#number + 1), 'a');
    this.#number += 1;
    const frame = encodeFrame(header());
    try {
      await segment.appendFile(frame);
    } catch (error) {
      await segment.close();
      throw error;
    }
    this.#segmentBytes = frame.length;
    return segment;
  }

  async #removeBefore(number: number): Promise<void> {
    for (const file of await listed(this.#folder)) {
      if (file.number < number) await rm(join(this.#folder, file.name), { force: true });
    }
  }

  #path(kind: 'segment' | 'checkpoint', number: number): string {
    return join(this.#folder, `${kind}-${number}.moqj`);
  }
}

interface Listed {
  readonly name: string;
  readonly kind: string;
  readonly number: number;
}

async function listed(folder: string): Promise<readonly Listed[]> {
  const files = (await readdir(folder)).flatMap((name) => {
    const match = FILE.exec(name);
    return match ? [{ name, kind: match[1]!, number: Number(match[2]) }] : [];
  });
  return files.toSorted((a, b) => a.number - b.number || a.kind.localeCompare(b.kind));
}

/** Finds what to read: the latest checkpoint that is whole, and the segments since it began. */
async function recover(
  folder: string,
  files: readonly Listed[],
): Promise<{ readonly recovered: Recovered; readonly last: number }> {
  const read = async ({ name }: Listed): Promise<{ payloads: readonly Buffer[]; damaged: number }> => {
    const { payloads, damaged } = findFrames(await readFile(join(folder, name)));
    const [head, ...rest] = payloads;
    if (head !== undefined && !isHeader(parseFrame(head))) {
      throw new CollectorError('config', `${join(folder, name)} is not of version ${VERSION}`, {
        option: 'dataDir',
      });
    }
    return { payloads: rest, damaged };
  };
  let from = 0;
  const payloads: Buffer[] = [];
  for (const checkpoint of files.filter(({ kind }) => kind === 'checkpoint').toReversed()) {
    const all = (await read(checkpoint)).payloads;
    const last = all.at(-1);
    if (!last || !isEnd(parseFrame(last))) continue;
    from = checkpoint.number;
    payloads.push(...all.slice(0, -1));
    break;
  }
  let damaged = 0;
  for (const segment of files.filter(({ kind, number }) => kind === 'segment' && number >= from)) {
    const found = await read(segment);
    damaged += found.damaged;
    payloads.push(...found.payloads);
  }
  return {
    recovered: {
      damaged,
      *records() {
        for (const payload of payloads) yield parseFrame(payload);
      },
    },
    last: files.at(-1)?.number ?? 0,
  };
}

function header(): unknown {
  return { journal: 'moq-collector', version: VERSION };
}

function isHeader(record: unknown): boolean {
  const { journal, version } = (record ?? {}) as Record<string, unknown>;
  return journal === 'moq-collector' && version === VERSION;
}

function isEnd(record: unknown): boolean {
  return typeof record === 'object' && record !== null && 'end' in record;
}

function unusable(folder: string, cause: unknown): CollectorError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CollectorError('config', `cannot keep a journal in ${folder}: ${reason}`, {
    option: 'dataDir',
    cause,
  });
}

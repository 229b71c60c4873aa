import { readFile, rm, writeFile } from 'node:fs/promises';
import { CollectorError } from '../errors.ts';

/** Keeps two collectors from writing into one folder. A lock whose process is gone does not count. */
export class FolderLock implements AsyncDisposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** @throws CollectorError (`config`) when another collector that runs has the folder */
  static async take(path: string, folder: string): Promise<FolderLock> {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const owner = Number(await readFile(path, 'utf8').catch(() => ''));
      // In containers everyone has the same number: one's own cannot be somebody else's.
      if (owner !== process.pid && isRunning(owner)) {
        throw new CollectorError('config', `${folder} is in use by process ${owner}`, { option: 'dataDir' });
      }
      await writeFile(path, String(process.pid));
    }
    return new FolderLock(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#path, { force: true });
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

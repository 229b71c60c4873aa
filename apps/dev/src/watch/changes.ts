import { affectedBy, type WorkspacePackage } from './workspace.ts';

/** The folder of the package whose running code a file is part of; `undefined` when nothing that runs depends on it. */
export function packageOf(path: string): string | undefined {
  const match = /^((?:packages|apps)\/[^/]+)\/(package\.json|(?:src|demo)\/.+)$/.exec(path);
  if (!match || /\.(test|test-d|bench)\.tsx?$|~$|\.sw.$/.test(path)) return undefined;
  return match[1];
}

/** Whether a file is one that Prometheus or Alertmanager reads. */
export function isConfiguration(path: string): boolean {
  return (
    /^observability\/([^/]+\.yml|targets\/[^/]+\.json)$/.test(path) && !path.endsWith('docker-compose.yml')
  );
}

/** Compiles a package: `undefined` when it compiles, else its first error in one line. */
export type Check = (folder: string) => Promise<string | undefined>;

/** What became of changes. */
export interface Verdict {
  /** Folders of packages that can be taken up, each after those it needs. */
  readonly good: readonly string[];
  /** Errors to be shown: each once, for as long as it stays the same. */
  readonly errors: readonly string[];
  /** Folders of packages that were broken and compile again. */
  readonly mended: readonly string[];
}

/**
 * Decides which changes can be taken up: packages are compiled in order, each only if those it needs are good. What is
 * broken, or waits for something broken, is tried again with every change that comes.
 */
export class Changes {
  readonly #pending = new Set<string>();
  /** The error shown last for each package that is broken. */
  readonly #broken = new Map<string, string>();

  /** Notes that code of a package has changed. */
  add(folder: string): void {
    this.#pending.add(folder);
  }

  /** Whether there is anything to settle. */
  get pending(): boolean {
    return this.#pending.size > 0;
  }

  /**
   * Compiles what has changed and everything that needs it.
   *
   * @param running folders of packages whose code runs
   */
  async settle(
    packages: readonly WorkspacePackage[],
    running: ReadonlySet<string>,
    check: Check,
  ): Promise<Verdict> {
    const affected = affectedBy(this.#pending, packages).filter(({ folder }) => running.has(folder));
    this.#pending.clear();
    const held = new Set<string>();
    const good: string[] = [];
    const errors: string[] = [];
    const mended: string[] = [];
    for (const { name, folder, needs } of affected) {
      const waits = needs.some((other) => held.has(other));
      const error = waits ? undefined : await check(folder);
      if (waits || error !== undefined) {
        held.add(name);
        this.#pending.add(folder);
      }
      if (waits) continue;
      const shown = this.#broken.get(folder);
      if (error === undefined) {
        good.push(folder);
        if (this.#broken.delete(folder)) mended.push(folder);
      } else if (error !== shown) {
        this.#broken.set(folder, error);
        errors.push(error);
      }
    }
    return { good, errors, mended };
  }
}

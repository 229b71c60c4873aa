/** How a process is started. */
export interface Command {
  readonly executable: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Added to the environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What the conductor tells the supervisor of a service. */
export type Order =
  /** Start the service; one that runs is ended first. */
  | { readonly type: 'run'; readonly command: Command }
  /** End the service. */
  | { readonly type: 'stop' }
  /** End the service and yourself. */
  | { readonly type: 'end' };

/** What the conductor is told. */
export type Report =
  /** A supervisor, or the watcher, is there. */
  | { readonly type: 'hello'; readonly name: string }
  /** The service runs, as the leader of a process group of its own. */
  | { readonly type: 'started'; readonly pid: number }
  /** The service ended as it was told to. */
  | { readonly type: 'stopped' }
  /** The service ended by itself. */
  | {
      readonly type: 'exited';
      readonly how: string;
      readonly code: number | null;
      readonly lastError: string;
    }
  /** The service logged something worth seeing. */
  | { readonly type: 'warning'; readonly line: string }
  /** The watcher has something to say. */
  | { readonly type: 'say'; readonly line: string }
  /** The code of these services has changed, and compiles. */
  | { readonly type: 'changed'; readonly services: readonly string[]; readonly packages: readonly string[] };

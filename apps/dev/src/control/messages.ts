import type { Notification } from '../alerts/notifications.ts';

/** How a process is started. */
export interface Command {
  readonly executable: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Added to the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** How long it may take to end before it is killed, in milliseconds, when that is longer than usual. */
  readonly grace?: number;
}

/** What the conductor tells whoever is connected to it. */
export type Order =
  /** To a supervisor: start the service; one that runs is ended first. */
  | { readonly type: 'run'; readonly command: Command }
  /** To a supervisor: end the service. */
  | { readonly type: 'stop' }
  /** To a supervisor or the watcher: end, and the service with you. */
  | { readonly type: 'end' }
  /** To a rehearsal: all that Alertmanager has told so far was said. */
  | { readonly type: 'admitted' }
  /** To a rehearsal: a service that was to be held has ended. */
  | { readonly type: 'held'; readonly service: string }
  /** To a rehearsal: Alertmanager has told of an alert. */
  | { readonly type: 'notified'; readonly notification: Notification };

/** What the conductor is told. */
export type Report =
  /** A supervisor, the watcher, or a rehearsal is there. */
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
  | { readonly type: 'changed'; readonly services: readonly string[]; readonly packages: readonly string[] }
  /** The configuration of the backends has changed. */
  | { readonly type: 'configured' }
  /** A rehearsal wants a service to be down, until it says so or is gone. */
  | { readonly type: 'hold'; readonly service: string }
  /** A rehearsal wants what it held to be up again. */
  | { readonly type: 'release' };

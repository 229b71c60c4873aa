/** Which report of which session: the `Moq-Report` header. */
export interface ReportId {
  readonly session: string;
  /** Counts a session's reports from 1; the same on every retry of one. */
  readonly sequence: number;
}

const HEADER = /^([0-9A-Za-z-]{8,64})\/([1-9]\d{0,14})$/;

/** Reads a `Moq-Report` header: `<session id>/<sequence number>`; `undefined` when it is none. */
export function parseReportId(header: string): ReportId | undefined {
  const match = HEADER.exec(header);
  return match ? { session: match[1]!, sequence: Number(match[2]) } : undefined;
}

/** How much is remembered of reports that came. */
export interface SeenReportsOptions {
  /** Sessions remembered; past it the ones longest silent are forgotten. */
  readonly sessions: number;
  /** A session silent for this long is forgotten, in milliseconds. */
  readonly expiry: number;
}

/** Reports of one session that came out of order are remembered one by one, up to this many. */
const OUT_OF_ORDER = 64;

interface Session {
  lastSeen: number;
  /** Every report up to this one has been seen, or is too late to count. */
  floor: number;
  /** What was seen above the floor; most sessions never need it. */
  above: Set<number> | undefined;
}

/**
 * Remembers which reports have been added, so that a retry is not added twice. A session costs a few dozen bytes
 * while its reports come in order.
 */
export class SeenReports {
  readonly #options: SeenReportsOptions;
  /** The longest silent first. */
  readonly #sessions = new Map<string, Session>();

  constructor(options: SeenReportsOptions) {
    this.#options = options;
  }

  /** Sessions remembered. */
  get size(): number {
    return this.#sessions.size;
  }

  /**
   * Takes note of a report.
   *
   * @param now the time in milliseconds, of a clock that never goes back
   * @returns whether it is new
   */
  add({ session: id, sequence }: ReportId, now: number): boolean {
    this.#expire(now);
    const session = this.#sessions.get(id) ?? { lastSeen: now, floor: 0, above: undefined };
    session.lastSeen = now;
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    if (this.#sessions.size > this.#options.sessions) this.#forgetOldest();
    return note(session, sequence);
  }

  #expire(now: number): void {
    for (const [id, session] of this.#sessions) {
      if (now - session.lastSeen < this.#options.expiry) return;
      this.#sessions.delete(id);
    }
  }

  #forgetOldest(): void {
    for (const id of this.#sessions.keys()) {
      this.#sessions.delete(id);
      return;
    }
  }
}

function note(session: Session, sequence: number): boolean {
  if (sequence <= session.floor || session.above?.has(sequence)) return false;
  if (sequence === session.floor + 1) session.floor = sequence;
  else (session.above ??= new Set()).add(sequence);
  if (session.above) {
    // Past the limit the missing reports below the lowest one seen are given up.
    if (session.above.size > OUT_OF_ORDER) session.floor = Math.min(...session.above) - 1;
    while (session.above.delete(session.floor + 1)) session.floor += 1;
    if (session.above.size === 0) session.above = undefined;
  }
  return true;
}

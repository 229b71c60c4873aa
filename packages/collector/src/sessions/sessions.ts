import type { AudienceProfile } from '../merge/audience.ts';
import type { ActiveSessions } from './active-sessions.ts';
import type { Digest } from './digest.ts';
import { Heard } from './heard.ts';
import { Interner } from './interner.ts';
import { isLive, Session, type SessionState } from './session.ts';

/** What a report or an event says of its session beside numbers. */
export interface Subject {
  readonly broadcast: string | undefined;
  readonly transport: string | undefined;
  readonly traceId: string | undefined;
  readonly playerVersion: string | undefined;
  readonly userAgent: string;
  readonly remoteAddress: string;
  readonly audience: AudienceProfile;
}

/** How many sessions are held, and for how long. */
export interface SessionsOptions {
  /** Sessions held; past it the ones longest silent are forgotten. */
  readonly limit: number;
  /** A session silent for this long is forgotten, in milliseconds. */
  readonly expiry: number;
  readonly active: ActiveSessions;
  /** Told of every session about which something new is known. */
  readonly onChange?: (session: Session) => void;
}

/** Stored at least this often while it lasts, in milliseconds. */
const STORE_EVERY = 60_000;

/** All sessions that are held: those watched now, and those of the last minutes. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #heard = new Heard();
  readonly #counts: Record<SessionState, number> = {
    loading: 0,
    playing: 0,
    stalled: 0,
    paused: 0,
    lost: 0,
    ended: 0,
  };
  readonly #texts = new Interner(20_000);
  /** Those that wait to be stored, once each; and those that were forgotten since, which no longer say so. */
  #unsaved: Session[] = [];
  /** How far the looking through has come. */
  #swept = this.#sessions.values();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Sessions held. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Sessions held, by state. */
  get counts(): Readonly<Record<SessionState, number>> {
    return this.#counts;
  }

  find(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /** All sessions, in no particular order. */
  all(): Iterable<Session> {
    return this.#sessions.values();
  }

  /**
   * The session of an id, which was heard of now.
   *
   * @param now Unix milliseconds of a clock that never goes back
   */
  hear(id: string, subject: Subject, now: number): Session {
    let session = this.#sessions.get(id);
    if (!session) {
      session = new Session(id, now, subject.audience);
      this.#sessions.set(id, session);
      this.#enter(session);
      this.#save(session);
    }
    this.#heard.hear(session);
    session.updatedAt = now;
    this.#describe(session, subject);
    while (this.#sessions.size > this.#options.limit) this.#forget(this.#heard.oldest!);
    return session;
  }

  /** Takes a report in that was not seen before. */
  report(session: Session, digest: Digest, now: number): void {
    session.reports += 1;
    session.watched += digest.watched;
    session.stalled += digest.stalled;
    session.stalls += digest.stalls;
    session.qualitySwitches += digest.qualitySwitches;
    session.framesDecoded += digest.framesDecoded;
    session.framesDropped += digest.framesDropped;
    session.receivedBytes += digest.receivedBytes;
    session.failures += digest.failures;
    session.startup = digest.startup ?? session.startup;
    session.latency = digest.latency ?? session.latency;
    session.buffer = digest.buffer ?? session.buffer;
    session.bitrate = digest.bitrate ?? session.bitrate;
    session.rtt = digest.rtt ?? session.rtt;
    if (digest.outcome) session.outcome = digest.outcome;
    if (digest.startup !== undefined && session.outcome === 'pending') session.outcome = 'started';
    if (digest.error) session.lastError = this.#texts.share(digest.error);
    this.enter(session, stateAfter(session, digest), now);
    if (now - session.storedAt >= STORE_EVERY) this.#save(session);
    this.#options.onChange?.(session);
  }

  /** Puts a session into a state. */
  enter(session: Session, state: SessionState, now: number): void {
    if (state === session.state) return;
    this.#leave(session);
    session.state = state;
    session.endedAt = state === 'ended' ? now : undefined;
    this.#enter(session);
    this.#save(session);
    this.#options.onChange?.(session);
  }

  /** Tells that something was learned of a session. */
  touch(session: Session): void {
    this.#save(session);
    this.#options.onChange?.(session);
  }

  /** A text as the one that all sessions share. */
  share(text: string): string {
    return this.#texts.share(text);
  }

  /**
   * Counts those as lost that fell silent, and forgets those that have been silent for long.
   *
   * @param share the part of all sessions to look at, going on where the last call ended; all of them by default
   */
  sweep(now: number, share = 1): void {
    for (let left = Math.ceil(this.#sessions.size * share); left > 0; left--) {
      const session = this.#nextSwept();
      if (!session) return;
      if (now - session.updatedAt >= this.#options.expiry) this.#forget(session);
      else if (isLive(session.state) && session.isSilent(now)) this.enter(session, 'lost', now);
    }
  }

  /** The sessions that have to be stored, at most so many. */
  takeUnsaved(most: number, now: number): readonly Session[] {
    const taken: Session[] = [];
    let seen = 0;
    while (taken.length < most && seen < this.#unsaved.length) {
      const session = this.#unsaved[seen++]!;
      if (!session.isUnsaved) continue;
      session.isUnsaved = false;
      session.storedAt = now;
      taken.push(session);
    }
    this.#unsaved.splice(0, seen);
    return taken;
  }

  /** Puts a session back that was remembered; the longest silent have to come first. */
  restore(session: Session): void {
    const known = this.#sessions.get(session.id);
    if (known) this.#forget(known);
    this.#sessions.set(session.id, session);
    this.#heard.hear(session);
    this.#enter(session);
  }

  /** Tells what a session watches. */
  rename(session: Session, broadcast: string): void {
    if (broadcast === session.broadcast) return;
    this.#leave(session);
    session.broadcast = this.#texts.share(broadcast);
    session.revision += 1;
    this.#enter(session);
  }

  /** The next session to look at, and after the last one the first again; none where there are none. */
  #nextSwept(): Session | undefined {
    let next = this.#swept.next();
    if (next.done) {
      this.#swept = this.#sessions.values();
      next = this.#swept.next();
    }
    return next.value;
  }

  #save(session: Session): void {
    if (session.isUnsaved) return;
    session.isUnsaved = true;
    this.#unsaved.push(session);
  }

  #describe(session: Session, subject: Subject): void {
    const { broadcast, transport, traceId, playerVersion, userAgent, remoteAddress, audience } = subject;
    if (broadcast !== undefined) this.rename(session, broadcast);
    if (transport !== undefined && transport !== session.transport) {
      session.transport = this.#texts.share(transport);
      session.revision += 1;
    }
    if (traceId !== undefined && traceId !== session.traceId) {
      session.traceId = traceId;
      session.revision += 1;
    }
    if (playerVersion !== undefined && playerVersion !== session.playerVersion) {
      session.playerVersion = this.#texts.share(playerVersion);
      session.revision += 1;
    }
    if (userAgent !== session.userAgent) {
      session.userAgent = this.#texts.share(userAgent);
      session.revision += 1;
    }
    if (remoteAddress !== session.remoteAddress) {
      session.remoteAddress = remoteAddress;
      session.revision += 1;
    }
    if (audience !== session.audience) {
      session.audience = audience;
      session.revision += 1;
    }
  }

  #enter({ state, broadcast }: Session): void {
    this.#counts[state] += 1;
    if (isLive(state) && broadcast) this.#options.active.enter(broadcast, state);
  }

  #leave({ state, broadcast }: Session): void {
    this.#counts[state] -= 1;
    if (isLive(state) && broadcast) this.#options.active.leave(broadcast, state);
  }

  #forget(session: Session): void {
    this.#leave(session);
    this.#sessions.delete(session.id);
    this.#heard.forget(session);
    session.isUnsaved = false;
  }
}

/** Share of a report that was spent in stalls from which on the session counts as stalled. */
const MOSTLY = 0.5;

/** The state a session is in after a report. What the player itself says of its state, by events, comes first. */
function stateAfter(session: Session, digest: Digest): SessionState {
  const { state, outcome, stateToldAt } = session;
  if (digest.outcome === 'exited' || digest.outcome === 'bounced' || digest.outcome === 'failed')
    return 'ended';
  // Over is over, however late the last report comes, unless another start is tried.
  if (state === 'ended' && digest.attempts === 0) return 'ended';
  if (outcome !== 'started') return isLive(state) ? state : 'loading';
  if (stateToldAt > 0 && isLive(state) && state !== 'loading') return state;
  if (digest.watched === 0) return state === 'loading' || !isLive(state) ? 'playing' : 'paused';
  return digest.stalled > MOSTLY * digest.watched ? 'stalled' : 'playing';
}

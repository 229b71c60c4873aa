import { type collector, namespaceOf } from '@moq-observability/moq-metrics';
import type { AudienceProfile } from '../merge/audience.ts';
import type { SessionOutcome, SessionRow } from '../store/store.ts';
import { SequenceWindow } from './sequence-window.ts';

/** The states of a session that is watched now. */
export const liveStates = ['loading', 'playing', 'stalled', 'paused'] as const;
export type LiveState = (typeof liveStates)[number];

/** Any state of a session. */
export type SessionState = collector.SessionState;

/** Whether a session in this state is watched now. */
export function isLive(state: SessionState): state is LiveState {
  return state !== 'lost' && state !== 'ended';
}

/** How a segment of the journal speaks of a session. */
export interface JournalEntry {
  /** The segment's own. */
  readonly segment: object;
  readonly number: number;
  /** The revision that was written. */
  readonly revision: number;
}

/** From one report to the next, in milliseconds, until reports tell. */
const USUAL_HEARTBEAT = 10_000;

/**
 * What is known of one playback now. Kept small, as there are as many of these as there are viewers: texts that many
 * share are shared, and what is gone by lies in the store.
 */
export class Session {
  readonly id: string;
  /** When it was first heard of, in Unix milliseconds. */
  readonly startedAt: number;
  /** When it was last heard of, in Unix milliseconds. */
  updatedAt: number;
  endedAt: number | undefined = undefined;

  broadcast = '';
  traceId = '';
  transport = '';
  audience: AudienceProfile;
  userAgent = '';
  remoteAddress = '';
  playerVersion = '';

  state: SessionState = 'loading';
  outcome: SessionOutcome = 'pending';
  /** When the player said that its state changed, by its own clock, in Unix milliseconds; 0 if it never did. */
  stateToldAt = 0;

  /** Seconds from play intent to first frame. */
  startup: number | undefined = undefined;
  /** Seconds, mean of the last report that had some. */
  latency: number | undefined = undefined;
  /** Seconds, mean of the last report that had some. */
  buffer: number | undefined = undefined;
  /** Bits per second, mean of the last report that had some, all tracks. */
  bitrate: number | undefined = undefined;
  /** Seconds, mean of the last report that had some. */
  rtt: number | undefined = undefined;
  rendition = '';

  /** Seconds. */
  watched = 0;
  /** Seconds. */
  stalled = 0;
  stalls = 0;
  qualitySwitches = 0;
  framesDecoded = 0;
  framesDropped = 0;
  receivedBytes = 0;
  failures = 0;
  lastError = '';
  reports = 0;

  /** Which of its reports were added. */
  readonly seen: SequenceWindow = new SequenceWindow();
  /** From one report to the next, in milliseconds. */
  heartbeat: number = USUAL_HEARTBEAT;
  /** Goes up whenever something changes that seldom does. */
  revision = 0;
  /** When a row of it was last written to the store, in Unix milliseconds. */
  storedAt = 0;
  /** Whether a row of it waits to be written. */
  isUnsaved = false;
  /** What stands for it in the journal's segment; `undefined` before it was written there. */
  entry: JournalEntry | undefined = undefined;
  /** Those that were heard of right before and right after it. */
  older: Session | undefined = undefined;
  newer: Session | undefined = undefined;

  constructor(id: string, now: number, audience: AudienceProfile) {
    this.id = id;
    this.startedAt = now;
    this.updatedAt = now;
    this.audience = audience;
  }

  /** Whether so many heartbeats are missing that nobody can be watching. */
  isSilent(now: number): boolean {
    return now - this.updatedAt > LOST_AFTER * this.heartbeat;
  }
}

/** Heartbeats that may be missing; the last tenth is for the way. */
const LOST_AFTER = 3.1;

/** A session as it is stored and shown. */
export function rowOf(session: Session): SessionRow {
  return {
    sessionId: session.id,
    startedAt: session.startedAt,
    updatedAt: session.updatedAt,
    endedAt: session.endedAt,
    namespace: session.broadcast && namespaceOf(session.broadcast),
    broadcast: session.broadcast,
    state: session.state,
    outcome: session.outcome,
    traceId: session.traceId,
    transport: session.transport,
    browser: session.audience.browser,
    device: session.audience.device,
    region: session.audience.region,
    userAgent: session.userAgent,
    remoteAddress: session.remoteAddress,
    playerVersion: session.playerVersion,
    startupSeconds: session.startup,
    latencySeconds: session.latency,
    bufferSeconds: session.buffer,
    bitrate: session.bitrate,
    rttSeconds: session.rtt,
    rendition: session.rendition,
    watchedSeconds: session.watched,
    stalledSeconds: session.stalled,
    stalls: session.stalls,
    qualitySwitches: session.qualitySwitches,
    framesDecoded: session.framesDecoded,
    framesDropped: session.framesDropped,
    receivedBytes: session.receivedBytes,
    failures: session.failures,
    lastError: session.lastError,
    reports: session.reports,
  };
}

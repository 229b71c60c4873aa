/** Sessions as the journal keeps them: what seldom changes apart from what every report changes. */
import type { AudienceProfile } from '../merge/audience.ts';
import { Session } from './session.ts';

/** What is kept of a session by its own name. */
type Kept = Omit<
  Session,
  | 'id'
  | 'startedAt'
  | 'audience'
  | 'seen'
  | 'revision'
  | 'storedAt'
  | 'isUnsaved'
  | 'entry'
  | 'older'
  | 'newer'
  | 'isSilent'
>;
type ProfileName = 'broadcast' | 'traceId' | 'transport' | 'userAgent' | 'remoteAddress' | 'playerVersion';
type ProgressName = Exclude<keyof Kept, ProfileName>;

const PROFILE: readonly ProfileName[] = [
  'broadcast',
  'traceId',
  'transport',
  'userAgent',
  'remoteAddress',
  'playerVersion',
];

const PROGRESS: readonly ProgressName[] = [
  'updatedAt',
  'endedAt',
  'state',
  'outcome',
  'stateToldAt',
  'startup',
  'latency',
  'buffer',
  'bitrate',
  'rtt',
  'rendition',
  'watched',
  'stalled',
  'stalls',
  'qualitySwitches',
  'framesDecoded',
  'framesDropped',
  'receivedBytes',
  'failures',
  'lastError',
  'reports',
  'heartbeat',
];

/** What seldom changes; what is empty is left out. */
export interface SessionProfile extends Partial<Pick<Session, ProfileName>> {
  readonly id: string;
  readonly startedAt: number;
  readonly audience: AudienceProfile;
}

/** What every report changes; what is zero or unknown is left out. */
export interface SessionProgress extends Partial<Pick<Session, ProgressName>> {
  /** Which reports were seen. */
  readonly seen: readonly number[];
}

/** What seldom changes of a session. */
export function profileOf(session: Session): SessionProfile {
  const { id, startedAt, audience } = session;
  return { id, startedAt, audience, ...pick(session, PROFILE) };
}

/** What every report changes of a session. */
export function progressOf(session: Session): SessionProgress {
  return { seen: session.seen.toJSON(), ...pick(session, PROGRESS) };
}

/**
 * The session that both parts belong to.
 *
 * @param share makes equal texts one text
 */
export function sessionOf(
  { id, startedAt, audience, ...profile }: SessionProfile,
  { seen, ...progress }: SessionProgress,
  share: (text: string) => string,
): Session {
  const session = new Session(id, startedAt, audience);
  Object.assign(session, profile, progress);
  session.broadcast = share(session.broadcast);
  session.transport = share(session.transport);
  session.userAgent = share(session.userAgent);
  session.playerVersion = share(session.playerVersion);
  session.rendition = share(session.rendition);
  session.seen.restore(seen);
  return session;
}

function pick<Name extends keyof Session>(
  session: Session,
  names: readonly Name[],
): Partial<Pick<Session, Name>> {
  const picked: Partial<Pick<Session, Name>> = {};
  for (const name of names) if (session[name]) picked[name] = session[name];
  return picked;
}

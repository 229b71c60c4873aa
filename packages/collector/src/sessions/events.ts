import { attributes as names, events, spans } from '@moq-observability/moq-metrics';
import { isSessionId } from '../merge/reports.ts';
import { attributeText } from '../receive/records.ts';
import type { LogRow, SpanRow } from '../store/store.ts';
import type { Session, SessionState } from './session.ts';
import type { Sessions } from './sessions.ts';

/** Who the player is, among those who send spans and logs. */
const PLAYER_EVENTS: ReadonlySet<string> = new Set(
  Object.values(events).flatMap(({ owner, name }) => (owner === 'player' ? [name] : [])),
);

/** The state that an event of the player puts its session into. */
const STATES: ReadonlyMap<string, SessionState> = new Map<string, SessionState>([
  [events.sessionStart.name, 'loading'],
  [events.playbackIntent.name, 'loading'],
  [events.playbackStarted.name, 'playing'],
  [events.playbackPaused.name, 'paused'],
  [events.playbackResumed.name, 'playing'],
  [events.stallStart.name, 'stalled'],
  [events.stallEnd.name, 'playing'],
  [events.sessionEnd.name, 'ended'],
]);

const PLAYER_SPANS: ReadonlySet<string> = new Set(
  Object.values(spans).flatMap(({ owner, name }) => (owner === 'player' ? [name] : [])),
);

/** The session a record of a player belongs to; relays name sessions too, but do not speak for them. */
export function playerSessionOf(row: LogRow | SpanRow): string | undefined {
  const known = 'eventName' in row ? PLAYER_EVENTS.has(row.eventName) : PLAYER_SPANS.has(row.name);
  if (!known || row.serviceName === 'moq-relay') return undefined;
  const id = attributeText(row, names.sessionId.name);
  return id !== undefined && isSessionId(id) ? id : undefined;
}

/** Takes an event of a player in. Events may come late and out of order: the latest by the player's clock counts. */
export function applyEvent(session: Session, row: LogRow, sessions: Sessions, now: number): void {
  const told = Number(row.time / 1_000_000n);
  const state = STATES.get(row.eventName);
  if (state && told >= session.stateToldAt) {
    session.stateToldAt = told;
    if (row.eventName === events.playbackStarted.name) session.outcome = 'started';
    sessions.enter(session, state, now);
  }
  if (row.eventName === events.qualitySwitch.name || row.eventName === events.playbackStarted.name) {
    applyRendition(session, row, sessions);
  }
  if (row.eventName === events.playbackError.name) {
    const error = attributeText(row, names.errorType.name);
    if (error !== undefined) session.lastError = sessions.share(error);
  }
  sessions.touch(session);
}

/** Takes a span of a player in. */
export function applySpan(session: Session, row: SpanRow, sessions: Sessions): void {
  if (row.name === spans.playbackStartup.name) {
    session.traceId = row.traceId;
    if (row.status !== 'Error' && row.duration > 0n) session.startup ??= Number(row.duration) / 1e9;
  }
  if (row.name === spans.subscribe.name || row.name === spans.firstFrame.name) {
    if (!session.rendition) applyRendition(session, row, sessions);
  }
  sessions.touch(session);
}

function applyRendition(session: Session, row: LogRow | SpanRow, sessions: Sessions): void {
  const track = attributeText(row, names.track.name);
  const type = attributeText(row, names.trackType.name) ?? 'video';
  if (track !== undefined && type === 'video') session.rendition = sessions.share(track);
}

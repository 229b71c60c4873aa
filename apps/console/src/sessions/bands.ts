/** What a session went through, out of what its player told. */
import type { SessionDetail, SessionState, StoredLog } from '@moq-observability/collector/api';
import { attributes, events } from '@moq-observability/moq-metrics';

/** A stretch of time in a state, in Unix milliseconds. */
export interface Band {
  readonly state: SessionState;
  readonly from: number;
  readonly to: number;
}

/** Something that happened at a moment. */
export interface Mark {
  readonly time: number;
  readonly name: string;
  readonly kind: 'stall' | 'switch' | 'error' | 'connection' | 'other';
}

/** The state that an event puts a session into. */
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

const KINDS: ReadonlyMap<string, Mark['kind']> = new Map<string, Mark['kind']>([
  [events.stallStart.name, 'stall'],
  [events.qualitySwitch.name, 'switch'],
  [events.playbackError.name, 'error'],
  [events.connectionLost.name, 'connection'],
  [events.connectionRestored.name, 'connection'],
]);

/** From when to when a session is drawn, in Unix milliseconds. */
export function windowOf(detail: SessionDetail, now: number): { readonly from: number; readonly to: number } {
  const { session, samples, events: told, spans } = detail;
  const from = Math.min(
    session.startedAt,
    ...told.slice(0, 1).map(({ time }) => time),
    ...samples.slice(0, 1).map(({ time }) => time),
    ...spans.filter(({ serviceName }) => serviceName === 'moq-player').map(({ time }) => time),
  );
  const isOver = session.state === 'ended' || session.state === 'lost';
  const to = isOver ? Math.max(session.endedAt ?? session.updatedAt, told.at(-1)?.time ?? 0) : now;
  return { from, to: Math.max(to, from + 1000) };
}

/** The states of a session one after the other: by its events, or by its reports where it sent none. */
export function bandsOf(detail: SessionDetail, to: number): readonly Band[] {
  const changes = detail.events
    .flatMap(({ eventName, time }) => {
      const state = STATES.get(eventName);
      return state ? [{ state, time }] : [];
    })
    .toSorted((a, b) => a.time - b.time);
  const steps = changes.length > 0 ? changes : detail.samples.map(({ state, time }) => ({ state, time }));
  const bands: Band[] = [];
  for (const [i, { state, time }] of steps.entries()) {
    const end = steps[i + 1]?.time ?? to;
    const before = bands.at(-1);
    if (before?.state === state) bands[bands.length - 1] = { ...before, to: end };
    else if (end > time) bands.push({ state, from: time, to: end });
  }
  // A session that fell silent did not go on as it was.
  const { state, updatedAt } = detail.session;
  const last = bands.at(-1);
  if (state === 'lost' && last && last.to > updatedAt) {
    return [
      ...bands.slice(0, -1),
      { ...last, to: Math.max(last.from, updatedAt) },
      { state: 'lost', from: Math.max(last.from, updatedAt), to: last.to },
    ];
  }
  return bands;
}

/** What happened in a session, moment by moment. */
export function marksOf(told: readonly StoredLog[]): readonly Mark[] {
  return told.map((event) => ({
    time: event.time,
    name: nameOf(event),
    kind: KINDS.get(event.eventName) ?? 'other',
  }));
}

function nameOf({ eventName, attributes: own }: StoredLog): string {
  const more = own[attributes.track.name] ?? own[attributes.errorType.name];
  return more ? `${eventName} ${more}` : eventName;
}

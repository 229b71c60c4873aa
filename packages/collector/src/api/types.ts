/** What the operators' port answers, as types: for whoever asks it in TypeScript. */
export type { SessionDetail } from './session-detail.ts';
export type { SessionPage } from './session-list.ts';
export type { Audience, FleetView, StreamView, Views } from './streams.ts';
export type { TraceDetail } from './traces.ts';
export type { LiveState, SessionState } from '../sessions/session.ts';
export { sessionSorts } from '../store/store.ts';
export type {
  SampleRow,
  SessionOutcome,
  SessionRow,
  SessionSort,
  StoredAttributes,
  StoredLog,
  StoredSpan,
  TraceSummary,
} from '../store/store.ts';

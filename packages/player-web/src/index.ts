export { type Observation, observePlayer } from './observe.ts';
export type { ObserveOptions } from './options.ts';
export type { ReportCounts } from './otel/outbox.ts';
export type { Fact, Medium, PlaybackFact, PlayerTransport, Rendition, StartFact } from './qoe/events.ts';
export type { Readable, WatchElement, Writable } from './watch-element.ts';

export { type Observation, observePlayer } from './observe.ts';
export type { ObserveOptions } from './options.ts';
export type { ReportCounts } from './otel/sender.ts';
export type { Fact } from './qoe/events.ts';
export type { Readable, WatchElement, Writable } from './watch-element.ts';

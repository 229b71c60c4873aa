/** A gateway that adds up what a fleet of Media over QUIC players reports, and exposes it to Prometheus. */
export { type Collector, createCollector } from './collector.ts';
export type { CollectorOptions } from './config.ts';
export { CollectorError, type CollectorErrorCode } from './errors.ts';

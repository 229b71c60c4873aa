/**
 * A Media over QUIC relay that tells everything that matters about every stream.
 *
 * @module
 */
export type { RelayOptions } from './config.ts';
export { RelayError, type RelayErrorCode } from './errors.ts';
export { replacePromiseRace } from './promise-race.ts';
export { createRelay, PROTOCOLS, type Relay } from './relay.ts';
export type { RelaySpan, RelaySpanOptions, RelayTracer } from './telemetry/tracer.ts';
export type { TransportStatus } from './transports.ts';

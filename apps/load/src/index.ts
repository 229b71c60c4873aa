/**
 * A synthetic channel, viewers and faults for Media over QUIC.
 *
 * @packageDocumentation
 */

export * from './clip/clip.ts';
export { LoadError, type LoadErrorCode } from './error.ts';

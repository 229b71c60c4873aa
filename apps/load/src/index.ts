/**
 * A synthetic live channel, viewers that count, and a path with faults.
 *
 * @module
 */
export type { Endpoint } from './cli/quantities.ts';
export {
  type AudioDefinition,
  type Clip,
  type ClipDefinition,
  type ClipTrack,
  CLOCK_CLIP,
  loadClip,
  type VideoDefinition,
} from './clip/clip.ts';
export { type TransportChoice, TRANSPORTS } from './connect.ts';
export { LoadError, type LoadErrorCode } from './error.ts';
export { openProxyControl, type ProxyControl } from './proxy/control.ts';
export {
  createFaultProxy,
  type FaultProxy,
  type FaultProxyOptions,
  type FaultProxyStats,
} from './proxy/fault-proxy.ts';
export type { DirectionStats } from './proxy/conditions.ts';
export type { Faults } from './proxy/faults.ts';
export { publish, type PublishOptions, type PublishReport } from './publish/publish.ts';
export type { TrackTotals } from './totals.ts';
export { type TrackReport, view, type ViewOptions, type ViewProgress, type ViewReport } from './view/view.ts';
export type { TrackChoice } from './view/viewer.ts';

/** The schema's terms that the machines speak, without its definitions. */
import type { client } from '@moq-observability/moq-metrics';

export type ConnectionResult = client.ConnectionResult;
export type LatencyUnavailableReason = client.LatencyUnavailableReason;
export type PlaybackError = client.PlaybackError;
export type PlayOutcome = client.PlayOutcome;
export type StartupPhase = client.StartupPhase;
export type SwitchDirection = client.SwitchDirection;

import type { Alert } from '../model/alert.ts';
import { budgetBurn } from './budget-burn.ts';
import { collectorDown } from './collector-down.ts';
import { expectedStreamMissing } from './expected-stream-missing.ts';
import { highClientLatency } from './high-client-latency.ts';
import { highRebufferRate, highRebufferRateLowTraffic } from './high-rebuffer-rate.ts';
import { eventLoopLag, highCpuUsage } from './machine.ts';
import { highPacketLoss, subscriberBacklogGrowing } from './network.ts';
import { noActiveStreams } from './no-active-streams.ts';
import { publisherStalled } from './publisher-stalled.ts';
import { relayDown, streamRelayDown } from './relay-down.ts';
import { highStartupFailureRate, slowStartup } from './starting.ts';
import { clockSyncBad, seriesOverflow, telemetryMissing, telemetryRejected } from './telemetry.ts';

/** Every alert, what viewers suffer first. */
export const alerts: readonly Alert[] = [
  highClientLatency,
  highRebufferRate,
  highRebufferRateLowTraffic,
  highStartupFailureRate,
  slowStartup,
  noActiveStreams,
  expectedStreamMissing,
  publisherStalled,
  relayDown,
  streamRelayDown,
  highPacketLoss,
  subscriberBacklogGrowing,
  eventLoopLag,
  highCpuUsage,
  collectorDown,
  telemetryMissing,
  telemetryRejected,
  seriesOverflow,
  clockSyncBad,
  ...budgetBurn,
];

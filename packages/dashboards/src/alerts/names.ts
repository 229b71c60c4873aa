/** The alerts there are. Runbooks, dashboards and what routes notifications know them by these. */
export const alertNames = [
  'ClockSyncBad',
  'CollectorDown',
  'EventLoopLag',
  'ExpectedStreamMissing',
  'HighCPUUsage',
  'HighClientLatency',
  'HighPacketLoss',
  'HighRebufferRate',
  'HighRebufferRateLowTraffic',
  'HighStartupFailureRate',
  'LatencyBudgetBurnFast',
  'LatencyBudgetBurnSlow',
  'NoActiveStreams',
  'PublisherStalled',
  'RelayDown',
  'SeriesOverflow',
  'SlowStartup',
  'StallBudgetBurnFast',
  'StallBudgetBurnSlow',
  'StreamRelayDown',
  'SubscriberBacklogGrowing',
  'TelemetryMissing',
  'TelemetryRejected',
] as const;
/** An alert, for good. */
export type AlertName = (typeof alertNames)[number];

/** What a rehearsal does to the stack that runs. Everything ends with the rehearsal. */
export interface Stage {
  /** Takes a service down. */
  hold(service: 'collector' | 'publisher' | 'relay'): Promise<void>;
  /** Runs a command of moq-load. `RELAY` and `COLLECTOR` stand for their URLs, `TARGET` and `PROXY` for addresses. */
  load(...args: readonly string[]): Promise<void>;
}

/** How what an alert is about is caused. */
export interface Rehearsal {
  /** In a few words. */
  readonly does: string;
  readonly cause: (stage: Stage) => Promise<void>;
}

const publish = (broadcast: string, ...args: readonly string[]): readonly string[] => [
  'publish',
  '--relay',
  'RELAY',
  '--broadcast',
  broadcast,
  ...args,
];
const view = (broadcast: string, count: number, ...args: readonly string[]): readonly string[] => [
  'view',
  '--relay',
  'RELAY',
  '--broadcast',
  broadcast,
  '--count',
  String(count),
  '--json',
  ...args,
];
const players = (broadcast: string, count: number, ...args: readonly string[]): readonly string[] => [
  'players',
  '--collector',
  'COLLECTOR',
  '--broadcast',
  broadcast,
  '--count',
  String(count),
  '--interval',
  '2s',
  '--patience',
  '1s',
  ...args,
];

/** The alerts that can be rehearsed, by name. */
export const rehearsals: Readonly<Record<string, Rehearsal>> = {
  RelayDown: {
    does: 'the relay is stopped',
    cause: (stage) => stage.hold('relay'),
  },
  CollectorDown: {
    does: 'the collector is stopped',
    cause: (stage) => stage.hold('collector'),
  },
  NoActiveStreams: {
    does: 'the publisher is stopped',
    cause: (stage) => stage.hold('publisher'),
  },
  ExpectedStreamMissing: {
    does: 'the publisher of what the relay expects is stopped',
    cause: (stage) => stage.hold('publisher'),
  },
  PublisherStalled: {
    does: 'a publisher that is watched falls silent, and stays connected',
    cause: async (stage) => {
      await stage.load(...publish('rehearsal/silent.hang', '--silent-after', '4s'));
      await stage.load(...view('rehearsal/silent.hang', 1));
    },
  },
  TelemetryMissing: {
    does: 'viewers watch who report nothing (close player pages: their reports count)',
    cause: async (stage) => {
      await stage.load(...publish('rehearsal/unreported.hang'));
      await stage.load(...view('rehearsal/unreported.hang', 3));
    },
  },
  HighClientLatency: {
    does: 'twenty simulated players are two seconds behind',
    cause: (stage) => stage.load(...players('rehearsal/late.hang', 20, '--latency', '2s')),
  },
  HighRebufferRate: {
    does: 'sixty simulated players stand still half of the time',
    cause: (stage) => stage.load(...players('rehearsal/stalling.hang', 60, '--stalled', '50%')),
  },
  HighRebufferRateLowTraffic: {
    does: 'eight simulated players stand still half of the time',
    cause: (stage) => stage.load(...players('rehearsal/few.hang', 8, '--stalled', '50%')),
  },
  SeriesOverflow: {
    does: 'simulated players watch more broadcasts than there are series for',
    cause: (stage) =>
      stage.load(...players('rehearsal/many.hang', 600, '--broadcasts', '600', '--reloads', '100%')),
  },
  HighPacketLoss: {
    does: 'viewers watch through a proxy that loses a fifth of the packets',
    cause: async (stage) => {
      await stage.load('proxy', '--listen', 'PROXY', '--target', 'TARGET', '--loss', '20%');
      await stage.load(...view('demo/clock.hang', 5, '--transport', 'webtransport').with(2, 'http://PROXY/'));
    },
  },
  SubscriberBacklogGrowing: {
    does: 'viewers watch all renditions through a proxy that lets 400 kbit/s through',
    cause: async (stage) => {
      await stage.load('proxy', '--listen', 'PROXY', '--target', 'TARGET', '--rate', '400kbit');
      await stage.load(...view('demo/clock.hang', 5, '--rendition', 'all').with(2, 'http://PROXY/'));
    },
  },
};

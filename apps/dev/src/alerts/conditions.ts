/** What a rehearsal can do to the stack that runs. All of it ends with the rehearsal. */
export interface Means {
  /** URL of the relay. */
  readonly relay: string;
  /** URL of the collector. */
  readonly collector: string;
  /** Takes a service down. */
  hold(service: 'collector' | 'publisher' | 'relay'): Promise<void>;
  /** Runs a command of moq-load. */
  load(...args: readonly string[]): void;
  /** Resolves with a URL of the relay behind a proxy that does something to what passes. */
  behindProxy(...faults: readonly string[]): Promise<string>;
}

/** How what an alert is about is caused. */
export interface Rehearsal {
  /** In a few words. */
  readonly does: string;
  readonly cause: (means: Means) => Promise<void> | void;
}

function publish({ load, relay }: Means, broadcast: string, ...args: readonly string[]): void {
  load('publish', '--relay', relay, '--broadcast', broadcast, ...args);
}

function view({ load }: Means, relay: string, broadcast: string, count: number, ...args: string[]): void {
  load('view', '--relay', relay, '--broadcast', broadcast, '--count', String(count), '--json', ...args);
}

/** Players that report what they are told to have experienced. */
function report({ load, collector }: Means, broadcast: string, count: number, ...args: string[]): void {
  const pace = ['--interval', '2s', '--patience', '1s'];
  load(
    'players',
    '--collector',
    collector,
    '--broadcast',
    broadcast,
    '--count',
    String(count),
    ...pace,
    ...args,
  );
}

/** The channel of the stack. */
const CHANNEL = 'demo/clock.hang';

/** The alerts that can be rehearsed, by name. */
export const rehearsals: Readonly<Record<string, Rehearsal>> = {
  RelayDown: {
    does: 'the relay is stopped',
    cause: (means) => means.hold('relay'),
  },
  CollectorDown: {
    does: 'the collector is stopped',
    cause: (means) => means.hold('collector'),
  },
  NoActiveStreams: {
    does: 'the publisher is stopped',
    cause: (means) => means.hold('publisher'),
  },
  ExpectedStreamMissing: {
    does: 'the publisher of what the relay expects is stopped',
    cause: (means) => means.hold('publisher'),
  },
  PublisherStalled: {
    does: 'a publisher that is watched falls silent, and stays connected',
    cause: (means) => {
      publish(means, 'rehearsal/silent.hang', '--silent-after', '4s');
      view(means, means.relay, 'rehearsal/silent.hang', 1);
    },
  },
  TelemetryMissing: {
    does: 'viewers watch who report nothing (close player pages: their reports count)',
    cause: (means) => {
      publish(means, 'rehearsal/unreported.hang');
      view(means, means.relay, 'rehearsal/unreported.hang', 3);
    },
  },
  HighClientLatency: {
    does: 'twenty simulated players are two seconds behind',
    cause: (means) => report(means, 'rehearsal/late.hang', 20, '--latency', '2s'),
  },
  HighRebufferRate: {
    does: 'sixty simulated players stand still half of the time',
    cause: (means) => report(means, 'rehearsal/stalling.hang', 60, '--stalled', '50%'),
  },
  HighRebufferRateLowTraffic: {
    does: 'eight simulated players stand still half of the time',
    cause: (means) => report(means, 'rehearsal/few.hang', 8, '--stalled', '50%'),
  },
  SeriesOverflow: {
    does: 'simulated players watch more broadcasts than there are series for',
    cause: (means) => report(means, 'rehearsal/many.hang', 600, '--broadcasts', '600', '--reloads', '100%'),
  },
  HighPacketLoss: {
    does: 'viewers watch through a proxy that loses a fifth of the packets',
    cause: async (means) => {
      const relay = await means.behindProxy('--loss', '20%');
      view(means, relay, CHANNEL, 5, '--transport', 'webtransport');
    },
  },
};

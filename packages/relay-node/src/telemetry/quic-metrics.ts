import {
  type CounterHandle,
  type HistogramHandle,
  type Instruments,
  relay,
} from '@moq-observability/moq-metrics';
import type { TransportStats } from '../transport/transport.ts';

type CountName = Exclude<keyof TransportStats, 'smoothedRtt' | 'estimatedSendRate'>;

const COUNTERS = {
  packetsSent: relay.quicPacketsSent,
  packetsReceived: relay.quicPacketsReceived,
  packetsLost: relay.quicPacketsLost,
  bytesSent: relay.quicBytesSent,
  bytesReceived: relay.quicBytesReceived,
  bytesLost: relay.quicBytesLost,
} as const satisfies Record<CountName, unknown>;
const NAMES = Object.keys(COUNTERS) as CountName[];

/** What QUIC paths tell, summed over all sessions, those that are over included. */
export class QuicMetrics {
  readonly #rtt: HistogramHandle;
  readonly #counters: Readonly<Record<CountName, CounterHandle>>;

  constructor(instruments: Instruments) {
    this.#rtt = instruments.histogram(relay.quicRtt).series();
    this.#counters = Object.fromEntries(
      NAMES.map((name) => [name, instruments.counter(COUNTERS[name]).series()]),
    ) as Record<CountName, CounterHandle>;
  }

  /** The round-trip time of one session, in milliseconds. */
  rtt(milliseconds: number): void {
    this.#rtt.observe(milliseconds / 1000);
  }

  /** Counts what has come since it was looked at before. */
  advance(before: TransportStats | undefined, now: TransportStats): void {
    for (const name of NAMES) this.#counters[name].add(now[name] - (before?.[name] ?? 0));
  }
}

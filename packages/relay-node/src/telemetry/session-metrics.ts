import { type Instruments, relay, type Transport } from '@moq-observability/moq-metrics';
import type { TransportStats } from '../transport/transport.ts';
import type { Observer } from './delivery-metrics.ts';
import { countOne, raise } from './handles.ts';
import type { QuicMetrics } from './quic-metrics.ts';
import type { Exemplar } from './session-trace.ts';

/** One session past setup. */
export class SessionMetrics {
  readonly #instruments: Instruments;
  readonly #quic: QuicMetrics;
  readonly #transport: Transport;
  readonly #lower: () => void;
  #path: TransportStats | undefined;
  #open = true;

  constructor(instruments: Instruments, quic: QuicMetrics, transport: Transport, version: string) {
    this.#instruments = instruments;
    this.#quic = quic;
    this.#transport = transport;
    countOne(instruments.counter(relay.sessions).series({ transport, version }));
    this.#lower = raise(instruments.gauge(relay.activeSessions).series({ transport }));
  }

  /** What the path tells, once a second. */
  sample(path: TransportStats): void {
    this.#quic.rtt(path.smoothedRtt);
    this.#advance(path);
  }

  /**
   * The session is over. Does nothing the second time.
   *
   * @param milliseconds how long it was open
   * @param path what the path tells at last
   */
  close(
    reason: relay.SessionCloseReason,
    milliseconds: number,
    path?: TransportStats,
    exemplar?: Exemplar,
  ): void {
    if (!this.#open) return;
    this.#open = false;
    if (path) this.#advance(path);
    const transport = this.#transport;
    const duration = this.#instruments.histogram(relay.sessionDuration).series({ transport });
    const observer: Observer = duration;
    observer.observe(milliseconds / 1000, exemplar);
    duration.close();
    countOne(this.#instruments.counter(relay.sessionsClosed).series({ transport, reason }));
    this.#lower();
  }

  #advance(path: TransportStats): void {
    this.#quic.advance(this.#path, path);
    this.#path = path;
  }
}

import type { Stream } from '@moq-observability/moq-metrics';
import type { PlaybackFact, PlayerTransport } from '../qoe/events.ts';
import type { Meters } from './meters.ts';

/** Counts what was experienced in the schema's metrics. */
export function measurePlayback(
  meters: Meters,
  fact: PlaybackFact,
  stream: Stream,
  transport: PlayerTransport | undefined,
): void {
  switch (fact.type) {
    case 'stall':
      meters.add('rebufferCount', stream);
      break;
    case 'stall-end':
      meters.observe('rebufferDuration', stream, fact.seconds);
      break;
    case 'stalled':
      meters.add('stalledSeconds', stream, fact.seconds);
      break;
    case 'buffer':
      meters.observe('bufferLength', { ...stream, track_type: fact.medium }, fact.seconds);
      break;
    case 'latency':
      meters.observe('latency', stream, fact.seconds);
      break;
    case 'latency-unavailable':
      meters.add('latencyUnavailable', { reason: fact.reason });
      break;
    case 'drift':
      meters.observe('avSyncDrift', { ...stream, ahead: fact.ahead }, fact.seconds);
      break;
    case 'bytes':
      meters.add('mediaReceivedBytes', { ...stream, track_type: fact.medium }, fact.bytes);
      break;
    case 'bitrate':
      meters.observe('bitrate', { ...stream, track_type: fact.medium }, fact.bitsPerSecond);
      break;
    case 'rtt':
      if (transport) meters.observe('rtt', { transport }, fact.seconds);
      break;
    case 'switch':
      meters.add('qualitySwitches', { ...stream, switch: fact.direction });
      break;
    default:
  }
}

import type { Stream } from '@moq-observability/moq-metrics';
import type { DecoderReadings, DropReason } from '../webcodecs/decoder-meter.ts';
import type { OtelMeters } from './otel-meters.ts';

/** Counts what decoders did in the schema's metrics. */
export function measureDecoding(meters: OtelMeters, readings: DecoderReadings, stream: Stream): void {
  meters.add('framesDecoded', stream, readings.framesDecoded);
  for (const reason of Object.keys(readings.framesDropped) as DropReason[]) {
    meters.add('framesDropped', { ...stream, reason }, readings.framesDropped[reason]);
  }
  for (const [codec, seconds] of readings.decodeSeconds) meters.observeAll('decodeTime', { codec }, seconds);
  meters.observeAll('keyframeInterval', stream, readings.keyframeSeconds);
}

import { relay } from '@moq-observability/moq-metrics';
import { type Alert, alert } from '../model/alert.ts';
import { moves, holds, type Series, type Stretch } from '../model/series.ts';
import { above, and, minus, or } from '../query/arithmetic.ts';
import type { Query } from '../query/query.ts';
import { rate } from '../query/rate.ts';
import { now, select } from '../query/select.ts';
import { onRelay, stream } from './places.ts';

const lastFrame = select(relay.streamLastFrameTimestamp);
const watchedSince = select(relay.streamWatchedSinceTimestamp);

/** Since when there is silence somebody hears: the last frame, or the moment somebody began to listen. */
const lastSign = and(or(above(lastFrame, watchedSince), watchedSince), above(watchedSince, 0));

/** How long a publisher that is listened to has been silent. */
const silence: Query<'broadcast' | 'instance' | 'job' | 'namespace'> = minus(now(), lastSign);

const at = { ...stream, ...onRelay };

function frames(...stretches: readonly Stretch<number>[]): readonly Series[] {
  return moves(relay.streamLastFrameTimestamp, at, 0, ...stretches);
}

export const publisherStalled: Alert = alert({
  name: 'PublisherStalled',
  area: 'relay',
  severity: 'critical',
  measure: silence,
  condition: above(silence, 10),
  for: '15s',
  unit: 's',
  summary: 'The publisher of {broadcast} is connected and sends nothing',
  description:
    'For {value} no media of {broadcast} has come to {instance}, though viewers have asked for it.',
  dashboard: 'moq-pipeline',
  runbook: {
    meaning:
      'A relay asks a publisher for media on behalf of viewers, and for more than ten seconds nothing came. Silence that nobody listens to is not counted: an unwatched stream sends nothing and is well.',
    impact: 'All viewers of the stream see a frozen picture, whatever relay they are at.',
    diagnosis: [
      { text: 'Which streams, and for how long?', query: silence, dashboard: 'moq-relay' },
      {
        text: 'Does anything come from it, on any track? Audio without video is an encoder, nothing at all is the publisher or its network.',
        query: rate(relay.bytesReceived, {
          by: ['broadcast', 'track_type'],
          where: { direction: 'publish' },
          over: '1m',
        }),
        dashboard: 'moq-debug',
      },
      {
        text: 'Is the connection to it still alive? The relay closes it after its idle timeout, and then the stream ends and this resolves: look for the line of its session in the log.',
        dashboard: 'moq-debug',
      },
    ],
    mitigation: [
      'Restart the publisher or its encoder. A second publisher of the same path takes over without the first having to leave.',
      'When the connection hangs, closing it at the relay makes viewers fall back to what the page shows for streams that are over.',
    ],
    escalation: 'It wakes the one on call for the streams; to the owner of the publisher at once.',
  },
  fires: [
    {
      name: 'frames stopped',
      given: [...holds(relay.streamWatchedSinceTimestamp, at, ['10m', 30]), ...frames(['5m', 1], ['5m', 0])],
      at: '8m',
      fires: [{ labels: at, value: 180 }],
    },
    {
      name: 'there never was a frame',
      given: [
        ...holds(relay.streamWatchedSinceTimestamp, at, ['1m', 0], ['9m', 60]),
        ...holds(relay.streamLastFrameTimestamp, at, ['10m', 0]),
      ],
      at: '8m',
      fires: [{ labels: at, value: 420 }],
    },
  ],
  silent: [
    {
      name: 'frames come',
      given: [...holds(relay.streamWatchedSinceTimestamp, at, ['10m', 30]), ...frames(['10m', 1])],
      at: '8m',
    },
    {
      name: 'nobody watches',
      given: [
        ...holds(relay.streamWatchedSinceTimestamp, at, ['5m', 30], ['5m', 0]),
        ...frames(['5m', 1], ['5m', 0]),
      ],
      at: '8m',
    },
    {
      name: 'somebody has just begun to watch what was silent for long',
      given: [
        ...holds(relay.streamWatchedSinceTimestamp, at, ['450s', 0], ['5m', 450]),
        ...frames(['1m', 1], ['450s', 0]),
      ],
      at: '455s',
    },
    {
      name: 'there is no such stream any more',
      given: [
        ...holds(relay.streamWatchedSinceTimestamp, at, ['5m', 30], ['5m', 'gone']),
        ...frames(['5m', 1], ['5m', 'gone']),
      ],
      at: '10m',
    },
  ],
});

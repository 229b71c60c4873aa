import { relay } from '@moq-observability/moq-metrics';
import { type Alert, alert } from '../model/alert.ts';
import { holds, moves } from '../model/series.ts';
import { max } from '../query/aggregate.ts';
import { above, below, equal, minus, or, unless } from '../query/arithmetic.ts';
import { rate } from '../query/rate.ts';
import { now, select } from '../query/select.ts';
import { byStream } from '../rules/levels.ts';
import { onRelay, stream } from './places.ts';

const expected = max(select(relay.streamExpected), byStream);
/** Live: its catalog is there, or, where catalogs are not read, media comes. */
const live = or(
  above(max(select(relay.streamInfo), byStream), 0),
  below(minus(now(), max(select(relay.streamLastFrameTimestamp), byStream)), 15),
);

const at = { ...stream, ...onRelay };
const media = { video_codec: 'avc1', audio_codec: 'opus', resolution: '1280x720' } as const;

export const expectedStreamMissing: Alert = alert({
  name: 'ExpectedStreamMissing',
  area: 'relay',
  severity: 'critical',
  measure: expected,
  condition: unless(equal(expected, 1), live),
  for: '1m',
  unit: 'count',
  summary: '{broadcast} must be live and is not',
  description: 'The configuration of the relays says that {broadcast} must be live, and no relay has it.',
  dashboard: 'moq-pipeline',
  runbook: {
    meaning:
      'A broadcast that the configuration of a relay names as one that must be live is on no relay: none has its catalog, and no media came in the last 15 seconds.',
    impact: 'Viewers get "not found", or wait for an announcement that does not come.',
    diagnosis: [
      {
        text: 'Which of those expected are live?',
        query: max(select(relay.streamInfo), byStream),
        dashboard: 'moq-pipeline',
      },
      {
        text: 'Did its publisher leave, or was it refused?',
        query: rate(relay.authFailures, { by: ['instance', 'reason'], over: '15m' }),
        dashboard: 'moq-relay',
      },
      {
        text: 'Does it publish under another path? Compare what the relay announces at `/announced` with the name in the configuration, letter by letter: the suffix `.hang` belongs to it.',
      },
      { text: 'What does the log of the relay say of its session?', dashboard: 'moq-debug' },
    ],
    mitigation: [
      'Start the publisher, or its standby.',
      'When the plan has changed, take the broadcast out of the configuration of the relay.',
    ],
    escalation: 'It wakes the one on call for the streams; to the owner of the publisher at once.',
    remarks:
      'Where the relay is told not to read catalogs, a broadcast counts as live only while media comes, thus while somebody watches. When the relay itself is gone its expectations are too; RelayDown says so.',
  },
  fires: [
    {
      name: 'it never came',
      given: holds(relay.streamExpected, at, ['10m', 1]),
      at: '4m',
      fires: [{ labels: stream, value: 1 }],
    },
    {
      name: 'it went away',
      given: [
        ...holds(relay.streamExpected, at, ['10m', 1]),
        ...holds(relay.streamInfo, { ...at, ...media }, ['5m', 1], ['5m', 0]),
        ...moves(relay.streamLastFrameTimestamp, at, 0, ['5m', 1], ['5m', 0]),
      ],
      at: '8m',
      fires: [{ labels: stream, value: 1 }],
    },
  ],
  silent: [
    {
      name: 'it is live, on another relay',
      given: [
        ...holds(relay.streamExpected, at, ['10m', 1]),
        ...holds(relay.streamInfo, { ...stream, ...media, job: 'moq-relay', instance: 'relay-2:9464' }, [
          '10m',
          1,
        ]),
      ],
      at: '8m',
    },
    {
      name: 'it has no catalog, and media comes',
      given: [
        ...holds(relay.streamExpected, at, ['10m', 1]),
        ...moves(relay.streamLastFrameTimestamp, at, 0, ['10m', 1]),
      ],
      at: '8m',
    },
    { name: 'it is not expected', given: holds(relay.streamExpected, at, ['10m', 0]), at: '8m' },
    {
      name: 'its publisher reconnected within a minute',
      given: [
        ...holds(relay.streamExpected, at, ['10m', 1]),
        ...holds(relay.streamInfo, { ...at, ...media }, ['5m', 1], ['45s', 0], ['5m', 1]),
      ],
      at: '8m',
    },
  ],
});

import type { Stream } from '@moq-observability/moq-metrics';
import type { PlayerTransport, StartFact } from '../qoe/events.ts';
import type { StartCounter, StartHistogram } from './delta-metrics.ts';
import type { Meters } from './meters.ts';

/** Counts a fact of the start in the schema's metrics. */
export function measureStart(
  meters: Meters<StartCounter, StartHistogram>,
  fact: StartFact,
  stream: Stream,
  transport: PlayerTransport | undefined,
): void {
  switch (fact.type) {
    case 'attempt':
      meters.add('playAttempts', stream);
      break;
    case 'phase':
      if (transport) meters.observe('startupPhase', { phase: fact.phase, transport }, fact.seconds);
      break;
    case 'startup':
      if (transport) meters.observe('startupTime', { ...stream, transport }, fact.seconds);
      break;
    case 'outcome':
      meters.add('playOutcomes', { ...stream, outcome: fact.outcome });
      // From here on there can be stalls: 0 is a count of them, and lets rates see the first.
      if (fact.outcome === 'started') meters.add('rebufferCount', stream, 0);
      break;
    case 'failure':
      meters.add('playbackFailures', { ...stream, error: fact.error });
      break;
    case 'connection':
      meters.add('connections', { transport: fact.transport, result: fact.result });
      break;
    case 'watched':
      // Also when it is nothing: that a report comes at all says that the viewer is there.
      meters.add('watchedSeconds', stream, fact.seconds);
      break;
    default:
  }
}

/** One number for each stream, and one for everything. */
import { relay, stack } from '@moq-observability/moq-metrics';
import { type RuleGroup, ruleGroup } from '../model/rules.ts';
import { avg, count, max } from '../query/aggregate.ts';
import { equal, or, orElse, ratio, times } from '../query/arithmetic.ts';
import { matching, not, type Pattern } from '../query/match.ts';
import { record, type Recorded } from '../query/recorded.ts';
import { firingAlerts, select } from '../query/select.ts';
import { byStream } from './levels.ts';

type Stream = 'broadcast' | 'namespace';

/** The jobs that are ours. */
export const ourJobs: Pattern = matching('moq-.+');

const known = times(max(select(relay.activeSubscribers), byStream), 0);
const critical = max(firingAlerts({ severity: 'critical', broadcast: not('') }), byStream);
const warning = max(firingAlerts({ severity: 'warning', broadcast: not('') }), byStream);

export const streamHealth: Recorded<Stream> = record({
  name: 'stream:moq_health:worst',
  description: 'Health of each stream by its worst firing alert: 0 none, 1 a warning, 2 a critical one',
  unit: 'health',
  query: or(or(times(critical, 2), warning), known),
});

const targetsUp: Recorded<never> = record({
  name: 'fleet:moq_targets_up:ratio',
  description: 'Part of the relays, collectors and exporters that can be scraped',
  unit: 'ratio',
  query: orElse(avg(select(stack.up, { job: ourJobs })), 0),
});

const streamsHealthy: Recorded<never> = record({
  name: 'fleet:moq_streams_healthy:ratio',
  description: 'Part of the streams without a firing alert; all of them when there are none',
  unit: 'ratio',
  // Without streams none is ill.
  query: orElse(ratio(orElse(count(equal(select(streamHealth), 0)), 0), count(select(streamHealth))), 1),
});

export const systemHealth: Recorded<never> = record({
  name: 'fleet:moq_health:score',
  description:
    'Health of everything: part of the targets that are up, times part of the streams that are well',
  unit: 'ratio',
  query: times(select(targetsUp), select(streamsHealthy)),
});

export const health: RuleGroup = ruleGroup({
  name: 'moq-health',
  rules: [streamHealth, targetsUp, streamsHealthy, systemHealth],
});

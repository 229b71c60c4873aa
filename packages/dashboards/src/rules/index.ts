import type { RuleGroup } from '../model/rules.ts';
import { audience } from './audience.ts';
import { health } from './health.ts';
import { latency } from './latency.ts';
import { objectives } from './objectives.ts';
import { playing } from './playing.ts';
import { startup } from './startup.ts';
import { traffic } from './traffic.ts';

/** Everything Prometheus records. */
export const ruleGroups: readonly RuleGroup[] = [
  traffic,
  latency,
  startup,
  playing,
  audience,
  objectives,
  health,
];

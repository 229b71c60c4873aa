/** What was promised, and how much of what may go wrong is used up. */
import { type RuleGroup, ruleGroup } from '../model/rules.ts';
import { dividedBy, minus, ratio } from '../query/arithmetic.ts';
import type { Duration } from '../query/query.ts';
import { record, type Recorded } from '../query/recorded.ts';
import { overTime, select } from '../query/select.ts';
import { fleetLatencySamples, fleetLatencySlow, LATENCY_BOUND } from './latency.ts';
import { fleetStalling, fleetWatching } from './playing.ts';

/** The windows burn rates are judged over. */
export const burnWindows = ['30m', '1h', '2h', '6h', '1d', '3d'] as const;
/** A window burn rates are judged over. */
export type BurnWindow = (typeof burnWindows)[number];

/** The time an objective is held over. */
const OBJECTIVE_WINDOW: Duration = '30d';

/** Something that was promised. */
export interface Objective {
  readonly title: string;
  /** The part that may be bad. */
  readonly budget: number;
  /** How much there is of what is judged, a second: below a few, a single viewer decides. */
  readonly total: Recorded<never>;
  /** The part that was bad in the last five minutes. */
  readonly now: Recorded<never>;
  /** The part that was bad, by window. */
  readonly over: Readonly<Record<BurnWindow, Recorded<never>>>;
  /** How much of the budget is left. */
  readonly left: Recorded<never>;
}

/** The bad and the total, a second, of an objective; longer windows are averages of these, weighted as they should be. */
function objective(
  name: string,
  title: string,
  budget: number,
  bad: Recorded<never>,
  total: Recorded<never>,
): Objective {
  const within = (window: Duration): Recorded<never> =>
    record({
      name: `slo:moq_${name}_errors:ratio${window}`,
      description: `Part that missed the objective "${title}" in the last ${window}`,
      unit: 'ratio',
      query: ratio(overTime('avg', select(bad), window), overTime('avg', select(total), window)),
    });
  const over = Object.fromEntries(burnWindows.map((window) => [window, within(window)])) as Record<
    BurnWindow,
    Recorded<never>
  >;
  const whole = within(OBJECTIVE_WINDOW);
  return {
    title,
    budget,
    total,
    now: record({
      name: `slo:moq_${name}_errors:ratio5m`,
      description: `Part that missed the objective "${title}" in the last five minutes`,
      unit: 'ratio',
      query: ratio(select(bad), select(total)),
    }),
    over,
    left: record({
      name: `slo:moq_${name}_budget_left:ratio`,
      description: `Part of what may miss the objective "${title}" in ${OBJECTIVE_WINDOW} that is left; negative when it is missed`,
      unit: 'ratio',
      query: minus(1, dividedBy(whole.query, budget)),
    }),
  };
}

/** 99 % of the watched time is not stalled. */
export const stallObjective: Objective = objective(
  'stall',
  '99 % of watched time not stalled',
  0.01,
  fleetStalling,
  fleetWatching,
);

/** 95 % of the samples of latency are within the bound. */
export const latencyObjective: Objective = objective(
  'latency',
  `95 % of latency samples within ${LATENCY_BOUND} s`,
  0.05,
  fleetLatencySlow,
  fleetLatencySamples,
);

/** All objectives. */
const allObjectives: readonly Objective[] = [stallObjective, latencyObjective];

export const objectives: RuleGroup = ruleGroup({
  name: 'moq-objectives',
  // Windows of days change slowly, and cost what they are long.
  interval: '30s',
  rules: allObjectives.flatMap(({ now, over, left }) => [now, ...Object.values(over), left]),
});

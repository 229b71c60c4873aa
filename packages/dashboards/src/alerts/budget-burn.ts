import { client } from '@moq-observability/moq-metrics';
import { type Alert, alert, type AlertCase, type FiringCase } from '../model/alert.ts';
import { grows, observes, type Series, type Stretch } from '../model/series.ts';
import { above, and, atLeast, or } from '../query/arithmetic.ts';
import type { Duration, Query } from '../query/query.ts';
import { overTime, select } from '../query/select.ts';
import { type BurnWindow, latencyObjective, type Objective, stallObjective } from '../rules/objectives.ts';
import { streamLatencySlowShare } from '../rules/latency.ts';
import { streamRebufferRatio } from '../rules/playing.ts';
import { onCollector, stream } from './places.ts';

const at = { ...stream, ...onCollector };

/** How many must watch on average: below, one bad connection would use the budget of all. */
const ENOUGH = 5;

/** A burn is judged over a long window, so that it matters, and over a short one, so that it is still going on. */
interface Burn {
  readonly speed: number;
  readonly long: BurnWindow;
  readonly short: BurnWindow | '5m';
}

/** In an hour 2 % of a month's budget, or in six hours 5 %. */
const FAST: readonly [Burn, Burn] = [
  { speed: 14.4, long: '1h', short: '5m' },
  { speed: 6, long: '6h', short: '30m' },
];
/** In a day 10 % of a month's budget, or in three days as much. */
const SLOW: readonly [Burn, Burn] = [
  { speed: 3, long: '1d', short: '2h' },
  { speed: 1, long: '3d', short: '6h' },
];

function burning(objective: Objective, { speed, long, short }: Burn): Query<never> {
  const bound = Number((speed * objective.budget).toPrecision(6));
  const recent = short === '5m' ? objective.now : objective.over[short];
  return and(above(select(objective.over[long]), bound), above(select(recent), bound));
}

function condition(objective: Objective, [one, other]: readonly [Burn, Burn], over: Duration): Query<never> {
  const watched = overTime('avg', select(objective.total), over);
  return and(or(burning(objective, one), burning(objective, other)), atLeast(watched, ENOUGH));
}

/** A stretch in which so many watched, and this part of it was bad. */
type Past = readonly [time: Duration, viewers: number, bad: number];

interface Kind {
  readonly objective: Objective;
  readonly name: 'Latency' | 'Stall';
  /** What went wrong, as a part of what was watched. */
  readonly bad: string;
  /** What is asked to find the streams it comes from. */
  readonly where: Query;
  /** The alerts that say it of a single stream. */
  readonly see: string;
  /** A past in which this part was bad, with so many viewers. */
  readonly past: (...stretches: readonly Past[]) => readonly Series[];
}

const stalls: Kind = {
  objective: stallObjective,
  name: 'Stall',
  bad: 'of the watched time was stalled',
  where: select(streamRebufferRatio),
  see: 'HighRebufferRate',
  past: (...stretches) => [
    ...grows(
      client.watchedSeconds,
      at,
      ...stretches.map(([time, viewers]): Stretch<number> => [time, viewers]),
    ),
    ...grows(
      client.stalledSeconds,
      at,
      ...stretches.map(([time, viewers, bad]): Stretch<number> => [time, viewers * bad]),
    ),
  ],
};

const latency: Kind = {
  objective: latencyObjective,
  name: 'Latency',
  bad: 'of the latency samples were over the bound',
  where: select(streamLatencySlowShare),
  see: 'HighClientLatency',
  past: (...stretches) =>
    observes(
      client.latency,
      at,
      ...stretches.map(([time, viewers, bad]): Stretch<readonly (readonly [number, number])[]> => [
        time,
        [
          [0.1, viewers * (1 - bad)],
          [1.2, viewers * bad],
        ],
      ]),
    ),
};

function burnAlerts(kind: Kind): readonly [fast: Alert, slow: Alert] {
  const { objective, name, bad, where, see, past } = kind;
  const { budget, title } = objective;
  const runbook = (meaning: string): Alert['runbook'] => ({
    meaning: `The objective is: ${title}, over 30 days and all streams. ${meaning} Both a long and a short window are over the bound, so it matters, and it is still going on. At least ${ENOUGH} viewers on average are needed.`,
    impact: `What was promised is about to be missed. Which viewers suffer say the alerts of single streams, first ${see}.`,
    diagnosis: [
      {
        text: 'How much of the budget is left, and how fast does it go?',
        query: select(objective.left),
        dashboard: 'moq-slo',
      },
      { text: 'Which streams does it come from?', query: where, dashboard: 'moq-pipeline' },
      { text: 'Which browsers, regions and transports?', dashboard: 'moq-audience' },
      { text: `What ${see} says of its causes holds here too: its runbook goes on from here.` },
    ],
    mitigation: [
      'One stream: that of the alert about it.',
      'All of them: take back the last change of relays, player or ladder; when there was none, add relays.',
    ],
    escalation: `When less than a tenth of the budget is left, changes that are not repairs wait. To those who gave the promise when it is used up.`,
    remarks: `The bounds are ${FAST[0].speed} times the budget over ${FAST[0].long} and ${FAST[1].speed} times over ${FAST[1].long} for the fast form, ${SLOW[0].speed} times over ${SLOW[0].long} and once over ${SLOW[1].long} for the slow one.`,
  });
  const times = (speed: number): number => Number((speed * budget).toPrecision(6));
  const fires = (name: string, share: number, time: Duration): FiringCase => ({
    name,
    given: past([time, 40, share]),
    at: time,
    fires: [{ labels: {}, value: share }],
  });
  const silent = (name: string, until: Duration, ...stretches: readonly Past[]): AlertCase => ({
    name,
    given: past(...stretches),
    at: until,
  });
  const fast = alert({
    name: `${name}BudgetBurnFast`,
    area: 'slo',
    severity: 'critical',
    measure: select(objective.now),
    condition: condition(objective, FAST, '1h'),
    for: '2m',
    unit: 'ratio',
    summary: `The budget of "${title}" is used up within days`,
    description: `{value} ${bad}; at this speed the budget of 30 days is gone within a few days.`,
    dashboard: 'moq-slo',
    runbook: runbook('Its budget is being used up so fast that a month’s worth is gone within days.'),
    testedEvery: '1m',
    fires: [fires(`${FAST[0].speed + 1.6} times as fast as may be`, times(16), '30m')],
    silent: [
      silent('three times as fast as may be is for the slow form', '30m', ['30m', 40, times(4)]),
      silent(
        'very bad for two minutes after an hour that was good',
        '64m',
        ['62m', 40, 0],
        ['2m', 40, Math.min(1, times(30))],
        ['5m', 40, 0],
      ),
      silent('bad, with two viewers', '30m', ['30m', 2, times(16)]),
    ],
  });
  const slow = alert({
    name: `${name}BudgetBurnSlow`,
    area: 'slo',
    severity: 'warning',
    channel: 'ticket',
    measure: select(objective.over['2h']),
    condition: condition(objective, SLOW, '6h'),
    for: '15m',
    unit: 'ratio',
    summary: `The budget of "${title}" is used up before its time`,
    description: `{value} ${bad} over the last day or longer; at this speed the budget of 30 days does not last.`,
    dashboard: 'moq-slo',
    runbook: runbook('Its budget is being used up faster than it lasts.'),
    testedEvery: '1m',
    fires: [fires('four times as fast as may be', times(4), '3h')],
    silent: [silent('half as fast as may be', '3h', ['3h', 40, times(0.5)])],
  });
  return [fast, slow];
}

/** Burn rates of the two objectives, fast and slow. */
export const budgetBurn: readonly Alert[] = [stalls, latency].flatMap(burnAlerts);

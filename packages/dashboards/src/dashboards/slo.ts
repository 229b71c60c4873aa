/** What was promised, how much of what may go wrong is used up, and how fast. */
import { type Dashboard, dashboard, type MetricPanel, type Row } from '../model/dashboard.ts';
import { dividedBy } from '../query/arithmetic.ts';
import { select } from '../query/select.ts';
import { streamLatencySlow, streamLatencySlowShare } from '../rules/latency.ts';
import { burnWindows, latencyObjective, type Objective, stallObjective } from '../rules/objectives.ts';
import { streamRebufferRatio, streamStalling } from '../rules/playing.ts';
import type { AlertName } from '../alerts/names.ts';
import {
  broadcastVariable,
  chosenOf,
  dial,
  greatest,
  namespaceVariable,
  stat,
  timeseries,
} from './panels.ts';

interface Kind {
  readonly name: 'latency' | 'stall';
  readonly objective: Objective;
  readonly alerts: readonly [AlertName, AlertName];
  /** What shows which streams it comes from. */
  readonly sources: readonly [MetricPanel, MetricPanel];
}

const percent = (part: number): string => `${part * 100} %`;

function row({ name, objective, alerts, sources }: Kind): Row {
  const { title, budget, left, now, over, total } = objective;
  return {
    title,
    panels: [
      dial(
        {
          name: `${name}-budget`,
          title: 'Budget left',
          description: `Of the ${percent(budget)} that may be bad within 30 days, the part that is left. Below zero the objective is missed.`,
          unit: 'ratio',
          lines: [{ query: select(left), legend: 'left' }],
          thresholds: { worse: 'below', warning: 0.5, critical: 0.1 },
          watched: {
            alerts,
            nextSteps: 'Below a tenth, changes that are not repairs wait until it has recovered.',
          },
        },
        { width: 6, height: 8 },
      ),
      stat(
        {
          name: `${name}-now`,
          title: 'Burn rate',
          description:
            'How many times as fast as it may be the budget is used up now, over five minutes. At 1 it lasts exactly 30 days.',
          unit: 'burn',
          lines: [{ query: dividedBy(select(now), budget), legend: 'burn rate' }],
          thresholds: { worse: 'above', warning: 1, critical: 14.4 },
          watched: {
            alerts,
            nextSteps: 'The runbook of the alert; the streams below are where it comes from.',
          },
        },
        { width: 3, height: 8 },
      ),
      stat(
        {
          name: `${name}-total`,
          title: name === 'stall' ? 'Watching' : 'Samples a second',
          description:
            'How much there is to judge. Below 5 no burn alert fires: one bad connection would decide.',
          unit: name === 'stall' ? 'count' : 'per_second',
          lines: [{ query: select(total), legend: 'total' }],
          watched: { noAlert: 'How many watch is not bad or good by itself.' },
        },
        { width: 3, height: 8 },
      ),
      timeseries(
        {
          name: `${name}-burn`,
          title: 'Burn rate by window',
          description:
            'The alerts need a long and a short window over their bound: 14.4 over an hour, 6 over six hours, 3 over a day, 1 over three days.',
          unit: 'burn',
          lines: burnWindows.map((window) => ({
            query: dividedBy(select(over[window]), budget),
            legend: window,
          })),
          thresholds: { worse: 'above', warning: 1, critical: 14.4 },
          watched: {
            alerts,
            nextSteps:
              'Short windows high and long ones low: it just began. The other way round: it is over.',
          },
        },
        { width: 12 },
      ),
      ...sources,
    ],
  };
}

const stalls = row({
  name: 'stall',
  objective: stallObjective,
  alerts: ['StallBudgetBurnFast', 'StallBudgetBurnSlow'],
  sources: [
    timeseries(
      {
        name: 'stall-streams',
        title: 'Where it comes from',
        description: 'Viewers that stand still, of the ten streams with the most of them.',
        unit: 'count',
        lines: [{ query: greatest(10, chosenOf(streamStalling)), legend: '{{broadcast}}' }],
        watched: { alerts: ['HighRebufferRate'], nextSteps: 'A single stream: choose it on MoQ Pipeline.' },
      },
      { width: 12 },
    ),
    timeseries(
      {
        name: 'stall-ratio',
        title: 'Time stalled by stream',
        description:
          'Part of the watched time, of the ten worst. A bad one with few viewers uses little of the budget.',
        unit: 'ratio',
        lines: [{ query: greatest(10, chosenOf(streamRebufferRatio)), legend: '{{broadcast}}' }],
        thresholds: { worse: 'above', warning: 0.01, critical: 0.05 },
        watched: { alerts: ['HighRebufferRate'], nextSteps: 'A single stream: choose it on MoQ Pipeline.' },
      },
      { width: 12 },
    ),
  ],
});

const latency = row({
  name: 'latency',
  objective: latencyObjective,
  alerts: ['LatencyBudgetBurnFast', 'LatencyBudgetBurnSlow'],
  sources: [
    timeseries(
      {
        name: 'latency-streams',
        title: 'Where it comes from',
        description: 'Samples over the bound a second, of the ten streams with the most of them.',
        unit: 'per_second',
        lines: [{ query: greatest(10, chosenOf(streamLatencySlow)), legend: '{{broadcast}}' }],
        watched: { alerts: ['HighClientLatency'], nextSteps: 'A single stream: choose it on MoQ Pipeline.' },
      },
      { width: 12 },
    ),
    timeseries(
      {
        name: 'latency-share',
        title: 'Samples over the bound by stream',
        description: 'Part of the samples, of the ten worst.',
        unit: 'ratio',
        lines: [{ query: greatest(10, chosenOf(streamLatencySlowShare)), legend: '{{broadcast}}' }],
        thresholds: { worse: 'above', warning: 0.05, critical: 0.5 },
        watched: { alerts: ['HighClientLatency'], nextSteps: 'A single stream: choose it on MoQ Pipeline.' },
      },
      { width: 12 },
    ),
  ],
});

export const slo: Dashboard = dashboard({
  uid: 'moq-slo',
  title: 'MoQ SLO',
  description: 'What was promised, how much of what may go wrong is used up, and how fast.',
  variables: [namespaceVariable, broadcastVariable],
  rows: [stalls, latency],
  range: '24h',
  refresh: '1m',
});

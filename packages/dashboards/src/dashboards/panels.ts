/** Panels as all dashboards have them, and the choices their viewers make. */
import { relay } from '@moq-observability/moq-metrics';
import type { MetricPanel, Picture } from '../model/dashboard.ts';
import type { Observable } from '../model/observable.ts';
import type { ValuesVariable } from '../model/variable.ts';
import { sum, topk } from '../query/aggregate.ts';
import { and, share } from '../query/arithmetic.ts';
import { matching, type Pattern, type VariableReference } from '../query/match.ts';
import { type Query, type Selection, SHOWN_RANGE } from '../query/query.ts';
import type { Recorded } from '../query/recorded.ts';
import { atEnd, overTime, select } from '../query/select.ts';

interface Size {
  readonly width?: number;
  readonly height?: number;
  /** The most points in time. */
  readonly points?: number;
}

/** Points in time that are five minutes apart over a day, which is the window of what is recorded. */
const FINE = 300;
/** Points in time where a pixel or a word for each says no more. */
const COARSE = 100;

/** A row of three is eight wide each. */
function panel(
  observable: Observable,
  picture: Picture,
  { width = 8, height = 8, points }: Size,
): MetricPanel {
  return { kind: 'metrics', observable, picture, width, height, ...(points !== undefined && { points }) };
}

/** Lines over time. */
export function timeseries(observable: Observable, size: Size = {}): MetricPanel {
  return panel(observable, { as: 'timeseries' }, { points: FINE, ...size });
}

/** Lines over time that add up to something. */
export function stacked(observable: Observable, size: Size = {}): MetricPanel {
  return panel(observable, { as: 'timeseries', stacked: true }, { points: FINE, ...size });
}

/** A number; six stand beside one another. */
export function stat(observable: Observable, size: Size = {}): MetricPanel {
  return panel(observable, { as: 'stat' }, { width: 4, height: 4, ...size });
}

/** A part of one, on a dial. */
export function dial(observable: Observable, size: Size = {}): MetricPanel {
  return panel(observable, { as: 'gauge', min: 0, max: 1 }, { width: 4, height: 4, ...size });
}

/** How often what lay between which bounds. */
export function distribution(observable: Observable, size: Size = {}): MetricPanel {
  return panel(observable, { as: 'distribution' }, size);
}

/** The same over time. */
export function heatmap(observable: Observable, size: Size = {}): MetricPanel {
  return panel(observable, { as: 'heatmap' }, { points: COARSE, ...size });
}

/** A band for each series, coloured by what is good and bad. */
export function bands(observable: Observable, size: Size = {}): MetricPanel {
  return panel(observable, { as: 'bands' }, { points: COARSE, ...size });
}

/** A line for each series. */
export function table(
  observable: Observable,
  picture: Omit<Picture & { readonly as: 'table' }, 'as'>,
  size: Size = {},
): MetricPanel {
  return panel(observable, { as: 'table', ...picture }, { width: 24, ...size });
}

/** What the viewer chose of a variable. */
export function chosen(name: string): VariableReference {
  return { kind: 'variable', name };
}

export const namespaceVariable: ValuesVariable = {
  kind: 'values',
  name: 'namespace',
  title: 'Namespace',
  of: select(relay.activeSubscribers),
  label: 'namespace',
  many: true,
};

export const broadcastVariable: ValuesVariable = {
  kind: 'values',
  name: 'broadcast',
  title: 'Stream',
  of: select(relay.activeSubscribers, { namespace: chosen('namespace') }),
  label: 'broadcast',
  many: true,
};

export const relayVariable: ValuesVariable = {
  kind: 'values',
  name: 'relay',
  title: 'Relay',
  of: select(relay.activeSessions),
  label: 'instance',
  many: true,
};

/** One stream, where what is asked of each is too much to be asked of all. */
export const oneStreamVariable: ValuesVariable = {
  kind: 'values',
  name: 'broadcast',
  title: 'Stream',
  of: select(relay.activeSubscribers),
  label: 'broadcast',
  many: false,
};

/** The streams the viewer chose. */
export const ofStreams: Readonly<Record<'broadcast' | 'namespace', VariableReference>> = {
  namespace: chosen('namespace'),
  broadcast: chosen('broadcast'),
};
/** The relays the viewer chose. */
export const ofRelays: { readonly instance: VariableReference } = { instance: chosen('relay') };

/** The processes of the chosen relays, ours or seen through the exporter: what every process exposes has no other mark. */
export const relayJobs: { readonly instance: VariableReference; readonly job: Pattern } = {
  instance: chosen('relay'),
  job: matching('moq-(relay|exporter)'),
};

/** What is recorded of streams, of those the viewer chose. */
export function chosenOf<L extends string>(recorded: Recorded<L>): Selection<L> {
  return select(recorded, ofStreams as { readonly [Name in L]?: VariableReference });
}

/**
 * A few series of many, and the same at any time: those that were greatest within the time that is looked at, by
 * themselves or by another measure.
 */
export function greatest<L extends string>(n: number, of: Selection<L>, by: Selection<L> = of): Query<L> {
  return and(of, topk(n, overTime('max', atEnd(by), SHOWN_RANGE)));
}

/** The part of what was observed that is in each bucket, over the whole time that is looked at. */
export function spread(bucketsOf: (le?: '+Inf') => Selection): Query<'le'> {
  return share(
    sum(overTime('sum', bucketsOf(), SHOWN_RANGE), ['le']),
    sum(overTime('sum', bucketsOf('+Inf'), SHOWN_RANGE)),
  );
}

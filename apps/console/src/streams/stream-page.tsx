import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useMemo, useRef } from 'react';
import { useInstants, useRanges, type Answers } from '../api/use-prometheus.ts';
import type { RangeSeries } from '../api/prometheus.ts';
import { heatmapOf } from '../chart/buckets.ts';
import { Heatmap } from '../chart/heatmap.tsx';
import { LineChart, type LineSeries } from '../chart/line-chart.tsx';
import { ago, bits, count, ratio, seconds, UNKNOWN } from '../format.ts';
import { StateBar } from '../live/state-bar.tsx';
import { useShownLive } from '../live/use-live.ts';
import { sessionColumns, sessionKey, sessionLink } from '../sessions/session-columns.tsx';
import { useSessions } from '../sessions/use-sessions.ts';
import { Card, Missing } from '../shell/card.tsx';
import { Facts } from '../shell/facts.tsx';
import { useNow, useSpan, useStretch } from '../shell/span.ts';
import { DataTable } from '../table/data-table.tsx';
import { streamQueries } from './stream-queries.ts';
import './stream-page.css';

const route = getRouteApi('/stream');

/** The states of viewers in the order they are stacked, and their colours: what is bad lies at the bottom. */
const STATES = [
  ['stalled', 4],
  ['loading', 1],
  ['paused', 3],
  ['playing', 0],
] as const;

/** One stream: how it is for its viewers, how it was, and who they are. */
export function StreamPage(): ReactNode {
  const { broadcast, sort = 'started_at' } = route.useSearch();
  const queries = useMemo(() => streamQueries(broadcast), [broadcast]);
  return (
    <div className="page stream-page">
      <div className="page-head">
        <h1>
          <bdi>{broadcast || 'Which stream?'}</bdi>
        </h1>
        <div className="tools spread">
          <Link to="/sessions" search={{ broadcast }} className="button little">
            All its sessions
          </Link>
          <Link to="/logs" search={{ q: broadcast }} className="button little">
            Its logs
          </Link>
        </div>
      </div>
      <StreamFacts broadcast={broadcast} queries={queries} />
      <StreamPictures queries={queries} />
      <StreamSessions broadcast={broadcast} sort={sort} />
    </div>
  );
}

type Queries = ReturnType<typeof streamQueries>;

function StreamFacts({
  broadcast,
  queries,
}: {
  readonly broadcast: string;
  readonly queries: Queries;
}): ReactNode {
  const live = useShownLive();
  const stream = live.streams.find((each) => each.broadcast === broadcast);
  const { data } = useInstants([queries.lastFrame, queries.media]);
  const now = useNow(1_000);
  const lastFrame = data[0]?.reduce((newest, { value }) => Math.max(newest, value), 0);
  const media = data[1] ?? [];
  return (
    <>
      <Facts
        facts={[
          ['Viewers', count(stream?.viewers ?? 0)],
          ['Received', bits(stream?.bandwidth), 'all viewers together'],
          ['Latency p95', seconds(stream?.latency?.p95), `median ${seconds(stream?.latency?.p50)}`],
          ['Startup', seconds(stream?.startup), 'mean'],
          ['Buffer', seconds(stream?.buffer), 'mean'],
          ['Rebuffer ratio', ratio(stream?.stalledRatio), `${count(stream?.stalls ?? 0)} stalls`],
          [
            'Publisher',
            lastFrame ? publisherState(lastFrame * 1000, now) : UNKNOWN,
            lastFrame ? `last frame ${ago(lastFrame * 1000, now)}` : 'no relay tells of it',
          ],
          [
            'Renditions',
            media.map(({ labels }) => labels['resolution']).join(', ') || UNKNOWN,
            media
              .map(({ labels }) => `${labels['video_codec'] ?? ''} ${labels['audio_codec'] ?? ''}`.trim())
              .join(', '),
          ],
        ]}
      />
      {stream && <StateBar sessions={stream.sessions} total={stream.viewers} />}
    </>
  );
}

/** Frames come many times a second while somebody watches. */
function publisherState(lastFrame: number, now: number): string {
  return now - lastFrame < 5_000 ? 'sends' : 'silent';
}

function StreamPictures({ queries }: { readonly queries: Queries }): ReactNode {
  const span = useStretch();
  const { zoom } = useSpan();
  const viewers = useRanges([queries.viewers]);
  const latencies = useRanges(queries.latencies.map(({ query }) => query));
  const buckets = useRanges([queries.latencyBuckets]);
  const traffic = useRanges(queries.traffic.map(({ query }) => query));
  const rebuffering = useRanges(queries.rebuffering.map(({ query }) => query));
  const heat = useMemo(() => heatmapOf(buckets.data[0] ?? []), [buckets.data]);
  const common = { span, onZoom: zoom, sync: 'stream', height: 170 };
  const viewerLines = useMemo(
    () =>
      STATES.flatMap(([state, colour]): readonly LineSeries[] => {
        const series = viewers.data[0]?.find(({ labels }) => labels['state'] === state);
        return series ? [{ ...series, name: state, colour }] : [];
      }),
    [viewers.data],
  );
  const latencyLines = useLines(latencies, queries.latencies);
  const trafficLines = useLines(traffic, queries.traffic, 8);
  const ratioLine = useMemo(() => rebufferRatio(rebuffering), [rebuffering]);
  return (
    <div className="pictures">
      <Card title="Viewers" help="by state">
        {viewerLines.length > 0 ? (
          <LineChart label="Viewers" series={viewerLines} format={count} stacked least={4} {...common} />
        ) : (
          <Missing error={viewers.error} />
        )}
      </Card>
      <Card title="Latency" help="capture to picture, all viewers">
        {heat.times.length > 0 ? (
          <Heatmap
            label="Latency of viewers"
            data={heat}
            format={seconds}
            span={span}
            onZoom={zoom}
            height={196}
          />
        ) : (
          <Missing error={buckets.error} />
        )}
      </Card>
      <Card title="Latency quantiles" help="of all samples of viewers">
        {latencyLines.length > 0 ? (
          <LineChart
            label="Latency quantiles"
            series={latencyLines}
            format={seconds}
            least={0.2}
            {...common}
          />
        ) : (
          <Missing error={latencies.error} />
        )}
      </Card>
      <Card title="Bandwidth" help="payload at the relay, and at the players">
        {trafficLines.length > 0 ? (
          <LineChart label="Bandwidth" series={trafficLines} format={bits} {...common} />
        ) : (
          <Missing error={traffic.error} />
        )}
      </Card>
      <Card title="Rebuffer ratio" help="stalled part of the watched time">
        {ratioLine.length > 0 ? (
          <LineChart
            label="Rebuffer ratio"
            series={ratioLine}
            format={ratio}
            filled
            least={0.02}
            thresholds={[{ value: 0.01, level: 'warn' }]}
            {...common}
          />
        ) : (
          <Missing error={rebuffering.error} />
        )}
      </Card>
    </div>
  );
}

/** Each answer of one series as a line, its values multiplied. */
function useLines(
  { data }: Answers<RangeSeries>,
  names: readonly { readonly name: string }[],
  factor = 1,
): readonly LineSeries[] {
  return useMemo(
    () =>
      names.flatMap(({ name }, i) =>
        (data[i] ?? []).map(({ times, values }) => ({
          name,
          times,
          values: factor === 1 ? values : values.map((value) => value * factor),
          colour: i,
        })),
      ),
    [data, names, factor],
  );
}

function rebufferRatio({ data }: Answers<RangeSeries>): readonly LineSeries[] {
  const [[stalled] = [], [watched] = []] = data;
  if (!stalled || !watched) return [];
  const whole = new Map(watched.times.map((time, i) => [time, watched.values[i]!]));
  const values = stalled.times.map((time, i) => stalled.values[i]! / (whole.get(time) || Number.NaN));
  return [{ name: 'rebuffer ratio', times: stalled.times, values, colour: 4 }];
}

function StreamSessions({
  broadcast,
  sort,
}: {
  readonly broadcast: string;
  readonly sort: string;
}): ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  const { at } = useSpan();
  const now = useNow(1_000);
  const navigate = useNavigate({ from: '/stream' });
  const question = useMemo(() => ({ broadcast, live: true, sort }), [broadcast, sort]);
  const list = useSessions(question, { isLive: at === undefined, scroller });
  const shownAt = at ?? now;
  const columns = useMemo(() => sessionColumns(shownAt, { withStream: false }), [shownAt]);
  return (
    <section className="stream-sessions" aria-label="Its sessions">
      <h2>
        Watching now <span className="quiet">{count(list.rows.length)}</span>
      </h2>
      <DataTable
        label="Sessions of this stream"
        columns={columns}
        rows={list.rows}
        rowKey={sessionKey}
        rowLink={sessionLink}
        sort={sort}
        onSort={(next) => navigate({ search: (held) => ({ ...held, sort: next }), replace: true })}
        onEnd={list.more}
        scroller={scroller}
        empty={<p className="quiet">{list.isLoading ? 'Asking …' : 'Nobody watches it now.'}</p>}
      />
    </section>
  );
}

import type { StreamView } from '@moq-observability/collector/api';
import { getRouteApi, type LinkProps, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { useAlertCount } from '../alerts/alerts-query.ts';
import { bits, count, ratio, seconds } from '../format.ts';
import { useSpan } from '../shell/span.ts';
import { type Column, DataTable } from '../table/data-table.tsx';
import { BroadcastName } from './broadcast-name.tsx';
import { FleetLine } from './fleet-line.tsx';
import type { LiveStore } from './live-store.ts';
import { StateBar } from './state-bar.tsx';
import { StreamSparkline } from './stream-sparkline.tsx';
import { useLiveStore, useShownLive } from './use-live.ts';

const route = getRouteApi('/');

/** Everything that is watched, as it is this second. */
export function LivePage(): ReactNode {
  const live = useShownLive();
  const store = useLiveStore();
  const { sort = 'viewers', q = '' } = route.useSearch();
  const navigate = useNavigate({ from: '/' });
  const { at } = useSpan();
  const firing = useAlertCount();
  const columns = useMemo(() => columnsOf(store), [store]);
  const shown = useMemo(() => sorted(matching(live.streams, q), sort), [live.streams, q, sort]);
  return (
    <div className="page">
      <h1 className="visually-hidden">Live</h1>
      <FleetLine fleet={live.fleet} histories={store.fleet} to={at ?? live.toldAt} firing={firing} />
      <div className="page-head">
        <h2>
          Streams <span className="quiet">{live.fleet ? count(live.fleet.streams) : ''}</span>
        </h2>
        <div className="tools spread">
          <label>
            <span className="visually-hidden">Filter streams by name</span>
            <input
              type="search"
              className="field"
              placeholder="Filter by name"
              value={q}
              onChange={({ target }) =>
                navigate({ search: (held) => ({ ...held, q: target.value || undefined }), replace: true })
              }
            />
          </label>
        </div>
      </div>
      <DataTable
        label="Streams"
        columns={columns}
        rows={shown}
        rowKey={keyOf}
        rowLink={linkOf}
        rowHeight={44}
        sort={sort}
        onSort={(next) => navigate({ search: (held) => ({ ...held, sort: next }), replace: true })}
        empty={<NoStreams filtered={live.streams.length > 0} told={live.toldAt > 0} />}
      />
    </div>
  );
}

function keyOf({ broadcast }: StreamView): string {
  return broadcast;
}

function linkOf({ broadcast }: StreamView): LinkProps {
  return { to: '/stream', search: { broadcast } };
}

function columnsOf(store: LiveStore): readonly Column<StreamView>[] {
  return [
    {
      id: 'broadcast',
      header: 'Stream',
      width: 150,
      grow: 3,
      sort: '-broadcast',
      cell: ({ broadcast, namespace }) => <BroadcastName broadcast={broadcast} namespace={namespace} />,
    },
    {
      id: 'states',
      header: 'State of viewers',
      width: 110,
      grow: 1,
      from: 'tablet',
      cell: ({ sessions, viewers }) => <StateBar sessions={sessions} total={viewers} />,
    },
    {
      id: 'viewers',
      header: 'Viewers',
      width: 78,
      numeric: true,
      sort: 'viewers',
      cell: ({ viewers }) => <strong>{count(viewers)}</strong>,
    },
    {
      id: 'viewers-history',
      header: '10 minutes',
      width: 90,
      grow: 1,
      from: 'desktop',
      cell: ({ broadcast }) => (
        <StreamSparkline histories={store.stream(broadcast)} measure="viewers" least={4} />
      ),
    },
    {
      id: 'bandwidth',
      header: 'Received',
      help: 'Bits a second that all viewers together receive',
      width: 96,
      numeric: true,
      from: 'tablet',
      sort: 'bandwidth',
      cell: ({ bandwidth }) => bits(bandwidth),
    },
    {
      id: 'latency',
      header: 'Latency p95',
      help: 'Capture to picture, by the last report of each viewer',
      width: 98,
      numeric: true,
      sort: 'latency',
      cell: ({ latency }) => seconds(latency?.p95),
    },
    {
      id: 'latency-history',
      header: '10 minutes',
      width: 90,
      grow: 1,
      from: 'desktop',
      cell: ({ broadcast }) => (
        <StreamSparkline histories={store.stream(broadcast)} measure="latency" colour={1} least={0.2} />
      ),
    },
    {
      id: 'startup',
      header: 'Startup',
      help: 'Play to first frame, mean',
      width: 78,
      numeric: true,
      from: 'wide',
      sort: 'startup',
      cell: ({ startup }) => seconds(startup),
    },
    {
      id: 'rebuffer',
      header: 'Rebuffer ratio',
      help: 'Stalled part of the time watched by those who watch now',
      width: 110,
      numeric: true,
      from: 'desktop',
      sort: 'rebuffer',
      cell: ({ stalledRatio }) => (
        <span className={level(stalledRatio, 0.01, 0.05)}>{ratio(stalledRatio)}</span>
      ),
    },
    {
      id: 'failures',
      header: 'Failures',
      width: 70,
      numeric: true,
      from: 'wide',
      sort: 'failures',
      cell: ({ failures }) => <span className={failures > 0 ? 'bad' : 'quiet'}>{count(failures)}</span>,
    },
  ];
}

function level(value: number | null, warning: number, critical: number): string {
  if (value === null || value < warning) return '';
  return value < critical ? 'warn' : 'bad';
}

function matching(streams: readonly StreamView[], q: string): readonly StreamView[] {
  const wanted = q.toLowerCase();
  return wanted === ''
    ? streams
    : streams.filter(({ broadcast }) => broadcast.toLowerCase().includes(wanted));
}

const KEYS: Readonly<Record<string, (stream: StreamView) => number | null>> = {
  viewers: ({ viewers }) => viewers,
  bandwidth: ({ bandwidth }) => bandwidth,
  latency: ({ latency }) => latency?.p95 ?? null,
  startup: ({ startup }) => startup,
  rebuffer: ({ stalledRatio }) => stalledRatio,
  failures: ({ failures }) => failures,
};

function byName(a: StreamView, b: StreamView): number {
  return a.broadcast < b.broadcast ? -1 : a.broadcast > b.broadcast ? 1 : 0;
}

/** Those of whom it is not known come last either way. */
function sorted(streams: readonly StreamView[], sort: string): readonly StreamView[] {
  const ascending = sort.startsWith('-');
  const name = sort.replace('-', '');
  if (name === 'broadcast') return streams.toSorted((a, b) => (ascending ? byName(a, b) : byName(b, a)));
  const key = KEYS[name] ?? KEYS['viewers']!;
  return streams.toSorted((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null) || byName(a, b);
    return (ascending ? x - y : y - x) || byName(a, b);
  });
}

function NoStreams({ filtered, told }: { readonly filtered: boolean; readonly told: boolean }): ReactNode {
  if (!told) return <p className="quiet">Waiting for the collector …</p>;
  if (filtered) return <p className="quiet">No stream is called like that.</p>;
  return (
    <div className="empty">
      <strong>Nobody is watching</strong>
      <p>Streams appear here as soon as a player reports. Open the player page, or simulate an audience:</p>
      <pre tabIndex={0}>pnpm --filter load start players --count 200 --broadcasts 5 --events</pre>
    </div>
  );
}

import type { SessionRow } from '@moq-observability/collector/api';
import type { LinkProps } from '@tanstack/react-router';
import { ago, bits, count, duration, seconds, UNKNOWN } from '../format.ts';
import { BroadcastName } from '../live/broadcast-name.tsx';
import type { Column } from '../table/data-table.tsx';
import { StateMark } from './state-mark.tsx';

/** What tells a session from others. */
export function sessionKey({ sessionId }: SessionRow): string {
  return sessionId;
}

/** The page of a session. */
export function sessionLink({ sessionId }: SessionRow): LinkProps {
  return { to: '/sessions/$sessionId', params: { sessionId } };
}

/** The columns of sessions. @param now what times are told from, in Unix milliseconds */
export function sessionColumns(
  now: number,
  { withStream }: { readonly withStream: boolean },
): readonly Column<SessionRow>[] {
  const stream: Column<SessionRow> = {
    id: 'broadcast',
    header: 'Stream',
    width: 120,
    grow: 2,
    from: 'tablet',
    sort: 'broadcast',
    cell: ({ broadcast, namespace }) => <BroadcastName broadcast={broadcast} namespace={namespace} />,
  };
  return [
    {
      id: 'session',
      header: 'Session',
      width: 158,
      grow: 1,
      cell: ({ sessionId, state }) => (
        <>
          <StateMark state={state} /> <code className="quiet">{sessionId.slice(0, 8)}</code>
        </>
      ),
    },
    ...(withStream ? [stream] : []),
    {
      id: 'started',
      header: 'Started',
      width: 84,
      from: 'tablet',
      sort: 'started_at',
      cell: ({ startedAt }) => <span className="cut">{ago(startedAt, now)}</span>,
    },
    {
      id: 'client',
      header: 'Browser',
      width: 122,
      grow: 1,
      from: 'desktop',
      cell: ({ browser, device }) => (
        <span className="cut">
          {browser} <span className="quiet">{device}</span>
        </span>
      ),
    },
    {
      id: 'transport',
      header: 'Transport',
      width: 104,
      from: 'desktop',
      cell: ({ transport }) => <span className="cut quiet">{transport || UNKNOWN}</span>,
    },
    {
      id: 'region',
      header: 'Region',
      width: 80,
      from: 'wide',
      cell: ({ region }) => <span className="cut quiet">{region}</span>,
    },
    {
      id: 'startup',
      header: 'Startup',
      width: 72,
      numeric: true,
      from: 'wide',
      sort: 'startup',
      cell: ({ startupSeconds }) => seconds(startupSeconds),
    },
    {
      id: 'latency',
      header: 'Latency',
      width: 72,
      numeric: true,
      sort: 'latency',
      cell: ({ latencySeconds }) => (
        <span className={(latencySeconds ?? 0) < 1 ? '' : 'warn'}>{seconds(latencySeconds)}</span>
      ),
    },
    {
      id: 'bitrate',
      header: 'Bitrate',
      width: 92,
      numeric: true,
      from: 'desktop',
      cell: ({ bitrate }) => bits(bitrate),
    },
    {
      id: 'stalls',
      header: 'Stalls',
      width: 92,
      numeric: true,
      sort: 'stalls',
      cell: ({ stalls, stalledSeconds }) =>
        stalls === 0 ? (
          <span className="quiet">0</span>
        ) : (
          <span>
            {count(stalls)} <span className="quiet">{seconds(stalledSeconds)}</span>
          </span>
        ),
    },
    {
      id: 'watched',
      header: 'Watched',
      width: 88,
      numeric: true,
      from: 'tablet',
      sort: 'watched',
      cell: ({ watchedSeconds }) => duration(Math.round(watchedSeconds) * 1000),
    },
    {
      id: 'error',
      header: 'Failed',
      width: 84,
      from: 'wide',
      sort: 'failures',
      cell: ({ failures, lastError }) =>
        failures > 0 ? <bdi className="cut bad">{lastError || count(failures)}</bdi> : '',
    },
  ];
}

import type { SessionDetail, SessionRow } from '@moq-observability/collector/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect, useMemo } from 'react';
import { getJson } from '../api/http.ts';
import { ApiProblem } from '../api/problem.ts';
import { bits, bytes, clock, count, duration, moment, ratio, seconds, UNKNOWN } from '../format.ts';
import { listenToSessions } from '../live/live-store.ts';
import { LogList } from '../logs/log-list.tsx';
import { Card, Missing } from '../shell/card.tsx';
import { Segments } from '../shell/choice.tsx';
import { type Fact, Facts } from '../shell/facts.tsx';
import { Icon } from '../shell/icons.tsx';
import { type Span, useNow } from '../shell/span.ts';
import { ToGrafana } from '../shell/to-grafana.tsx';
import { Waterfall } from '../traces/waterfall.tsx';
import { windowOf } from './bands.ts';
import { StateMark } from './state-mark.tsx';
import { Timeline } from './timeline.tsx';
import './session-page.css';

const route = getRouteApi('/sessions/$sessionId');

/** One playback of one viewer: what it went through, and everything that was said about it. */
export function SessionPage(): ReactNode {
  const { sessionId } = route.useParams();
  const { at } = route.useSearch();
  const { data, error, isLoading } = useDetail(sessionId, at === undefined);
  if (data) return <Session detail={data} stopped={at} />;
  const isGone = error instanceof ApiProblem && error.status === 404;
  return (
    <div className="page">
      <div className="empty">
        {isLoading ? (
          <p>Asking …</p>
        ) : (
          <>
            <strong>{isGone ? 'There is no such session' : (error?.message ?? 'There is no answer')}</strong>
            {isGone && (
              <p>
                It may have been forgotten: sessions are kept as long as the collector’s store keeps them.
              </p>
            )}
            <Link to="/sessions" className="plain">
              To all sessions
            </Link>
          </>
        )}
      </div>
    </div>
  );
}

/** How soon after a report all of a session is asked for, in milliseconds. */
const ASKED_AFTER = 700;

/** Asks for a session, and again whenever it is heard of. */
function useDetail(
  sessionId: string,
  isLive: boolean,
): { readonly data: SessionDetail | undefined; readonly error: Error | null; readonly isLoading: boolean } {
  const client = useQueryClient();
  const key = useMemo(() => ['session', sessionId], [sessionId]);
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      getJson<SessionDetail>(`/api/sessions/${encodeURIComponent(sessionId)}`, { limit: 10_000 }, signal),
    // Lines and spans of the relay come without the session being heard of.
    refetchInterval: ({ state: { data } }) => (isLive && data && !isOver(data.session) ? 5_000 : false),
  });
  useEffect(() => {
    if (!isLive) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const source = listenToSessions({ session: sessionId }, (rows) => {
      const session = rows.at(-1);
      if (!session) return;
      // What is known at once is shown at once; the timeline follows.
      client.setQueryData<SessionDetail>(key, (held) => held && { ...held, session });
      clearTimeout(timer);
      timer = setTimeout(() => void client.invalidateQueries({ queryKey: key }), ASKED_AFTER);
    });
    return () => {
      clearTimeout(timer);
      source[Symbol.dispose]();
    };
  }, [client, key, sessionId, isLive]);
  return query;
}

function isOver({ state }: SessionRow): boolean {
  return state === 'ended' || state === 'lost';
}

function Session({
  detail,
  stopped,
}: {
  readonly detail: SessionDetail;
  readonly stopped: number | undefined;
}): ReactNode {
  const { session } = detail;
  const now = useNow(isOver(session) ? 60_000 : 1_000);
  const span = useMemo(() => windowOf(detail, stopped ?? now), [detail, stopped, now]);
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/sessions/$sessionId' });
  const brushed = brushedOf(search.from, search.to);
  const set = (change: { from?: string; to?: string; service?: string; span?: string }): void => {
    void navigate({ search: (held) => ({ ...held, ...change }), replace: true });
  };
  return (
    <div className="page session-page">
      <div className="page-head">
        <h1>
          <StateMark state={session.state} />
        </h1>
        <code className="quiet cut">{session.sessionId}</code>
        <Link to="/stream" search={{ broadcast: session.broadcast }} className="plain cut">
          <bdi>{session.broadcast}</bdi>
        </Link>
        <div className="tools spread">
          <ToGrafana traceId={session.traceId} />
          <a
            className="button little"
            href={`/api/sessions/${encodeURIComponent(session.sessionId)}/export`}
            download={`session-${session.sessionId}.json`}
          >
            <Icon name="download" />
            Export
          </a>
        </div>
      </div>
      {detail.incomplete !== undefined && <p className="warn small">Not all is there: {detail.incomplete}</p>}
      <Facts facts={factsOf(session)} />
      <Card
        title="Timeline"
        help={brushed ? undefined : 'drag over it to look at a part'}
        more={
          brushed && (
            <button
              type="button"
              className="button little strong"
              onClick={() => navigate({ search: ({ from: _from, to: _to, ...held }) => held, replace: true })}
            >
              {clock(brushed.from)} to {clock(brushed.to)}
              <Icon name="close" />
              <span className="visually-hidden">Show all again</span>
            </button>
          )
        }
      >
        <Timeline
          detail={detail}
          span={span}
          brushed={brushed}
          onBrush={({ from, to }) => set({ from: String(Math.round(from)), to: String(Math.round(to)) })}
        />
      </Card>
      <Traces
        detail={detail}
        brushed={brushed}
        opened={search.span}
        onOpen={(id) => set({ span: id } as object)}
      />
      <Lines
        detail={detail}
        brushed={brushed}
        service={search.service}
        onService={(service) => set({ service } as object)}
      />
    </div>
  );
}

/** Reads what was brushed from the URL. */
function brushedOf(from: string | undefined, to: string | undefined): Span | undefined {
  const [start, end] = [Number(from), Number(to)];
  return from !== undefined && to !== undefined && end > start ? { from: start, to: end } : undefined;
}

function factsOf(session: SessionRow): readonly Fact[] {
  const { stalledSeconds, watchedSeconds, framesDropped, framesDecoded } = session;
  return [
    ['Started', moment(session.startedAt), session.outcome],
    ['Watched', duration(Math.round(watchedSeconds) * 1000), `${count(session.reports)} reports`],
    ['Startup', seconds(session.startupSeconds), 'play to first frame'],
    ['Latency', seconds(session.latencySeconds), 'capture to picture'],
    ['Buffer', seconds(session.bufferSeconds), session.rendition],
    ['Bitrate', bits(session.bitrate), bytes(session.receivedBytes)],
    ['Round trip', seconds(session.rttSeconds), session.transport],
    [
      'Stalls',
      count(session.stalls),
      watchedSeconds > 0 ? `${seconds(stalledSeconds)}, ${ratio(stalledSeconds / watchedSeconds)}` : '',
    ],
    [
      'Switches',
      count(session.qualitySwitches),
      `${count(framesDropped)} of ${count(framesDecoded)} frames lost`,
    ],
    ['Browser', session.browser, session.device],
    ['Region', session.region, session.remoteAddress],
    [
      'Failures',
      <span key="failures" className={session.failures > 0 ? 'bad' : ''}>
        {count(session.failures)}
      </span>,
      session.lastError || UNKNOWN,
    ],
  ];
}

function Traces({
  detail,
  brushed,
  opened,
  onOpen,
}: {
  readonly detail: SessionDetail;
  readonly brushed: Span | undefined;
  readonly opened: string | undefined;
  readonly onOpen: (id: string | undefined) => void;
}): ReactNode {
  const spans = useMemo(
    () => detail.spans.filter(({ time, duration: length }) => overlaps(time, time + length, brushed)),
    [detail.spans, brushed?.from, brushed?.to],
  );
  return (
    <Card
      title="Trace"
      help="player and relay on one clock"
      more={
        detail.session.traceId !== '' && (
          <Link to="/traces/$traceId" params={{ traceId: detail.session.traceId }} className="button little">
            Whole trace
          </Link>
        )
      }
    >
      {spans.length > 0 ? (
        <div className="session-traces">
          <Waterfall spans={spans} opened={opened} onOpen={onOpen} />
        </div>
      ) : (
        <Missing>
          {detail.spans.length > 0
            ? 'No span in the part that was chosen.'
            : 'No spans of this session came: its trace may not have been sampled.'}
        </Missing>
      )}
    </Card>
  );
}

function Lines({
  detail,
  brushed,
  service,
  onService,
}: {
  readonly detail: SessionDetail;
  readonly brushed: Span | undefined;
  readonly service: string | undefined;
  readonly onService: (service: string | undefined) => void;
}): ReactNode {
  const all = useMemo(
    () => [...detail.events, ...detail.logs].toSorted((a, b) => a.time - b.time),
    [detail.events, detail.logs],
  );
  const inPart = useMemo(
    () => all.filter(({ time }) => overlaps(time, time, brushed)),
    [all, brushed?.from, brushed?.to],
  );
  const services = [...new Set(all.map(({ serviceName }) => serviceName))].toSorted();
  const shown = service === undefined ? inPart : inPart.filter(({ serviceName }) => serviceName === service);
  return (
    <section className="session-lines" aria-label="Logs of player and relay">
      <div className="page-head">
        <h2>
          Logs <span className="quiet">{count(shown.length)}</span>
        </h2>
        <div className="spread">
          <Segments
            label="Whose lines"
            value={service ?? ''}
            options={[['', 'All'], ...services.map((name) => [name, name.replace(/^moq-/, '')] as const)]}
            onChange={(name) => onService(name || undefined)}
          />
        </div>
      </div>
      <LogList
        label="Lines of this session"
        logs={shown}
        empty={
          <p className="quiet">
            {all.length > 0
              ? 'No line in the part that was chosen.'
              : 'Nobody logged anything about this session.'}
          </p>
        }
      />
    </section>
  );
}

function overlaps(from: number, to: number, part: Span | undefined): boolean {
  return part === undefined || (to >= part.from && from <= part.to);
}

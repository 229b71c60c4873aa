import type { TraceDetail } from '@moq-observability/collector/api';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { getJson } from '../api/http.ts';
import { count, duration, moment } from '../format.ts';
import { LogList } from '../logs/log-list.tsx';
import { Card, Missing } from '../shell/card.tsx';
import { ToGrafana } from '../shell/to-grafana.tsx';
import { Waterfall } from './waterfall.tsx';
import './trace-page.css';

const route = getRouteApi('/traces/$traceId');

/** One trace: all of its spans and lines. */
export function TracePage(): ReactNode {
  const { traceId } = route.useParams();
  const { span: opened } = route.useSearch();
  const navigate = useNavigate({ from: '/traces/$traceId' });
  const { data, error, isLoading } = useQuery({
    queryKey: ['trace', traceId],
    queryFn: ({ signal }) => getJson<TraceDetail>(`/api/traces/${encodeURIComponent(traceId)}`, {}, signal),
    // Spans of the other side may still be on their way.
    refetchInterval: 5_000,
  });
  const spans = data?.spans ?? [];
  const from = Math.min(...spans.map(({ time }) => time));
  const to = Math.max(...spans.map((span) => span.time + span.duration));
  const sessionId = spans.find((span) => span.sessionId !== '')?.sessionId;
  return (
    <div className="page trace-page">
      <div className="page-head">
        <h1>
          Trace <code>{traceId}</code>
        </h1>
        {spans.length > 0 && (
          <span className="quiet">
            {moment(from)} · {duration(to - from)} · {count(spans.length)} spans
          </span>
        )}
        <div className="tools spread">
          {sessionId !== undefined && (
            <Link to="/sessions/$sessionId" params={{ sessionId }} className="button little">
              Its session
            </Link>
          )}
          <ToGrafana traceId={traceId} />
        </div>
      </div>
      <Card title="Spans">
        {spans.length > 0 ? (
          <Waterfall
            spans={spans}
            opened={opened}
            onOpen={(span) => navigate({ search: (held) => ({ ...held, span }), replace: true })}
          />
        ) : (
          <Missing error={error}>{isLoading ? 'Asking …' : 'This trace has no spans, only lines.'}</Missing>
        )}
      </Card>
      <section className="trace-logs" aria-label="Its logs">
        <h2>
          Logs <span className="quiet">{count(data?.logs.length ?? 0)}</span>
        </h2>
        <LogList
          label="Lines of this trace"
          logs={data?.logs ?? []}
          empty={<p className="quiet">No lines.</p>}
        />
      </section>
    </div>
  );
}

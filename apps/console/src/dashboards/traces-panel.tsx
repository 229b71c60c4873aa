import type { TraceDetail, TraceSummary } from '@moq-observability/collector/api';
import type { Panel } from '@moq-observability/dashboards';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { getJson } from '../api/http.ts';
import { duration, moment } from '../format.ts';
import { Missing } from '../shell/card.tsx';
import { useStretch } from '../shell/span.ts';
import { Waterfall } from '../traces/waterfall.tsx';
import { valuesOf } from './chosen.ts';
import { useDashboard } from './dashboard-context.ts';

type TracePanel = Extract<Panel, { readonly kind: 'traces' }>;

/** Traces of the collector's store. */
export function TracesPanel({ panel }: { readonly panel: TracePanel }): ReactNode {
  const { show } = panel;
  switch (show.what) {
    case 'search':
      return <FoundTraces name={show.query.span.name} />;
    case 'trace':
      return <ChosenTrace variable={show.variable} />;
    case 'services':
      return (
        <Missing>
          The map of services is drawn by Grafana, out of what Tempo makes of the traces. Here,{' '}
          <Link to="/traces" className="plain">
            Traces
          </Link>{' '}
          has all of them.
        </Missing>
      );
  }
}

function FoundTraces({ name }: { readonly name: string }): ReactNode {
  const { from, to } = useStretch();
  const begin = Math.floor(from / 10_000) * 10_000;
  const { data, error, isLoading } = useQuery({
    queryKey: ['traces-panel', name, begin, to - from],
    queryFn: ({ signal }) =>
      getJson<{ readonly traces: readonly TraceSummary[] }>(
        '/api/traces',
        { name, from: begin, to: begin + (to - from) + 20_000, limit: 50 },
        signal,
      ),
  });
  const traces = data?.traces ?? [];
  if (traces.length === 0) return <Missing error={error}>{isLoading ? '…' : 'None in this time'}</Missing>;
  return (
    <ul className="panel-traces" tabIndex={0}>
      {traces.map(({ traceId, time, duration: length, name: root, broadcast, errors }) => (
        <li key={traceId}>
          <Link to="/traces/$traceId" params={{ traceId }}>
            <span className="quiet">{moment(time)}</span>
            <bdi className="cut">{root}</bdi>
            <bdi className="cut quiet">{broadcast}</bdi>
            <span className={errors > 0 ? 'bad' : ''}>{duration(length)}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function ChosenTrace({ variable }: { readonly variable: string }): ReactNode {
  const { chosen } = useDashboard();
  const [opened, setOpened] = useState<string>();
  const [traceId] = valuesOf(chosen, variable);
  const isWhole = traceId !== undefined && /^[0-9a-f]{32}$/i.test(traceId);
  const { data, error, isLoading } = useQuery({
    queryKey: ['trace', traceId],
    queryFn: ({ signal }) => getJson<TraceDetail>(`/api/traces/${traceId}`, {}, signal),
    enabled: isWhole,
  });
  if (!isWhole) return <Missing>Type the id of a trace above: 32 hex digits.</Missing>;
  if (!data) return <Missing error={error}>{isLoading ? '…' : undefined}</Missing>;
  return (
    <div className="panel-scroll">
      <Waterfall spans={data.spans} opened={opened} onOpen={setOpened} />
    </div>
  );
}

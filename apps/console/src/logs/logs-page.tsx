import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useMemo, useRef } from 'react';
import type { Parameters } from '../api/http.ts';
import type { logFilters } from '../filters.ts';
import { count } from '../format.ts';
import { Choice, Segments } from '../shell/choice.tsx';
import { Refresh } from '../shell/refresh.tsx';
import { type AskedStretch, useAskedStretch } from '../shell/span.ts';
import { LogList } from './log-list.tsx';
import { levels } from './levels.ts';
import { useLogSearch, useLogTail } from './use-logs.ts';

const route = getRouteApi('/logs');

type LogSearch = { readonly [Name in (typeof logFilters)[number]]?: string | undefined };

const SERVICES = ['moq-player', 'moq-relay', 'moq-collector', 'moq-load', 'moq-exporter'] as const;

/** Every line that players, relays and their companions logged. */
export function LogsPage(): ReactNode {
  const { range: _range, at, tail, ...filters } = route.useSearch();
  const navigate = useNavigate({ from: '/logs' });
  const scroller = useRef<HTMLDivElement>(null);
  const set = (change: LogSearch): void => {
    void navigate({ search: (held) => ({ ...held, ...change }), replace: true });
  };
  const { service, level, q, trace_id, session } = filters;
  // An id is looked up as such; what is none yet is asked for as nothing.
  const isTrace = trace_id === undefined || /^[0-9a-f]{32}$/i.test(trace_id);
  const asked = useMemo(
    () => ({ service, level, q, trace_id: isTrace ? trace_id : undefined, session }),
    [service, level, q, trace_id, session, isTrace],
  );
  const isTail = tail !== undefined && at === undefined;
  const stretch = useAskedStretch();
  const question = useSearchQuestion(asked, stretch);
  const found = useLogSearch(question, !isTail && isTrace);
  const followed = useLogTail(asked, isTail && isTrace);
  const logs = isTail ? followed.logs : found.logs;
  return (
    <div className="page">
      <div className="page-head">
        <h1>Logs</h1>
        <span className="quiet">
          {count(logs.length)}
          {!isTail && found.hasMore ? ' and more' : ''} lines
          {followed.missed > 0 && isTail && `, ${count(followed.missed)} left out: too many to follow`}
        </span>
        <div className="tools spread">
          {trace_id !== undefined && isTrace && (
            <Link to="/traces/$traceId" params={{ traceId: trace_id }} className="button little">
              Show this trace
            </Link>
          )}
          {!isTail && <Refresh stretch={stretch} />}
        </div>
      </div>
      <div className="tools" role="search" aria-label="Filters">
        <Segments
          label="Search or follow"
          value={isTail ? 'live' : ''}
          options={[
            ['', 'Search'],
            ['live', 'Follow'],
          ]}
          onChange={(value) => set({ tail: value || undefined })}
        />
        <Words label="Text" value={q} onChange={(value) => set({ q: value })} />
        <Choice
          label="Service"
          value={service}
          options={SERVICES.map((name) => [name, name])}
          onChange={(value) => set({ service: value })}
        />
        <Choice
          label="Level"
          value={level}
          options={levels.map((name) => [name, `${name} or worse`])}
          onChange={(value) => set({ level: value })}
        />
        <Words label="Trace id" value={trace_id} onChange={(value) => set({ trace_id: value?.trim() })} />
        <Words label="Session id" value={session} onChange={(value) => set({ session: value?.trim() })} />
      </div>
      <LogList
        label="Log lines"
        logs={logs}
        scroller={scroller}
        withDay
        onEnd={isTail ? undefined : found.more}
        empty={<NoLogs isTail={isTail} isTrace={isTrace} found={found} />}
      />
    </div>
  );
}

/** What is looked for in the time that is looked at; an id is looked for at any time. */
function useSearchQuestion(
  asked: { readonly trace_id: string | undefined; readonly session: string | undefined },
  { from, to }: AskedStretch,
): Parameters {
  const anyTime = asked.trace_id !== undefined || asked.session !== undefined;
  return useMemo(() => (anyTime ? { ...asked } : { ...asked, from, to }), [asked, anyTime, from, to]);
}

function Words({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (value: string | undefined) => void;
}): ReactNode {
  return (
    <label>
      <span className="visually-hidden">{label}</span>
      <input
        type="search"
        className="field"
        placeholder={label}
        value={value ?? ''}
        spellCheck={false}
        onChange={({ target }) => onChange(target.value || undefined)}
      />
    </label>
  );
}

function NoLogs({
  isTail,
  isTrace,
  found,
}: {
  readonly isTail: boolean;
  readonly isTrace: boolean;
  readonly found: { readonly isLoading: boolean; readonly error: Error | null };
}): ReactNode {
  if (!isTrace) return <p className="quiet">A trace id has 32 hex digits.</p>;
  if (isTail) return <p className="quiet">Lines appear here as they come.</p>;
  if (found.error) return <p className="warn">{found.error.message}</p>;
  if (found.isLoading) return <p className="quiet">Asking …</p>;
  return (
    <div className="empty">
      <strong>No line fits</strong>
      <p>Choose a longer time at the top, or widen the filters.</p>
    </div>
  );
}

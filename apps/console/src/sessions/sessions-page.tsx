import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useMemo, useRef } from 'react';
import type { Parameters } from '../api/http.ts';
import { clock, count } from '../format.ts';
import { type AskedStretch, useAskedStretch, useNow } from '../shell/span.ts';
import { DataTable } from '../table/data-table.tsx';
import { sessionColumns, sessionKey, sessionLink } from './session-columns.tsx';
import { SessionFilters, type SessionSearch } from './session-filters.tsx';
import { useSessions } from './use-sessions.ts';

const route = getRouteApi('/sessions');

/** All sessions, watched now or in the past. */
export function SessionsPage(): ReactNode {
  const { range: _range, at, ...search } = route.useSearch();
  const scroller = useRef<HTMLDivElement>(null);
  const stretch = useAskedStretch();
  const list = useSessions(useQuestion(search, stretch), { isLive: at === undefined, scroller });
  const now = useNow(1_000);
  const navigate = useNavigate({ from: '/sessions' });
  const set = (change: SessionSearch): void => {
    void navigate({ search: (held) => ({ ...held, ...change }), replace: true });
  };
  const shownAt = at ?? now;
  const columns = useMemo(() => sessionColumns(shownAt, { withStream: true }), [shownAt]);
  const said =
    list.error?.message ?? list.incomplete ?? (list.askedAt > 0 && `ordered at ${clock(list.askedAt)}`);
  return (
    <div className="page">
      <div className="page-head">
        <h1>Sessions</h1>
        <span className="quiet">
          {count(list.rows.length)}
          {list.hasMore ? ' and more' : ''}
        </span>
        <span className="quiet small spread">{said}</span>
        <button type="button" className="button little" onClick={list.refresh}>
          Refresh
        </button>
      </div>
      <SessionFilters search={search} onChange={set} />
      <DataTable
        label="Sessions"
        columns={columns}
        rows={list.rows}
        rowKey={sessionKey}
        rowLink={sessionLink}
        sort={search.sort ?? 'started_at'}
        onSort={(sort) => set({ sort })}
        onEnd={list.more}
        scroller={scroller}
        empty={list.isLoading ? <p className="quiet">Asking …</p> : <NoSessions search={search} />}
      />
    </div>
  );
}

/** What is asked: who watches now, whenever they began; or who began in the time that is looked at. */
function useQuestion({ live, ...filters }: SessionSearch, { from, to }: AskedStretch): Parameters {
  const key = JSON.stringify(filters);
  return useMemo(() => {
    const asked = JSON.parse(key) as SessionSearch;
    return live === undefined ? { ...asked, live: true } : { ...asked, from, to };
  }, [key, live, from, to]);
}

function NoSessions({
  search: { live, sort: _sort, ...filters },
}: {
  readonly search: SessionSearch;
}): ReactNode {
  const isNarrowed = Object.values(filters).some((value) => value !== undefined);
  return (
    <div className="empty">
      <strong>No session fits</strong>
      <p>
        {isNarrowed
          ? 'Widen the filters above.'
          : live === undefined
            ? 'Nobody is watching now. Sessions of the past are under “All”.'
            : 'None began in the time that is shown: choose a longer one at the top.'}
      </p>
    </div>
  );
}

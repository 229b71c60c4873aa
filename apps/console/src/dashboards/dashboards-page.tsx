import { type Dashboard, dashboards, type Row } from '@moq-observability/dashboards';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { type ReactNode, useCallback, useMemo, useState } from 'react';
import { type Chosen, patternsOf } from './chosen.ts';
import { DashboardContext } from './dashboard-context.ts';
import { PanelCard } from './panel-card.tsx';
import { placesOf } from './places.ts';
import { VariableBar } from './variable-bar.tsx';
import './dashboards-page.css';

const NOTHING: Chosen = {};

/** Every dashboard there is, drawn from the model that Grafana's and Perses' are made of. */
export function DashboardsPage(): ReactNode {
  const { uid } = useParams({ strict: false });
  const dashboard = dashboards.find((each) => each.uid === uid) ?? dashboards[0]!;
  const { vars: chosen = NOTHING } = useSearch({ strict: false });
  const navigate = useNavigate();
  const choose = useCallback(
    (name: string, value: string | undefined) => {
      void navigate({
        to: '/dashboards/$uid',
        params: { uid: dashboard.uid },
        search: (held) => {
          const { [name]: _before, ...others } = held.vars ?? NOTHING;
          return { ...held, vars: value === undefined ? others : { ...others, [name]: value } };
        },
        replace: true,
      });
    },
    [navigate, dashboard],
  );
  const patterns = useMemo(() => patternsOf(dashboard, chosen), [dashboard, chosen]);
  const context = useMemo(() => ({ chosen, patterns }), [chosen, patterns]);
  return (
    <div className="page dashboards-page">
      <nav className="tabs" aria-label="Dashboards">
        {dashboards.map(({ uid: each, title }) => (
          <Link
            key={each}
            to="/dashboards/$uid"
            params={{ uid: each }}
            search={({ vars, ...held }) => ({ ...held, vars: shared(vars) })}
            className={each === dashboard.uid ? 'here' : ''}
            aria-current={each === dashboard.uid ? 'page' : undefined}
          >
            {title.replace(/^MoQ /, '')}
          </Link>
        ))}
      </nav>
      <div className="page-head">
        <h1>{dashboard.title}</h1>
        <p className="quiet cut">{dashboard.description}</p>
      </div>
      <DashboardContext value={context}>
        <VariableBar dashboard={dashboard} chosen={chosen} onChoose={choose} />
        {dashboard.rows.map((row) => (
          <DashboardRow key={`${dashboard.uid} ${row.title}`} row={row} dashboard={dashboard} />
        ))}
      </DashboardContext>
    </div>
  );
}

/** Choices that go along from one dashboard to the next. */
function shared(vars: Chosen | undefined): Chosen | undefined {
  if (!vars) return undefined;
  return Object.fromEntries(
    Object.entries(vars).filter(([name]) => name === 'namespace' || name === 'broadcast'),
  );
}

function DashboardRow({ row, dashboard }: { readonly row: Row; readonly dashboard: Dashboard }): ReactNode {
  const [isOpen, setOpen] = useState(row.folded !== true);
  return (
    <section className="dashboard-row" aria-label={row.title}>
      <h2>
        <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
          {row.title}
        </button>
      </h2>
      {isOpen && (
        <div className="panels">
          {placesOf(row.panels).map(({ panel, style }) => (
            <PanelCard
              key={`${dashboard.uid} ${panel.kind === 'metrics' ? panel.observable.name : panel.name}`}
              panel={panel}
              style={style}
            />
          ))}
        </div>
      )}
    </section>
  );
}

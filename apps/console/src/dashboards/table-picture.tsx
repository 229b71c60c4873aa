import { alerts, type RowLink } from '@moq-observability/dashboards';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import type { InstantSeries } from '../api/prometheus.ts';
import { useInstants } from '../api/use-prometheus.ts';
import { UNKNOWN } from '../format.ts';
import { useDashboard } from './dashboard-context.ts';
import { levelOf } from './levels.ts';
import { type MetricPanel, NothingThere } from './picture.tsx';
import { formatOf } from './units.ts';

interface Cell {
  readonly text: string;
  /** What lines are sorted by. */
  readonly order: number | string;
  readonly level?: string | undefined;
}

interface TableRow {
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cells: Map<string, Cell>;
}

/** Lines of a table, at most. */
const MOST = 200;

/** A line per series, a column per query. */
export function TablePicture({ panel }: { readonly panel: MetricPanel }): ReactNode {
  const { observable, picture } = panel;
  const { patterns: variables } = useDashboard();
  const answers = useInstants(
    observable.lines.map(({ query }) => query),
    { variables },
  );
  const given = picture.as === 'table' ? picture.sort : undefined;
  const [sort, setSort] = useState(given);
  const columns = columnsOf(panel);
  const rows = useMemo(() => rowsOf(panel, answers.data), [panel, answers.data]);
  if (picture.as !== 'table') return null;
  if (rows.length === 0) return <NothingThere panel={panel} answers={answers} />;
  const sorted = sort ? rows.toSorted((a, b) => compare(a, b, sort)) : rows;
  return (
    <div className="panel-table" tabIndex={0} role="region" aria-label={observable.title}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column}
                scope="col"
                aria-sort={
                  sort?.column === column ? (sort.greatestFirst ? 'descending' : 'ascending') : 'none'
                }
              >
                <button
                  type="button"
                  onClick={() =>
                    setSort({ column, greatestFirst: sort?.column === column ? !sort.greatestFirst : true })
                  }
                >
                  {column}
                  <span aria-hidden="true">
                    {sort?.column === column ? (sort.greatestFirst ? ' ↓' : ' ↑') : ''}
                  </span>
                </button>
              </th>
            ))}
            {(picture.links?.length ?? 0) > 0 && (
              <th scope="col">
                <span className="visually-hidden">Links</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, MOST).map((row) => (
            <tr key={row.key}>
              {columns.map((column) => {
                const cell = row.cells.get(column);
                return (
                  <td
                    key={column}
                    className={[cell?.level, typeof cell?.order === 'number' && 'table-number']
                      .filter(Boolean)
                      .join(' ')}
                  >
                    <bdi>{cell?.text ?? UNKNOWN}</bdi>
                  </td>
                );
              })}
              {(picture.links?.length ?? 0) > 0 && (
                <td className="table-links">
                  {picture.links!.map((link) => (
                    <RowLinkTo key={link.title} link={link} labels={row.labels} />
                  ))}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function columnsOf({ observable, picture }: MetricPanel): readonly string[] {
  const keys = picture.as === 'table' ? Object.values(picture.key) : [];
  const others = observable.lines.flatMap(({ legend, labelColumns }) =>
    labelColumns ? Object.values(labelColumns) : [legend],
  );
  return [...keys, ...others];
}

function rowsOf(
  { observable, picture }: MetricPanel,
  data: readonly (readonly InstantSeries[] | undefined)[],
): readonly TableRow[] {
  if (picture.as !== 'table') return [];
  const rows = new Map<string, TableRow>();
  for (const [i, line] of observable.lines.entries()) {
    const format = formatOf(line.unit ?? observable.unit);
    for (const { labels, value } of data[i] ?? []) {
      const key = JSON.stringify(Object.keys(picture.key).map((label) => labels[label] ?? ''));
      let row = rows.get(key);
      if (!row) rows.set(key, (row = { key, labels, cells: keyCells(picture.key, labels) }));
      if (line.labelColumns) {
        for (const [label, column] of Object.entries(line.labelColumns)) {
          const text = labels[label] ?? '';
          const before = row.cells.get(column)?.text;
          row.cells.set(column, {
            text: before && before !== text ? `${before}, ${text}` : text,
            order: text,
          });
        }
      } else {
        const level = levelOf(value, line.thresholds);
        row.cells.set(line.legend, {
          text: format(value),
          order: value,
          level: level === 'good' ? undefined : level,
        });
      }
    }
  }
  return [...rows.values()];
}

function keyCells(
  key: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): Map<string, Cell> {
  return new Map(
    Object.entries(key).map(([label, column]) => [
      column,
      { text: labels[label] ?? '', order: labels[label] ?? '' },
    ]),
  );
}

/** Lines without the value come last either way. */
function compare(
  a: TableRow,
  b: TableRow,
  { column, greatestFirst }: { readonly column: string; readonly greatestFirst: boolean },
): number {
  const [x, y] = [a.cells.get(column)?.order, b.cells.get(column)?.order];
  if (x === undefined || y === undefined || Number.isNaN(x) || Number.isNaN(y)) {
    return Number(x === undefined || Number.isNaN(x)) - Number(y === undefined || Number.isNaN(y));
  }
  const rising = x < y ? -1 : x > y ? 1 : 0;
  return greatestFirst ? -rising : rising;
}

function RowLinkTo({
  link,
  labels,
}: {
  readonly link: RowLink;
  readonly labels: Readonly<Record<string, string>>;
}): ReactNode {
  if ('to' in link) {
    const vars = Object.fromEntries(
      Object.entries(link.variables).flatMap(([name, label]) =>
        labels[label] ? [[name, labels[label]]] : [],
      ),
    );
    return (
      <Link to="/dashboards/$uid" params={{ uid: link.to }} search={{ vars }} className="plain small">
        {link.title}
      </Link>
    );
  }
  const name = labels[link.runbookOf];
  if (!alerts.some((alert) => alert.name === name)) return null;
  return (
    <Link to="/alerts" search={{ alert: name }} className="plain small">
      {link.title}
    </Link>
  );
}

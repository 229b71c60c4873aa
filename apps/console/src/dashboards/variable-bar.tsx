import { type Dashboard, expand, type ValuesVariable, type Variable } from '@moq-observability/dashboards';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { postForm } from '../api/http.ts';
import { Choice } from '../shell/choice.tsx';
import { type Chosen, choiceOf, valuesOf } from './chosen.ts';
import { useDashboard } from './dashboard-context.ts';

/** Chooses what a dashboard is about. */
export function VariableBar({
  dashboard,
  chosen,
  onChoose,
}: {
  readonly dashboard: Dashboard;
  readonly chosen: Chosen;
  readonly onChoose: (name: string, value: string | undefined) => void;
}): ReactNode {
  if (dashboard.variables.length === 0) return null;
  return (
    <div className="tools" role="search" aria-label="Variables">
      {dashboard.variables.map((variable) => (
        <VariableField
          key={variable.name}
          variable={variable}
          values={valuesOf(chosen, variable.name)}
          onChoose={(values) => onChoose(variable.name, choiceOf(values))}
        />
      ))}
    </div>
  );
}

interface FieldProps<V extends Variable = Variable> {
  readonly variable: V;
  readonly values: readonly string[];
  readonly onChoose: (values: readonly string[]) => void;
}

function VariableField({ variable, values, onChoose }: FieldProps): ReactNode {
  if (variable.kind === 'values')
    return <ValuesField variable={variable} values={values} onChoose={onChoose} />;
  return (
    <label>
      <span className="visually-hidden">{variable.title}</span>
      <input
        type="search"
        className="field"
        placeholder={variable.title}
        value={values[0] ?? ''}
        spellCheck={false}
        onChange={({ target }) => onChoose(target.value.trim() === '' ? [] : [target.value.trim()])}
      />
    </label>
  );
}

/** Values of a label in the store of Prometheus, at most. */
const MOST = 500;

function ValuesField({ variable, values, onChoose }: FieldProps<ValuesVariable>): ReactNode {
  const { patterns } = useDashboard();
  const selector = expand(variable.of.text, patterns);
  const { data: known = [] } = useQuery({
    queryKey: ['values', selector, variable.label],
    queryFn: async ({ signal }) => {
      const { data } = await postForm<{ readonly data: readonly Readonly<Record<string, string>>[] }>(
        '/prometheus/api/v1/series',
        { 'match[]': selector, start: Date.now() / 1000 - 3_600 },
        signal,
      );
      const found = new Set(data.flatMap((labels) => labels[variable.label] ?? []));
      return [...found].toSorted().slice(0, MOST);
    },
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
  if (!variable.many || known.length + values.length < 2) {
    return (
      <Choice
        label={variable.title}
        value={values[0]}
        options={known.map((value) => [value, value])}
        onChange={(value) => onChoose(value === undefined ? [] : [value])}
      />
    );
  }
  const all = [...new Set([...known, ...values])];
  return (
    <details className={values.length > 0 ? 'choice chosen many' : 'choice many'} name="variables">
      <summary>
        <span>{variable.title}</span>{' '}
        {values.length === 0 ? 'all' : values.length === 1 ? values[0] : values.length}
      </summary>
      <div className="many-values" role="group" aria-label={variable.title}>
        <button
          type="button"
          className="button little"
          disabled={values.length === 0}
          onClick={() => onChoose([])}
        >
          All
        </button>
        {all.map((value) => (
          <label key={value}>
            <input
              type="checkbox"
              checked={values.includes(value)}
              onChange={({ target }) =>
                onChoose(target.checked ? [...values, value] : values.filter((each) => each !== value))
              }
            />
            <bdi className="cut">{value}</bdi>
          </label>
        ))}
      </div>
    </details>
  );
}

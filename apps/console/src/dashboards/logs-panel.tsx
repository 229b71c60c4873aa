import type { Panel } from '@moq-observability/dashboards';
import { logFields } from '@moq-observability/moq-metrics';
import { type ReactNode, useMemo } from 'react';
import { LogList } from '../logs/log-list.tsx';
import { useLogSearch } from '../logs/use-logs.ts';
import { useStretch } from '../shell/span.ts';
import { valuesOf } from './chosen.ts';
import { useDashboard } from './dashboard-context.ts';

/** Log lines of the collector's store, by what was typed above. */
export function LogsPanel({
  panel,
}: {
  readonly panel: Extract<Panel, { readonly kind: 'logs' }>;
}): ReactNode {
  const { query } = panel;
  const { chosen } = useDashboard();
  const { from, to } = useStretch();
  const begin = Math.floor(from / 5_000) * 5_000;
  const length = to - from;
  const typed = (field: { readonly name: string }): string | undefined => {
    const filter = query.filters.find((each) => each.field.name === field.name);
    return filter && valuesOf(chosen, filter.variable)[0];
  };
  const traceId = typed(logFields.traceId);
  const session = typed(logFields.session);
  // Lines are looked up by whole ids; of those that are being typed there are none.
  const isWhole = traceId === undefined || /^[0-9a-f]{32}$/i.test(traceId);
  const service = query.services.length === 1 ? query.services[0] : undefined;
  const question = useMemo(
    () => ({ service, session, trace_id: traceId, from: begin, to: begin + length + 10_000 }),
    [service, session, traceId, begin, length],
  );
  const { logs, error, isLoading, more } = useLogSearch(question, isWhole);
  return (
    <LogList
      label={panel.title}
      logs={logs}
      onEnd={more}
      empty={
        error ? (
          <p className="warn">{error.message}</p>
        ) : (
          <p className="quiet">
            {isWhole
              ? isLoading
                ? '…'
                : 'No lines in this time'
              : 'A trace id has 32 hex digits: type all of it.'}
          </p>
        )
      }
    />
  );
}

import type { ReactNode } from 'react';
import { Icon } from './icons.tsx';

/** A link to the same trace in Grafana; nothing when no Grafana is configured. */
export function ToGrafana({ traceId }: { readonly traceId: string }): ReactNode {
  if (MOQ_GRAFANA_URL === '' || traceId === '') return null;
  const panes = {
    trace: {
      datasource: 'tempo',
      queries: [
        { refId: 'A', datasource: { type: 'tempo', uid: 'tempo' }, queryType: 'traceql', query: traceId },
      ],
      range: { from: 'now-24h', to: 'now' },
    },
  };
  const query = new URLSearchParams({ schemaVersion: '1', panes: JSON.stringify(panes) });
  return (
    <a
      className="button little"
      href={`${MOQ_GRAFANA_URL}/explore?${query}`}
      target="_blank"
      rel="noreferrer"
    >
      <Icon name="outside" />
      Grafana
    </a>
  );
}

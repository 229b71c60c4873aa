import type { Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import type { Panel } from '../../model/dashboard.ts';

/** A datasource the viewer chooses: each dashboard has a variable for each kind it asks. */
export type Source = 'loki' | 'prometheus' | 'tempo';

/** What a panel says to ask the datasource that was chosen. */
export function source(kind: Source): DataSourceRef {
  return { type: kind, uid: `\${${kind}}` };
}

/** The kind of datasource a panel asks; words ask none. */
export function sourceOf({ kind }: Panel): Source | undefined {
  return ({ metrics: 'prometheus', logs: 'loki', traces: 'tempo', text: undefined } as const)[kind];
}

/** A query without the method by which the types of the SDK tell kinds of queries apart. */
export function plain(target: object): Dataquery {
  return JSON.parse(JSON.stringify(target)) as Dataquery;
}

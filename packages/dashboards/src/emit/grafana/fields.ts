import type { FieldConfigSource, Panel as GrafanaPanel } from '@grafana/grafana-foundation-sdk/dashboard';

/** What decides how a panel looks. */
export type Looks = Pick<GrafanaPanel, 'fieldConfig' | 'options' | 'transformations' | 'type'>;

/** The name of a query within its panel. */
export function refId(index: number): string {
  return String.fromCodePoint(65 + index);
}

/** Properties of the fields a matcher finds. */
export function override(
  id: 'byFrameRefID' | 'byName',
  options: string,
  properties: Readonly<Record<string, unknown>>,
): FieldConfigSource['overrides'][number] {
  return {
    matcher: { id, options },
    properties: Object.entries(properties).map(([property, value]) => ({ id: property, value })),
  };
}

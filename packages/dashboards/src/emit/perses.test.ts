import { expect, test } from 'vitest';
import { dashboards } from '../dashboards/index.ts';
import { COLUMNS, panelName, panelsOf } from '../model/dashboard.ts';
import { persesDashboard } from './perses.ts';

interface Item {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly content: { readonly $ref: string };
}

test.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))(
  '%s has every panel in one place, and asks what the model asks',
  (_, dashboard) => {
    const { spec } = persesDashboard(dashboard);
    const items = spec.layouts.flatMap(({ spec: grid }) => (grid as { items: readonly Item[] }).items);
    const placed = items.map(({ content }) => content.$ref);
    expect(placed).toEqual(panelsOf(dashboard).map((panel) => `#/spec/panels/${panelName(panel)}`));
    for (const { x, width } of items) expect(x + width).toBeLessThanOrEqual(COLUMNS);
    for (const panel of panelsOf(dashboard)) {
      const emitted = JSON.stringify(spec.panels[panelName(panel)]);
      if (panel.kind !== 'metrics') continue;
      for (const { query } of panel.observable.lines) expect(emitted).toContain(JSON.stringify(query.text));
    }
  },
);

test('below a bound is the colour of the bound, where less is worse', () => {
  const pipeline = persesDashboard(dashboards[0]!);
  expect(pipeline.spec.panels['system-health']).toMatchObject({
    spec: {
      plugin: {
        kind: 'GaugeChart',
        spec: {
          format: { unit: 'percent-decimal' },
          thresholds: {
            defaultColor: 'red',
            steps: [
              { value: 0.8, color: 'orange' },
              { value: 0.99, color: 'green' },
            ],
          },
        },
      },
    },
  });
});

import { type Panel, place } from '@moq-observability/dashboards';
import type { CSSProperties } from 'react';

/** How tall a unit of a dashboard's grid is, in pixels. */
export const UNIT = 34;

/** Where panels stand on a grid of CSS: as on the grid of the model. */
export function placesOf(
  panels: readonly Panel[],
): readonly { readonly panel: Panel; readonly style: CSSProperties }[] {
  return place(panels).placed.map(({ panel, x, y }) => ({
    panel,
    style: {
      gridColumn: `${x + 1} / span ${panel.width}`,
      gridRow: `${y + 1} / span ${panel.height}`,
    },
  }));
}

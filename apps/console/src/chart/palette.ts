/** Colours of the tokens, as a canvas needs them. */
import { useMemo, useSyncExternalStore } from 'react';
import { onThemeChange } from '../shell/theme.ts';

/** The colours pictures are drawn in. */
export interface Palette {
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly surface: string;
  readonly accent: string;
  readonly warn: string;
  readonly bad: string;
  readonly series: readonly string[];
  readonly heat: readonly string[];
}

let version = 0;

/** The colours as they are now; others once the theme changes. */
export function usePalette(): Palette {
  const seen = useSyncExternalStore(
    (reader) =>
      onThemeChange(() => {
        version += 1;
        reader();
      }),
    () => version,
  );
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- read anew when the theme changes
  return useMemo(() => readPalette(), [seen]);
}

/** Reads the colours; a custom property alone would give the text of `light-dark()`. */
function readPalette(): Palette {
  const probe = document.createElement('span');
  document.body.append(probe);
  const style = getComputedStyle(probe);
  const colour = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return style.color;
  };
  const palette: Palette = {
    text: colour('text'),
    quiet: colour('quiet'),
    line: colour('line'),
    surface: colour('surface'),
    accent: colour('accent'),
    warn: colour('warn'),
    bad: colour('bad'),
    series: Array.from({ length: 8 }, (_, i) => colour(`series-${i + 1}`)),
    heat: ['heat-low', 'heat-middle', 'heat-high'].map(colour),
  };
  probe.remove();
  return palette;
}

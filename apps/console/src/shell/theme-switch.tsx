import { type ReactNode, useState } from 'react';
import { Icon } from './icons.tsx';
import { applyTheme, chosenTheme, themes } from './theme.ts';

const LOOKS = {
  system: { icon: 'system', name: 'as the system' },
  light: { icon: 'sun', name: 'light' },
  dark: { icon: 'moon', name: 'dark' },
} as const;

/** Goes from one theme to the next. */
export function ThemeSwitch(): ReactNode {
  const [theme, setTheme] = useState(chosenTheme);
  const next = themes[(themes.indexOf(theme) + 1) % themes.length]!;
  return (
    <button
      type="button"
      className="button square"
      title={`Theme: ${LOOKS[theme].name}`}
      aria-label={`Theme: ${LOOKS[theme].name}. Change to ${LOOKS[next].name}`}
      onClick={() => {
        applyTheme(next);
        setTheme(next);
      }}
    >
      <Icon name={LOOKS[theme].icon} />
    </button>
  );
}

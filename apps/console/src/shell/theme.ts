/** Light, dark, or as the system is. */

/** What can be chosen. */
export const themes = ['system', 'light', 'dark'] as const;
/** What can be chosen. */
export type Theme = (typeof themes)[number];

const KEY = 'moq-console-theme';

/** What was chosen the last time. */
export function chosenTheme(): Theme {
  try {
    return themes.find((theme) => theme === localStorage.getItem(KEY)) ?? 'system';
  } catch {
    return 'system'; // Storage may be forbidden.
  }
}

/** Applies a theme, and keeps it for the next time. */
export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Then it holds until the page is left.
  }
  for (const reader of readers) reader();
}

const readers = new Set<() => void>();

/** Told when colours may have changed: by the switch, or by the system. */
export function onThemeChange(reader: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  readers.add(reader);
  system.addEventListener('change', reader);
  return () => {
    readers.delete(reader);
    system.removeEventListener('change', reader);
  };
}

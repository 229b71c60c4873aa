import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { useAlertCount } from '../alerts/alerts-query.ts';
import { clock } from '../format.ts';
import { Icon } from './icons.tsx';
import { pages } from './pages.ts';
import { Palette } from './palette.tsx';
import { type Place, usePlaces } from './places.ts';
import { TimeControl } from './time-control.tsx';
import { ThemeSwitch } from './theme-switch.tsx';
import './shell.css';

/** What stands around every page. */
export function Shell(): ReactNode {
  const places = usePlaces();
  const [searching, setSearching] = useState(false);
  useEffect(() => {
    const open = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && event.target.closest('input, textarea, select');
      const asked = event.key === 'k' && (event.metaKey || event.ctrlKey);
      if (!asked && (event.key !== '/' || typing)) return;
      event.preventDefault();
      setSearching(true);
    };
    addEventListener('keydown', open);
    return () => removeEventListener('keydown', open);
  }, []);
  return (
    <div className="shell">
      <Side places={places} />
      <header className="top">
        <button type="button" className="top-search" onClick={() => setSearching(true)}>
          <Icon name="search" />
          <span className="cut">Search streams, sessions, traces</span>
          <kbd>/</kbd>
        </button>
        <TimeControl />
        <ThemeSwitch />
      </header>
      <main className="main" tabIndex={-1}>
        {places
          .filter(({ state }) => state === 'away')
          .map((place) => (
            <p key={place.name} className="notice" role="status">
              <Icon name="warning" />
              <span>
                <strong>{place.name} away</strong> since {clock(place.since ?? Date.now())}. What was known
                stays; it is asked again by itself.
              </span>
            </p>
          ))}
        <Outlet />
      </main>
      {searching && <Palette onClose={() => setSearching(false)} />}
    </div>
  );
}

function isOn(path: string, { to, below }: (typeof pages)[number]): boolean {
  return path === to || path === below || path.startsWith(`${below}/`);
}

function Side({ places }: { readonly places: readonly Place[] }): ReactNode {
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const firing = useAlertCount();
  useEffect(() => {
    const page = pages.find((each) => isOn(path, each));
    document.title = page ? `${page.name} · MoQ console` : 'MoQ console';
  }, [path]);
  return (
    <div className="side">
      <Link to="/" className="brand">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="8" />
          <path d="M6 17h5l3-8 4 14 3-6h5" />
        </svg>
        <span>MoQ console</span>
      </Link>
      <nav aria-label="Pages">
        {pages.map((page) => {
          const { to, name, icon } = page;
          return (
            <Link key={to} to={to} className={isOn(path, page) ? 'here' : ''} title={name}>
              <Icon name={icon} />
              <span>{name}</span>
              {icon === 'alerts' && firing > 0 && (
                <span className="badge">
                  {firing}
                  <span className="visually-hidden"> firing</span>
                </span>
              )}
            </Link>
          );
        })}
      </nav>
      <footer>
        {places.map(({ name, state }) => (
          <p key={name} className="place" title={`${name}: ${WORDS[state]}`}>
            <span className="dot" data-state={state} aria-hidden="true" />
            <span>
              {name}
              {state !== 'ok' && ` ${WORDS[state]}`}
            </span>
          </p>
        ))}
      </footer>
    </div>
  );
}

const WORDS: Readonly<Record<Place['state'], string>> = {
  ok: 'answers',
  away: 'away',
  none: 'not set up',
  unknown: '…',
};

import type { SessionPage } from '@moq-observability/collector/api';
import { useQuery } from '@tanstack/react-query';
import { type LinkProps, useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { getJson } from '../api/http.ts';
import { count } from '../format.ts';
import { useLive } from '../live/use-live.ts';
import { Icon, type IconName } from './icons.tsx';
import { pages } from './pages.ts';
import './palette.css';

/** Something that was found, and where it leads. */
interface Finding {
  readonly key: string;
  readonly icon: IconName;
  readonly text: string;
  readonly detail: string;
  readonly link: LinkProps;
}

/** Findings of a kind, at most. */
const MOST = 8;

/** Looks for streams, sessions, traces and pages by a few letters. */
export function Palette({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const navigate = useNavigate();
  const findings = useFindings(text.trim());
  const current = Math.min(chosen, findings.length - 1);
  useEffect(() => dialog.current?.showModal(), []);

  const go = (finding: Finding | undefined): void => {
    if (!finding) return;
    onClose();
    void navigate(finding.link);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setChosen((current + step + findings.length) % Math.max(1, findings.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      go(findings[current]);
    }
  };
  return (
    <dialog
      ref={dialog}
      className="palette"
      aria-label="Search"
      onClose={onClose}
      onClick={({ target, currentTarget }) => target === currentTarget && onClose()}
    >
      <div className="palette-box">
        <label className="palette-input">
          <Icon name="search" />
          <span className="visually-hidden">Search streams, sessions, traces and pages</span>
          <input
            autoFocus
            value={text}
            placeholder="A stream, the id of a session or a trace, a page"
            role="combobox"
            aria-expanded="true"
            aria-controls="palette-findings"
            aria-activedescendant={findings[current] && `finding-${current}`}
            autoComplete="off"
            spellCheck={false}
            onChange={({ target }) => {
              setText(target.value);
              setChosen(0);
            }}
            onKeyDown={onKeyDown}
          />
        </label>
        <ul id="palette-findings" role="listbox" aria-label="Found">
          {findings.map((finding, i) => (
            <li
              key={finding.key}
              id={`finding-${i}`}
              role="option"
              aria-selected={i === current}
              onClick={() => go(finding)}
              onMouseMove={() => i !== current && setChosen(i)}
            >
              <Icon name={finding.icon} />
              <bdi className="cut">{finding.text}</bdi>
              <span className="quiet small">{finding.detail}</span>
            </li>
          ))}
        </ul>
        {findings.length === 0 && <p className="palette-none quiet">Nothing is called like that.</p>}
      </div>
    </dialog>
  );
}

function useFindings(text: string): readonly Finding[] {
  const { streams } = useLive();
  const wanted = text.toLowerCase();
  const { data } = useQuery({
    queryKey: ['palette', wanted],
    queryFn: ({ signal }) => getJson<SessionPage>('/api/sessions', { q: wanted, limit: MOST }, signal),
    enabled: wanted.length >= 3,
    staleTime: 2_000,
  });
  const found: Finding[] = [];
  if (/^[0-9a-f]{32}$/.test(wanted)) {
    found.push({
      key: 'trace',
      icon: 'traces',
      text: wanted,
      detail: 'trace',
      link: { to: '/traces/$traceId', params: { traceId: wanted } },
    });
  }
  for (const { broadcast, viewers } of streams
    .filter((stream) => stream.broadcast.toLowerCase().includes(wanted))
    .slice(0, MOST)) {
    found.push({
      key: `stream ${broadcast}`,
      icon: 'live',
      text: broadcast,
      detail: `${count(viewers)} viewers`,
      link: { to: '/stream', search: { broadcast } },
    });
  }
  for (const { sessionId, broadcast, state } of data?.sessions ?? []) {
    found.push({
      key: `session ${sessionId}`,
      icon: 'sessions',
      text: sessionId,
      detail: `${state} · ${broadcast}`,
      link: { to: '/sessions/$sessionId', params: { sessionId } },
    });
  }
  for (const { to, name, icon } of pages.filter((page) => page.name.toLowerCase().includes(wanted))) {
    found.push({ key: to, icon, text: name, detail: 'page', link: { to } });
  }
  return found;
}

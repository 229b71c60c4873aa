import type { LiveState } from '@moq-observability/collector/api';
import type { ReactNode } from 'react';
import { count } from '../format.ts';
import './state-bar.css';

const ORDER: readonly LiveState[] = ['playing', 'paused', 'loading', 'stalled'];

/** How many viewers are in which state, as one bar. */
export function StateBar({
  sessions,
  total,
}: {
  readonly sessions: Readonly<Record<LiveState, number>>;
  readonly total: number;
}): ReactNode {
  const words = ORDER.filter((state) => sessions[state] > 0)
    .map((state) => `${count(sessions[state])} ${state}`)
    .join(', ');
  return (
    <span className="state-bar" role="img" aria-label={words || 'nobody'} title={words}>
      {ORDER.map((state) => (
        <span
          key={state}
          data-state={state}
          style={{ flexGrow: total > 0 ? sessions[state] / total : 0 }}
          hidden={sessions[state] === 0}
        />
      ))}
    </span>
  );
}

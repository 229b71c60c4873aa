import type { SessionState } from '@moq-observability/collector/api';
import type { ReactNode } from 'react';
import './state-mark.css';

/** The state of a session: a coloured mark and its name. */
export function StateMark({ state }: { readonly state: SessionState }): ReactNode {
  return (
    <span className="state-mark" data-state={state}>
      <i aria-hidden="true" />
      {state}
    </span>
  );
}

import type { ReactNode } from 'react';
import { clock } from '../format.ts';
import type { AskedStretch } from './span.ts';

/** When a list was asked for, and the button that asks for it again. */
export function Refresh({ stretch: { askedAt, refresh } }: { readonly stretch: AskedStretch }): ReactNode {
  return (
    <>
      <span className="quiet small">as of {clock(askedAt)}</span>
      <button type="button" className="button little" onClick={refresh}>
        Refresh
      </button>
    </>
  );
}

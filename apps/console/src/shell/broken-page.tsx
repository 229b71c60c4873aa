import { type ErrorComponentProps, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/** What is shown where nothing is. */
export function NotFound(): ReactNode {
  return (
    <div className="page">
      <div className="empty">
        <strong>There is no such page</strong>
        <Link to="/" className="plain">
          To the live page
        </Link>
      </div>
    </div>
  );
}

/** What is shown when a page broke: everything around it still works. */
export function PageError({ error, reset }: ErrorComponentProps): ReactNode {
  return (
    <div className="page" role="alert">
      <div className="empty">
        <strong>This page broke</strong>
        <p>{error instanceof Error ? error.message : String(error)}</p>
        <button type="button" className="button" onClick={reset}>
          Try again
        </button>
      </div>
    </div>
  );
}

import type { ReactNode } from 'react';

/** A box with a title, and something in it. */
export function Card({
  title,
  help,
  more,
  className = '',
  children,
}: {
  readonly title: string;
  readonly help?: string | undefined;
  readonly more?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <section className={`card ${className}`} aria-label={title}>
      <header>
        <h2 title={help}>{title}</h2>
        {help && <p className="quiet small cut">{help}</p>}
        {more && <div className="spread">{more}</div>}
      </header>
      <div className="card-body">{children}</div>
    </section>
  );
}

/** What stands where a picture would be, when there is none. */
export function Missing({
  error,
  children,
}: {
  readonly error?: Error | null;
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <div className="missing">
      {error ? (
        <p className="warn">{error.message}</p>
      ) : (
        <p className="quiet">{children ?? 'Nothing in this time'}</p>
      )}
    </div>
  );
}

import type { ReactNode } from 'react';
import './facts.css';

/** Something that is known: its name, what it is, and what belongs to it. */
export type Fact = readonly [name: string, value: ReactNode, more?: ReactNode];

/** Facts beside one another. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }): ReactNode {
  return (
    <dl className="facts">
      {facts.map(([name, value, more]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span className="fact-value">{value}</span>
            {more && <span className="fact-more">{more}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

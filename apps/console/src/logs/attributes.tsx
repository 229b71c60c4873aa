import type { StoredAttributes } from '@moq-observability/collector/api';
import type { ReactNode } from 'react';
import './attributes.css';

/** What a span or a line says beside its words, and what is known of its sender. */
export function Attributes({
  of,
  resource,
}: {
  readonly of: StoredAttributes;
  readonly resource?: StoredAttributes;
}): ReactNode {
  const own = sorted(of);
  const others = sorted(resource ?? {});
  if (own.length + others.length === 0) return <p className="quiet small">No attributes.</p>;
  return (
    <dl className="attributes">
      {own.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
      {others.map(([name, value]) => (
        <div key={`resource ${name}`} className="attributes-resource">
          <dt title="Of the sender">{name}</dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function sorted(attributes: StoredAttributes): readonly (readonly [string, string])[] {
  return Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

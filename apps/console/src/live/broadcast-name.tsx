import type { ReactNode } from 'react';

/** A broadcast as text, its namespace less loud than its own name. */
export function BroadcastName({
  broadcast,
  namespace,
}: {
  readonly broadcast: string;
  readonly namespace: string;
}): ReactNode {
  const inFront = broadcast.startsWith(`${namespace}/`) ? namespace.length + 1 : 0;
  return (
    <bdi className="cut" title={broadcast}>
      <span className="quiet">{broadcast.slice(0, inFront)}</span>
      {broadcast.slice(inFront)}
    </bdi>
  );
}

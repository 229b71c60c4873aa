import type { Panel } from '@moq-observability/dashboards';
import { type CSSProperties, type ReactNode, useEffect, useRef, useState } from 'react';
import { Prose } from '../shell/prose.tsx';
import { LogsPanel } from './logs-panel.tsx';
import { MetricsPanel } from './metrics-panel.tsx';
import { UNIT } from './places.ts';
import { TracesPanel } from './traces-panel.tsx';

/** A panel of a dashboard: it asks nothing until it comes into sight. */
export function PanelCard({
  panel,
  style,
}: {
  readonly panel: Panel;
  readonly style: CSSProperties;
}): ReactNode {
  const box = useRef<HTMLElement>(null);
  const isSeen = useSeen(box);
  const { title, description } = panel.kind === 'metrics' ? panel.observable : panel;
  // Without a place on the grid, as on a phone, its height is its own.
  const sized = { ...style, '--panel-height': `${panel.height * UNIT + (panel.height - 1) * 8}px` };
  return (
    <section
      className={`card panel panel-${panel.kind}`}
      ref={box}
      style={sized as CSSProperties}
      aria-label={title}
    >
      <header>
        <h3 title={description}>{title}</h3>
      </header>
      <div className="panel-body" {...(panel.kind === 'text' && { tabIndex: 0 })}>
        {isSeen && <PanelBody panel={panel} />}
      </div>
    </section>
  );
}

function PanelBody({ panel }: { readonly panel: Panel }): ReactNode {
  switch (panel.kind) {
    case 'metrics':
      return <MetricsPanel panel={panel} />;
    case 'logs':
      return <LogsPanel panel={panel} />;
    case 'traces':
      return <TracesPanel panel={panel} />;
    case 'text':
      return <Prose text={panel.text} />;
  }
}

/** Whether an element was in sight, or nearly. */
function useSeen(box: { readonly current: HTMLElement | null }): boolean {
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    if (isSeen || !box.current) return undefined;
    const observer = new IntersectionObserver(
      (entries) => entries.some(({ isIntersecting }) => isIntersecting) && setSeen(true),
      { rootMargin: '200px' },
    );
    observer.observe(box.current);
    return () => observer.disconnect();
  }, [box, isSeen]);
  return isSeen;
}

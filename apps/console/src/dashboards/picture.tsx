/** What all pictures of metrics have in common. */
import type { Panel } from '@moq-observability/dashboards';
import type { ReactNode } from 'react';
import type { Answers } from '../api/use-prometheus.ts';
import { Missing } from '../shell/card.tsx';

/** A panel that asks Prometheus. */
export type MetricPanel = Extract<Panel, { readonly kind: 'metrics' }>;

/** What a panel's picture is drawn from. */
export interface PictureProps {
  readonly panel: MetricPanel;
  /** How tall the picture may be, in pixels. */
  readonly height: number;
}

/** Why there is nothing to see: it may be well so. */
export function NothingThere({
  panel: { observable },
  answers,
}: {
  readonly panel: MetricPanel;
  readonly answers: Pick<Answers<unknown>, 'error' | 'isLoading'>;
}): ReactNode {
  if (answers.isLoading) return <Missing>…</Missing>;
  return <Missing error={answers.error}>{observable.emptyWhenHealthy ?? 'Nothing in this time'}</Missing>;
}

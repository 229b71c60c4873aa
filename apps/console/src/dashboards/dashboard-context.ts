import { type Context, createContext, useContext } from 'react';
import type { Chosen } from './chosen.ts';

/** What all panels of a dashboard have in common. */
export interface DashboardState {
  readonly chosen: Chosen;
  /** What variables stand for in queries. */
  readonly patterns: Readonly<Record<string, string>>;
}

/** What all panels of a dashboard have in common. */
export const DashboardContext: Context<DashboardState> = createContext<DashboardState>({
  chosen: {},
  patterns: {},
});

/** What was chosen on the dashboard around. */
export function useDashboard(): DashboardState {
  return useContext(DashboardContext);
}

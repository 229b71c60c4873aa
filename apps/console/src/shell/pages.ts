import type { IconName } from './icons.tsx';

/** The pages of the navigation; whatever is `below` a page belongs to it. */
export const pages = [
  { to: '/', name: 'Live', icon: 'live', below: '/stream' },
  { to: '/sessions', name: 'Sessions', icon: 'sessions', below: '/sessions' },
  { to: '/logs', name: 'Logs', icon: 'logs', below: '/logs' },
  { to: '/traces', name: 'Traces', icon: 'traces', below: '/traces' },
  { to: '/alerts', name: 'Alerts', icon: 'alerts', below: '/alerts' },
  { to: '/dashboards', name: 'Dashboards', icon: 'dashboards', below: '/dashboards' },
] as const satisfies readonly { to: string; name: string; icon: IconName; below: string }[];

/** Where everything is: addresses, and what they say. All that is shown follows from the URL. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
} from '@tanstack/react-router';
import { LivePage } from './live/live-page.tsx';
import { NotFound, PageError } from './shell/broken-page.tsx';
import { Shell } from './shell/shell.tsx';
import { logFilters, sessionFilters, traceFilters } from './filters.ts';
import { type SpanSearch, spanSearch } from './shell/span.ts';

/** A text of the URL; `undefined` when it is none, or empty. */
function text(value: unknown): string | undefined {
  // The router reads a text of digits as a number.
  const read = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  return typeof read === 'string' && read !== '' ? read.slice(0, 512) : undefined;
}

/** The texts of these names, as far as they are there. */
function texts<const Name extends string>(
  search: Readonly<Record<string, unknown>>,
  names: readonly Name[],
): { readonly [N in Name]?: string | undefined } {
  return Object.fromEntries(
    names.flatMap((name) => {
      const read = text(search[name]);
      return read === undefined ? [] : [[name, read]];
    }),
  ) as { readonly [N in Name]?: string | undefined };
}

/** What was chosen for the variables of a dashboard. */
function variables(value: unknown): { readonly vars?: Readonly<Record<string, string>> | undefined } {
  if (typeof value !== 'object' || value === null) return {};
  const chosen = Object.entries(value).flatMap(([name, each]) => {
    const read = text(each);
    return /^[a-z][a-z_]*$/.test(name) && read !== undefined ? [[name, read] as const] : [];
  });
  return { vars: Object.fromEntries(chosen) };
}

const rootRoute = createRootRoute({
  component: Shell,
  validateSearch: (search: Record<string, unknown>): SpanSearch => spanSearch(search),
  search: { middlewares: [retainSearchParams<SpanSearch>(['range', 'at'])] },
});

/** `/`: everything that is watched. */
const liveRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  component: LivePage,
  validateSearch: (search: Record<string, unknown>) => texts(search, ['sort', 'q']),
});

/** `/stream?broadcast=…`: one stream. Its name is no path: it may hold anything. */
const streamRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/stream',
  component: lazyRouteComponent(() => import('./streams/stream-page.tsx'), 'StreamPage'),
  validateSearch: (search: Record<string, unknown>) => ({
    broadcast: text(search['broadcast']) ?? '',
    ...texts(search, ['sort']),
  }),
});

/** `/sessions`: all sessions. */
const sessionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sessions',
  component: lazyRouteComponent(() => import('./lists.ts'), 'SessionsPage'),
  validateSearch: (search: Record<string, unknown>) => texts(search, sessionFilters),
});

/** `/sessions/<id>`: one session. */
const sessionRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sessions/$sessionId',
  component: lazyRouteComponent(() => import('./sessions/session-page.tsx'), 'SessionPage'),
  validateSearch: (search: Record<string, unknown>) => texts(search, ['from', 'to', 'service', 'span']),
});

/** `/logs`: all log lines. */
const logsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/logs',
  component: lazyRouteComponent(() => import('./lists.ts'), 'LogsPage'),
  validateSearch: (search: Record<string, unknown>) => texts(search, logFilters),
});

/** `/traces`: all traces. */
const tracesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/traces',
  component: lazyRouteComponent(() => import('./lists.ts'), 'TracesPage'),
  validateSearch: (search: Record<string, unknown>) => texts(search, traceFilters),
});

/** `/traces/<id>`: one trace. */
const traceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/traces/$traceId',
  component: lazyRouteComponent(() => import('./lists.ts'), 'TracePage'),
  validateSearch: (search: Record<string, unknown>) => texts(search, ['span']),
});

/** `/alerts`: all alerts; `alert` is the one whose runbook is shown. */
const alertsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/alerts',
  component: lazyRouteComponent(() => import('./alerts/alerts-page.tsx'), 'AlertsPage'),
  validateSearch: (search: Record<string, unknown>) => texts(search, ['alert', 'state']),
});

/** `/dashboards`: the first dashboard. */
const dashboardsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/dashboards',
  component: lazyRouteComponent(() => import('./dashboards/dashboards-page.tsx'), 'DashboardsPage'),
  validateSearch: (search: Record<string, unknown>) => variables(search['vars']),
});

/** `/dashboards/<uid>`: one dashboard; what was chosen for its variables is in the URL under their names. */
const dashboardRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/dashboards/$uid',
  component: lazyRouteComponent(() => import('./dashboards/dashboards-page.tsx'), 'DashboardsPage'),
  validateSearch: (search: Record<string, unknown>) => variables(search['vars']),
});

const routeTree = rootRoute.addChildren([
  liveRoute,
  streamRoute,
  sessionsRoute,
  sessionRoute,
  logsRoute,
  tracesRoute,
  traceRoute,
  alertsRoute,
  dashboardsRoute,
  dashboardRoute,
]);

/** Goes where the URL says. */
export function openRouter() {
  return createRouter({
    routeTree,
    defaultPreload: 'intent',
    defaultNotFoundComponent: NotFound,
    defaultErrorComponent: PageError,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof openRouter>;
  }
}

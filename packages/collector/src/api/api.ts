import type { RequestListener } from 'node:http';
import type { Rendered } from '@moq-observability/moq-metrics/prometheus';
import type { Recent } from '../sessions/recent.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Store } from '../store/store.ts';
import type { EventStreams } from './events.ts';
import { jsonFile } from './export.ts';
import { createGuard, type GuardOptions } from './guard.ts';
import type { LiveFeed } from './live.ts';
import { type LogTail, searchLogs } from './logs.ts';
import { ALERTMANAGER_PAGES, passthroughRoute, PROMETHEUS_PAGES } from './passthrough.ts';
import { json } from './reply.ts';
import { createRouter, type RouteDefinition } from './router.ts';
import { sessionDetail, sessionExport } from './session-detail.ts';
import { listSessions } from './session-list.ts';
import { searchTraces, traceDetail } from './traces.ts';

/** What the operators' port tells, and from what. */
export interface ApiOptions {
  readonly guard: GuardOptions;
  readonly sessions: Sessions;
  readonly recent: Recent;
  readonly store: Store;
  readonly live: LiveFeed;
  readonly tail: LogTail;
  readonly streams: EventStreams;
  readonly prometheus: URL | undefined;
  readonly alertmanager: URL | undefined;
  /** What shows the console; `undefined` when there is none. */
  readonly console: RouteDefinition | undefined;
  /** The metrics page, in what the `Accept` header asks for. */
  readonly metrics: (accept: string | undefined) => Promise<Rendered>;
  readonly health: () => Readonly<Record<string, unknown>>;
  /** Whether it takes reports. */
  readonly ready: () => boolean;
  readonly onAnswer: (route: string, status: number, seconds: number) => void;
  readonly onError: (error: unknown) => void;
}

/** The operators' port: metrics, health, and everything the console asks. It never changes anything. */
export function createApi(options: ApiOptions): RequestListener {
  const { guard, onAnswer, onError } = options;
  return createRouter({ routes: routesOf(options), guard: createGuard(guard), onAnswer, onError });
}

function routesOf(options: ApiOptions): readonly RouteDefinition[] {
  const { sessions, recent, store, live, tail, streams } = options;
  const sources = { sessions, recent, store };
  return [
    {
      path: '/metrics',
      handle: async ({ request }) => ({ status: 200, ...(await options.metrics(request.headers.accept)) }),
    },
    { path: '/health', handle: () => json(options.health()) },
    {
      path: '/ready',
      handle: () => (options.ready() ? json({ ready: true }) : json({ ready: false }, 503)),
    },
    { path: '/api/streams', handle: () => json(live.views()) },
    {
      path: '/api/sessions',
      handle: async ({ url }) => json(await listSessions(url.searchParams, sessions, store)),
    },
    {
      path: '/api/sessions/:id',
      handle: async ({ url, params: [id] }) => json(await sessionDetail(id!, url.searchParams, sources)),
    },
    {
      path: '/api/sessions/:id/export',
      handle: async ({ params: [id] }) => jsonFile(`session-${id}.json`, await sessionExport(id!, sources)),
    },
    {
      path: '/api/logs',
      handle: async ({ url }) => {
        const { rows: logs, cursor } = await searchLogs(url.searchParams, store);
        return json({ logs, cursor });
      },
    },
    {
      path: '/api/logs/tail',
      methods: ['GET'],
      handle: ({ url }) => streams.stream(() => tail.subscribe(url.searchParams)),
    },
    {
      path: '/api/traces',
      handle: async ({ url }) => {
        const { rows: traces, cursor } = await searchTraces(url.searchParams, store);
        return json({ traces, cursor });
      },
    },
    {
      path: '/api/traces/:trace_id',
      handle: async ({ params: [id] }) => json(await traceDetail(id!, store)),
    },
    {
      path: '/api/live',
      methods: ['GET'],
      handle: ({ url }) => streams.stream(() => live.subscribe(url.searchParams)),
    },
    passthroughRoute({
      name: 'Prometheus',
      target: options.prometheus,
      below: '/prometheus',
      ...PROMETHEUS_PAGES,
    }),
    passthroughRoute({
      name: 'Alertmanager',
      target: options.alertmanager,
      below: '/alertmanager',
      ...ALERTMANAGER_PAGES,
    }),
    ...(options.console ? [options.console] : []),
  ];
}

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiProblem } from './api/problem.ts';
import { LiveStore } from './live/live-store.ts';
import { LiveContext } from './live/use-live.ts';
import { openRouter } from './routes.ts';
import { applyTheme, chosenTheme } from './shell/theme.ts';
import './style/tokens.css';
import './style/base.css';

applyTheme(chosenTheme());

const live = new LiveStore();
const connection = live.connect();
const ending = new AbortController();
/** Until the past is asked for, in milliseconds: what the page itself needs comes first. */
const PAST_AFTER = 1_000;
setTimeout(() => {
  // Without Prometheus the small pictures begin when the page does.
  void import('./live/prefill.ts')
    .then(({ prefill }) => prefill(live, Date.now(), ending.signal))
    .catch(() => undefined);
}, PAST_AFTER);
addEventListener('pagehide', () => {
  ending.abort();
  connection[Symbol.dispose]();
});
// A page that comes back out of the browser's cache begins anew.
addEventListener('pageshow', ({ persisted }) => persisted && location.reload());

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      gcTime: 60_000,
      retry: (failures, error) => failures < 2 && error instanceof ApiProblem && error.isPassing,
      refetchOnWindowFocus: false,
      // The machine may be offline and the collector on it.
      networkMode: 'always',
    },
  },
});

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <LiveContext value={live}>
        <RouterProvider router={openRouter()} />
      </LiveContext>
    </QueryClientProvider>
  </StrictMode>,
);

// Safari has no idle callback.
(globalThis.requestIdleCallback ?? setTimeout)(() => void import('./lists.ts'));

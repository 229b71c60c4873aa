// Takes a picture of every page of the console, in light and dark: a part of `pnpm --filter e2e screenshots`.
// With a width as its argument, as `390`, the pictures are of that width.
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { SessionPage, SessionRow } from '@moq-observability/collector/api';
import { dashboards } from '@moq-observability/dashboards';
import { spans } from '@moq-observability/moq-metrics';
import { launch } from '../browser.ts';
import { setup } from '../global-setup.ts';
import { node, root, start } from '../process.ts';
import { observe } from './observed.ts';
import { Reports } from './reports.ts';

/** How long players report before the pictures are taken, in milliseconds. */
const BEFORE = 60_000;

const width = Number(process.argv[2] ?? 1280);
const folder = process.argv[3] ?? join(root, 'docs/images/console');
await mkdir(folder, { recursive: true });
await setup();
await using observed = await observe();
await using _players = start(node, ['apps/load/src/main.ts', 'players'], {
  MOQ_LOAD_PLAYERS_COLLECTOR: observed.collector.href,
  MOQ_LOAD_PLAYERS_BROADCAST: 'arena/court',
  MOQ_LOAD_PLAYERS_COUNT: '240',
  MOQ_LOAD_PLAYERS_BROADCASTS: '9',
  MOQ_LOAD_PLAYERS_INTERVAL: '2s',
  MOQ_LOAD_PLAYERS_EVENTS: 'yes',
});
await new Promise((resolve) => setTimeout(resolve, BEFORE));
const session = await mostStalled();
await tellOfRelay(session);

const browser = await launch();
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ viewport: { width, height: width < 600 ? 844 : 800 }, colorScheme });
    for (const [name, path] of pages()) {
      await page.goto(new URL(path, observed.console).href);
      // Pictures are there once their numbers are; the live ones need a few seconds more.
      await page.waitForLoadState('load');
      await page.waitForTimeout(3_000);
      await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
    }
    await page.close();
  }
} finally {
  await browser.close();
}

function pages(): readonly (readonly [name: string, path: string])[] {
  return [
    ['live', '/'],
    ['stream', `/stream?broadcast=${encodeURIComponent(session.broadcast)}&range=5m`],
    ['sessions', '/sessions?sort=stalls'],
    ['session', `/sessions/${session.sessionId}`],
    ['logs', '/logs'],
    ['traces', '/traces'],
    ['trace', `/traces/${session.traceId}`],
    ['alerts', '/alerts?range=5m'],
    ...dashboards.map(({ uid }) => [uid, `/dashboards/${uid}?range=5m`] as const),
  ];
}

/** The session there is most to see of. */
async function mostStalled(): Promise<SessionRow> {
  const url = new URL('/api/sessions?live=true&sort=stalls&limit=1', observed.console);
  const { sessions } = (await (await fetch(url)).json()) as SessionPage;
  const [found] = sessions;
  if (!found) throw new Error('nobody watches');
  return found;
}

function spanId(): string {
  return randomBytes(8).toString('hex');
}

/** What the relay of a simulated player would have told of it. */
async function tellOfRelay({ sessionId, broadcast, traceId, startedAt }: SessionRow): Promise<void> {
  const reports = new Reports(observed.collector);
  const sender = { session: sessionId, broadcast, traceId };
  const line = { service: 'moq-relay', attributes: { 'moq.track': 'video/720p' } } as const;
  const relaySession = spanId();
  await reports.spans(sender, [
    {
      service: 'moq-relay',
      name: spans.relaySession.name,
      spanId: relaySession,
      time: startedAt + 24,
      duration: 3,
    },
    ...['catalog.json', 'video/720p', 'audio'].map((track, i) => ({
      service: 'moq-relay' as const,
      name: spans.relaySubscribe.name,
      spanId: spanId(),
      parentSpanId: relaySession,
      time: startedAt + 60 + 70 * i,
      duration: 12 + 9 * i,
      attributes: { 'moq.track': track },
    })),
  ]);
  await reports.logs(sender, [
    { ...line, time: startedAt + 27, body: 'session opened' },
    { ...line, time: startedAt + 140, body: 'subscription opened' },
    {
      ...line,
      time: startedAt + 31_000,
      body: 'backlog over its cap: skipped to the newest group',
      severity: 13,
    },
  ]);
}

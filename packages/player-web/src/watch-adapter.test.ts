import { Connection } from '@moq/net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Consumer, Frame, Page, testElement } from '../test/element.ts';
import type { PlayerEvent } from './qoe/events.ts';
import { WatchAdapter, type WatchOptions } from './watch-adapter.ts';

const page = new Page();
let player: ReturnType<typeof testElement>;
let log: string[];
let adapter: WatchAdapter;

beforeEach(() => {
  vi.useFakeTimers();
  page.visibilityState = 'visible';
  vi.stubGlobal('document', page);
  vi.stubGlobal('window', page);
  player = testElement();
  log = [];
});
afterEach(() => {
  adapter.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Watches the element and keeps what it tells; looks at the buffers and rests are left out. */
function watch(options?: WatchOptions): void {
  adapter = new WatchAdapter(
    player,
    {
      onBroadcast: (broadcast) => log.push(`broadcast ${broadcast}`),
      onEvent: (event, at) => {
        if (event.type === 'sample' || event.type === 'idle') return;
        const detail = detailOf(event);
        log.push(`${event.type} ${detail} ${at - begun}`.replace('  ', ' '));
      },
    },
    options,
  );
  const begun = performance.now();
  adapter.start();
}

function detailOf(event: PlayerEvent): string {
  switch (event.type) {
    case 'stop':
      return event.cause;
    case 'progress':
      return event.medium;
    case 'connected':
      return `${event.transport}${event.fallback ? ' instead' : ''}`;
    case 'refused':
      return event.tried.join('+');
    case 'rendition':
      return Object.values(event.rendition).filter(Boolean).join(' ');
    case 'fail':
      return event.error;
    case 'rtt':
      return String(event.milliseconds);
    default:
      return '';
  }
}

/** What was told since the last time, when the signals have settled. */
async function told(): Promise<readonly string[]> {
  await vi.advanceTimersByTimeAsync(0);
  return log.splice(0);
}

function load(url = 'http://relay/anon', name = 'bbb.hang'): void {
  player.connection.url.set(new URL(url));
  player.broadcast.in.name.set(name);
}

function live(): void {
  player.connection.established.set({ transport: 'webtransport' });
  player.broadcast.out.active.set(new Consumer());
  player.broadcast.out.catalog.set({ video: {}, audio: {} });
}

function frame(width = 1280, height = 720): void {
  player.renderer.out.frame.set(new Frame(width, height));
}

test('an element that is set up before is asked to play at once, or when the page says it was', async () => {
  load();
  watch({ intent: performance.now() - 40 });
  expect(await told()).toEqual(['broadcast anon/bbb.hang', 'play -40']);
});

test('an element that is set up later is asked to play then', async () => {
  watch();
  await vi.advanceTimersByTimeAsync(500);
  load('http://relay//a%20b//c/');
  expect(await told()).toEqual(['broadcast a b/c/bbb.hang', 'play 500']);
});

test('frames, playheads and pauses are told', async () => {
  load();
  watch();
  live();
  frame();
  player.video.out.timestamp.set(1000);
  expect(await told()).toEqual([
    'broadcast anon/bbb.hang',
    'play 0',
    'connected webtransport 0',
    'announced 0',
    'catalog 0',
    'frame 0',
    'progress video 0',
  ]);
  player.controls.paused.set(true);
  expect(await told()).toEqual(['stop pause 0']);
  player.controls.paused.set(false);
  expect(await told()).toEqual(['play 0']);
});

test('another broadcast on the same element does not begin with frames of the last one', async () => {
  load();
  watch();
  live();
  frame();
  await told();
  player.broadcast.in.name.set('other.hang');
  expect(await told()).toEqual(['broadcast anon/other.hang', 'play 0']);
  frame();
  expect(await told()).toEqual([]);
  player.broadcast.out.active.set(new Consumer());
  await told();
  frame();
  expect(await told()).toEqual(['frame 0']);
});

test('an element taken out of the page plays nothing', async () => {
  load();
  watch();
  player.connection.enabled.set(false);
  expect(await told()).toEqual(['broadcast anon/bbb.hang', 'play 0', 'broadcast undefined']);
});

test('hiding the page is told, and showing it', async () => {
  load();
  watch();
  await told();
  page.visibilityState = 'hidden';
  page.dispatchEvent(new Event('visibilitychange'));
  page.visibilityState = 'visible';
  page.dispatchEvent(new Event('visibilitychange'));
  page.dispatchEvent(new Event('pagehide'));
  expect(await told()).toEqual(['stop hide 0', 'show 0', 'stop leave 0']);
});

test('a broadcast withdrawn while the connection stands has ended', async () => {
  load();
  watch();
  live();
  await told();
  player.broadcast.out.active.set(undefined);
  expect(await told()).toEqual(['withdrawn 0']);
  await vi.advanceTimersByTimeAsync(2000);
  expect(await told()).toEqual(['stop end 0']);
});

test('a broadcast that goes with its connection has not ended', async () => {
  load();
  watch();
  live();
  await told();
  player.broadcast.out.active.set(undefined);
  await vi.advanceTimersByTimeAsync(300);
  player.connection.established.set(undefined);
  await vi.advanceTimersByTimeAsync(5000);
  expect(await told()).toEqual(['withdrawn 0', 'reinstated 300', 'lost 300']);
});

test('a publisher that takes its own place is not the end', async () => {
  load();
  watch();
  live();
  await told();
  player.broadcast.out.active.set(undefined);
  await vi.advanceTimersByTimeAsync(20);
  player.broadcast.out.active.set(new Consumer());
  await vi.advanceTimersByTimeAsync(5000);
  expect(await told()).toEqual(['withdrawn 0', 'reinstated 20', 'announced 20']);
});

test('a rendition the viewer chose is told from one the player chose', async () => {
  load();
  watch();
  live();
  player.video.source.out.track.set('720p');
  frame();
  await told();
  player.video.source.out.track.set('360p');
  expect(await told()).toEqual(['rendition 360p 0']);
  await vi.advanceTimersByTimeAsync(5000);
  player.controls.target.set({ name: '720p' });
  player.video.source.out.track.set('720p');
  expect(await told()).toEqual(['rendition 720p 5000', 'switch 5000']);
  frame(1280, 720);
  expect(await told()).toEqual(['frame 5000']);
  frame(640, 360);
  expect(await told()).toEqual(['switched 5000', 'frame 5000']);
});

test('sound that is locked, muted or not in the broadcast does not play', async () => {
  const media: string[] = [];
  load();
  watch();
  adapter.close();
  adapter = new WatchAdapter(player, {
    onBroadcast: () => {},
    onEvent: (event) => {
      if ('medium' in event && event.medium === 'audio') media.push(event.type);
    },
  });
  adapter.start();
  live();
  player.audio.out.context.set({ state: 'suspended' });
  player.audio.out.timestamp.set(1000);
  await vi.advanceTimersByTimeAsync(100);
  player.audio.out.context.set({ state: 'running' });
  await vi.advanceTimersByTimeAsync(100);
  player.audio.in.enabled.set(false);
  await vi.advanceTimersByTimeAsync(100);
  player.audio.in.enabled.set(true);
  player.broadcast.out.catalog.set({ video: {} });
  await vi.advanceTimersByTimeAsync(100);
  expect(media).toEqual(['idle', 'idle', 'sample', 'idle', 'idle']);
});

test('a broadcast without video starts with its sound', async () => {
  load();
  watch();
  live();
  player.broadcast.out.catalog.set({ audio: {} });
  player.audio.out.context.set({ state: 'running' });
  await told();
  player.audio.out.timestamp.set(1000);
  expect(await told()).toEqual(['frame 0', 'progress audio 0']);
});

test('the session goes with the connect URL', async () => {
  watch({ link: { session: 'abc', traceparent: '00-1-2-01' } });
  load('http://relay/anon?jwt=x');
  player.connection.status.set('connecting');
  await told();
  expect(player.connection.url.peek()?.href).toBe(
    'http://relay/anon?jwt=x&session=abc&traceparent=00-1-2-01',
  );
  player.connection.url.set(new URL('http://relay/other'));
  await told();
  expect(player.connection.url.peek()?.href).toBe('http://relay/other?session=abc&traceparent=00-1-2-01');
});

test('a connection that was begun before is left alone until its URL changes', async () => {
  load();
  player.connection.status.set('connecting');
  watch({ link: { session: 'abc', traceparent: '00-1-2-01' } });
  player.connection.url.set(new URL('http://relay/anon'));
  await told();
  expect(player.connection.url.peek()?.href).toBe('http://relay/anon');
});

test('what is closed tells nothing more', async () => {
  load();
  watch();
  live();
  await told();
  player.broadcast.out.active.set(undefined);
  await told();
  adapter.close();
  frame();
  page.dispatchEvent(new Event('pagehide'));
  await vi.advanceTimersByTimeAsync(5000);
  expect(await told()).toEqual([]);
});

test('dialling is told, and what comes of it', async () => {
  load();
  watch();
  player.connection.status.set('connecting');
  expect(await told()).toEqual(['broadcast anon/bbb.hang', 'play 0', 'dial 0']);
  player.connection.status.set('disconnected');
  expect(await told()).toEqual(['refused websocket 0']);
  vi.stubGlobal('WebTransport', EventTarget);
  player.connection.status.set('connecting');
  await told();
  player.connection.status.set('disconnected');
  expect(await told()).toEqual(['refused webtransport+websocket 0']);
  player.connection.status.set('connecting');
  await told();
  player.connection.established.set({ transport: 'websocket', version: 'moq-lite-05' });
  player.connection.status.set('connected');
  expect(await told()).toEqual(['connected websocket instead 0']);
  player.connection.established.set(undefined);
  player.connection.status.set('disconnected');
  expect(await told()).toEqual(['lost 0']);
});

test('a player that is to do without WebSocket is refused by WebTransport alone', async () => {
  vi.stubGlobal('WebTransport', EventTarget);
  Object.assign(player.connection, { websocket: { enabled: false } });
  load();
  watch();
  player.connection.status.set('connecting');
  await told();
  player.connection.status.set('disconnected');
  expect(await told()).toEqual(['refused webtransport 0']);
});

const WEBKIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const BLINK = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const BROWSERS = {
  Chrome: `Mozilla/5.0 (X11; Linux x86_64) ${BLINK} Chrome/140.0.0.0 Safari/537.36`,
  'Chrome without a head': `Mozilla/5.0 (X11; Linux x86_64) ${BLINK} HeadlessChrome/140.0.0.0 Safari/537.36`,
  Edge: `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${BLINK} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`,
  'Samsung Internet': `Mozilla/5.0 (Linux; Android 14) ${BLINK} SamsungBrowser/28.0 Chrome/130.0.0.0 Safari/537.36`,
  Safari: `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/26.4 Safari/605.1.15`,
  'Safari on a phone': `Mozilla/5.0 (iPhone; CPU iPhone OS 26_4 like Mac OS X) ${WEBKIT} Version/26.4 Mobile/15E148 Safari/604.1`,
  'an application on a phone': `Mozilla/5.0 (iPhone; CPU iPhone OS 26_4 like Mac OS X) ${WEBKIT} Mobile/15E148`,
  'Chrome on a phone': `Mozilla/5.0 (iPhone; CPU iPhone OS 26_4 like Mac OS X) ${WEBKIT} CriOS/140.0 Mobile/15E148 Safari/604.1`,
  'Edge on a phone': `Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) ${WEBKIT} Version/18.0 EdgiOS/140.0 Mobile/15E148 Safari/604.1`,
  'Opera on a phone': `Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) ${WEBKIT} Version/18.0 Mobile/15E148 Safari/604.1 OPT/5.0`,
  'Firefox on a phone': `Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) ${WEBKIT} FxiOS/140.0 Mobile/15E148 Safari/604.1`,
  'Firefox 152': 'Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0',
  'Firefox 153': 'Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0',
};

test.each(Object.entries(BROWSERS))(
  'WebSocket is second choice where @moq/net says so: %s',
  async (_, userAgent) => {
    vi.stubGlobal('WebTransport', EventTarget);
    vi.stubGlobal('navigator', { userAgent });
    load();
    watch();
    await told();
    player.connection.established.set({ transport: 'websocket' });
    const expected = Connection.isWebTransportSupported()
      ? 'connected websocket instead 0'
      : 'connected websocket 0';
    expect(await told()).toEqual([expected]);
  },
);

test('a connection the page takes back is neither refused nor lost', async () => {
  load();
  watch();
  player.connection.status.set('connecting');
  await told();
  player.connection.url.set(new URL('http://elsewhere/anon'));
  player.connection.status.set('disconnected');
  expect(await told()).toEqual([]);
  live();
  await told();
  page.dispatchEvent(new Event('pagehide'));
  player.connection.established.set(undefined);
  expect(await told()).toEqual(['stop leave 0']);
  page.dispatchEvent(new Event('pageshow'));
  expect(await told()).toEqual(['show 0', 'play 0']);
});

test('what a rendition is, and its first media, are told', async () => {
  load();
  watch();
  live();
  await told();
  player.video.source.out.track.set('720p');
  player.video.source.out.config.set({ codedWidth: 1280, codedHeight: 720, bitrate: 4e6 });
  expect(await told()).toEqual(['rendition 720p 921600 4000000 0']);
  player.video.out.stats.set({ bytesReceived: 1000 });
  expect(await told()).toEqual(['received 0']);
  player.video.out.stats.set({ bytesReceived: 2000 });
  player.connection.probe.set({ rtt: 25 });
  expect(await told()).toEqual(['rtt 25 0']);
});

test('a player that gives up, or can play nothing, has failed', async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  player = testElement(promise);
  load();
  watch();
  await told();
  reject(new Error('reconnect timed out'));
  expect(await told()).toEqual(['fail connect 0']);
  player.video.source.out.error.set('unsupported');
  expect(await told()).toEqual(['fail decode 0']);
});

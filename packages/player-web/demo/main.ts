import { Net, Signals } from '@moq/watch';
import { measurePageDecoders } from '../src/webcodecs.ts';
import { BroadcastList } from './broadcast-list.ts';
import { byId } from './elements.ts';
import { Notice } from './notice.ts';
import { Panel } from './panel.ts';
import { Player } from './player.ts';
import { type Places, readSettings, type Settings } from './settings.ts';

/** Put in by vite.config.ts. */
declare const MOQ_PLACES: Places;

const notice = new Notice();

/** Brings the page to life; closing what is returned stops what it shows. */
function start(settings: Settings): Signals.Effect {
  const { relay } = settings;
  // The library has no switch for it.
  if (settings.transport === 'websocket') Reflect.deleteProperty(globalThis, 'WebTransport');
  const decoders = measurePageDecoders();
  byId('relay-url', HTMLElement).textContent = relay.host + relay.pathname.replace(/\/$/, '');

  const transport = byId('transport-choice', HTMLSelectElement);
  transport.value = settings.transport;
  transport.addEventListener('change', () => {
    const url = new URL(location.href);
    url.searchParams.set('transport', transport.value);
    location.assign(url);
  });
  const stage = byId('stage', HTMLElement);
  const panel = new Panel();
  const playing = new Signals.Signal<Player | undefined>(undefined);
  const listed = new Signals.Signal(0);

  const play = (name: string): void => {
    playing.peek()?.close();
    const player = new Player(stage, name, settings, decoders);
    playing.set(player);
    panel.show(player);
    list.choose(name);
  };
  const list = new BroadcastList(byId('broadcasts', HTMLElement), byId('count', HTMLElement), (name) => {
    const url = new URL(location.href);
    url.searchParams.set('broadcast', name);
    history.replaceState(null, '', url);
    play(name);
  });
  list.onChange = () => {
    const { names } = list;
    listed.set(names.length);
    byId('none', HTMLElement).hidden = names.length > 0;
    if (playing.peek()) return;
    const wanted = settings.broadcast ?? names[0];
    if (wanted !== undefined && list.has(wanted)) play(wanted);
  };

  // Announcements come on a connection of their own: each playback has one too, which begins with the click.
  const announcements = new Net.Connection.Reload({
    enabled: true,
    url: relay,
    delay: { initial: 500, multiplier: 2, max: 4000, timeout: 0 },
    websocket: { enabled: settings.transport !== 'webtransport' },
  });
  void list.follow(announcements.announced());

  const page = new Signals.Effect();
  page.run((effect) => {
    const state = effect.get(announcements.status);
    byId('relay', HTMLElement).dataset['state'] = state;
    byId('relay-state', HTMLElement).textContent = state;
  });
  page.run((effect) => {
    const player = effect.get(playing);
    if (player) showPlaying(effect, player);
    else showIdle(effect.get(announcements.status) === 'connected', effect.get(listed), settings);
  });
  page.cleanup(() => {
    announcements.close();
    playing.peek()?.close();
  });
  return page;
}

function showPlaying(effect: Signals.Effect, { name, element, experience, picture }: Player): void {
  const connected = effect.get(element.connection.status) === 'connected';
  const status = effect.get(element.broadcast.out.status);
  if (effect.get(element.video.source.out.error)) notice.stop('This browser can decode no rendition of it.');
  else if (!connected) notice.wait('Connecting to the relay …');
  else if (status === 'offline') notice.wait(`Waiting for ${name} …`);
  else if (effect.get(experience).stalledNow) notice.wait('Waiting for data …');
  else if (effect.get(picture)) notice.clear();
  else notice.wait(`Loading ${name} …`);
}

function showIdle(connected: boolean, listed: number, { broadcast, relay }: Settings): void {
  if (!connected) notice.wait('Connecting to the relay …');
  else if (broadcast !== undefined) notice.wait(`Waiting for ${broadcast} …`);
  else if (listed === 0) {
    notice.stop(
      'No broadcast is announced.',
      `npx -y pnpm@12 --filter load \\\n  start publish \\\n  --relay ${relay.href}`,
    );
  }
}

try {
  const page = start(readSettings(new URL(location.href), MOQ_PLACES));
  // Leaving for good ends the connections at once, instead of when they time out.
  addEventListener('pagehide', ({ persisted }) => {
    if (!persisted) page.close();
  });
} catch (error) {
  notice.stop(`This page cannot start: ${error instanceof Error ? error.message : String(error)}`);
  throw error;
}

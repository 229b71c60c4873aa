import { Signals } from '@moq/watch';
import { byId } from './elements.ts';
import { bitrate, codecName, milliseconds, seconds, transportName } from './format.ts';
import type { Player } from './player.ts';

/** Why latency is not known, in words. */
const UNAVAILABLE: Readonly<Record<string, string>> = {
  no_wall_clock: 'not stamped with the time',
  clock_sync: 'the relay does not tell the time',
  negative: 'stamped with a time to come',
};

const COPY = "click to copy; the relay's logs carry it too";

const REFRESH = 500;

interface Rendition {
  readonly codec: string;
  readonly codedWidth?: number | undefined;
  readonly codedHeight?: number | undefined;
  readonly bitrate?: number | undefined;
}

/** The controls and figures below the picture. */
export class Panel {
  readonly #pause = byId('pause', HTMLButtonElement);
  readonly #mute = byId('mute', HTMLButtonElement);
  readonly #offline = byId('offline', HTMLButtonElement);
  readonly #overlay = byId('overlay', HTMLButtonElement);
  readonly #trace = byId('trace', HTMLButtonElement);
  readonly #rendition = byId('rendition', HTMLSelectElement);
  #player: Player | undefined;
  #effect: Signals.Effect | undefined;

  constructor() {
    this.#pause.addEventListener('click', () => {
      if (this.#player) this.#player.element.paused = !this.#player.element.paused;
    });
    this.#mute.addEventListener('click', () => {
      if (this.#player) this.#player.element.muted = !this.#player.element.muted;
    });
    this.#offline.addEventListener('click', () => this.#player?.offline.update((offline) => !offline));
    this.#overlay.addEventListener('click', () => {
      const over = byId('watch', HTMLElement).toggleAttribute('data-overlay');
      this.#overlay.setAttribute('aria-pressed', String(over));
    });
    this.#trace.addEventListener('click', () => void this.#copyTrace());
    this.#rendition.addEventListener('change', () => {
      const name = this.#rendition.value || undefined;
      this.#player?.element.controls.target.update((target) => {
        const { name: _, ...automatic } = target ?? {};
        return name === undefined ? automatic : { ...automatic, name };
      });
    });
  }

  /** Shows another player from now on. */
  show(player: Player): void {
    this.#effect?.close();
    this.#player = player;
    this.#rendition.value = '';
    for (const control of [this.#pause, this.#mute, this.#offline, this.#rendition]) control.disabled = false;
    text('playing', player.name);
    text('trace', player.observation?.traceId ?? '–');
    text('session', player.observation?.sessionId ?? '–');
    text('trace-more', COPY);
    this.#effect = new Signals.Effect((effect) => {
      effect.run((inner) => this.#showControls(inner, player));
      effect.run((inner) => this.#showRenditions(inner, player));
      effect.run((inner) => showConnection(inner, player));
      effect.run((inner) => showRendition(inner, player));
      effect.run((inner) => showExperience(inner, player));
      effect.run((inner) => {
        showReports(player);
        inner.interval(() => showReports(player), REFRESH);
      });
    });
  }

  async #copyTrace(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.#player?.observation?.traceId ?? '');
      text('trace-more', 'copied');
      setTimeout(() => text('trace-more', COPY), 2000);
    } catch {
      text('trace-more', 'the browser does not allow it: select it instead');
    }
  }

  #showControls(effect: Signals.Effect, { element, offline }: Player): void {
    const paused = effect.get(element.controls.paused);
    const muted = effect.get(element.controls.muted);
    this.#pause.dataset['state'] = paused ? 'paused' : 'playing';
    this.#mute.dataset['state'] = muted ? 'muted' : 'heard';
    label(this.#pause, paused ? 'Play' : 'Pause');
    label(this.#mute, muted ? 'Unmute' : 'Mute');
    const isOffline = effect.get(offline);
    this.#offline.setAttribute('aria-pressed', String(isOffline));
    label(this.#offline, isOffline ? 'Go online' : 'Go offline');
  }

  #showRenditions(effect: Signals.Effect, { element }: Player): void {
    const available = Object.entries(effect.get(element.video.source.out.available));
    const chosen = effect.get(element.controls.target)?.name ?? '';
    available.sort(([, a], [, b]) => area(b) - area(a) || (b.bitrate ?? 0) - (a.bitrate ?? 0));
    const options = [new Option('Auto', '')];
    for (const [name, rendition] of available) options.push(new Option(choiceText(name, rendition), name));
    this.#rendition.replaceChildren(...options);
    this.#rendition.value = available.some(([name]) => name === chosen) ? chosen : '';
  }
}

function showConnection(effect: Signals.Effect, { element }: Player): void {
  const established = effect.get(element.connection.established);
  text('transport', established ? transportName(established.transport) : '–');
  text('protocol', established?.version ?? effect.get(element.connection.status));
  byId('transport', HTMLElement).dataset['transport'] = established?.transport ?? '';
}

function showRendition(effect: Signals.Effect, { element }: Player): void {
  const config = effect.get(element.video.source.out.config);
  const display = effect.get(element.video.out.display);
  const size = config?.codedWidth && config.codedHeight ? [config.codedWidth, config.codedHeight] : undefined;
  const shown = size ?? (display && [display.width, display.height]);
  text('resolution', config && shown ? shown.join(' × ') : '–');
  text(
    'codec',
    config
      ? [codecName(config.codec), config.bitrate && bitrate(config.bitrate)].filter(Boolean).join(' · ')
      : '',
  );
}

function showExperience(effect: Signals.Effect, { experience }: Player): void {
  const known = effect.get(experience);
  const { startup, stalls, stalledSeconds, stalledNow, latency, latencyUnavailable } = known;
  text('startup', startup === undefined ? '–' : seconds(startup));
  text('stalls', String(stalls));
  text(
    'stalled',
    stalledNow ? 'stalled now' : stalls === 0 ? 'none so far' : `${seconds(stalledSeconds)} in all`,
  );
  text('latency', latency === undefined ? '–' : milliseconds(latency * 1000));
  text('latency-more', UNAVAILABLE[latencyUnavailable ?? ''] ?? 'capture to screen');
  text('buffer', known.buffer === undefined ? '–' : milliseconds(known.buffer * 1000));
  const { video, audio = 0 } = known.bitrate;
  text('bitrate', video === undefined ? '–' : bitrate(video + audio));
  text('rtt', known.rtt === undefined ? '–' : milliseconds(known.rtt * 1000));
}

function showReports({ observation }: Player): void {
  if (!observation) return;
  const { sent, dropped, pending } = observation.reports;
  const parts = [`${sent} reports sent`];
  if (pending > 0) parts.push(`${pending} waiting`);
  if (dropped > 0) parts.push(`${dropped} given up`);
  text('telemetry', parts.join(' · '));
}

function choiceText(name: string, rendition: Rendition): string {
  const size = area(rendition) > 0 ? `${rendition.codedWidth} × ${rendition.codedHeight}` : name;
  return rendition.bitrate ? `${size} · ${bitrate(rendition.bitrate)}` : size;
}

function area({ codedWidth = 0, codedHeight = 0 }: Rendition): number {
  return codedWidth * codedHeight;
}

function label(button: HTMLButtonElement, words: string): void {
  const found = button.querySelector('.label');
  if (found) found.textContent = words;
}

/** Writes text where it differs, so that nothing is announced or laid out anew for nothing. */
function text(id: string, value: string): void {
  const element = byId(id, HTMLElement);
  if (element.textContent !== value) element.textContent = value;
}

import type { audience } from '@moq-observability/moq-metrics';

/** What a viewer watches with. */
export interface Client {
  readonly browser: audience.Browser;
  readonly device: audience.Device;
}

/** The first that fits; those that pretend to be another stand before it. */
const BROWSERS: readonly (readonly [pattern: RegExp, browser: audience.Browser])[] = [
  [/\b(OPR|Opera|YaBrowser|Vivaldi|UCBrowser|DuckDuckGo)\b/, 'other'],
  [/\bEdg(e|A|iOS)?\//, 'edge'],
  [/\bSamsungBrowser\//, 'samsung'],
  [/\b(Firefox|FxiOS)\//, 'firefox'],
  [/\b(HeadlessChrome|Chrome|Chromium|CriOS)\//, 'chrome'],
  [/\bVersion\/[\d.]+ .*Safari\//, 'safari'],
];

const DEVICES: readonly (readonly [pattern: RegExp, device: audience.Device])[] = [
  [/SMART-?TV|SmartTV|GoogleTV|Android TV|AppleTV|Apple TV|HbbTV|Web0S|BRAVIA|CrKey|Roku|\bAFT[A-Z]/i, 'tv'],
  [/iPad|Tablet|Kindle|\bSilk\//, 'tablet'],
  [/iPhone|iPod|Mobi/, 'mobile'],
  [/Android/, 'tablet'],
  [/Tizen/, 'tv'],
  [/Windows NT|Macintosh|X11|CrOS/, 'desktop'],
];

/** Tells browsers and devices by the `User-Agent` header: few kinds, no versions, no names of models. */
export function classifyUserAgent(userAgent: string): Client {
  return {
    browser: BROWSERS.find(([pattern]) => pattern.test(userAgent))?.[1] ?? 'other',
    device: DEVICES.find(([pattern]) => pattern.test(userAgent))?.[1] ?? 'other',
  };
}

/** User agents remembered; past it they are looked at anew. */
const REMEMBERED = 2_000;

/** Classifies user agents, the usual ones once. */
export class UserAgents {
  readonly #known = new Map<string, Client>();

  classify(userAgent: string): Client {
    let client = this.#known.get(userAgent);
    if (!client) {
      if (this.#known.size >= REMEMBERED) this.#known.clear();
      client = classifyUserAgent(userAgent);
      this.#known.set(userAgent, client);
    }
    return client;
  }
}

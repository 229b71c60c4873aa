/** Where things are, as the server of the page was told by its environment. */
export interface Places {
  /** Empty for a relay on the page's host. */
  readonly relayUrl: string;
  readonly relayPort: number;
  /** Empty for a collector on the page's host. */
  readonly collectorUrl: string;
  readonly collectorPort: number;
}

/** What the page is to do. */
export interface Settings {
  readonly relay: URL;
  /** The OTLP endpoint. */
  readonly collector: URL;
  /** What to play; whatever is announced first when undefined. */
  readonly broadcast: string | undefined;
  /** Seconds from one report to the next. */
  readonly intervalSeconds: number | undefined;
  readonly transport: TransportChoice;
}

/** What to connect by: WebTransport, and WebSocket where that does not work; or one of them alone. */
export type TransportChoice = (typeof TRANSPORTS)[number];

const TRANSPORTS = ['auto', 'webtransport', 'websocket'] as const;

/**
 * Reads what the page is to do from its own URL: `?relay=`, `?collector=`, `?broadcast=`, `?interval=` and
 * `?transport=`.
 *
 * @throws TypeError naming the parameter that is wrong
 */
export function readSettings(page: URL, places: Places): Settings {
  const parameters = page.searchParams;
  // Relay and collector listen on IPv4 loopback only; QUIC does not fall back to it as HTTP does.
  const host = page.hostname === 'localhost' ? '127.0.0.1' : page.hostname;
  const wanted = parameters.get('transport') ?? 'auto';
  const transport = TRANSPORTS.find((known) => known === wanted);
  if (!transport) {
    throw new TypeError(`transport must be ${TRANSPORTS.join(' or ')}, not ${JSON.stringify(wanted)}`);
  }
  if (transport === 'webtransport' && !('WebTransport' in globalThis)) {
    throw new TypeError('transport must be auto or websocket: this browser has no WebTransport');
  }
  const interval = parameters.get('interval');
  if (interval !== null && !(Number(interval) >= 1 && Number(interval) <= 300)) {
    throw new TypeError(
      `interval must be a number of seconds from 1 to 300, not ${JSON.stringify(interval)}`,
    );
  }
  return {
    relay: httpUrl(
      'relay',
      parameters.get('relay') || places.relayUrl || `http://${host}:${places.relayPort}/`,
    ),
    collector: httpUrl(
      'collector',
      parameters.get('collector') || places.collectorUrl || `http://${host}:${places.collectorPort}`,
    ),
    broadcast: parameters.get('broadcast') || undefined,
    intervalSeconds: interval === null ? undefined : Number(interval),
    transport,
  };
}

function httpUrl(name: string, text: string): URL {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new TypeError(`${name} must be a URL such as http://127.0.0.1:4443/, not ${JSON.stringify(text)}`);
}

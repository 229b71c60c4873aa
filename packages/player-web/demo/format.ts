/** Seconds, as a person reads them: `0.24 s`. */
export function seconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

/** Milliseconds, as a person reads them: `86 ms`, `1.2 s`. */
export function milliseconds(value: number): string {
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

/** Bits per second, as a person reads them: `2.5 Mbit/s`. */
export function bitrate(value: number): string {
  return value < 1e6 ? `${Math.round(value / 1000)} kbit/s` : `${(value / 1e6).toFixed(1)} Mbit/s`;
}

const CODECS: Readonly<Record<string, string>> = {
  avc1: 'H.264',
  avc3: 'H.264',
  hev1: 'H.265',
  hvc1: 'H.265',
  vp8: 'VP8',
  vp09: 'VP9',
  av01: 'AV1',
};

/** The name people know a codec by. */
export function codecName(codec: string): string {
  const [family = codec] = codec.split('.');
  return CODECS[family] ?? family;
}

const TRANSPORTS: Readonly<Record<string, string>> = { webtransport: 'WebTransport', websocket: 'WebSocket' };

/** The name people know a transport by. */
export function transportName(transport: string): string {
  return TRANSPORTS[transport] ?? transport;
}

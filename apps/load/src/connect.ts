import { Connection } from '@moq/net';

import { LoadError, messageOf } from './error.ts';

/** How to reach a relay: by the best way there is, or by one alone. */
export const TRANSPORTS = ['auto', 'webtransport', 'websocket'] as const;

/** One of {@link TRANSPORTS}. */
export type TransportChoice = (typeof TRANSPORTS)[number];

/** How long connecting may take, in milliseconds. */
const TIMEOUT = 10_000;

/**
 * Opens a MoQ session with a relay.
 *
 * @throws LoadError `connect` when there is none within ten seconds.
 */
export async function connectRelay(
  url: URL,
  transport: TransportChoice,
  signal: AbortSignal,
): Promise<Connection.Established> {
  if (transport === 'webtransport')
    throw new LoadError('connect', 'WebTransport cannot be had in this process');
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]);
  try {
    return await Connection.connect(url, { websocket: { enabled: true, delay: 0 }, signal: limit });
  } catch (error) {
    const why = limit.aborted && !signal.aborted ? `no answer in ${TIMEOUT / 1_000} s` : messageOf(error);
    throw new LoadError('connect', `cannot reach ${url.href} by ${transport}: ${why}`, { cause: error });
  }
}

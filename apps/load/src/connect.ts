import { setTimeout as wait } from 'node:timers/promises';

import { connect, type MoqConnection } from '@moq-observability/relay-node/client';

import { LoadError, messageOf } from './error.ts';

/** How to reach a relay: by the best way there is, or by one alone. */
export const TRANSPORTS = ['auto', 'webtransport', 'websocket'] as const;

/** One of {@link TRANSPORTS}. */
export type TransportChoice = (typeof TRANSPORTS)[number];

/** How long connecting may take, in milliseconds. */
const TIMEOUT = 10_000;
/** How long WebTransport goes alone before WebSocket is tried too, in milliseconds: as browsers do with MoQ. */
const HEAD_START = 500;

/**
 * Opens a MoQ session with a relay.
 *
 * @throws LoadError `connect` when there is none within ten seconds.
 */
export async function connectRelay(
  url: URL,
  choice: TransportChoice,
  signal: AbortSignal,
): Promise<MoqConnection> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]);
  try {
    if (choice !== 'auto') return await connect(url, { transport: choice, signal: limit });
    return await connectByEither(url, limit);
  } catch (error) {
    const why = limit.aborted && !signal.aborted ? `no answer in ${TIMEOUT / 1_000} s` : messageOf(error);
    throw new LoadError('connect', `cannot reach ${url.href}: ${why}`, { cause: error });
  }
}

/** Takes WebTransport, or WebSocket when the other fails or is slower by more than its head start. */
async function connectByEither(url: URL, signal: AbortSignal): Promise<MoqConnection> {
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const webtransport = connect(url, { transport: 'webtransport', signal: stop });
  const fallback = async (): Promise<MoqConnection> => {
    const failed = new Promise<void>((resolve) => {
      webtransport.catch(() => resolve());
    });
    await Promise.race([failed, wait(HEAD_START, undefined, { signal: stop })]);
    return connect(url, { transport: 'websocket', signal: stop });
  };
  const attempts = [webtransport, fallback()];
  const winner = await Promise.any(attempts);
  over.abort();
  for (const attempt of attempts) {
    // Whoever comes in second is not needed, and failing is as good.
    void attempt.then((connection) => connection !== winner && connection.close()).catch(() => {});
  }
  return winner;
}

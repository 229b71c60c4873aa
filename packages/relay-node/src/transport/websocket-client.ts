import Session from '@moq/qmux';

/** Dials the WebSocket transport, and resolves when MoQ can be spoken; `protocols` are MoQ protocols. */
export async function dialWebSocket(url: URL, protocols: readonly string[]): Promise<Session> {
  const session = new Session(url, {
    protocols: [...protocols],
    versions: Object.fromEntries(protocols.map((protocol) => [protocol, null])),
    requireProtocol: true,
  });
  await session.ready;
  return session;
}

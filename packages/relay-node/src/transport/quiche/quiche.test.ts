import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createSelfSigned } from '../certificate.ts';
import { describeTransport } from '../conformance.ts';
import { dialQuiche } from './client.ts';
import { listenQuiche } from './server.ts';

const certificate = createSelfSigned({ now: Date.now() });

describeTransport('the QUIC transport', {
  kind: 'webtransport',
  listen: async (options) => {
    const server = await listenQuiche({ ...options, host: '127.0.0.1', port: 0, certificate });
    return { server, url: new URL(`https://127.0.0.1:${server.port}/`) };
  },
  connect: (url, protocols) => dialQuiche(url, { protocols, certificateHashes: [certificate.sha256] }),
  clientArguments: [certificate.sha256],
  forward: forwardUdp,
});

/** Passes packets on between one client and the server, until it is told to drop them. */
async function forwardUdp(
  port: number,
): Promise<{ readonly port: number; freeze(): void; close(): Promise<void> }> {
  const near = createSocket('udp4');
  const far = createSocket('udp4');
  let client: number | undefined;
  let frozen = false;
  near.on('message', (packet, from) => {
    client = from.port;
    if (!frozen) far.send(packet, port, '127.0.0.1');
  });
  far.on('message', (packet) => {
    if (!frozen && client !== undefined) near.send(packet, client, '127.0.0.1');
  });
  near.bind(0, '127.0.0.1');
  far.bind(0, '127.0.0.1');
  await Promise.all([once(near, 'listening'), once(far, 'listening')]);
  return {
    port: near.address().port,
    freeze: () => {
      frozen = true;
    },
    close: async () => {
      near.close();
      far.close();
      await Promise.all([once(near, 'close'), once(far, 'close')]);
    },
  };
}

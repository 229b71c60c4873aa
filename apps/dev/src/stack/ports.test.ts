import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { findPortConflict } from './ports.ts';

const relay = { purpose: 'relay', variable: 'MOQ_RELAY_PORT', udp: true };

test('says nothing when every port is free', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  expect(await findPortConflict([{ ...relay, port }])).toBeUndefined();
});

test('names a taken port and the variable that moves it', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await findPortConflict([{ port, purpose: 'Prometheus', variable: 'MOQ_PROMETHEUS_PORT' }])).toBe(
    `port ${port} (Prometheus) is taken: choose another with MOQ_PROMETHEUS_PORT`,
  );
  server.close();
});

test('sees that a port is taken for UDP alone', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  expect(await findPortConflict([{ ...relay, port }])).toBe(
    `port ${port} (relay) is taken: choose another with MOQ_RELAY_PORT`,
  );
  expect(await findPortConflict([{ ...relay, port, udp: false }])).toBeUndefined();
  socket.close();
});

test('names both who want the same port', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const player = { port, purpose: 'player page', variable: 'MOQ_PLAYER_PORT' };
  expect(await findPortConflict([{ ...relay, port }, player])).toBe(
    `port ${port} is meant for both relay and player page: move one with MOQ_RELAY_PORT or MOQ_PLAYER_PORT`,
  );
});

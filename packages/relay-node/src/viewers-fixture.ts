// Viewers in a process of their own, for a test to kill: `node viewers-fixture.ts <url> <broadcast> <track> <count>`.
import { Path } from '@moq/net';
import { connect } from './client.ts';

const [, , href, broadcast, track, count] = process.argv;
for (const method of ['debug', 'info', 'warn', 'error'] as const) console[method] = () => {};
for (let i = 0; i < Number(count); i++) {
  const transport = i % 2 === 0 ? 'websocket' : 'webtransport';
  const viewer = await connect(new URL(href!), { transport });
  await viewer.announced().next();
  const subscription = viewer.consume(Path.from(broadcast!)).subscribe(track!);
  const group = await subscription.recvGroup();
  await group?.readFrame();
}
process.send?.('watching');

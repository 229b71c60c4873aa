import { checkExposition } from '@moq-observability/moq-metrics/exposition';
import { expect, test } from 'vitest';
import { connect, publish, quietConsole, startRelay, TestBroadcast, until, view } from './relay-fixture.ts';

quietConsole();

test('/metrics is as the schema says, in both formats', async () => {
  await using relay = await startRelay({ processMetrics: true });
  const [publisher, viewer] = [await connect(relay), await connect(relay)];
  const broadcast = new TestBroadcast();
  await publish(relay, publisher, 'a/b', broadcast);
  const received = view(viewer, 'a/b', 'video');
  await until(() => {
    broadcast.write('video', { groups: 1, frames: 2, bytes: 100 });
    return received.frames > 0;
  });
  for (const accept of ['text/plain', 'application/openmetrics-text']) {
    const response = await fetch(new URL('metrics', relay.opsUrls[0]), { headers: { accept } });
    expect(response.headers.get('content-type')).toContain(accept);
    expect(checkExposition(await response.text(), { owner: 'relay' })).toEqual([]);
  }
  viewer.close();
  publisher.close();
});

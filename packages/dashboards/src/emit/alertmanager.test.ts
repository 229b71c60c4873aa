import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alerts } from '../alerts/index.ts';
import type { AlertName } from '../alerts/names.ts';
import { alertmanagerFile } from '../generate/alertmanager.ts';
import { channelOf } from '../model/alert.ts';
import { startServer } from '../testing/server.ts';
import { backend, verdict } from '../testing/tool.ts';
import type { Destinations } from './alertmanager.ts';

let folder: string;
let amtool: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moq-alertmanager-'));
  amtool = await backend('amtool');
}, 180_000);
afterAll(() => rm(folder, { recursive: true }));

const everywhere: Destinations = {
  webhook: 'https://hooks.example/moq',
  slack: 'https://slack.example/services/T/B/X',
  email: {
    to: 'team@example.org',
    from: 'alerts@example.org',
    smarthost: 'mail.example.org:587',
    username: 'alerts',
    passwordFile: '/run/secrets/mail',
  },
};

test.each<[what: string, destinations: Destinations]>([
  ['nobody to tell', {}],
  ['a webhook', { webhook: 'http://127.0.0.1:9095/' }],
  ['everything', everywhere],
])('amtool finds nothing wrong with %s', async (what, destinations) => {
  const file = join(folder, `${what}.yml`);
  await writeFile(file, alertmanagerFile(destinations));
  const { ok, output } = await verdict(amtool, ['check-config', file], folder);
  expect(output).toContain('SUCCESS');
  expect(ok).toBe(true);
});

test.each(['page', 'chat', 'ticket', 'nobody'] as const)('what is for %s goes there', async (channel) => {
  const file = join(folder, 'routes.yml');
  await writeFile(file, alertmanagerFile(everywhere));
  const { output } = await verdict(
    amtool,
    ['config', 'routes', 'test', `--config.file=${file}`, `channel=${channel}`],
    folder,
  );
  expect(output.split('\n')[0]).toBe(channel);
});

test('somebody is told in every way there is, and the list of things to do by mail', () => {
  const written = alertmanagerFile(everywhere);
  const ways = Object.fromEntries(
    written
      .split('  - name: ')
      .slice(1)
      .map((text) => [text.split('\n', 1)[0], text.match(/\w+(?=_configs)/g) ?? []]),
  );
  expect(ways).toEqual({
    page: ['webhook', 'slack', 'email'],
    chat: ['webhook', 'slack'],
    ticket: ['webhook', 'email'],
    nobody: [],
  });
});

/** An alert as Prometheus would send it. */
function firing(name: AlertName, labels: Readonly<Record<string, string>> = {}): object {
  const alert = alerts.find((one) => one.name === name)!;
  const { severity, area } = alert;
  return { labels: { alertname: name, severity, area, channel: channelOf(alert), ...labels } };
}

test('Alertmanager tells the cause, and not what comes of it', { timeout: 60_000 }, async () => {
  const told: string[] = [];
  const webhook = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      const { receiver, alerts: sent } = JSON.parse(text) as {
        receiver: string;
        alerts: { labels: Record<string, string> }[];
      };
      for (const { labels } of sent)
        told.push(`${receiver}: ${[labels['alertname'], labels['broadcast']].filter(Boolean).join(' ')}`);
      response.end();
    });
  }).listen(0, '127.0.0.1');
  try {
    await once(webhook, 'listening');
    const { port } = webhook.address() as AddressInfo;
    const destination = { webhook: `http://127.0.0.1:${port}/` };
    await using alertmanager = await startServer(
      'alertmanager',
      alertmanagerFile(destination, { groupWait: '1s', groupInterval: '1s' }),
    );
    const one = { namespace: 'live', broadcast: 'live/one' };
    const two = { namespace: 'live', broadcast: 'live/two' };
    const response = await fetch(`${alertmanager.url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([
        firing('PublisherStalled', one),
        firing('HighRebufferRate', one),
        firing('HighRebufferRate', two),
        firing('HighRebufferRateLowTraffic', two),
        firing('RelayDown', { instance: 'relay-1:9464' }),
        firing('StreamRelayDown', one),
        firing('NoActiveStreams'),
        firing('TelemetryMissing'),
        firing('StallBudgetBurnSlow'),
      ]),
    });
    expect(response.status).toBe(200);
    for (let i = 0; i < 300 && told.length < 5; i++) await sleep(100);
    // What else would come has as long again.
    await sleep(2000);
  } finally {
    webhook.close();
  }
  expect(told.toSorted()).toEqual([
    'chat: TelemetryMissing',
    'page: HighRebufferRate live/two',
    'page: PublisherStalled live/one',
    'page: RelayDown',
    'ticket: StallBudgetBurnSlow',
  ]);
});

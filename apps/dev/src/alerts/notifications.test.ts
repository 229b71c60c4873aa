import { afterEach, beforeEach, expect, test } from 'vitest';
import { listenForNotifications, type Notification, type Notifications } from './notifications.ts';

let told: Notification[];
let notifications: Notifications;

beforeEach(async () => {
  told = [];
  notifications = await listenForNotifications(['127.0.0.1', '127.0.0.2'], (notification) =>
    told.push(notification),
  );
});
afterEach(() => notifications[Symbol.asyncDispose]());

async function post(url: string, body: string): Promise<number> {
  return (await fetch(url, { method: 'POST', body })).status;
}

const labels = { alertname: 'RelayDown', severity: 'critical' };
const alert = { status: 'firing', labels, annotations: { summary: 'Relay a cannot be reached' } };
const read = {
  name: 'RelayDown',
  status: 'firing',
  severity: 'critical',
  summary: 'Relay a cannot be reached',
  labels,
};

test('takes what Alertmanager tells, at each of its addresses', async () => {
  const body = JSON.stringify({ version: '4', alerts: [alert, { ...alert, status: 'resolved' }] });
  expect(await post(notifications.url, body)).toBe(200);
  expect(told).toEqual([read, { ...read, status: 'resolved' }]);
  expect(await post(notifications.url.replace('127.0.0.1', '127.0.0.2'), body)).toBe(200);
  expect(told).toHaveLength(4);
});

test('takes nothing else', async () => {
  expect(await post(new URL('/', notifications.url).href, '{}')).toBe(404);
  expect((await fetch(notifications.url)).status).toBe(404);
  expect(await post(notifications.url, 'x'.repeat(2 ** 20 + 1))).toBe(404);
  for (const body of ['', 'null', '{}', '{"alerts":[null]}', '{"alerts":[{}]}']) {
    expect(await post(notifications.url, body), body).toBe(400);
  }
  expect(told).toEqual([]);
});

/** How relays fare: what they carry, how fast they pass it on, and what it costs them. */
import { type Dashboard, dashboard } from '../model/dashboard.ts';
import { relayVariable } from './panels.ts';
import { delivery, quic, subscriptions, traffic } from './relay/carrying.ts';
import { overview, sessions } from './relay/sessions.ts';
import { machine, process } from './relay/running.ts';

export const relay: Dashboard = dashboard({
  uid: 'moq-relay',
  title: 'MoQ Relay',
  description: 'How relays fare: what they carry, how fast they pass it on, and what it costs them.',
  variables: [relayVariable],
  rows: [overview, sessions, subscriptions, delivery, traffic, quic, process, machine],
  range: '1h',
  refresh: '10s',
});

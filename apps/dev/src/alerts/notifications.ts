import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What Alertmanager tells of an alert. */
export interface Notification {
  readonly name: string;
  readonly status: 'firing' | 'resolved';
  readonly severity: string;
  readonly summary: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Takes notifications. */
export interface Notifications extends AsyncDisposable {
  /** Where Alertmanager sends them. */
  readonly url: string;
}

/** Longest notification that is read, in bytes. */
const MAX_BYTES = 1024 * 1024;

interface Told {
  readonly alerts: readonly {
    readonly status: 'firing' | 'resolved';
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

/**
 * Listens for the notifications of Alertmanager, on a free port and by an address nobody guesses.
 *
 * @param hosts addresses to listen on
 */
export async function listenForNotifications(
  hosts: readonly string[],
  onNotification: (notification: Notification) => void,
): Promise<Notifications> {
  const path = `/${randomUUID()}`;
  const servers = hosts.map(() =>
    createServer(async (request, response) => {
      const length = Number(request.headers['content-length'] ?? Number.NaN);
      if (request.method !== 'POST' || request.url !== path || !(length <= MAX_BYTES)) {
        response.writeHead(404).end();
        return;
      }
      const told = read(await text(request).catch(() => ''));
      response.writeHead(told ? 200 : 400).end();
      for (const notification of told ?? []) onNotification(notification);
    }),
  );
  let port = 0;
  for (const [i, host] of hosts.entries()) {
    servers[i]!.listen(port, host);
    await once(servers[i]!, 'listening');
    ({ port } = servers[i]!.address() as AddressInfo);
  }
  return {
    url: `http://${hosts[0]}:${port}${path}`,
    async [Symbol.asyncDispose]() {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

/** The alerts in a notification; `undefined` when it is none. */
function read(body: string): readonly Notification[] | undefined {
  try {
    const { alerts } = JSON.parse(body) as Told;
    return alerts.map(({ status, labels, annotations }) => ({
      name: String(labels['alertname']),
      status: status === 'resolved' ? 'resolved' : 'firing',
      severity: String(labels['severity']),
      summary: String(annotations['summary']),
      labels,
    }));
  } catch {
    return undefined;
  }
}

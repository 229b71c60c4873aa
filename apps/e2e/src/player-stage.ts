import type { Metric } from '@moq-observability/moq-metrics';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort, node, type Running, start } from './process.ts';
import { type SampleLabels, sumOf } from './stack.ts';

/** What a player deals with: a relay that exports what it logs and traces, a collector that stores it, and its page. */
export interface PlayerStage extends AsyncDisposable {
  readonly relay: Running;
  readonly relayPort: number;
  readonly relayUrl: string;
  /** The collector's OTLP port. */
  readonly collectorUrl: string;
  /** The URL of the page. */
  page(parameters: Readonly<Record<string, string>>): string;
  /** The sum of a metric's samples at the collector, or undefined when there are none. */
  value(metric: Metric, labels: SampleLabels, suffix?: '_count' | '_sum'): Promise<number | undefined>;
  /** What the collector's API answers; undefined when it finds nothing. */
  ask<T>(path: string): Promise<T | undefined>;
}

/** Starts the parts, on ports of their own. */
export async function startPlayerStage(): Promise<PlayerStage> {
  const data = await mkdtemp(join(tmpdir(), 'moq-stage-'));
  const ports = await Promise.all(Array.from({ length: 5 }, () => freePort()));
  const [relayPort, relayOps, playerPort, collectorPort, collectorOps] = ports as [
    number,
    number,
    number,
    number,
    number,
  ];
  const collectorUrl = `http://127.0.0.1:${collectorPort}`;
  const api = `http://127.0.0.1:${collectorOps}`;
  const relayUrl = `http://127.0.0.1:${relayPort}/`;
  const relay = start(node, ['packages/relay-node/src/main.ts'], {
    MOQ_RELAY_PORT: String(relayPort),
    MOQ_RELAY_OPS_PORT: String(relayOps),
    OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl,
    OTEL_BSP_SCHEDULE_DELAY: '200',
    OTEL_BLRP_SCHEDULE_DELAY: '200',
  });
  const collector = start(node, ['packages/collector/src/main.ts'], {
    MOQ_COLLECTOR_PORT: String(collectorPort),
    MOQ_COLLECTOR_OPS_PORT: String(collectorOps),
    MOQ_COLLECTOR_DATA_DIR: data,
  });
  const player = start(
    node,
    ['node_modules/vite/bin/vite.js', '--port', String(playerPort), '--strictPort'],
    {
      MOQ_RELAY_PORT: String(relayPort),
      MOQ_COLLECTOR_PORT: String(collectorPort),
    },
    join(import.meta.dirname, '../../../packages/player-web'),
  );
  const dispose = async (): Promise<void> => {
    await Promise.all([relay, collector, player].map((part) => part[Symbol.asyncDispose]()));
    await rm(data, { recursive: true, force: true });
  };
  try {
    await Promise.all([
      eventually('the relay is up', async () => (await fetch(`${relayUrl}health`)).ok, 60_000),
      eventually('the collector is up', async () => (await fetch(`${api}/ready`)).ok, 60_000),
      eventually('the page is up', async () => (await fetch(`http://127.0.0.1:${playerPort}/`)).ok, 60_000),
    ]);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    relay,
    relayPort,
    relayUrl,
    collectorUrl,
    page: (parameters) => `http://127.0.0.1:${playerPort}/?${new URLSearchParams(parameters)}`,
    async value(metric, labels, suffix) {
      const response = await fetch(`${api}/metrics`);
      return sumOf(await response.text(), metric.name + (suffix ?? ''), labels);
    },
    async ask<T>(path: string) {
      const response = await fetch(api + path);
      return response.ok ? ((await response.json()) as T) : undefined;
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/** A way to the collector on which answers can get lost. */
export interface LossyWay extends AsyncDisposable {
  readonly url: string;
  /** While this is set, what is sent arrives and its answer does not. */
  losesAnswers: boolean;
  /** How many answers were lost. */
  readonly lost: number;
}

/** Opens a way to a server of HTTP. */
export async function openLossyWay(target: string): Promise<LossyWay> {
  const server: Server = createServer((incoming, outgoing) => {
    const { method, headers, url = '/' } = incoming;
    const onward = request(new URL(url, target), { method, headers }, (answer) => {
      if (!way.losesAnswers || method !== 'POST') {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        return;
      }
      way.lost += 1;
      answer.resume().on('end', () => incoming.socket.destroy());
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const way = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    losesAnswers: false,
    lost: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return way;
}

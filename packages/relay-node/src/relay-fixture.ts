/** What the tests of the relay share: real clients, and a look at the real `/metrics`. */
import type { HistogramMetric, LabelValues, Metric } from '@moq-observability/moq-metrics';
import { parseExposition } from '@moq-observability/moq-metrics/exposition';
import { Broadcast, Connection, type Group, Path, Time, type Track } from '@moq/net';
import { pino } from 'pino';
import { afterAll, beforeAll } from 'vitest';
import { connect as connectClient } from './client.ts';
import type { RelayOptions } from './config.ts';
import { createRelay, type Relay } from './relay.ts';
import { routeConsole } from './telemetry/console.ts';
import { dialWebSocket } from './transport/websocket-client.ts';

/** Any free ports, and no metrics of the process. */
export function startRelay(options: RelayOptions = {}): Promise<Relay> {
  return createRelay({ port: 0, opsPort: 0, processMetrics: false, ...options });
}

/** How a client reaches a relay. */
export interface ConnectOptions {
  /** The path of the URL, which is the root of the session. */
  readonly path?: string;
  /** The MoQ protocol it speaks; moq-lite 05 by default. */
  readonly protocol?: string;
  /** What carries it; a WebSocket by default. */
  readonly transport?: 'websocket' | 'webtransport';
}

/** Connects a client. */
export async function connect(
  relay: Pick<Relay, 'url'>,
  options: ConnectOptions = {},
): Promise<Connection.Established> {
  const url = new URL(options.path ?? '/', relay.url);
  const protocols = [options.protocol ?? 'moq-lite-05'];
  if (options.transport !== 'webtransport') {
    return Connection.connect(url, { transport: await dialWebSocket(url, protocols) });
  }
  return connectClient(url, { protocols });
}

/** Keeps what the protocol layer prints off the output of the tests. */
export function quietConsole(): void {
  let restore: () => void;
  beforeAll(() => {
    restore = routeConsole(pino({ level: 'silent' }));
  });
  afterAll(() => restore());
}

/** A track that is published: how many groups it has, of how many frames of how many bytes each. */
export interface TrackPlan {
  readonly groups: number;
  readonly frames: number;
  readonly bytes: number;
}

/** A broadcast that can be written to. */
export class TestBroadcast {
  readonly producer: Broadcast.Producer = new Broadcast.Producer();
  readonly #tracks = new Map<string, Track.Producer>();
  #catalog: Group.Producer | undefined;

  track(name: string): Track.Producer {
    let track = this.#tracks.get(name);
    if (!track) {
      track = this.producer.createTrack(name, { timescale: Time.Timescale.MICRO, latencyMax: 1000 });
      this.#tracks.set(name, track);
    }
    return track;
  }

  /** Publishes a catalog, as a new group. It stays open: a publisher forgets groups that were closed long ago. */
  catalog(renditions: { readonly video?: readonly string[]; readonly audio?: readonly string[] }): void {
    this.#catalog?.close();
    this.#catalog = this.track('catalog.json').appendGroup();
    this.#catalog.writeJson({
      video: section(renditions.video ?? []),
      audio: section(renditions.audio ?? []),
    });
  }

  /** Writes whole groups; the first bytes of a frame name its group and place. */
  write(name: string, plan: TrackPlan): void {
    for (let i = 0; i < plan.groups; i++) {
      const group = this.track(name).appendGroup();
      for (let frame = 0; frame < plan.frames; frame++) group.writeFrame(makeFrame(frame, plan.bytes));
      group.close();
    }
  }

  close(): void {
    for (const track of this.#tracks.values()) track.close();
    this.producer.close();
  }
}

function section(names: readonly string[]): object {
  return { renditions: Object.fromEntries(names.map((name) => [name, { codec: 'test' }])) };
}

/** A frame that names its place. */
export function makeFrame(index: number, bytes: number): Group.Frame {
  const payload = new Uint8Array(bytes).fill(index);
  return { payload, timestamp: Time.Timestamp.fromMicros(index * 1000) };
}

/** Publishes at a path, and waits until the relay has it. */
export async function publish(
  relay: Relay,
  connection: Connection.Established,
  name: string,
  broadcast: TestBroadcast,
  path: string = name,
): Promise<void> {
  connection.publish(Path.from(name), broadcast.producer);
  await until(() => relay.announced().includes(path));
}

/** What a viewer got of a track. */
export class Received {
  groups = 0;
  frames = 0;
  bytes = 0;
  /** First bytes of the frames, by group. */
  readonly content: Map<number, number[]> = new Map();
  ended = false;
  error: Error | undefined;
  readonly subscription: Track.Subscriber;

  constructor(subscription: Track.Subscriber) {
    this.subscription = subscription;
    void this.#read();
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const group = await this.subscription.recvGroup();
        if (!group) break;
        this.groups += 1;
        void this.#readGroup(group);
      }
    } catch (error) {
      this.error = error as Error;
    }
    this.ended = true;
  }

  async #readGroup(group: Group.Consumer): Promise<void> {
    const content: number[] = [];
    this.content.set(group.sequence, content);
    try {
      for (;;) {
        const frame = await group.readFrame();
        if (!frame) break;
        this.frames += 1;
        this.bytes += frame.payload.byteLength;
        content.push(frame.payload[0] ?? 0);
      }
    } catch {
      // The group was cut short; what came of it is counted.
    }
  }
}

/** Subscribes to a track, and takes what comes. */
export function view(connection: Connection.Established, name: string, track: string): Received {
  return new Received(connection.consume(Path.from(name)).subscribe(track));
}

/** The sum of all series of a metric that have these labels, as an operator sees it. */
export async function metric<L extends LabelValues>(
  relay: Pick<Relay, 'opsUrls'>,
  { name }: Metric<L>,
  labels: Partial<NoInfer<L>> = {},
): Promise<number> {
  const response = await fetch(new URL('/metrics', relay.opsUrls[0]));
  const page = await response.text();
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  let sum = 0;
  for (const line of page.split('\n')) {
    const [, found, given = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (found === name && wanted.every((label) => given.split(',').includes(label))) sum += Number(value);
  }
  return sum;
}

/** How often a histogram has observed anything in the series that have these labels, and what it came to. */
export async function observed<L extends LabelValues>(
  relay: Pick<Relay, 'opsUrls'>,
  { name }: HistogramMetric<L>,
  labels: Partial<NoInfer<L>> = {},
): Promise<{ count: number; sum: number }> {
  const response = await fetch(new URL('/metrics', relay.opsUrls[0]));
  const samples = parseExposition(await response.text()).families.get(name)?.samples ?? [];
  const sumOf = (member: string): number => {
    let sum = 0;
    for (const sample of samples) {
      if (sample.name !== `${name}_${member}`) continue;
      if (Object.entries(labels).every(([label, value]) => sample.labels.get(label) === value)) {
        sum += sample.value;
      }
    }
    return sum;
  };
  return { count: sumOf('count'), sum: sumOf('sum') };
}

/** Waits until something holds; fails after this many milliseconds. */
export async function until(holds: () => boolean | Promise<boolean>, limit = 10_000): Promise<void> {
  const deadline = Date.now() + limit;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`still not so: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A broadcast with a catalog and two tracks. */
export function channel(): TestBroadcast {
  const broadcast = new TestBroadcast();
  broadcast.catalog({ video: ['hi'], audio: ['sound-of-a-long-name'] });
  broadcast.track('hi');
  broadcast.track('sound-of-a-long-name');
  return broadcast;
}

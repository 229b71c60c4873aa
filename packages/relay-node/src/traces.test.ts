/** Spans and log records of a relay that runs as a process of its own, as a real OTLP endpoint gets them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { attributes as names, events, spans as schema } from '@moq-observability/moq-metrics';
import { Path } from '@moq/net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type OtlpEndpoint, type ReceivedSpan, startOtlpEndpoint } from './otlp-fixture.ts';
import { channel, connect, quietConsole, until, view } from './relay-fixture.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const SESSION = '0e37df36-f698-11e6-8dd4-cb9ced3df976';

type Line = Readonly<Record<string, unknown>>;

let endpoint: OtlpEndpoint;
let child: ChildProcess;
let text: string;
/** What the process says beside its log. */
let asides: string;
let relay: { readonly url: URL };

quietConsole();

beforeEach(async () => {
  endpoint = await startOtlpEndpoint();
});

afterEach(async () => {
  child.kill('SIGKILL');
  await endpoint[Symbol.asyncDispose]();
});

async function start(environment: Readonly<Record<string, string>> = {}): Promise<void> {
  text = '';
  asides = '';
  child = spawn(process.execPath, [MAIN, '--id', 'relay-1'], {
    env: {
      PATH: process.env['PATH'],
      MOQ_RELAY_PORT: '0',
      MOQ_RELAY_OPS_PORT: '0',
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stderr!.on('data', (data: Buffer) => (asides += data.toString()));
  child.stdout!.on('data', (data: Buffer) => (text += data.toString()));
  await until(() => lines().some(({ msg }) => msg === 'relay listens'));
  relay = { url: new URL(String(lines()[0]!['url'])) };
}

/** Ends the relay, and with it what is still to be exported. */
async function stop(): Promise<void> {
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
}

function lines(): Line[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

function spansOf(definition: { readonly name: string }): readonly ReceivedSpan[] {
  return endpoint.spans.filter(({ name }) => name === definition.name);
}

/** A publisher, and a viewer that names its trace; the viewer sees a frame and leaves. */
async function watch(query = ''): Promise<void> {
  const broadcast = channel();
  const publisher = await connect(relay);
  publisher.publish(Path.from('demo/bbb'), broadcast.producer);
  await until(() => lines().some(({ msg }) => msg === 'broadcast announced'));
  const viewer = await connect(relay, { path: `/${query}`, transport: 'webtransport' });
  const announced = viewer.announced();
  expect((await announced.next())?.path).toBe('demo/bbb');
  const video = view(viewer, 'demo/bbb', 'hi');
  await until(() => {
    broadcast.write('hi', { groups: 1, frames: 1, bytes: 10 });
    return video.frames > 0;
  });
  const track = viewer.consume(Path.from('demo/bbb')).track('hi');
  const group = await track.fetchGroup(0);
  while (await group.readFrame());
  group.close();
  viewer.close();
  await until(() => lines().some(({ msg }) => msg === 'session closed'));
  publisher.close();
  await until(() => lines().filter(({ msg }) => msg === 'session closed').length === 2);
}

test("a viewer's spans and log lines are in the trace it names", async () => {
  await start();
  await watch(`?session=${SESSION}&traceparent=00-${TRACE}-${SPAN}-00`);
  await stop();

  const [publisher, viewer] = spansOf(schema.relaySession);
  expect(viewer).toMatchObject({
    traceId: TRACE,
    parentSpanId: SPAN,
    attributes: {
      [names.relayId.name]: 'relay-1',
      [names.sessionId.name]: SESSION,
      [names.networkTransport.name]: 'webtransport',
      [names.version.name]: 'moq-lite-05',
    },
  });
  expect(publisher!.parentSpanId).toBeUndefined();
  expect(publisher!.traceId).not.toBe(TRACE);
  expect(publisher!.traceId).toMatch(/^[\da-f]{32}$/);

  const ids = { traceId: TRACE, parentSpanId: viewer!.spanId };
  const here = {
    [names.moqNamespace.name]: 'demo',
    [names.moqBroadcast.name]: 'demo/bbb',
    [names.track.name]: 'hi',
    [names.trackType.name]: 'video',
    [names.sessionId.name]: SESSION,
  };
  const links = [{ traceId: publisher!.traceId, spanId: publisher!.spanId }];
  expect(spansOf(schema.relaySubscribe)).toMatchObject([{ ...ids, attributes: here, links, status: 0 }]);
  expect(spansOf(schema.relayFetch)).toMatchObject([{ ...ids, attributes: here, links, status: 0 }]);
  const [announce] = spansOf(schema.relayAnnounce);
  expect(announce).toMatchObject({ traceId: publisher!.traceId, parentSpanId: publisher!.spanId });
  for (const { duration } of endpoint.spans) {
    expect(duration).toBeGreaterThanOrEqual(0);
    expect(duration).toBeLessThan(10_000);
  }

  const own = lines().filter((line) => line[names.sessionId.name] === SESSION);
  expect(own.map(({ msg }) => msg)).toEqual(['session opened', 'subscription closed', 'session closed']);
  for (const line of own) expect(line).toMatchObject({ trace_id: TRACE, span_id: viewer!.spanId });
  const records = endpoint.logs.filter(({ attributes }) => attributes[names.sessionId.name] === SESSION);
  expect(records.map(({ body }) => body)).toEqual(own.map(({ msg }) => msg));
  for (const record of records) expect(record).toMatchObject({ traceId: TRACE, spanId: viewer!.spanId });
  expect(records.map(({ eventName }) => eventName)).toEqual([
    undefined,
    events.relaySubscriptionClosed.name,
    events.relaySessionClosed.name,
  ]);
  expect(endpoint.logs.length).toBeGreaterThanOrEqual(lines().length - 1);
  for (const resource of endpoint.resources) expect(resource['service.name']).toBe('moq-relay');
});

test('what is exported is of the schema', async () => {
  await start();
  await watch(`?session=${SESSION}`);
  await stop();
  const definitions = new Map(Object.values(schema).map((span) => [`${span.owner} ${span.name}`, span]));
  for (const { name, attributes } of endpoint.spans) {
    const known = new Set(definitions.get(`relay ${name}`)!.attributes.map((attribute) => attribute.name));
    expect(Object.keys(attributes).filter((attribute) => !known.has(attribute))).toEqual([]);
  }
  expect(new Set(endpoint.spans.map(({ name }) => name)).size).toBe(4);
});

test('a share of sessions is exported, and every line has its ids all the same', async () => {
  await start({ MOQ_RELAY_TRACE_RATIO: '0' });
  await watch(`?session=${SESSION}&traceparent=00-${TRACE}-${SPAN}-01`);
  await stop();
  expect(endpoint.spans).toEqual([]);
  const own = lines().filter((line) => line[names.sessionId.name] === SESSION);
  expect(own).toHaveLength(3);
  for (const line of own) expect(line).toMatchObject({ trace_id: TRACE, span_id: expect.any(String) });
});

test('what fails says so in its span', async () => {
  await start();
  const viewer = await connect(relay);
  const publisher = await connect(relay);
  const broadcast = channel();
  void broadcast.producer.requested().then((request) => request?.reject(new Error('no such track')));
  publisher.publish(Path.from('demo/bbb'), broadcast.producer);
  await viewer.announced().next();
  const nothing = view(viewer, 'demo/bbb', 'nothing');
  await until(() => nothing.ended);
  await stop();
  const [failed] = spansOf(schema.relaySubscribe);
  expect(failed).toMatchObject({ status: 2, attributes: { [names.errorType.name]: 'RemoteError' } });
});

test('an endpoint that is not there costs nothing but words', async () => {
  await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
  await watch();
  await stop();
});

test('what an endpoint refuses is told in the log, and that is not exported in turn', async () => {
  await start();
  endpoint.refuses = true;
  await watch();
  await until(() => lines().some(({ source }) => source === 'opentelemetry'));
  expect(lines().find(({ source }) => source === 'opentelemetry')).toMatchObject({
    level: 'warn',
    msg: 'could not export: Bad Request',
  });
  endpoint.refuses = false;
  await stop();
  expect(endpoint.logs.map(({ body }) => body)).toContain('relay closed');
  expect(endpoint.logs.filter(({ attributes }) => attributes['source'] === 'opentelemetry')).toEqual([]);
});

test('without an endpoint nothing of it is loaded', async () => {
  await start({ OTEL_EXPORTER_OTLP_ENDPOINT: '', NODE_DEBUG: 'esm' });
  await watch();
  await stop();
  expect(endpoint.spans).toEqual([]);
  expect(endpoint.logs).toEqual([]);
  // Node itself tells which files it loads; what their sources say of other modules does not count.
  expect(asides).toContain('/node_modules/@opentelemetry/api/');
  expect(asides).not.toMatch(/\/node_modules\/@opentelemetry\/(sdk|exporter|otlp|resources)/);
});

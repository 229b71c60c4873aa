import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { client, collector as own, otelName, schema } from '@moq-observability/moq-metrics';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Collector, createCollector } from './collector.ts';
import { scrape } from './scrape-fixture.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const session = '6f1a2c9e-0b5d-4c53-9d0e-2f1d7c1b8a11';

let collector: Collector;

beforeEach(async () => {
  collector = await createCollector({
    port: 0,
    opsPort: 0,
    maxBodyBytes: 64 * 1024,
    maxDecompressedBytes: 256 * 1024,
    maxHeldBytes: 96 * 1024,
  });
});

afterEach(() => collector.close());

function post(body: RequestInit['body'], headers: Record<string, string> = {}): Promise<Response> {
  return fetch(new URL('v1/metrics', collector.url), {
    method: 'POST',
    headers: { ...JSON_TYPE, ...headers },
    body: body ?? null,
  });
}

/** The same report on every retry of its number. */
function numbered(sequence: number): Promise<Response> {
  return post(report({ stalls: 10 ** sequence }), { 'moq-report': `${session}/${sequence}` });
}

function preflight(origin: string): Promise<Response> {
  return fetch(new URL('v1/metrics', collector.url), {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,content-encoding,moq-report',
    },
  });
}

/** What a player sends: stalls, and a start in the bucket up to 0.25 s. */
function report(options: { stalls?: number; broadcast?: string; startups?: number } = {}): string {
  const { stalls = 1, broadcast = 'demo/clock.hang', startups = 0 } = options;
  const stream = [
    { key: 'namespace', value: { stringValue: 'demo' } },
    { key: 'broadcast', value: { stringValue: broadcast } },
  ];
  const transport = { key: 'transport', value: { stringValue: 'webtransport' } };
  const { buckets } = client.startupTime;
  const metrics = [
    {
      name: otelName(client.rebufferCount),
      unit: '{stall}',
      sum: {
        aggregationTemporality: 1,
        isMonotonic: true,
        dataPoints: [{ attributes: stream, timeUnixNano: '1700000000000000000', asInt: String(stalls) }],
      },
    },
    {
      name: otelName(client.startupTime),
      unit: 's',
      histogram: {
        aggregationTemporality: 1,
        dataPoints: [
          {
            attributes: [...stream, transport],
            count: startups,
            sum: startups * 0.25,
            explicitBounds: buckets,
            bucketCounts: [0, startups, ...buckets.slice(1).map(() => 0)],
          },
        ].filter(() => startups > 0),
      },
    },
  ];
  return JSON.stringify({ resourceMetrics: [{ resource: { attributes: [] }, scopeMetrics: [{ metrics }] }] });
}

const STREAM = { namespace: 'demo', broadcast: 'demo/clock.hang' };
const STARTUP = { ...STREAM, transport: 'webtransport' } as const;

/** What players count. */
const clientMetrics = schema().flatMap(({ metrics }) =>
  [...metrics.values()].filter(({ owner }) => owner === 'player'),
);

async function clientSeries(): Promise<unknown[]> {
  const page = await scrape(collector);
  return clientMetrics.flatMap((metric) => page.samples(metric).map(({ name, labels }) => [name, ...labels]));
}

describe('adds up', () => {
  test('what all players report, exactly', async () => {
    const players = Array.from({ length: 40 }, (_, i) => report({ stalls: i, startups: i % 3 }));
    const answers = await Promise.all(players.map((body) => post(body)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await answers[0]!.json()).toEqual({});
    const page = await scrape(collector);
    expect(page.value(client.rebufferCount, STREAM)).toBe((39 * 40) / 2);
    expect(page.value(client.startupTime, STARTUP, { le: 0.1 })).toBe(0);
    expect(page.value(client.startupTime, STARTUP, { le: 0.25 })).toBe(39);
    expect(page.value(client.startupTime, STARTUP, { le: Infinity })).toBe(39);
    expect(page.value(client.startupTime, STARTUP, 'sum')).toBe(39 * 0.25);
    expect(page.value(client.startupTime, STARTUP, 'count')).toBe(39);
    expect(page.value(own.reports, { result: 'accepted' })).toBe(40);
  });

  test('gzip like identity', async () => {
    expect((await post(gzipSync(report({ stalls: 3 })), { 'content-encoding': 'gzip' })).status).toBe(200);
    expect((await post(report({ stalls: 4 }), { 'content-encoding': 'identity' })).status).toBe(200);
    expect((await scrape(collector)).value(client.rebufferCount, STREAM)).toBe(7);
  });

  test('a report once, however often it is sent', async () => {
    const answers = await Promise.all([1, 2, 1, 3, 2, 2, 1].map(numbered));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => 200));
    const page = await scrape(collector);
    expect(page.value(client.rebufferCount, STREAM)).toBe(1110);
    expect(page.value(own.reports, { result: 'accepted' })).toBe(3);
    expect(page.value(own.reports, { result: 'duplicate' })).toBe(4);
  });

  test('a report that arrived mangled when it is sent again', async () => {
    const header = { 'moq-report': `${session}/1` };
    expect((await post(report().slice(0, -5), header)).status).toBe(400);
    expect((await post(report(), header)).status).toBe(200);
    expect((await scrape(collector)).value(client.rebufferCount, STREAM)).toBe(1);
  });

  test('what is good of a report, and says what was not', async () => {
    const body = JSON.parse(report({ stalls: 2 })) as { resourceMetrics: unknown[] };
    body.resourceMetrics.push(...(JSON.parse(report({ broadcast: '/bad/' })) as typeof body).resourceMetrics);
    const response = await post(JSON.stringify(body));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      partialSuccess: {
        rejectedDataPoints: '1',
        errorMessage: `"${otelName(client.rebufferCount)}": label broadcast begins or ends with a slash`,
      },
    });
    const page = await scrape(collector);
    expect(page.value(client.rebufferCount, STREAM)).toBe(2);
    expect(page.value(own.pointsRejected, { reason: 'bad_label' })).toBe(1);
  });

  test('streams past the limit as others, and counts that', async () => {
    for (let i = 0; i < 210; i++) await post(report({ broadcast: `demo/${i}` }));
    const page = await scrape(collector);
    const stalls = page.samples(client.rebufferCount);
    expect(stalls).toHaveLength(201);
    expect(stalls.reduce((sum, { value }) => sum + value, 0)).toBe(210);
    expect(page.value(own.seriesOverflow, { metric: client.rebufferCount.name })).toBe(10);
  });
});

describe('lets pages in', () => {
  test('of allowed origins, with a preflight that is remembered', async () => {
    const response = await preflight('http://localhost:5173');
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:5173');
    expect(response.headers.get('access-control-allow-methods')).toBe('POST');
    expect(response.headers.get('access-control-allow-headers')?.split(', ')).toEqual(
      expect.arrayContaining(['content-type', 'content-encoding', 'moq-report', 'authorization']),
    );
    expect(Number(response.headers.get('access-control-max-age'))).toBeGreaterThan(600);
    expect(response.headers.get('vary')).toBe('Origin');
  });

  test('so that they can read the answer, whatever it is', async () => {
    for (const body of [report(), 'nonsense']) {
      const response = await post(body, { origin: 'http://127.0.0.1:5173' });
      expect(response.headers.get('access-control-allow-origin')).toBe('http://127.0.0.1:5173');
    }
  });

  test('and no others', async () => {
    const refused = await preflight('https://evil.example');
    expect(refused.status).toBe(403);
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
    expect((await post(report(), { origin: 'https://evil.example' })).status).toBe(403);
    expect((await scrape(collector)).value(client.rebufferCount, STREAM)).toBeUndefined();
  });
});

describe('answers what is wrong with its status, and creates no series', () => {
  const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024, ' '));
  const cases: [string, () => Promise<Response>, number][] = [
    ['a truncated body', () => post(report().slice(0, -10)), 400],
    ['no body', () => post(''), 400],
    ['the wrong types', () => post('{"resourceMetrics":"x"}'), 400],
    ['bytes that are no UTF-8', () => post(Buffer.from([0x22, 0xff, 0xfe, 0x22])), 400],
    ['deep nesting', () => post('['.repeat(30_000) + ']'.repeat(30_000)), 400],
    [
      'deep nesting in a value nobody reads',
      () => post(`{"x":${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}}`),
      200,
    ],
    ['a huge body', () => post(' '.repeat(200 * 1024)), 413],
    ['a gzip bomb', () => post(bomb, { 'content-encoding': 'gzip' }), 413],
    ['what is no gzip', () => post(report(), { 'content-encoding': 'gzip' }), 400],
    ['half a gzip', () => post(gzipSync(report()).subarray(0, 60), { 'content-encoding': 'gzip' }), 400],
    ['an unknown encoding', () => post(report(), { 'content-encoding': 'br' }), 415],
    ['an unknown type', () => post(report(), { 'content-type': 'text/plain' }), 415],
    [
      'JSON that says it is Protobuf',
      () => post(report(), { 'content-type': 'application/x-protobuf' }),
      400,
    ],
    ['a strange report id', () => post(report(), { 'moq-report': 'x' }), 400],
    ['an attack on the prototype', () => post('{"__proto__":{"resourceMetrics":[{}]},"constructor":1}'), 200],
    [
      'too many points',
      () =>
        post(
          `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[${'{},'.repeat(6000)}{}]}}]}]}]}`,
        ),
      413,
    ],
    ['another method', () => fetch(new URL('v1/metrics', collector.url)), 405],
    ['another path', () => fetch(new URL('metrics', collector.url)), 404],
  ];
  test.each(cases)('%s', async (_, send, status) => {
    const before = await clientSeries();
    const response = await send();
    expect(response.status).toBe(status);
    const { message } = (
      response.headers.get('content-type') === 'application/json'
        ? await response.json()
        : { message: await response.text() }
    ) as { message?: string };
    if (status >= 400) expect(message).toMatch(/\w/);
    expect(await clientSeries()).toEqual(before);
    expect((await post(report())).status).toBe(200);
  });

  test('refused reports are counted', async () => {
    await post('nonsense');
    await post('{}', { 'content-type': 'text/plain' });
    expect((await scrape(collector)).value(own.reports, { result: 'rejected' })).toBe(2);
  });
});

test('asks to come back later when too much is being received, and recovers', async () => {
  const slow = await Promise.all(
    [0, 1].map(async () => {
      const socket = connect(Number(collector.url.port), '127.0.0.1');
      await once(socket, 'connect');
      socket.write(
        'POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50000\r\n\r\n',
      );
      socket.write(' '.repeat(48_000));
      return socket;
    }),
  );
  await expect.poll(async () => (await post(' '.repeat(3_000))).status).toBe(429);
  expect((await post(' '.repeat(3_000))).headers.get('retry-after')).toBe('1');
  for (const socket of slow) socket.destroy();
  await expect.poll(async () => (await post(report())).status).toBe(200);
});

test('goes on when clients leave in the middle of a request, and gives back what they held', async () => {
  for (let i = 0; i < 20; i++) {
    const socket = connect(Number(collector.url.port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      'POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 60000\r\n\r\n{',
    );
    socket.write(' '.repeat(30_000));
    socket.destroy();
  }
  await expect.poll(async () => (await post(`${' '.repeat(60_000)}${report()}`)).status).toBe(200);
});

describe('the ops port', () => {
  test('tells of health and readiness', async () => {
    expect(await (await fetch(new URL('health', collector.opsUrl))).json()).toMatchObject({ status: 'ok' });
    expect((await fetch(new URL('ready', collector.opsUrl))).status).toBe(200);
    expect((await fetch(new URL('nope', collector.opsUrl))).status).toBe(404);
  });

  test('shows all of its own series at zero before anything came', async () => {
    const page = await scrape(collector);
    for (const reason of ['unknown_metric', 'bad_label', 'bad_value', 'bad_buckets', 'cumulative'] as const) {
      expect(page.value(own.pointsRejected, { reason })).toBe(0);
    }
    expect(page.value(own.reports, { result: 'accepted' })).toBe(0);
  });

  test.each([{ host: 'evil.example' }, { origin: 'https://evil.example' }, { origin: 'null' }])(
    'answers no stranger: %o',
    async (headers) => {
      const socket = connect(Number(collector.opsUrl.port), '127.0.0.1');
      const lines = Object.entries({ host: 'localhost', ...headers }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      socket.write(`GET /metrics HTTP/1.1\r\n${lines.join('')}connection: close\r\n\r\n`);
      const chunks = await socket.setEncoding('utf8').toArray();
      expect(chunks.join('')).toMatch(/^HTTP\/1\.1 403 /);
    },
  );
});

test('a taken port is named, and what was opened before is closed', async () => {
  const taken = Number(collector.opsUrl.port);
  await expect(createCollector({ port: 0, opsPort: taken })).rejects.toMatchObject({
    code: 'port_taken',
    option: 'opsPort',
    message: `port ${taken} (ops) is taken`,
  });
});

test.each([
  [{ port: -1 }, 'port -1: '],
  [{ opsHosts: ['0.0.0.0'] }, 'opsHosts "0.0.0.0": beyond this machine the ops port needs opsToken'],
  [{ opsToken: 'short' }, 'opsToken: it has at least 16 characters'],
  [{ knownStreamsFrom: 'relay' }, 'knownStreamsFrom "relay": it is no http(s) URL'],
  [{ regionHeader: 'x-region' }, 'regionHeader "x-region": it needs trustedProxies'],
  [{ authKey: '/nowhere/key.jwk' }, 'authKey "/nowhere/key.jwk": ENOENT'],
  [{ allowedOrigins: ['nonsense'] }, '"nonsense" is not an origin'],
  [{ prot: 1 } as object, 'prot 1: '],
])('refuses the options %o', async (options, message) => {
  await expect(createCollector(options)).rejects.toMatchObject({
    code: 'config',
    message: expect.stringContaining(message),
  });
});

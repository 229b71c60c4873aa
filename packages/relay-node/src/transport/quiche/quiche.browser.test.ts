import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSelfSigned } from '../certificate.ts';
import type { IncomingSession, SessionTransport } from '../transport.ts';
import { listenQuiche, type QuicheServer } from './server.ts';

const certificate = createSelfSigned({ now: Date.now() });
const http = createServer((_, response) =>
  response.setHeader('content-type', 'text/html').end('<!doctype html>'),
);
let server: QuicheServer;
let browser: Browser;
let page: Page;
let onSession: (incoming: IncomingSession) => void = () => {};

beforeAll(async () => {
  server = await listenQuiche({
    host: '127.0.0.1',
    port: 0,
    certificate,
    protocols: ['moq-lite-05', 'moq-lite-04'],
    idleTimeout: 2000,
    onSession: (incoming) => onSession(incoming),
    onError: () => {},
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  browser = await chromium.launch({
    executablePath: process.env['CHROME_PATH'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
  });
  page = await browser.newPage();
  await page.goto(`http://localhost:${(http.address() as AddressInfo).port}/`);
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  http.close();
});

/** What a page needs to open a session. */
function target(): { url: string; hash: number[] } {
  return {
    url: `https://127.0.0.1:${server.port}/room?x=1`,
    hash: [...Buffer.from(certificate.sha256, 'hex')],
  };
}

/** Accepts the next session. */
function nextSession(): Promise<{ readonly incoming: IncomingSession; readonly session: SessionTransport }> {
  return new Promise((resolve, reject) => {
    onSession = (incoming) => {
      incoming.accept().then((session) => resolve({ incoming, session }), reject);
    };
  });
}

test('Chromium speaks over streams and datagrams, and closes with a code', async () => {
  const accepted = nextSession();
  const inPage = page.evaluate(async ({ url, hash }) => {
    const transport = new WebTransport(url, {
      serverCertificateHashes: [{ algorithm: 'sha-256', value: new Uint8Array(hash) }],
      protocols: ['other', 'moq-lite-04', 'moq-lite-05'],
    });
    await transport.ready;
    const encoder = new TextEncoder();

    const pair = await transport.createBidirectionalStream();
    const pairWriter = pair.writable.getWriter();
    void pairWriter.write(encoder.encode('both ways'));
    void pairWriter.close();
    const bidirectional = await new Response(pair.readable).text();

    const uniWriter = (await transport.createUnidirectionalStream()).getWriter();
    void uniWriter.write(new Uint8Array(2_000_000).fill(7));
    void uniWriter.close();
    const incoming = await transport.incomingUnidirectionalStreams.getReader().read();
    const unidirectional = (await new Response(incoming.value).bytes()).length;

    const datagrams = transport.datagrams.readable.getReader();
    const datagramWriter = transport.datagrams.writable.getWriter();
    // One may get lost.
    const timer = setInterval(() => void datagramWriter.write(encoder.encode('a datagram')), 20);
    const { value } = await datagrams.read();
    clearInterval(timer);
    const datagram = new TextDecoder().decode(value);

    const resetWriter = (await transport.createUnidirectionalStream()).getWriter();
    await resetWriter.write(encoder.encode('reset me'));
    const stopped = await resetWriter.closed.catch((error: WebTransportError) => error.streamErrorCode);

    transport.close({ closeCode: 4321, reason: 'seen enough' });
    const { protocol } = transport as unknown as { protocol: string };
    return { bidirectional, unidirectional, datagram, stopped, protocol };
  }, target());

  const { incoming, session } = await accepted;
  expect(incoming.url.pathname + incoming.url.search).toBe('/room?x=1');
  const { webTransport } = session;

  const bidi = webTransport.incomingBidirectionalStreams.getReader();
  const { value: pair } = await bidi.read();
  await pair.readable.pipeTo(pair.writable);

  const uni = webTransport.incomingUnidirectionalStreams.getReader();
  const { value: stream } = await uni.read();
  await stream.pipeTo(await webTransport.createUnidirectionalStream());

  void webTransport.datagrams.readable.pipeTo(webTransport.datagrams.writable).catch(() => {});

  const { value: unwanted } = await uni.read();
  // A write that Chromium has not finished would fail without the code.
  await new Promise((resolve) => setTimeout(resolve, 200));
  await unwanted.cancel(Object.assign(new Error('unwanted'), { streamErrorCode: 99 }));

  await expect(inPage).resolves.toEqual({
    bidirectional: 'both ways',
    unidirectional: 2_000_000,
    datagram: 'a datagram',
    stopped: 99,
    protocol: 'moq-lite-05',
  });
  await expect(session.closed).resolves.toEqual({ by: 'peer', code: 4321, reason: 'seen enough' });
  const stats = session.stats()!;
  expect(stats.bytesReceived).toBeGreaterThan(2_000_000);
  expect(stats.bytesSent).toBeGreaterThan(2_000_000);
});

test('Chromium learns the code and reason of our close, and our resets', async () => {
  const accepted = nextSession();
  const inPage = page.evaluate(async ({ url, hash }) => {
    const transport = new WebTransport(url, {
      serverCertificateHashes: [{ algorithm: 'sha-256', value: new Uint8Array(hash) }],
    });
    await transport.ready;
    const incoming = await transport.incomingUnidirectionalStreams.getReader().read();
    const reader = (incoming.value as ReadableStream<Uint8Array>).getReader();
    let code: number | null | undefined;
    try {
      while (!(await reader.read()).done);
    } catch (error) {
      code = (error as WebTransportError).streamErrorCode;
    }
    const { closeCode, reason } = await transport.closed;
    return { code, closeCode, reason };
  }, target());

  const { session } = await accepted;
  const writer = (await session.webTransport.createUnidirectionalStream()).getWriter();
  await writer.write(Buffer.from('begun'));
  await new Promise((resolve) => setTimeout(resolve, 200));
  await writer.abort(Object.assign(new Error('changed my mind'), { streamErrorCode: 31 }));
  await new Promise((resolve) => setTimeout(resolve, 200));
  session.close(77, 'that was all');
  await expect(inPage).resolves.toEqual({ code: 31, closeCode: 77, reason: 'that was all' });
});

test('Chromium is refused with a status', async () => {
  onSession = (incoming) => incoming.reject(403);
  const failed = await page.evaluate(async ({ url, hash }) => {
    const transport = new WebTransport(url, {
      serverCertificateHashes: [{ algorithm: 'sha-256', value: new Uint8Array(hash) }],
    });
    transport.closed.catch(() => {});
    return transport.ready.then(
      () => 'connected',
      (error: WebTransportError) => error.source,
    );
  }, target());
  expect(failed).toBe('session');
});

test('a page that goes away ends its session', async () => {
  const accepted = nextSession();
  const other = await browser.newPage();
  await other.goto(page.url());
  await other.evaluate(async ({ url, hash }) => {
    const transport = new WebTransport(url, {
      serverCertificateHashes: [{ algorithm: 'sha-256', value: new Uint8Array(hash) }],
    });
    await transport.ready;
  }, target());
  const { session } = await accepted;
  const since = performance.now();
  await other.close();
  // Chromium may go without a word.
  const { by, code } = await session.closed;
  expect(['peer', 'idle']).toContain(by);
  expect(code).toBe(0);
  expect(performance.now() - since).toBeLessThan(8000);
});

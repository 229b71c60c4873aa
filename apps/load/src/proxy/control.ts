import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { type Endpoint, parseDuration, parsePercent, parseRate } from '../cli/quantities.ts';
import { LoadError, messageOf } from '../error.ts';
import type { FaultProxy } from './fault-proxy.ts';
import type { Faults } from './faults.ts';

/** A running control port. */
export interface ProxyControl extends AsyncDisposable {
  readonly address: Endpoint;
}

/** Longest body of a request, in bytes. */
const MAX_BODY = 4096;
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

/**
 * Opens the HTTP port that controls a proxy while it runs. Bodies are JSON, values as on the command line:
 * `GET /` tells everything, `POST /faults` changes faults (`{"loss": "10%", "rate": "none"}`), `POST /cut` cuts the
 * path (`{"for": "3s"}`).
 *
 * @throws LoadError `option` when the address is not of this machine alone, and `port` when it is taken.
 */
export async function openProxyControl(proxy: FaultProxy, { host, port }: Endpoint): Promise<ProxyControl> {
  if (!LOOPBACK.includes(host)) {
    throw new LoadError('option', `the control port listens on ${LOOPBACK.join(', ')} only, not on ${host}`);
  }
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
    void answer(proxy, request).then(
      ({ status, body }) => send(response, status, body),
      (error: unknown) =>
        send(response, error instanceof LoadError ? 400 : 500, { detail: messageOf(error) }),
    );
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new LoadError('port', `cannot listen on ${host}:${port}: ${messageOf(error)}`, { cause: error });
  }
  return {
    address: { host, port: (server.address() as AddressInfo).port },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function answer(proxy: FaultProxy, request: IncomingMessage): Promise<Answer> {
  // A web page must not be able to reach this, neither across origins nor by a name that points here.
  const name = URL.parse(`http://${request.headers.host ?? ''}`)?.hostname.replace(/^\[|\]$/g, '');
  if (request.headers.origin !== undefined || !LOOPBACK.includes(name ?? '')) {
    return { status: 403, body: { detail: 'for programs on this machine only' } };
  }
  switch (`${request.method} ${request.url}`) {
    case 'GET /':
      break;
    case 'POST /faults':
      proxy.set(readFaults(await readBody(request)));
      break;
    case 'POST /cut':
      proxy.cut(readCut(await readBody(request)));
      break;
    default:
      return { status: 404, body: { detail: 'there are GET /, POST /faults and POST /cut' } };
  }
  return { status: 200, body: { faults: proxy.faults, ...proxy.stats() } };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': status === 200 ? 'application/json' : 'application/problem+json',
  });
  response.end(`${JSON.stringify(body)}\n`);
}

async function readBody(request: IncomingMessage): Promise<ReadonlyMap<string, string>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY) throw new LoadError('option', `a body has at most ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  let body: unknown;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString());
  } catch (error) {
    throw new LoadError('option', 'the body is no JSON', { cause: error });
  }
  if (typeof body !== 'object' || body === null) throw new LoadError('option', 'the body is no object');
  return new Map(Object.entries(body).map(([name, value]) => [name, String(value)]));
}

function readFaults(body: ReadonlyMap<string, string>): Partial<Faults> {
  const faults: { -readonly [K in keyof Faults]?: Faults[K] } = {};
  for (const [name, value] of body) {
    switch (name) {
      case 'loss':
        faults.loss = parsePercent(value);
        break;
      case 'delay':
      case 'jitter':
        faults[name] = parseDuration(value);
        break;
      case 'rate':
        faults.rate = value === 'none' ? undefined : parseRate(value);
        break;
      default:
        throw new LoadError('option', `there is no fault ${JSON.stringify(name)}: loss, delay, jitter, rate`);
    }
  }
  return faults;
}

function readCut(body: ReadonlyMap<string, string>): number {
  const duration = body.get('for');
  if (duration === undefined || body.size !== 1) throw new LoadError('option', 'say how long: {"for": "3s"}');
  return parseDuration(duration);
}

/** A server for the tests: the one `MOQ_TEST_CLICKHOUSE_URL` names, or chDB behind ClickHouse's HTTP interface. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { hex } from './rows-fixture.ts';

/** A server with an empty database. */
export interface TestServer extends AsyncDisposable {
  readonly url: URL;
}

/** Finds or starts a server. */
export async function startServer(): Promise<TestServer> {
  const given = process.env['MOQ_TEST_CLICKHOUSE_URL'];
  return given === undefined ? FrontServer.start() : emptyDatabase(new URL(given));
}

async function emptyDatabase(url: URL): Promise<TestServer> {
  const client = createClient({ url });
  const database = `moq_test_${hex(16)}`;
  await client.command({ query: `CREATE DATABASE ${database}` });
  return {
    url: new URL(`/${database}`, url),
    async [Symbol.asyncDispose]() {
      await client.command({ query: `DROP DATABASE ${database}` });
      await client.close();
    },
  };
}

const FRONT = new URL('./clickhouse-front.ts', import.meta.url);

/** A server that can be killed, and started again where it was. */
export class FrontServer implements TestServer {
  readonly #folder: string;
  #port = 0;
  #process: ChildProcess | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async start(): Promise<FrontServer> {
    const server = new FrontServer(await mkdtemp(join(tmpdir(), 'clickhouse-')));
    await server.restart();
    return server;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#port}`);
  }

  async restart(): Promise<void> {
    this.#process = fork(FRONT, [this.#folder, String(this.#port)], { execArgv: [], stdio: 'ignore' });
    const [port] = (await once(this.#process, 'message')) as [number];
    this.#port = port;
  }

  async kill(): Promise<void> {
    const exit = once(this.#process!, 'exit');
    this.#process!.kill('SIGKILL');
    await exit;
  }

  /** From now on it does what it is asked, and nobody hears of it; or answers again. */
  loseAnswers(lose: boolean): void {
    this.#process!.send(lose ? 'lose answers' : 'answer');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, maxRetries: 5 });
  }
}

/**
 * For tests, where there is no ClickHouse server: chDB, which is ClickHouse, behind as much of ClickHouse's HTTP
 * interface as a collector uses. A process of its own, so that it can be killed as a server can. Started as
 * `clickhouse-front.ts <folder> <port>`; says its port over IPC.
 *
 * Source: https://clickhouse.com/docs/interfaces/http
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Session } from 'chdb';

const [folder, port] = process.argv.slice(2);
const session = new Session(folder);

process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.on('message', (message) => {
  losing = message === 'lose answers';
});

/** Whether it does what it is asked, and cuts the connection instead of answering. */
let losing = false;

// As long a URL as a server takes.
const server = createServer({ maxHeaderSize: 1024 ** 2 }, (request, response) => {
  void serve(request, response).catch((error: unknown) => {
    const number = error instanceof Error && 'clickhouseCode' in error ? error.clickhouseCode : 0;
    response.writeHead(500, { 'x-clickhouse-exception-code': String(number) });
    response.end(`${error instanceof Error ? error.message : error} (version 26.7)`);
  });
});
server.listen(Number(port), '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url!, 'http://localhost');
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const statement = url.searchParams.get('query');
  if (url.pathname === '/ping') return void response.end('Ok.\n');
  const answer = statement === null ? await run(String(body), url) : await insert(statement, body, url);
  if (losing) return void response.destroy();
  response.writeHead(200, { 'x-clickhouse-summary': '{}' });
  response.end(answer);
}

async function run(text: string, url: URL): Promise<Uint8Array> {
  const [, sql, format] = /^([^]*?)(?:\s+FORMAT (\w+))?\s*$/.exec(text)!;
  const params: Record<string, string> = {};
  for (const [name, value] of url.searchParams) {
    if (name.startsWith('param_')) params[name.slice('param_'.length)] = unescape(value);
  }
  const result = await session.queryBindAsync(sql!, params, { format: format ?? 'TabSeparated' });
  return result.bytes();
}

async function insert(statement: string, values: Buffer, url: URL): Promise<string> {
  const [, table, columns] = /^INSERT INTO (\w+) \((.+)\) FORMAT JSONCompactEachRow$/.exec(statement.trim())!;
  const settings = [...url.searchParams].filter(
    ([name]) => name.startsWith('insert_') || name.startsWith('deduplicate_'),
  );
  await session.insert({
    table: table!,
    columns: columns!.split(', '),
    format: 'JSONCompactEachRow',
    values,
    settings: Object.fromEntries(settings),
  });
  return '';
}

/** Parameters come as in a tab-separated file; chDB's own binding writes them that way again. */
function unescape(text: string): string {
  const special: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', '0': '\0' };
  return text.replace(/\\(.)/gs, (_, character: string) => special[character] ?? character);
}

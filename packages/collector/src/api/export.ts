import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import type { Streamed } from './reply.ts';

/** Rows turned to text before others get their turn. */
const ROWS_AT_ONCE = 200;

/** An object as one JSON file, written a little at a time. */
export function jsonFile(name: string, content: object): Streamed {
  return {
    stream: async (response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-disposition': `attachment; filename="${name.replaceAll(/[^\w.-]/g, '_')}"`,
      });
      for (const piece of pieces(content)) {
        if (response.destroyed) return;
        if (!response.write(piece)) await drained(response);
        await setImmediate();
      }
      response.end();
    },
  };
}

function* pieces(content: object): Generator<string> {
  yield '{';
  const entries = Object.entries(content).filter(([, value]) => value !== undefined);
  for (const [i, [name, value]] of entries.entries()) {
    yield `${i > 0 ? ',' : ''}${JSON.stringify(name)}:`;
    if (Array.isArray(value)) yield* rows(value);
    else yield JSON.stringify(value);
  }
  yield '}\n';
}

function* rows(list: readonly unknown[]): Generator<string> {
  yield '[';
  for (let from = 0; from < list.length; from += ROWS_AT_ONCE) {
    const text = JSON.stringify(list.slice(from, from + ROWS_AT_ONCE));
    yield `${from > 0 ? ',' : ''}${text.slice(1, -1)}`;
  }
  yield ']';
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('drain', resolve);
    response.once('close', resolve);
  });
}

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import sendFile from 'send';
import { CollectorError } from '../errors.ts';
import { Problem } from './reply.ts';
import type { RouteDefinition } from './router.ts';

/** Where pages of the console never are: what asks there asks for data. */
const NO_PAGES = /^\/(api|prometheus|alertmanager|v1)(\/|$)/;

/** Files that the bundler named by their content: browsers keep them. */
const BY_CONTENT = /^\/assets\//;

/** A year, in seconds. */
const YEAR = 31_536_000;

/** Scripts and data come from here alone, and no other page shows this one in a frame. */
const POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The built console: its files, and its one page for every other path, as it finds its way on its own.
 *
 * @throws CollectorError `config` when there is no page in the folder
 */
export async function consoleRoute(folder: string): Promise<RouteDefinition> {
  const page = join(folder, 'index.html');
  const isThere = await stat(page).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isThere) {
    throw new CollectorError('config', `console ${JSON.stringify(folder)}: there is no index.html in it`, {
      option: 'console',
    });
  }
  return {
    path: '/*',
    handle: ({ request, url: { pathname } }) => {
      if (NO_PAGES.test(pathname)) throw new Problem(404, 'there is nothing here');
      const isFile = /\.[^/]*$/.test(pathname);
      const caching = BY_CONTENT.test(pathname) ? `max-age=${YEAR}, immutable` : 'no-cache';
      const file = sendFile(request, isFile ? pathname : '/index.html', {
        root: folder,
        index: false,
        cacheControl: false,
      });
      return {
        stream: (response) =>
          new Promise((resolve) => {
            const refuse = (status: number): void => {
              const { contentType, body } = new Problem(status, 'there is no such file').page;
              response.writeHead(status, { 'content-type': contentType }).end(body);
            };
            response.once('close', resolve);
            file
              .on('headers', () => {
                response.setHeader('content-security-policy', POLICY);
                response.setHeader('cache-control', caching);
              })
              .on('directory', () => refuse(404))
              .on('error', ({ status = 500 }: { readonly status?: number }) => refuse(status))
              .pipe(response);
          }),
      };
    },
  };
}

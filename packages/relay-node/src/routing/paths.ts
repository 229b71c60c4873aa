import { broadcastPath } from '@moq-observability/moq-metrics';

/** The deepest path the protocols can carry. */
const MAX_PARTS = 32;

/** Bytes of paths that show up in logs and metrics as they are: nothing that could pass for something else. */
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/**
 * The root of a session: the path of the URL it connected to, percent-decoded, without outer slashes. All its
 * broadcasts are below.
 *
 * @returns `undefined` when the path cannot be the root of anything
 */
export function sessionRoot(url: URL, maxBytes: number): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(url.pathname);
  } catch {
    // A percent sign that is no escape, or bytes that are no text.
    return undefined;
  }
  const root = normalizePath(path);
  return root === '' ? root : (isPath(root, maxBytes) && root) || undefined;
}

/**
 * The path of a broadcast that a session announces.
 *
 * @returns `undefined` when it is empty, too long, too deep, or not plain text
 */
export function announcedPath(root: string, name: string, maxBytes: number): string | undefined {
  const path = normalizePath(broadcastPath(root, name));
  return isPath(path, maxBytes) ? path : undefined;
}

/**
 * What a broadcast is called by a session: its path below the session's root.
 *
 * @returns `undefined` when it is not below
 */
export function nameBelow(root: string, path: string): string | undefined {
  if (root === '') return path;
  if (path === root) return '';
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : undefined;
}

/** A path without outer or double slashes. */
export function normalizePath(path: string): string {
  return path.split('/').filter(Boolean).join('/');
}

function isPath(path: string, maxBytes: number): boolean {
  return (
    path !== '' &&
    Buffer.byteLength(path) <= maxBytes &&
    path.split('/').length <= MAX_PARTS &&
    path.isWellFormed() &&
    !CONTROL.test(path)
  );
}

/** How broadcasts are called. A module of its own: pages need it before anything else of the schema. */

/** Where values past a bounded label's limit go, and those that are no good as a label. */
export const OTHER = '__other__';

/** The namespace of a broadcast whose path has a single segment. */
export const ROOT_NAMESPACE = '_root';

/** The path of a broadcast: connect path (or token root) and broadcast name, joined with `/`, no outer slashes. */
export function broadcastPath(root: string, name: string): string {
  return [root, name].map(withoutOuterSlashes).filter(Boolean).join('/');
}

function withoutOuterSlashes(path: string): string {
  let start = 0;
  let end = path.length;
  while (path[start] === '/') start += 1;
  while (end > start && path[end - 1] === '/') end -= 1;
  return path.slice(start, end);
}

/** The namespace of a broadcast: everything before the last `/` of its path, `_root` when there is none. */
export function namespaceOf(broadcast: string): string {
  if (broadcast === OTHER) return OTHER;
  const slash = broadcast.lastIndexOf('/');
  return slash < 0 ? ROOT_NAMESPACE : broadcast.slice(0, slash);
}

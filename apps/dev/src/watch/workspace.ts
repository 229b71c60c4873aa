import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A package of the workspace. */
export interface WorkspacePackage {
  readonly name: string;
  /** Its folder, relative to the root. */
  readonly folder: string;
  /** Names of the packages of the workspace its code needs to run. */
  readonly needs: readonly string[];
}

/** The packages of the workspace and who needs whom, as their package.json files say. */
export async function readWorkspace(root: string): Promise<readonly WorkspacePackage[]> {
  const manifests = await Promise.all(
    globSync('{packages,apps}/*/package.json', { cwd: root }).map(async (path) => ({
      folder: dirname(path),
      ...(JSON.parse(await readFile(join(root, path), 'utf8')) as Manifest),
    })),
  );
  const names = new Set(manifests.map(({ name }) => name));
  return manifests
    .map(({ name, folder, dependencies = {}, peerDependencies = {} }) => ({
      name,
      folder,
      needs: Object.keys({ ...dependencies, ...peerDependencies }).filter((other) => names.has(other)),
    }))
    .toSorted((a, b) => a.folder.localeCompare(b.folder));
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/**
 * The packages that changed and all that need one of them, directly or not, each after those it needs.
 *
 * @param changed folders of packages
 */
export function affectedBy(
  changed: ReadonlySet<string>,
  packages: readonly WorkspacePackage[],
): readonly WorkspacePackage[] {
  const affected: WorkspacePackage[] = [];
  const visited = new Map<string, boolean>();
  const visit = (entry: WorkspacePackage): boolean => {
    const known = visited.get(entry.name);
    if (known !== undefined) return known;
    visited.set(entry.name, false);
    const needed = packages.filter(({ name }) => entry.needs.includes(name));
    // Every one is visited: `some` alone would stop at the first.
    const isAffected = needed.map(visit).includes(true) || changed.has(entry.folder);
    visited.set(entry.name, isAffected);
    if (isAffected) affected.push(entry);
    return isAffected;
  };
  for (const entry of packages) visit(entry);
  return affected;
}

/** Folders of the given packages and of all packages they need, directly or not. */
export function neededBy(
  folders: Iterable<string>,
  packages: readonly WorkspacePackage[],
): ReadonlySet<string> {
  const needed = new Set<string>();
  const visit = (entry: WorkspacePackage): void => {
    if (needed.has(entry.folder)) return;
    needed.add(entry.folder);
    for (const other of packages) if (entry.needs.includes(other.name)) visit(other);
  };
  const given = new Set(folders);
  for (const entry of packages) if (given.has(entry.folder)) visit(entry);
  return needed;
}

import { expect, test } from 'vitest';
import { root } from '../paths.ts';
import { affectedBy, neededBy, readWorkspace, type WorkspacePackage } from './workspace.ts';

const packages: readonly WorkspacePackage[] = [
  { name: '@x/load', folder: 'apps/load', needs: ['@x/relay', '@x/schema'] },
  { name: '@x/site', folder: 'apps/site', needs: [] },
  { name: '@x/collector', folder: 'packages/collector', needs: ['@x/schema'] },
  { name: '@x/relay', folder: 'packages/relay', needs: ['@x/schema'] },
  { name: '@x/schema', folder: 'packages/schema', needs: [] },
];
const folders = (found: Iterable<WorkspacePackage>): string[] => [...found].map(({ folder }) => folder);

test('a change affects whoever needs what changed, each after those it needs', () => {
  const affected = folders(affectedBy(new Set(['packages/schema']), packages));
  expect(affected.toSorted()).toEqual([
    'apps/load',
    'packages/collector',
    'packages/relay',
    'packages/schema',
  ]);
  expect(affected[0]).toBe('packages/schema');
  expect(affected.indexOf('packages/relay')).toBeLessThan(affected.indexOf('apps/load'));
});

test('a change affects nobody else', () => {
  expect(folders(affectedBy(new Set(['packages/relay']), packages))).toEqual(['packages/relay', 'apps/load']);
  expect(folders(affectedBy(new Set(['apps/site']), packages))).toEqual(['apps/site']);
  expect(folders(affectedBy(new Set(['apps/gone']), packages))).toEqual([]);
});

test('packages that need one another do not hang it', () => {
  const circle = [
    { name: 'a', folder: 'packages/a', needs: ['b'] },
    { name: 'b', folder: 'packages/b', needs: ['a'] },
  ];
  expect(folders(affectedBy(new Set(['packages/a']), circle))).toContain('packages/a');
});

test('what a package needs is found to the end', () => {
  expect([...neededBy(['apps/load'], packages)].toSorted()).toEqual([
    'apps/load',
    'packages/relay',
    'packages/schema',
  ]);
});

test('reads this workspace: everything that runs hangs on the schema', async () => {
  const found = await readWorkspace(root);
  const affected = folders(affectedBy(new Set(['packages/moq-metrics']), found));
  expect(affected).toEqual(
    expect.arrayContaining(['packages/relay-node', 'packages/collector', 'packages/player-web', 'apps/load']),
  );
});

import { beforeEach, describe, expect, test } from 'vitest';
import { Changes, isConfiguration, packageOf, type Verdict } from './changes.ts';
import type { WorkspacePackage } from './workspace.ts';

const packages: readonly WorkspacePackage[] = [
  { name: 'load', folder: 'apps/load', needs: ['relay'] },
  { name: 'tests', folder: 'apps/tests', needs: ['load'] },
  { name: 'collector', folder: 'packages/collector', needs: ['schema'] },
  { name: 'relay', folder: 'packages/relay', needs: ['schema'] },
  { name: 'schema', folder: 'packages/schema', needs: [] },
];
const running = new Set(['apps/load', 'packages/collector', 'packages/relay', 'packages/schema']);

let changes: Changes;
let broken: Record<string, string>;
let checked: string[];

beforeEach(() => {
  changes = new Changes();
  broken = {};
  checked = [];
});

async function settle(...changed: readonly string[]): Promise<Verdict> {
  checked = [];
  for (const folder of changed) changes.add(folder);
  return changes.settle(packages, running, async (folder) => {
    checked.push(folder);
    return broken[folder];
  });
}

describe('files that count', () => {
  test.each([
    ['packages/relay/src/relay.ts', 'packages/relay'],
    ['packages/player/demo/style.css', 'packages/player'],
    ['apps/load/package.json', 'apps/load'],
  ])('%s', (path, folder) => {
    expect(packageOf(path)).toBe(folder);
  });

  test.each([
    'packages/relay/src/relay.test.ts',
    'packages/relay/src/relay.browser.test.ts',
    'packages/relay/README.md',
    'packages/relay/dist/index.js',
    'packages/relay/bench/x.bench.ts',
    'packages/relay/src/relay.ts~',
    'packages/relay/src/.relay.ts.swp',
    'turbo.json',
  ])('not %s', (path) => {
    expect(packageOf(path)).toBeUndefined();
  });
});

describe('what compiles is taken up', () => {
  test('with everything that needs it and runs, each after those it needs', async () => {
    const { good, errors } = await settle('packages/schema');
    expect(good.toSorted()).toEqual([...running].toSorted());
    expect(good[0]).toBe('packages/schema');
    expect(good.indexOf('packages/relay')).toBeLessThan(good.indexOf('apps/load'));
    expect(errors).toEqual([]);
  });

  test('and nothing else is compiled', async () => {
    expect((await settle('packages/collector')).good).toEqual(['packages/collector']);
    expect(checked).toEqual(['packages/collector']);
    expect((await settle('apps/tests')).good).toEqual([]);
    expect(checked).toEqual([]);
  });
});

describe('what does not compile', () => {
  test('holds everything that needs it, with one error', async () => {
    broken['packages/schema'] = 'schema.ts(1,1): error TS1: no';
    expect(await settle('packages/schema')).toEqual({
      good: [],
      errors: ['schema.ts(1,1): error TS1: no'],
      mended: [],
    });
    expect(checked).toEqual(['packages/schema']);
  });

  test('holds no one else', async () => {
    broken['packages/relay'] = 'relay.ts(1,1): error TS1: no';
    const { good, errors } = await settle('packages/schema');
    expect(good).toEqual(['packages/schema', 'packages/collector']);
    expect(errors).toHaveLength(1);
  });

  test('is told once, for as long as it stays the same', async () => {
    broken['packages/schema'] = 'one';
    expect((await settle('packages/schema')).errors).toEqual(['one']);
    expect((await settle('packages/schema')).errors).toEqual([]);
    broken['packages/schema'] = 'two';
    expect((await settle('packages/schema')).errors).toEqual(['two']);
  });

  test('is taken up once it compiles, and all that waited for it', async () => {
    broken['packages/schema'] = 'one';
    await settle('packages/schema');
    expect((await settle('packages/relay')).good).toEqual([]);
    delete broken['packages/schema'];
    const { good, mended } = await settle('packages/schema');
    expect(good.toSorted()).toEqual([...running].toSorted());
    expect(mended).toEqual(['packages/schema']);
  });

  test('is tried again with a change anywhere, and told again when it comes back', async () => {
    broken['packages/relay'] = 'one';
    await settle('packages/relay');
    delete broken['packages/relay'];
    expect((await settle('packages/collector')).good.toSorted()).toEqual([
      'apps/load',
      'packages/collector',
      'packages/relay',
    ]);
    broken['packages/relay'] = 'one';
    expect((await settle('packages/relay')).errors).toEqual(['one']);
  });
});

test.each([
  ['observability/prometheus.yml', true],
  ['observability/prometheus-alerts.yml', true],
  ['observability/targets/native.json', true],
  ['observability/docker-compose.yml', false],
  ['observability/tests/RelayDown.yml', false],
  ['observability/grafana/dashboards/moq-relay.json', false],
  ['packages/dashboards/src/index.ts', false],
])('whether %s is configuration of a server that reads it again: %s', (path, is) => {
  expect(isConfiguration(path)).toBe(is);
});

/** The compose file, where no engine is needed to see that it is as it should be. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from '../paths.ts';

interface ComposeService {
  readonly image: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly restart: string;
  readonly network_mode?: string;
}

const folder = join(root, 'observability');
let services: [name: string, service: ComposeService][];
let volumes: readonly string[];

beforeAll(async () => {
  const text = await readFile(join(folder, 'docker-compose.yml'), 'utf8');
  const file = parse(text, { merge: true }) as {
    services: Record<string, ComposeService>;
    volumes: Record<string, unknown>;
  };
  services = Object.entries(file.services);
  volumes = Object.keys(file.volumes);
});

/** The services of a profile, or of none. */
function named(profile?: string): readonly string[] {
  return services.filter(([, { profiles }]) => profiles?.[0] === profile).map(([name]) => name);
}

test('the backends are all there, and the others are asked for by a profile', () => {
  const backends = [
    'alertmanager',
    'alloy',
    'docker-proxy',
    'grafana',
    'loki',
    'node-exporter',
    'prometheus',
    'tempo',
  ];
  expect(named().toSorted()).toEqual(backends);
  expect(named('app')).toEqual(['install', 'relay', 'collector', 'load', 'player', 'console']);
  expect(named('clickhouse')).toEqual(['clickhouse']);
});

test('every image is pinned to a version, and those that run our code have glibc', () => {
  for (const [name, { image, profiles }] of services) {
    expect(image, name).toMatch(/:v?\d+\.\d+/);
    if (profiles?.includes('app')) expect(image, name).toMatch(/^node:24\.\d+\.\d+-bookworm-slim$/);
  }
});

test('nothing is published beyond loopback, and no port twice or where the stack has its own', () => {
  const own = ['4443', '9464', '5173', '4318', '8889', '4000'];
  const ports = services.flatMap(([, service]) => service.ports ?? []);
  const published = ports.map((port) => /^127\.0\.0\.1:\$\{MOQ_\w+_PORT:-(\d+)\}:\d+$/.exec(port)?.[1]);
  expect(published).not.toContain(undefined);
  expect(new Set([...published, ...own]).size).toBe(published.length + own.length);
});

test('everything that goes on says whether it is well, but for the publisher, which listens nowhere', () => {
  const silent = services.filter(([, { healthcheck, restart }]) => !healthcheck && restart !== 'no');
  expect(silent.map(([name]) => name)).toEqual(['load']);
});

test('what is mounted is there, read-only, or a volume', () => {
  for (const [name, service] of services) {
    for (const mount of service.volumes ?? []) {
      const [source = '', , mode] = mount.replace(/^\$\{MOQ_STAGE:-\.\}/, '.').split(':');
      if (/^[\w-]+$/.test(source)) {
        expect(volumes, `${name} ${mount}`).toContain(source);
      } else {
        expect(mode, `${name} ${mount}`).toBe('ro');
        if (source.startsWith('.')) expect(existsSync(join(folder, source)), `${name} ${mount}`).toBe(true);
      }
    }
  }
});

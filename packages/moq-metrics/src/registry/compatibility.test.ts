import { describe, expect, test } from 'vitest';
import { announcedLevel, compare } from './compatibility.ts';
import { type MetricJson, type SchemaJson, schemaJson } from './schema-json.ts';

const thing: MetricJson = {
  key: 'relay.things',
  otelName: 'moq.relay.things',
  kind: 'histogram',
  unit: 's',
  description: 'Things',
  labels: { kind: { values: ['a', 'b'] }, name: { limit: 5 } },
  buckets: [1, 2],
  owner: 'relay',
  stability: 'stable',
  status: 'live',
  since: '0.1.0',
};
const parts = { $comment: '', spans: [], events: [], logFields: [] };
const attributes = [{ name: 'session.id', description: 'The session' }];
const released: SchemaJson = { ...parts, attributes, metrics: { things: thing } };

/** What changed, as one text per change. */
function changes(next: Partial<SchemaJson>): readonly string[] {
  return compare(released, { ...released, ...next }).map(({ level, message }) => `${level}: ${message}`);
}

function withThing(changed: Partial<MetricJson>): Partial<SchemaJson> {
  return { metrics: { things: { ...thing, ...changed } } };
}

test('the schema is compatible with itself', () => {
  expect(compare(schemaJson(), schemaJson())).toEqual([]);
});

describe('is major', () => {
  test.each([
    ['another kind', { kind: 'gauge' }, 'things: kind histogram becomes gauge'],
    ['another unit', { unit: 'By' }, 'things: unit s becomes By'],
    ['another OpenTelemetry name', { otelName: 'x' }, 'things: otelName moq.relay.things becomes x'],
    ['another key', { key: 'relay.stuff' }, 'things: relay.things is now relay.stuff'],
    ['a label less', { labels: { name: { limit: 5 } } }, 'things: labels kind, name becomes name'],
    [
      'a label more',
      { labels: { ...thing.labels, x: { limit: 1 } } },
      'things: labels kind, name becomes kind, name, x',
    ],
    [
      'a value less',
      { labels: { ...thing.labels, kind: { values: ['a'] } } },
      'things: label kind: b is removed',
    ],
    [
      'an enum that is none any more',
      { labels: { ...thing.labels, kind: { limit: 9 } } },
      'things: label kind: no longer what it was',
    ],
    ['other buckets', { buckets: [1, 3] }, 'things: buckets [1,2] becomes [1,3]'],
  ] as const)('%s', (_, changed, message) => {
    expect(changes(withThing(changed))).toEqual([`major: ${message}`]);
  });

  test('a metric that is gone', () => {
    expect(changes({ metrics: {} })).toEqual(['major: things is removed']);
  });

  test('a metric with another name', () => {
    expect(changes({ metrics: { stuff: thing } })).toEqual([
      'major: things is renamed to stuff',
      'minor: stuff is new',
    ]);
  });

  test('an attribute with another name', () => {
    expect(changes({ attributes: [{ name: 'session', description: 'The session' }] })).toEqual([
      'major: attributes: session.id is removed',
      'minor: attributes: session is new',
    ]);
  });
});

test('is minor: what is new, and another cap or owner', () => {
  expect(changes({ metrics: { things: thing, more: { ...thing, key: 'relay.more' } } })).toEqual([
    'minor: more is new',
  ]);
  expect(changes(withThing({ labels: { kind: { values: ['b', 'a', 'c'] }, name: { limit: 6 } } }))).toEqual([
    'minor: things: label kind: c is new',
    'minor: things: label name: at most 6 values',
  ]);
  expect(changes(withThing({ owner: 'player' }))).toEqual(['minor: things: now measured by player']);
});

test('is a patch: other words and states', () => {
  expect(changes(withThing({ description: 'All things', status: 'planned' }))).toEqual([
    'patch: things: another description',
    'patch: things: another status',
  ]);
});

function changeset(level: string, name = '@a/b'): string {
  return `---\n'${name}': ${level}\n"@c/d": minor\n---\n\nWords: major\n`;
}

test('changesets announce the highest level they have for a package', () => {
  expect(announcedLevel([], '@a/b')).toBeUndefined();
  expect(announcedLevel([changeset('patch'), changeset('major'), changeset('minor')], '@a/b')).toBe('major');
  expect(announcedLevel([changeset('major', '@a/bc')], '@a/b')).toBeUndefined();
  expect(announcedLevel([changeset('major')], '@c/d')).toBe('minor');
  expect(announcedLevel(['no front matter: major'], '@a/b')).toBeUndefined();
});

import { expect, test } from 'vitest';
import { CatalogReader } from './catalog.ts';

function frame(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function text(json: string): Uint8Array {
  return new TextEncoder().encode(json);
}

test('a catalog tells what each rendition is', () => {
  const types = new CatalogReader().read(
    frame({ video: { renditions: { hi: {}, lo: {} } }, audio: { renditions: { sound: {} } }, other: 1 }),
  );
  expect([...types!.types]).toEqual([
    ['hi', 'video'],
    ['lo', 'video'],
    ['sound', 'audio'],
  ]);
});

test('later frames of a group are merge patches', () => {
  const reader = new CatalogReader();
  reader.read(frame({ video: { renditions: { hi: { width: 1280 }, lo: {} } } }));
  const types = reader.read(
    frame({ video: { renditions: { lo: null, mid: {} } }, audio: { renditions: { a: {} } } }),
  );
  expect([...types!.types.keys()]).toEqual(['hi', 'mid', 'a']);
});

test('renditions of another broadcast are left to it', () => {
  const types = new CatalogReader().read(frame({ video: { renditions: { hi: { broadcast: './source' } } } }));
  expect(types!.types.size).toBe(0);
});

test.each([
  ['no JSON', text('{"video":')],
  ['bytes that are no text', new Uint8Array([0xff, 0xfe])],
  ['too large', frame('x'.repeat(1024 * 1024))],
  ['nested too deep', text(`${'{"a":'.repeat(150_000)}1${'}'.repeat(150_000)}`)],
])('%s is no part of a catalog', (_, payload) => {
  const reader = new CatalogReader();
  reader.read(frame({ video: { renditions: { hi: {} } } }));
  expect(reader.read(payload)).toBeUndefined();
  expect([...reader.read(frame({}))!.types.keys()]).toEqual(['hi']);
});

test.each([
  null,
  3,
  [],
  'text',
  { video: 1 },
  { video: { renditions: [] } },
  { audio: { renditions: null } },
])('a catalog of an unexpected shape lists nothing: %j', (value) => {
  expect(new CatalogReader().read(frame(value))!.types.size).toBe(0);
});

test('a catalog cannot reach into the prototype of objects', () => {
  const reader = new CatalogReader();
  reader.read(text('{"__proto__":{"polluted":1}}'));
  reader.read(text('{"__proto__":{"polluted":2}}'));
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

import { expect, test } from 'vitest';
import { broadcastPath, namespaceOf, OTHER, ROOT_NAMESPACE, trackTypeOf } from './labels.ts';

test('a namespace is everything before the last slash', () => {
  expect(namespaceOf('anon/bbb')).toBe('anon');
  expect(namespaceOf('a/b/c.hang')).toBe('a/b');
  expect(namespaceOf('bbb')).toBe(ROOT_NAMESPACE);
  expect(namespaceOf('')).toBe(ROOT_NAMESPACE);
  expect(namespaceOf(OTHER)).toBe(OTHER);
});

test('a broadcast is root and name without outer slashes', () => {
  expect(broadcastPath('/anon/', 'bbb.hang')).toBe('anon/bbb.hang');
  expect(broadcastPath('', '/bbb/')).toBe('bbb');
  expect(broadcastPath('/', 'a/b')).toBe('a/b');
  expect(broadcastPath('a', 'b//c')).toBe('a/b//c');
});

test('the type of a track comes from the catalog, and without one from its name', () => {
  expect(trackTypeOf('catalog.json', 'video')).toBe('catalog');
  expect(trackTypeOf('catalog.json.z')).toBe('catalog');
  expect(trackTypeOf('hd', 'video')).toBe('video');
  expect(trackTypeOf('video0', 'audio')).toBe('audio');
  expect(trackTypeOf('video0')).toBe('video');
  expect(trackTypeOf('audio/en')).toBe('audio');
  expect(trackTypeOf('chat')).toBe('other');
});

import { describe, expect, test } from 'vitest';
import { announcedPath, nameBelow, sessionRoot } from './paths.ts';

function root(pathname: string): string | undefined {
  return sessionRoot(new URL(`https://relay.example${pathname}`), 64);
}

describe('the root of a session', () => {
  test.each([
    ['/', ''],
    ['/anon', 'anon'],
    ['//anon///room/', 'anon/room'],
    ['/a%20b', 'a b'],
    ['/a%2Fb', 'a/b'],
    ['/caf%C3%A9', 'café'],
    ['/anon?jwt=secret', 'anon'],
  ])('of %s is %j', (pathname, expected) => {
    expect(root(pathname)).toBe(expected);
  });

  test.each([
    ['an escape that is none', '/%zz'],
    ['bytes that are no text', '/%ff'],
    ['a line break', '/a%0Ab'],
    ['text that turns direction', '/a%E2%80%AEb'],
    ['too many bytes', `/${'x'.repeat(65)}`],
    ['too many parts', `/${'x/'.repeat(33)}`],
  ])('cannot have %s', (_, pathname) => {
    expect(root(pathname)).toBeUndefined();
  });
});

describe('the path of a broadcast', () => {
  test.each([
    ['', 'bbb', 'bbb'],
    ['anon', 'bbb.hang', 'anon/bbb.hang'],
    ['anon', '', 'anon'],
    ['anon', '/room//bbb/', 'anon/room/bbb'],
  ])('%j + %j is %j', (base, name, expected) => {
    expect(announcedPath(base, name, 64)).toBe(expected);
  });

  test.each([
    ['', ''],
    ['anon', 'x'.repeat(64)],
    ['anon', 'a\u0000b'],
    ['anon', '\ud800'],
  ])('%j + %j is none', (base, name) => {
    expect(announcedPath(base, name, 64)).toBeUndefined();
  });
});

test.each([
  ['', 'anon/bbb', 'anon/bbb'],
  ['anon', 'anon/bbb', 'bbb'],
  ['anon', 'anon', ''],
  ['anon', 'anonymous/bbb', undefined],
  ['anon/room', 'anon/bbb', undefined],
])('below %j, %j is called %j', (base, path, expected) => {
  expect(nameBelow(base, path)).toBe(expected);
});

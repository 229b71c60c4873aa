import type MoqWatch from '@moq/watch/element';
import { expect, expectTypeOf, test } from 'vitest';
import { missingSignal, type WatchElement } from './watch-element.ts';

test('the element of @moq/watch is one', () => {
  expectTypeOf<MoqWatch>().toExtend<WatchElement>();
});

test('anything else is told by the first signal it lacks', () => {
  expect(missingSignal(undefined)).toBe('connection.url');
  expect(missingSignal('moq-watch')).toBe('connection.url');
  expect(missingSignal({ connection: { url: { subscribe: () => {} } } })).toBe('connection.enabled');
});

import { expect, test } from 'vitest';
import { Heard } from './heard.ts';
import { Session } from './session.ts';

const audience = { browser: 'chrome', device: 'desktop', region: 'unknown' } as const;
const [a, b, c] = ['a', 'b', 'c'].map((id) => new Session(id, 0, audience)) as [Session, Session, Session];

/** From the longest silent to the latest, read both ways. */
function order(heard: Heard): string {
  const there: Session[] = [];
  for (let at = heard.oldest; at; at = at.newer) there.push(at);
  const back: Session[] = [];
  for (let at = there.at(-1); at; at = at.older) back.push(at);
  expect(back.toReversed()).toEqual(there);
  return there.map(({ id }) => id).join('');
}

test('sessions are in the order in which they were last heard of, whoever comes again or goes', () => {
  const heard = new Heard();
  expect(heard.oldest).toBeUndefined();
  for (const session of [a, b, c]) heard.hear(session);
  expect(order(heard)).toBe('abc');
  heard.hear(a);
  expect(order(heard)).toBe('bca');
  heard.hear(a);
  expect(order(heard)).toBe('bca');
  heard.hear(c);
  expect(order(heard)).toBe('bac');
  heard.forget(a);
  expect(order(heard)).toBe('bc');
  heard.forget(a);
  heard.forget(b);
  expect(order(heard)).toBe('c');
  heard.forget(c);
  expect(order(heard)).toBe('');
  heard.hear(b);
  expect(order(heard)).toBe('b');
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { replacePromiseRace } from './promise-race.ts';

let restore: () => void;

beforeEach(() => {
  restore = replacePromiseRace();
});

afterEach(() => restore());

const never = new Promise<never>(() => {});

describe('a race', () => {
  test('is won by who settles first', async () => {
    const [slow, fast] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
    const race = Promise.race([slow.promise, fast.promise, never]);
    fast.resolve('fast');
    slow.resolve('slow');
    expect(await race).toBe('fast');
    await expect(Promise.race([never, Promise.reject(new Error('lost'))])).rejects.toThrow('lost');
  });

  test('is won by the first of those who are settled already', async () => {
    expect(await Promise.race([never, Promise.resolve(1), Promise.resolve(2)])).toBe(1);
    expect(await Promise.race([never, 'at once', Promise.resolve(2)])).toBe('at once');
    expect(await Promise.race([Promise.resolve(1), 'at once'])).toBe(1);
    const settled = Promise.resolve('again');
    expect(await Promise.race([settled, 'at once'])).toBe('again');
    expect(await Promise.race([settled, never])).toBe('again');
    expect(await Promise.race([settled, never])).toBe('again');
  });

  test('may be won by anything that has a then', async () => {
    class Thenable {
      // oxlint-disable-next-line unicorn/no-thenable -- That is what it is about.
      then(resolve: (value: string) => void): void {
        resolve('then');
      }
    }
    expect(await Promise.race([never, new Thenable()])).toBe('then');
  });

  test('ends all races of who settles', async () => {
    const end = Promise.withResolvers<string>();
    const races = Array.from({ length: 3 }, () => Promise.race([end.promise, never]));
    end.resolve('over');
    expect(await Promise.all(races)).toEqual(['over', 'over', 'over']);
  });

  test('leaves no failure unheard that another one won', async () => {
    const late = Promise.withResolvers<never>();
    expect(await Promise.race([late.promise, 'first'])).toBe('first');
    late.reject(new Error('nobody waits any more'));
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
});

test('the original can be had back', () => {
  const replaced = Promise.race;
  restore();
  expect(Promise.race).not.toBe(replaced);
  expect(Promise.race.toString()).toContain('[native code]');
});

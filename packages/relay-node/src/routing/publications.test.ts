import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Publication, Publications } from './publications.ts';

class TestPublication implements Publication {
  readonly events: string[];
  readonly id: string;
  busy = false;
  #ended = false;

  constructor(events: string[], id: string) {
    this.events = events;
    this.id = id;
  }

  end(): void {
    if (!this.#ended) this.events.push(`end ${this.id}`);
    this.#ended = true;
  }

  close(): void {
    this.events.push(`close ${this.id}`);
  }
}

let events: string[];
let publications: Publications<TestPublication>;

function publication(id: string): TestPublication {
  return new TestPublication(events, id);
}

/** What happened since it was last asked. */
async function after(milliseconds: number): Promise<string[]> {
  await vi.advanceTimersByTimeAsync(milliseconds);
  return events.splice(0);
}

beforeEach(() => {
  vi.useFakeTimers();
  events = [];
  publications = new Publications({
    publish: (name, { id }) => events.push(`publish ${name} ${id}`),
  });
});

afterEach(() => {
  publications.close();
  vi.useRealTimers();
});

test('what appears at once is published at once', async () => {
  publications.add('a', publication('1'));
  publications.add('b', publication('2'));
  expect(await after(0)).toEqual(['publish a 1', 'publish b 2']);
});

test('changes keep their distance', async () => {
  publications.add('a', publication('1'));
  await after(0);
  publications.add('b', publication('2'));
  publications.add('c', publication('3'));
  expect(await after(0)).toEqual([]);
  expect(await after(20)).toEqual(['publish b 2', 'publish c 3']);
});

test('a replaced broadcast is seen to go before the new one comes', async () => {
  publications.add('a', publication('old'));
  await after(1000);
  publications.remove('a');
  publications.add('a', publication('new'));
  expect(await after(0)).toEqual(['end old']);
  expect(await after(20)).toEqual(['publish a new']);
});

test('what came and went in between is never published', async () => {
  publications.add('a', publication('1'));
  await after(0);
  publications.add('b', publication('2'));
  publications.remove('b');
  expect(await after(100)).toEqual(['end 2']);
});

test('once it is quiet, the protocol layer is made to look again, once', async () => {
  publications.add('a', publication('1'));
  await after(20);
  expect(await after(10_000)).toEqual(['publish a 1']);
});

test('everything is closed with the session, also what still has subscribers', async () => {
  const old = publication('old');
  old.busy = true;
  publications.add('a', old);
  await after(100);
  publications.add('a', publication('new'));
  await after(100);
  events.length = 0;
  publications.close();
  expect(await after(0)).toEqual(['close new', 'close old']);
  publications.add('b', publication('late'));
  expect(await after(1000)).toEqual(['close late']);
});

import { expect, test } from 'vitest';
import { type Destination, type Routed, Routes } from './routes.ts';

interface TestBroadcast extends Routed {
  ended: boolean;
}

function broadcast(path: string): TestBroadcast {
  return {
    path,
    ended: false,
    end() {
      this.ended = true;
    },
  };
}

class Session implements Destination<TestBroadcast> {
  readonly offered: TestBroadcast[] = [];

  offer(broadcast: TestBroadcast): void {
    this.offered.push(broadcast);
  }

  withdraw(broadcast: TestBroadcast): void {
    this.offered.splice(this.offered.indexOf(broadcast), 1);
  }
}

function setUp(): { routes: Routes<TestBroadcast, Session>; publisher: Session; viewer: Session } {
  const routes = new Routes<TestBroadcast, Session>();
  const [publisher, viewer] = [new Session(), new Session()];
  routes.join(publisher);
  routes.join(viewer);
  return { routes, publisher, viewer };
}

test('a broadcast is offered to all sessions but its own, now and later', () => {
  const { routes, publisher, viewer } = setUp();
  const bbb = broadcast('demo/bbb');
  expect(routes.add(bbb, publisher)).toBe(false);
  const late = new Session();
  routes.join(late);
  expect(viewer.offered).toEqual([bbb]);
  expect(late.offered).toEqual([bbb]);
  expect(publisher.offered).toEqual([]);
  expect(routes.paths()).toEqual(['demo/bbb']);
});

test('a broadcast that is removed is withdrawn and ended', () => {
  const { routes, publisher, viewer } = setUp();
  const bbb = broadcast('demo/bbb');
  routes.add(bbb, publisher);
  expect(routes.remove(bbb)).toBe(true);
  expect(routes.remove(bbb)).toBe(false);
  expect(bbb.ended).toBe(true);
  expect(viewer.offered).toEqual([]);
});

test('a session that leaves takes its broadcasts along', () => {
  const { routes, publisher, viewer } = setUp();
  routes.add(broadcast('a'), publisher);
  routes.add(broadcast('b'), publisher);
  routes.add(broadcast('c'), viewer);
  routes.leave(publisher);
  expect(routes.paths()).toEqual(['c']);
  expect(viewer.offered).toEqual([]);
});

test('who announces a path last has it', () => {
  const { routes, publisher, viewer } = setUp();
  const second = new Session();
  routes.join(second);
  const [before, after] = [broadcast('demo/bbb'), broadcast('demo/bbb')];
  routes.add(before, publisher);
  expect(routes.add(after, second)).toBe(true);
  expect(before.ended).toBe(true);
  expect(after.ended).toBe(false);
  expect(viewer.offered).toEqual([after]);
  expect(publisher.offered).toEqual([after]);
  expect(second.offered).toEqual([]);
  // The end of the one that was replaced changes nothing.
  expect(routes.remove(before)).toBe(false);
  routes.leave(publisher);
  expect(routes.paths()).toEqual(['demo/bbb']);
});

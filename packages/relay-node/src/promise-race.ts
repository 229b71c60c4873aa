type Settle = PromiseWithResolvers<unknown>;

/** Who waits for each of the promises that have been raced and are not settled. */
const waiting = new WeakMap<object, Set<Settle>>();

/**
 * Has `Promise.race` forget what is over. By the language, a promise that stays pending keeps every race it was ever in,
 * with whatever won; the protocol layer races each group and frame of a subscription against the end of its stream, so
 * that each viewer would cost more memory the longer it watches. Races come out the same.
 *
 * For programs, not for libraries: it belongs to the whole process.
 *
 * @returns gives the original back
 */
export function replacePromiseRace(): () => void {
  const { race } = Promise;
  Promise.race = raceAndForget as typeof race;
  return () => {
    Promise.race = race;
  };
}

async function raceAndForget(contenders: Iterable<unknown>): Promise<unknown> {
  const settle = Promise.withResolvers<unknown>();
  const joined: Set<Settle>[] = [];
  for (const contender of contenders) {
    if (!isThenable(contender)) {
      settle.resolve(contender);
      continue;
    }
    let others = waiting.get(contender);
    if (!others) {
      others = new Set();
      waiting.set(contender, others);
      follow(contender, others);
    }
    others.add(settle);
    joined.push(others);
  }
  try {
    return await settle.promise;
  } finally {
    for (const others of joined) others.delete(settle);
  }
}

/** Tells all who wait for a promise how it came out, by one reaction on it. */
function follow(contender: PromiseLike<unknown>, others: Set<Settle>): void {
  const tell = (how: 'resolve' | 'reject') => (outcome: unknown) => {
    waiting.delete(contender);
    for (const settle of others) settle[how](outcome);
    return undefined;
  };
  Promise.resolve(contender).then(tell('resolve'), tell('reject'));
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

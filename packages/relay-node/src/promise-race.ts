/** One race. When it is over it lets go of its outcome, as those who lost go on knowing it. */
class Race {
  #outcome: PromiseWithResolvers<unknown> | undefined = Promise.withResolvers<unknown>();

  readonly resolve = (value: unknown): void => this.#outcome?.resolve(value);
  readonly reject = (error: unknown): void => this.#outcome?.reject(error);

  async run(): Promise<unknown> {
    try {
      return await this.#outcome?.promise;
    } finally {
      this.#outcome = undefined;
    }
  }
}

/** Promises that were in a race before; with those that are in another one now, from the second time on. */
const raced = new WeakMap<object, Set<Race> | undefined>();

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
  const race = new Race();
  const joined: Set<Race>[] = [];
  for (const contender of contenders) {
    if (typeof contender === 'object' && contender !== null && raced.has(contender)) {
      joined.push(othersOf(contender).add(race));
      continue;
    }
    if (typeof contender === 'object' && contender !== null) raced.set(contender, undefined);
    // Most are in one race only, and need no list.
    Promise.resolve(contender).then(race.resolve, race.reject);
  }
  try {
    return await race.run();
  } finally {
    for (const others of joined) others.delete(race);
  }
}

/** Who races with a promise, all of whom it tells by one reaction. */
function othersOf(contender: object): Set<Race> {
  const known = raced.get(contender);
  if (known) return known;
  const others = new Set<Race>();
  raced.set(contender, others);
  const tell = (how: 'resolve' | 'reject') => (outcome: unknown) => {
    // Whoever comes now, after the end, has to be told anew.
    raced.set(contender, undefined);
    for (const race of others) race[how](outcome);
    return undefined;
  };
  Promise.resolve(contender).then(tell('resolve'), tell('reject'));
  return others;
}

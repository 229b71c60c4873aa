/** How long something may take before a line says so, and how often from then on, in milliseconds. */
const FIRST = 2_000;
const NEXT = 5_000;

/** Says what is being waited for whenever it takes long. The timers end with the work. */
export async function withProgress<T>(
  work: Promise<T>,
  line: () => string,
  say: (line: string) => void,
): Promise<T> {
  const tell = (): void => {
    say(line());
    timer = setTimeout(tell, NEXT);
  };
  let timer = setTimeout(tell, FIRST);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

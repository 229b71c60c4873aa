/** A stream of server-sent events that comes back by itself, whatever ends it. */

/** How a stream is: `away` once it broke off and until it is open again. */
export type StreamState = 'connecting' | 'open' | 'away';

/** Who is told what. */
export interface EventReader {
  /** Events by name, with what they carry. */
  readonly on: Readonly<Record<string, (data: never) => void>>;
  readonly onState?: (state: StreamState) => void;
}

/** From one try to the next, in milliseconds: the first, and the longest. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 5_000;

/** A stream without a sign of life for this long is dead, in milliseconds; the server gives one every 15 s. */
const SILENCE = 40_000;

/** Listens to a stream until it is closed. */
export function listen(url: string, { on, onState }: EventReader): Disposable {
  let source: EventSource | undefined;
  let pause = FIRST_PAUSE;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let heard = Date.now();

  const open = (): void => {
    const opened = new EventSource(url);
    source = opened;
    heard = Date.now();
    opened.addEventListener('open', () => {
      pause = FIRST_PAUSE;
      heard = Date.now();
      onState?.('open');
    });
    // The browser gives up on answers that are no stream, and is slow to try again: trying again is done here.
    opened.addEventListener('error', again);
    for (const [name, take] of Object.entries(on)) {
      opened.addEventListener(name, ({ data }: MessageEvent<string>) => {
        heard = Date.now();
        (take as (data: unknown) => void)(JSON.parse(data));
      });
    }
  };
  const again = (): void => {
    source?.close();
    onState?.('away');
    clearTimeout(retry);
    retry = setTimeout(open, pause);
    pause = Math.min(LONGEST_PAUSE, pause * 2);
  };
  const watch = setInterval(() => {
    if (source?.readyState === EventSource.OPEN && Date.now() - heard > SILENCE) again();
  }, 5_000);

  onState?.('connecting');
  open();
  return {
    [Symbol.dispose]: () => {
      clearInterval(watch);
      clearTimeout(retry);
      source?.close();
    },
  };
}

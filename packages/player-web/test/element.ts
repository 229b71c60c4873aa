import { Signal } from '@moq/signals';
import type { Readable, WatchElement } from '../src/watch-element.ts';

type Settable<T> = {
  readonly [K in keyof T]: T[K] extends Readable<infer Value>
    ? Signal<Value>
    : T[K] extends Promise<unknown>
      ? T[K]
      : Settable<T[K]>;
};

/** The signals of a `<moq-watch>` element, to be set by hand. */
export function testElement(closed: Promise<unknown> = new Promise(() => {})): Settable<WatchElement> {
  return {
    connection: {
      url: new Signal<URL | undefined>(undefined),
      enabled: new Signal(true),
      status: new Signal('disconnected'),
      established: new Signal<{ readonly transport: string; readonly version?: string } | undefined>(
        undefined,
      ),
      probe: new Signal<{ readonly rtt?: number | undefined } | undefined>(undefined),
      closed,
    },
    controls: {
      paused: new Signal(false),
      target: new Signal<{ readonly name?: string | undefined } | undefined>(undefined),
    },
    broadcast: {
      in: { name: new Signal('') },
      out: {
        active: new Signal<object | undefined>(undefined),
        catalog: new Signal<{ readonly video?: unknown; readonly audio?: unknown } | undefined>(undefined),
      },
    },
    renderer: {
      out: {
        frame: new Signal<Frame | undefined>(undefined),
        timestamp: new Signal<number | undefined>(undefined),
      },
    },
    video: {
      in: { enabled: new Signal(true) },
      out: {
        timestamp: new Signal<number | undefined>(undefined),
        buffered: new Signal<Ranges>([]),
        stats: new Signal<Stats | undefined>(undefined),
      },
      source: {
        out: {
          track: new Signal<string | undefined>(undefined),
          config: new Signal<RenditionConfig | undefined>(undefined),
          error: new Signal<string | undefined>(undefined),
        },
      },
    },
    audio: {
      in: { enabled: new Signal(true) },
      out: {
        timestamp: new Signal<number | undefined>(undefined),
        buffered: new Signal<Ranges>([]),
        stats: new Signal<Stats | undefined>(undefined),
        context: new Signal<{ readonly state: string } | undefined>(undefined),
      },
      source: { out: { track: new Signal<string | undefined>(undefined) } },
    },
  };
}

type RenditionConfig = {
  readonly codedWidth?: number | undefined;
  readonly codedHeight?: number | undefined;
  readonly bitrate?: number | undefined;
};
type Stats = { readonly bytesReceived: number };
type Ranges = readonly { readonly start: number; readonly end: number }[];

/** Stands for a broadcast that is consumed. To signals, instances of a class equal nothing but themselves. */
export class Consumer {
  readonly isConsumer = true;
}

/** Stands for a decoded frame. */
export class Frame {
  readonly codedWidth: number;
  readonly codedHeight: number;

  constructor(width: number, height: number) {
    this.codedWidth = width;
    this.codedHeight = height;
  }
}

/** Stands for the document and its window. */
export class Page extends EventTarget {
  visibilityState = 'visible';
}

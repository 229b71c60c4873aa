import type {
  CounterHandle,
  GaugeHandle,
  HistogramHandle,
  Instruments,
} from '@moq-observability/moq-metrics';

const NOTHING: CounterHandle & GaugeHandle & HistogramHandle = {
  add: () => {},
  set: () => {},
  observe: () => {},
  close: () => {},
  [Symbol.dispose]: () => {},
};

const series = { series: (): typeof NOTHING => NOTHING };

/** Instruments that count nothing. */
export const NO_INSTRUMENTS: Instruments = {
  counter: () => series,
  gauge: () => series,
  histogram: () => series,
};

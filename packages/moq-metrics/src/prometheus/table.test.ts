import { expect, test } from 'vitest';
import { CounterSeries, HistogramSeries } from './series.ts';
import { Table } from './table.ts';

test('keeps apart the numbers of more series than lie in one piece', () => {
  const table = new Table(3, Date.now);
  const cells = Array.from({ length: 150 }, (_, i) => table.open({ n: String(i) }));
  cells.forEach((cell, i) => {
    const series = new HistogramSeries(cell, [10], table, () => {});
    series.observe(i);
    series.observe(100);
  });
  const { texts, numbers } = table.snapshot();
  expect(texts).toEqual(cells.map((_, i) => `n="${i}"`));
  for (let i = 0; i < 150; i++) {
    expect(numbers.slice(i * 3, i * 3 + 3)).toEqual(Float64Array.of(100 + i, i > 10 ? 0 : 1, i > 10 ? 2 : 1));
  }
});

test('a place that was given up is empty, and whoever still counts there harms nobody', () => {
  const table = new Table(1, () => 5000);
  const [first, second] = [table.open({ n: '1' }), table.open({ n: '2' })];
  const late = new CounterSeries(first, table, () => {});
  late.add(7, { trace_id: 'abc' });
  new CounterSeries(second, table, () => {}).add(2, { trace_id: 'def' });
  const before = table.snapshot();
  table.close(first);
  table.close(first);
  late.add(1, { trace_id: 'late' });
  expect(late.value).toBe(8);
  expect(table.snapshot()).toMatchObject({ texts: [undefined, 'n="2"'] });
  expect(table.snapshot().numbers.slice(0, 2)).toEqual(Float64Array.of(0, 2));

  const third = table.open({ n: '3' });
  late.add(1, { trace_id: 'late' });
  expect(third.value).toBe(0);
  new CounterSeries(third, table, () => {}).add(4);
  const after = table.snapshot();
  expect(after.texts).toEqual(['n="3"', 'n="2"']);
  expect(after.numbers.slice(0, 2)).toEqual(Float64Array.of(4, 2));
  expect([...after.exemplars]).toEqual([[1, { text: 'trace_id="def"', value: 2, timestamp: 5 }]]);
  expect(before.texts).toEqual(['n="1"', 'n="2"']);
  expect(before.numbers.slice(0, 2)).toEqual(Float64Array.of(7, 2));
});

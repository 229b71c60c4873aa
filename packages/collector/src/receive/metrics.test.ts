import { describe, expect, test } from 'vitest';
import { readMetrics } from './metrics.ts';

const limits = { points: 100, attributes: 8, text: 20 };
const parse = (metrics: unknown): ReturnType<typeof readMetrics> =>
  readMetrics({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }, limits);
const sumOf = (...dataPoints: unknown[]): unknown => [
  { name: 'a', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints } },
];

describe('reads', () => {
  test('64-bit integers as numbers and as strings, and doubles in every form', () => {
    const [resource] = parse(
      sumOf(
        { asInt: 5 },
        { asInt: '9007199254740991' },
        { asDouble: 1.5 },
        { asDouble: '2.5e-1' },
        { asDouble: 'NaN' },
        {},
        { asInt: 1, flags: 1 },
      ),
    );
    expect(resource!.metrics[0]!.points).toEqual(
      [5, 9007199254740991, 1.5, 0.25, Number.NaN, Number.NaN, Number.NaN].map((value) => ({
        attributes: new Map(),
        start: 0,
        time: 0,
        value,
      })),
    );
  });

  test('histograms', () => {
    const [resource] = parse([
      {
        name: 'h',
        histogram: {
          aggregationTemporality: 2,
          dataPoints: [
            {
              count: '3',
              sum: 4.5,
              explicitBounds: [1, 2],
              bucketCounts: ['1', 1, 1],
              timeUnixNano: '1000000',
            },
          ],
        },
      },
    ]);
    expect(resource!.metrics).toEqual([
      {
        kind: 'histogram',
        name: 'h',
        temporality: 'cumulative',
        points: [
          { attributes: new Map(), start: 0, time: 1, bounds: [1, 2], counts: [1, 1, 1], count: 3, sum: 4.5 },
        ],
      },
    ]);
  });

  test('attributes of all types: lists and maps as JSON, what is too long cut', () => {
    const attributes = [
      { key: 'text', value: { stringValue: '' } },
      { key: 'no', value: { boolValue: false } },
      { key: 'number', value: { intValue: '7' } },
      {
        key: 'list',
        value: { arrayValue: { values: [{ intValue: 1 }, { kvlistValue: { values: [{ key: 'a' }] } }] } },
      },
      { key: 'long', value: { stringValue: 'x'.repeat(100) } },
      { key: 'nothing', value: null },
    ];
    const [resource] = parse(sumOf({ attributes, asInt: 1 }));
    const point = resource!.metrics[0]!.points as readonly { attributes: unknown }[];
    expect(point[0]!.attributes).toEqual(
      new Map<string, unknown>([
        ['text', ''],
        ['no', false],
        ['number', 7],
        ['list', '[1,{"a":null}]'],
        ['long', 'x'.repeat(20)],
      ]),
    );
  });

  test('requests with nothing in them', () => {
    expect(readMetrics({}, limits)).toEqual([]);
    expect(parse([{ name: 'a' }])[0]!.metrics[0]!.points).toHaveLength(0);
    expect(parse([{ name: 'a', sum: null, gauge: { dataPoints: [{}] } }])[0]!.metrics[0]).toMatchObject({
      kind: 'gauge',
    });
  });
});

describe('refuses', () => {
  const shapes: [string, unknown][] = [
    ['metrics that are no list', 5],
    ['a name that is no text', [{ name: 5 }]],
    ['a point that is no object', sumOf(5)],
    ['a value that is no number', sumOf({ asInt: '5x' })],
    ['a fraction for an integer', sumOf({ asInt: 1.5 })],
    ['an integer out of all bounds', sumOf({ asInt: '1'.repeat(50) })],
    ['an unknown temporality', [{ name: 'a', sum: { aggregationTemporality: 3, dataPoints: [] } }]],
    ['attributes that are a map', sumOf({ attributes: { a: 1 } })],
    [
      'an attribute that lies about its type',
      sumOf({ attributes: [{ key: 'a', value: { stringValue: 1 } }] }),
    ],
    [
      'bucket counts that are no integers',
      [{ name: 'h', histogram: { dataPoints: [{ bucketCounts: [0.5] }] } }],
    ],
  ];
  test.each(shapes)('%s', (_, metrics) => {
    expect(() => parse(metrics)).toThrow(expect.objectContaining({ status: 400 }));
  });

  test('resources that are no list', () => {
    expect(() => readMetrics({ resourceMetrics: {} }, limits)).toThrow(
      expect.objectContaining({ status: 400 }),
    );
  });

  test('more points or attributes than the limits', () => {
    const points = Array.from({ length: 60 }, () => ({ asInt: 1 }));
    expect(() => parse([...(sumOf(...points) as []), ...(sumOf(...points) as [])])).toThrow(
      expect.objectContaining({
        status: 413,
        message: 'a request holds at most 100 points, spans or log records',
      }),
    );
    const attributes = Array.from({ length: 9 }, (_, i) => ({ key: `k${i}`, value: { intValue: i } }));
    expect(() => parse(sumOf({ attributes }))).toThrow(expect.objectContaining({ status: 413 }));
  });
});

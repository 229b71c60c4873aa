import { expect, test } from 'vitest';
import { boundText, headerText, labelsText, negotiate, numberText } from './format.ts';

test.each([
  [undefined, 'text/plain; version=0.0.4; charset=utf-8'],
  ['', 'text/plain; version=0.0.4; charset=utf-8'],
  ['*/*', 'text/plain; version=0.0.4; charset=utf-8'],
  ['text/html,application/xhtml+xml;q=0.9,*/*;q=0.8', 'text/plain; version=0.0.4; charset=utf-8'],
  ['application/json', 'text/plain; version=0.0.4; charset=utf-8'],
  // Prometheus 2.42
  [
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  ],
  // Prometheus 3
  [
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8',
  ],
  // Prometheus 3 with native histograms: protobuf first, which is not offered
  [
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores',
  ],
  [
    'application/openmetrics-text;version=0.0.1',
    'application/openmetrics-text; version=0.0.1; charset=utf-8',
  ],
  ['application/openmetrics-text;q=0.1,text/plain;q=0.9', 'text/plain; version=0.0.4; charset=utf-8'],
  ['text/plain;version=0.0.4;escaping=made-up', 'text/plain; version=0.0.4; charset=utf-8'],
  ['application/openmetrics-text;q=0', 'text/plain; version=0.0.4; charset=utf-8'],
])('Accept: %s is answered with %s', (accept, contentType) => {
  expect(negotiate(accept).contentType).toBe(contentType);
});

// The forms strconv.FormatFloat gives Prometheus 3 when it normalises bounds.
test.each([
  [0, '0.0'],
  [1, '1.0'],
  [0.25, '0.25'],
  [14_400, '14400.0'],
  [128e3, '128000.0'],
  [1e6, '1e+06'],
  [1.2e7, '1.2e+07'],
  [5e7, '5e+07'],
  [0.00025, '0.00025'],
  [0.000025, '2.5e-05'],
  [-2, '-2.0'],
  [Number.POSITIVE_INFINITY, '+Inf'],
])('the bound %d is written %s', (bound, text) => {
  expect(boundText(bound)).toBe(text);
});

test('numbers and texts are written so that they can be read back', () => {
  expect(
    [0, 1.5, 1e21, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(numberText),
  ).toEqual(['0', '1.5', '1e+21', 'NaN', '+Inf', '-Inf']);
  expect(labelsText({ a: 'x"y\\z\n', b: ',b:{}' })).toBe(String.raw`a="x\"y\\z\n",b=",b:{}"`);
  expect(headerText('text', 'a_total', 'counter', 'a "b"\\\n')).toBe(
    '# HELP a_total a "b"\\\\\\n\n# TYPE a_total counter\n',
  );
  expect(headerText('openmetrics', 'a_total', 'counter', 'a "b"')).toBe(
    '# HELP a a \\"b\\"\n# TYPE a counter\n',
  );
  expect(headerText('openmetrics', 'a', 'untyped', 'b')).toBe('# HELP a b\n# TYPE a unknown\n');
});

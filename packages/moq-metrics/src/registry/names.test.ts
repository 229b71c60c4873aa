import { expect, test } from 'vitest';
import { client, otelName, relay } from '../index.ts';
import { findNames } from './names.ts';

const { name } = relay.bytesSent;

test.each([
  ['a string', `query('${name}');`],
  ['a query', `const q = "sum(rate(${name}[5m]))";`],
  ['a template', `\`\${job}:${name}{a="b"}\``],
  ['JSON', `{ "expr": "${name}" }`],
])('finds a name in %s', (_, line) => {
  expect(findNames(`\n${line}\n`)).toEqual([{ line: 2, name, key: 'relay.bytesSent' }]);
});

test('finds the members of histograms, and names as they go over OTLP', () => {
  const startup = client.startupTime.name;
  expect(findNames(`'${startup}_bucket' + "${otelName(client.startupTime)}"`)).toEqual([
    { line: 1, name: `${startup}_bucket`, key: 'client.startupTime' },
    { line: 1, name: otelName(client.startupTime), key: 'client.startupTime' },
  ]);
});

test.each([`// ${name}`, ` * ${name}`, `/** ${name} */`, `# ${name}`, `<!-- ${name}`])(
  'comments may have them: %s',
  (line) => {
    expect(findNames(line)).toEqual([]);
  },
);

test('what only looks like a name is none', () => {
  expect(findNames(`'moq_relay_' + 'moq.relay.session.id' + 'moq_relay_bytes' + '${name}_more'`)).toEqual([]);
});

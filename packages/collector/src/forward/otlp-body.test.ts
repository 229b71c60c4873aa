import {
  array,
  assert,
  dictionary,
  jsonValue,
  oneof,
  constant,
  property,
  record,
  string,
  uint8Array,
} from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrayElements, joinRequests } from './otlp-body.ts';

function elements(json: string): string {
  return arrayElements(Buffer.from(json), 'list');
}

function join(...requests: readonly string[]): string {
  const bytes = requests.map((request) => Buffer.from(request));
  return Buffer.from(joinRequests('logs', 'application/json', bytes)).toString();
}

describe('the elements of an array in a JSON object', () => {
  test.each([
    ['{"list":[1,2]}', '1,2'],
    [' {\n"list" : [ {"a": "]}\\"[{"} ] } ', '{"a": "]}\\"[{"}'],
    ['{"other":[3],"list":[1],"more":{"list":[2]}}', '1'],
    ['{"a":"list","b":[],"c":-1.5e3,"d":null,"list":[true]}', 'true'],
    ['{"list":[1],"list":[2]}', '2'],
    ['{"list":[18446744073709551615]}', '18446744073709551615'],
    ['{"list":["ü\u{1F600}\\u0000"]}', '"ü\u{1F600}\\u0000"'],
    ['{"list":[]}', ''],
    ['{"list":null}', ''],
    ['{}', ''],
    ['[{"list":[1]}]', ''],
    ['', ''],
    ['"list"', ''],
  ])('%s', (json, expected) => expect(elements(json)).toBe(expected));

  test('are those a parser finds, however the text is laid out', () => {
    const fields = record({
      before: dictionary(string(), jsonValue()),
      list: oneof(array(jsonValue()), constant(undefined)),
      indent: oneof(constant(undefined), constant(2), constant('\t')),
    });
    assert(
      property(fields, ({ before, list, indent }) => {
        const { list: _, ...others } = before;
        const json = JSON.stringify({ ...others, ...(list && { list }), last: 1 }, undefined, indent);
        expect(JSON.parse(`[${elements(json)}]`)).toEqual(JSON.parse(JSON.stringify(list ?? [])));
      }),
      { numRuns: 300 },
    );
  });

  test('of what is no JSON are something or nothing, and never an endless search', () => {
    assert(
      property(uint8Array({ maxLength: 200 }), (bytes) => {
        arrayElements(Buffer.from(bytes), 'list');
        arrayElements(Buffer.concat([Buffer.from('{"list":'), bytes]), 'list');
      }),
      { numRuns: 500 },
    );
  });
});

describe('requests put together', () => {
  test('in JSON hold everything, and no number is rounded', () => {
    expect(
      join(
        '{"resourceLogs":[{"a":1795425943134000001}]}',
        '{}',
        '{"resourceLogs":[ ]}',
        '{"resourceLogs":[2]}',
      ),
    ).toBe('{"resourceLogs":[{"a":1795425943134000001},2]}');
    expect(join('{}', '{}')).toBe('{"resourceLogs":[]}');
    expect(join(' { } ')).toBe(' { } ');
  });

  test('in Protobuf are one after the other', () => {
    const requests = [Buffer.from([10, 1, 1]), Buffer.from([]), Buffer.from([10, 1, 2])];
    expect(joinRequests('traces', 'application/x-protobuf', requests)).toEqual(
      Buffer.from([10, 1, 1, 10, 1, 2]),
    );
  });
});

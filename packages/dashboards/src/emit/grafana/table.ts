import {
  type TableFieldOptions,
  TableCellDisplayMode,
  FieldTextAlignment,
} from '@grafana/grafana-foundation-sdk/common';
import type { FieldConfig } from '@grafana/grafana-foundation-sdk/dashboard';
import * as table from '@grafana/grafana-foundation-sdk/table';
import type { Picture } from '../../model/dashboard.ts';
import type { Line, Observable } from '../../model/observable.ts';
import type { Site } from '../../site.ts';
import { type Looks, override, refId } from './fields.ts';
import { rowLink } from './links.ts';

import { grafanaUnit, mappingsOf, steps } from './units.ts';

/**
 * A table of several queries: their results become one by the labels that tell lines apart, columns get headers, and
 * each its own unit, colours and links.
 */
export function tableParts(
  { lines, unit, thresholds }: Observable,
  { key, links = [], sort }: Picture & { readonly as: 'table' },
  defaults: FieldConfig,
  site: Site,
): Looks {
  // Grafana names the column of values after its query, but for a single one.
  const valueOf = (i: number): string => (lines.length > 1 ? `Value #${refId(i)}` : 'Value');
  const headers: Readonly<Record<string, string>> = {
    ...key,
    ...Object.assign({}, ...lines.map(({ labelColumns }) => labelColumns ?? {})),
    ...Object.fromEntries(
      lines.flatMap(({ legend }, i) => (isHidden(lines[i]!) ? [] : [[valueOf(i), legend]])),
    ),
  };
  const hidden = ['Time', ...lines.flatMap((line, i) => (isHidden(line) ? [valueOf(i)] : []))];
  return {
    type: 'table',
    transformations: [
      ...(lines.length > 1 ? [{ id: 'merge', options: {} }] : []),
      {
        id: 'organize',
        options: {
          renameByName: headers,
          excludeByName: Object.fromEntries(hidden.map((name) => [name, true])),
          indexByName: Object.fromEntries(inOrder(lines, key, valueOf).map((name, i) => [name, i])),
        },
      },
    ],
    options: {
      ...table.defaultOptions(),
      ...(sort && { sortBy: [{ displayName: sort.column, desc: sort.greatestFirst }] }),
    } satisfies table.Options,
    fieldConfig: {
      defaults: {
        ...defaults,
        custom: {
          align: FieldTextAlignment.Auto,
          inspect: false,
          filterable: true,
        } satisfies TableFieldOptions,
      },
      overrides: [
        ...lines.flatMap((line) => (isHidden(line) ? [] : [columnOverride(line, unit, thresholds)])),
        ...(links.length > 0
          ? [
              override('byName', Object.values(key)[0]!, {
                links: links.map((link) => rowLink(link, key, site)),
              }),
            ]
          : []),
      ],
    },
  };
}

/** Where labels are the answer, the number says nothing. */
function isHidden({ labelColumns }: Line): boolean {
  return labelColumns !== undefined;
}

function columnOverride(
  line: Line,
  unit: Observable['unit'],
  thresholds: Observable['thresholds'],
): ReturnType<typeof override> {
  const own = line.thresholds ?? thresholds;
  const its = line.unit ?? unit;
  return override('byName', line.legend, {
    unit: grafanaUnit(its),
    mappings: mappingsOf(its),
    ...(own && {
      thresholds: steps(own),
      'custom.cellOptions': {
        type: its === 'health' ? TableCellDisplayMode.ColorBackground : TableCellDisplayMode.ColorText,
      },
    }),
  });
}

/** The fields in the order of their columns: what tells lines apart first, then as the queries stand. */
function inOrder(
  lines: readonly Line[],
  key: Readonly<Record<string, string>>,
  valueOf: (i: number) => string,
): readonly string[] {
  return [
    ...Object.keys(key),
    ...lines.flatMap((line, i) => (isHidden(line) ? Object.keys(line.labelColumns!) : [valueOf(i)])),
  ];
}

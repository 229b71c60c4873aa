/** What spans and log records have in common. */

import { attributes as names } from '@moq-observability/moq-metrics';
import type { RowResource } from '../store/store.ts';
import type { Attributes, OtlpReader } from './attributes.ts';
import { object } from './checked.ts';

/** The records of a request. */
export interface Reading<Row> {
  readonly rows: readonly Row[];
  /** Records that are left out. */
  readonly rejected: number;
  /** Why, in words; empty when none is. */
  readonly message: string;
}

/** Who sent a record. */
export type RecordResource = RowResource;

/** The resource of records. */
export function resourceOf(
  value: unknown,
  reader: OtlpReader,
): Pick<RowResource, 'serviceName' | 'resourceAttributes'> {
  const resourceAttributes = reader.attributes(object(value ?? {}, 'resource')['attributes']);
  return { serviceName: String(resourceAttributes.get(names.serviceName.name) ?? ''), resourceAttributes };
}

/** The instrumentation scope of records. */
export function scopeOf(
  value: unknown,
  reader: OtlpReader,
): Pick<RowResource, 'scopeName' | 'scopeVersion'> & { readonly scopeAttributes: Attributes } {
  const { name, version, attributes } = object(value ?? {}, 'scope');
  return {
    scopeName: reader.name(name, 'name'),
    scopeVersion: reader.name(version, 'version'),
    scopeAttributes: reader.attributes(attributes),
  };
}

/** The text of an attribute: the record's own, or else the resource's. */
export function attributeText(
  record: { readonly attributes: Attributes; readonly resourceAttributes: Attributes },
  name: string,
): string | undefined {
  const value = record.attributes.get(name) ?? record.resourceAttributes.get(name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

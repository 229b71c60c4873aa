/**
 * Reading what a program exposes, and holding it against the schema.
 *
 * @module
 */
export { checkExposition, type CheckOptions, type Finding } from './exposition/check.ts';
export { boundText } from './exposition/format.ts';
export { type ExposedFamily, type Exposition, parseExposition, type Sample } from './exposition/parse.ts';
export { exposedValue, type HistogramMember } from './exposition/read.ts';

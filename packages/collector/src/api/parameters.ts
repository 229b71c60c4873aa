import { z } from 'zod';
import { Problem } from './reply.ts';

/** A number of milliseconds. */
export const milliseconds: z.ZodType<number | undefined> = z.coerce.number().min(0).max(8.64e15).optional();

/** A number that is not negative. */
export const number: z.ZodType<number | undefined> = z.coerce.number().min(0).max(1e12).optional();

/** A text to look for. */
export const word: z.ZodType<string | undefined> = z.string().min(1).max(512).optional();

/** Whether something holds. */
export const flag: z.ZodType<boolean | undefined> = z
  .enum(['true', 'false', '1', '0'])
  .transform((text) => text === 'true' || text === '1')
  .optional();

/** A trace, in hex. */
export const traceId: z.ZodType<string | undefined> = z
  .string()
  .regex(/^[0-9a-f]{32}$/i, { error: 'a trace id has 32 hex digits' })
  .transform((id) => id.toLowerCase())
  .optional();

/** How many rows, at most. */
export function limit(most: number, usual: number): z.ZodType<number> {
  return z.coerce.number().int().min(1).max(most).default(usual);
}

/**
 * Reads the query of a request.
 *
 * @throws Problem 400 naming the parameter that is wrong, or that there is not
 */
export function parameters<T>(query: URLSearchParams, schema: z.ZodType<T>): T {
  const given = Object.fromEntries([...query].filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  if (issue.code === 'unrecognized_keys') {
    throw new Problem(400, `there is no parameter ${JSON.stringify(issue.keys[0]!.slice(0, 80))}`);
  }
  throw new Problem(400, `${String(issue.path[0])}: ${issue.message}`);
}

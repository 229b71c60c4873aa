import { importJWK, type JWK, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import { CollectorError } from '../errors.ts';
import { Refused } from './refused.ts';

/** What a token allows. */
export interface Grant {
  /** Whether a session may report on a broadcast, given by its whole path. */
  covers(broadcast: string): boolean;
}

/** Tells what bearer tokens allow. */
export interface Grants {
  /**
   * Looks a request's `Authorization` header up.
   *
   * @throws Refused 401 when there is no token, or it is not good
   */
  grant(authorization: string | undefined): Promise<Grant>;
}

/** What moq-token signs: a root, and the paths below it that may be published to and watched. */
const claimsSchema = z.object({
  root: z.string().default(''),
  get: z.union([z.string(), z.array(z.string())]).default([]),
  put: z.union([z.string(), z.array(z.string())]).default([]),
});

const keySchema = z.looseObject({ kty: z.string(), alg: z.string(), kid: z.string().optional() });
const keysSchema = z.union([
  z.object({ keys: z.array(keySchema).min(1) }).transform(({ keys }) => keys),
  keySchema.transform((key) => [key]),
]);

/** What makes a key of two halves the private one. */
const PRIVATE_PARTS: ReadonlySet<string> = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']);

/** Tokens remembered as good; past it the oldest are verified anew. */
const REMEMBERED = 20_000;

interface VerifyingKey {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly key: Awaited<ReturnType<typeof importJWK>>;
}

/**
 * Reads the keys tokens are signed with: a JWK as moq-token writes it, as JSON or as the base64url of that, or a set of
 * them.
 *
 * @throws CollectorError (`config`) when it is none
 */
export async function createGrants(text: string): Promise<Grants> {
  const parsed = keysSchema.safeParse(parseKeys(text.trim()));
  if (!parsed.success) throw badKey();
  const keys = await Promise.all(parsed.data.map(verifyingKey));
  return new TokenGrants(keys);
}

class TokenGrants implements Grants {
  readonly #keys: readonly VerifyingKey[];
  readonly #good = new Map<string, { readonly grant: Grant; readonly expires: number }>();

  constructor(keys: readonly VerifyingKey[]) {
    this.#keys = keys;
  }

  async grant(authorization: string | undefined): Promise<Grant> {
    const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw new Refused(401, 'a bearer token is needed');
    const known = this.#good.get(token);
    if (known && known.expires > Date.now()) return known.grant;
    const claims = await this.#verify(token);
    const grant = grantOf(claims);
    this.#good.set(token, { grant, expires: (claims.exp ?? Number.POSITIVE_INFINITY) * 1000 });
    if (this.#good.size > REMEMBERED) this.#forgetOldest();
    return grant;
  }

  async #verify(token: string): Promise<JWTPayload> {
    let reason = 'it is signed with another key';
    for (const { key, alg } of this.#keys) {
      try {
        return (await jwtVerify(token, key, { algorithms: [alg] })).payload;
      } catch (error) {
        // What the library says of a token repeats nothing of it but its claims' names.
        if (error instanceof Error && 'claim' in error) reason = error.message;
      }
    }
    throw new Refused(401, `the bearer token is not good: ${reason}`);
  }

  #forgetOldest(): void {
    for (const token of this.#good.keys()) {
      this.#good.delete(token);
      return;
    }
  }
}

function grantOf(payload: JWTPayload): Grant {
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success)
    throw new Refused(401, 'the bearer token is not good: its root, get or put is no path');
  const { root, get, put } = claims.data;
  const prefixes = [get, put].flat().map((path) => joined(root, path));
  return { covers: (broadcast) => prefixes.some((prefix) => isWithin(broadcast, prefix)) };
}

function joined(root: string, path: string): string {
  return `${root}/${path}`.split('/').filter(Boolean).join('/');
}

function isWithin(path: string, prefix: string): boolean {
  return prefix === '' || path === prefix || path.startsWith(`${prefix}/`);
}

function parseKeys(text: string): unknown {
  try {
    return JSON.parse(text.startsWith('{') ? text : Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined; // Told as what it is: no key.
  }
}

async function verifyingKey(jwk: z.infer<typeof keySchema>): Promise<VerifyingKey> {
  const { alg, kid, kty } = jwk;
  const half =
    kty === 'oct'
      ? jwk
      : Object.fromEntries(Object.entries(jwk).filter(([name]) => !PRIVATE_PARTS.has(name)));
  try {
    return { alg, kid, key: await importJWK({ ...half, key_ops: ['verify'] } as JWK, alg) };
  } catch (cause) {
    throw badKey(cause);
  }
}

function badKey(cause?: unknown): CollectorError {
  return new CollectorError('config', 'the key is not a JWK with kty and alg, as moq-token writes it', {
    option: 'authKey',
    cause,
  });
}

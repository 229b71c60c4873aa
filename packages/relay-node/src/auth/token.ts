import type { relay } from '@moq-observability/moq-metrics';
import { decodeProtectedHeader, importJWK, type JWK, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import { RelayError } from '../errors.ts';
import { normalizePath } from '../routing/paths.ts';
import { type Access, accessTo, isCovered, type Prefixes, reaches } from './access.ts';

/** A client may not do what it came for. */
export class AuthError extends RelayError {
  readonly reason: relay.AuthFailureReason;

  constructor(reason: relay.AuthFailureReason, message: string, options?: ErrorOptions) {
    super('denied', message, options);
    this.name = 'AuthError';
    this.reason = reason;
  }

  /** The HTTP status it is answered with. */
  get status(): 401 | 403 {
    return this.reason === 'scope' ? 403 : 401;
  }
}

/** Longer tokens are not looked at. */
const MAX_TOKEN = 8 * 1024;
/** Keys of a set. */
const MAX_KEYS = 64;
/** What moq-token signs with. */
const ALGORITHMS = /^(HS(256|384|512)|ES(256|384)|[RP]S(256|384|512)|EdDSA)$/;
/** The shortest secret, in bytes. */
const MIN_SECRET = 32;
/** What makes a key of two halves the private one. */
const PRIVATE_PARTS: ReadonlySet<string> = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth']);

const path = z.string().max(1024).transform(normalizePath);
const paths = z.union([path.transform((one) => [one]), z.array(path).max(256)]).default([]);
const prefixesSchema = z
  .object({ root: path.default(''), get: paths, put: paths })
  .transform(({ root, get, put }): Prefixes & { readonly root: string } => {
    const below = (prefix: string): string => normalizePath(`${root}/${prefix}`);
    return { root, get: get.map(below), put: put.map(below) };
  });
const clusterSchema = z.object({ cluster: z.boolean().default(false) });

const keySchema = z.looseObject({
  kty: z.string().default('oct'),
  alg: z.string().regex(ALGORITHMS),
  kid: z.string().optional(),
  key_ops: z.array(z.string()).default(['verify']),
  scope: prefixesSchema.optional(),
});
const keysSchema = z.union([
  z.object({ keys: z.array(keySchema).min(1).max(MAX_KEYS) }).transform(({ keys }) => keys),
  keySchema.transform((key) => [key]),
]);

/** A key that tokens are verified with. */
interface VerifyingKey {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly key: Awaited<ReturnType<typeof importJWK>>;
  /** What tokens signed with it may grant; anything by default. */
  readonly scope: Prefixes | undefined;
}

/**
 * The keys that tokens are signed with, in the format of moq-token: JWT whose claims are `root`, the prefixes below it
 * that may be watched (`get`) and published (`put`), `cluster` for relays, and `exp`.
 */
export class TokenKeys {
  readonly #keys: readonly VerifyingKey[];

  private constructor(keys: readonly VerifyingKey[]) {
    this.#keys = keys;
  }

  /**
   * Reads a JWK (RFC 7517) as moq-token writes it, as JSON or as the base64url of that, or a set of them. Of a private
   * key only the public half is used.
   *
   * @throws {TypeError} saying what is wrong with it
   */
  static async parse(text: string): Promise<TokenKeys> {
    const parsed = keysSchema.safeParse(parseJson(text.trim()));
    if (!parsed.success)
      throw new TypeError('it is no JWK with an alg that moq-token knows, nor a set of them');
    return new TokenKeys(await Promise.all(parsed.data.map(verifyingKey)));
  }

  /**
   * What a token allows a client that connects below a root.
   *
   * @throws {AuthError} `malformed`, `signature`, `expired`, `scope`
   */
  async verify(token: string, root: string): Promise<Access> {
    const { payload, scope } = await this.#open(token);
    const prefixes = prefixesSchema.safeParse(payload);
    const cluster = clusterSchema.safeParse(payload);
    if (!prefixes.success || !cluster.success) {
      throw new AuthError('malformed', 'the claims of the token are not those of moq-token');
    }
    const { get, put } = prefixes.data;
    const exceeds =
      scope &&
      !(get.every((one) => isCovered(one, scope.get)) && put.every((one) => isCovered(one, scope.put)));
    if (exceeds) throw new AuthError('scope', 'the token grants more than its key may');
    if (!reaches([...get, ...put], root)) {
      throw new AuthError('scope', `the token grants nothing at or below ${JSON.stringify(root)}`);
    }
    return accessTo(prefixes.data, {
      isRelay: cluster.data.cluster,
      ...(payload.exp !== undefined && { expiresAt: payload.exp * 1000 }),
    });
  }

  async #open(
    token: string,
  ): Promise<{ readonly payload: JWTPayload; readonly scope: Prefixes | undefined }> {
    const { alg, kid } = headerOf(token);
    let error: unknown;
    for (const candidate of this.#keys) {
      if (candidate.alg !== alg || (kid !== undefined && (candidate.kid ?? kid) !== kid)) continue;
      try {
        const { payload } = await jwtVerify(token, candidate.key, { algorithms: [candidate.alg] });
        return { payload, scope: candidate.scope };
      } catch (cause) {
        error = cause;
        // A good signature is the end of the search, whatever else is wrong.
        if (codeOf(cause) !== 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') break;
      }
    }
    throw refusal(error);
  }
}

function refusal(cause: unknown): AuthError {
  switch (codeOf(cause)) {
    case undefined:
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
      return new AuthError('signature', 'the token is signed with none of our keys', { cause });
    case 'ERR_JWT_EXPIRED':
      return new AuthError('expired', 'the token has expired', { cause });
    default:
      return new AuthError('malformed', 'the token is no JWT that is valid now', { cause });
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function headerOf(token: string): { readonly alg: unknown; readonly kid: unknown } {
  try {
    if (token.length > MAX_TOKEN) throw new TypeError(`it is longer than ${MAX_TOKEN} characters`);
    const { alg, kid } = decodeProtectedHeader(token);
    return { alg, kid };
  } catch (cause) {
    throw new AuthError('malformed', 'the token is no JWT', { cause });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.startsWith('{') ? text : Buffer.from(text, 'base64url').toString());
  } catch {
    // It is told as what it is: no key.
    return undefined;
  }
}

async function verifyingKey({ scope, ...jwk }: z.infer<typeof keySchema>): Promise<VerifyingKey> {
  const { alg, kid, kty, key_ops: operations } = jwk;
  const isSecret = kty === 'oct';
  if (!operations.includes('verify') && !operations.includes('sign')) {
    throw new TypeError('it is a key of which nothing can be verified (key_ops)');
  }
  if (isSecret !== alg.startsWith('HS')) throw new TypeError(`it is a key of type ${kty} for ${alg}`);
  if (isSecret && Buffer.from(String(jwk['k'] ?? ''), 'base64url').byteLength < MIN_SECRET) {
    throw new TypeError(`it is a secret of less than ${MIN_SECRET} bytes`);
  }
  const half = isSecret
    ? jwk
    : Object.fromEntries(Object.entries(jwk).filter(([name]) => !PRIVATE_PARTS.has(name)));
  const key = await importJWK({ ...half, key_ops: ['verify'] } as JWK, alg).catch((cause: unknown) => {
    throw new TypeError(`it is no key for ${alg}`, { cause });
  });
  return { alg, kid, key, scope };
}

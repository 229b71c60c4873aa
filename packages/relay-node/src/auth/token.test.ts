import { generate, type Key, KeySchema, sign, toPublicKey } from '@moq/token';
import { importJWK, type JWK, type JWTPayload, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { TokenKeys } from './token.ts';

/** What `verify` says of a token: the paths among these that may be watched and published, or why it is refused. */
async function verdict(keys: TokenKeys, token: string, root = ''): Promise<unknown> {
  try {
    const access = await keys.verify(token, root);
    const paths = ['demo', 'demo/bbb', 'demo/bbb/low', 'demolition', 'news/one'];
    return { get: paths.filter(access.mayWatch), put: paths.filter(access.mayPublish) };
  } catch (error) {
    return (error as { reason?: string }).reason ?? error;
  }
}

async function parse(...keys: object[]): Promise<TokenKeys> {
  return TokenKeys.parse(JSON.stringify(keys.length === 1 ? keys[0] : { keys }));
}

/** Signs whatever it is given, unlike moq-token. */
async function signAnything(key: Key, claims: JWTPayload): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg })
    .sign(await importJWK({ ...key } as JWK, key.alg));
}

/** A part of a token. */
function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

describe('a token of moq-token', () => {
  test.each(['HS256', 'HS384', 'HS512', 'ES256', 'ES384', 'EdDSA', 'RS256', 'PS512'] as const)(
    'signed with %s is good',
    async (algorithm) => {
      const key = await generate(algorithm, 'k1');
      const token = await sign(key, { root: 'demo', put: 'bbb', get: [''] });
      const good = { get: ['demo', 'demo/bbb', 'demo/bbb/low'], put: ['demo/bbb', 'demo/bbb/low'] };
      expect(await verdict(await parse(key), token)).toEqual(good);
      if (!algorithm.startsWith('HS'))
        expect(await verdict(await parse(toPublicKey(key)), token)).toEqual(good);
      const base64 = Buffer.from(JSON.stringify(key)).toString('base64url');
      expect(await verdict(await TokenKeys.parse(`${base64}\n`), token)).toEqual(good);
    },
  );

  test('is good below its root, above it, and nowhere else', async () => {
    const key = await generate('HS256');
    const keys = await parse(key);
    const token = await sign(key, { root: '/demo//bbb/', get: '' });
    const only = { get: ['demo/bbb', 'demo/bbb/low'], put: [] };
    expect(await verdict(keys, token, '')).toEqual(only);
    expect(await verdict(keys, token, 'demo')).toEqual(only);
    expect(await verdict(keys, token, 'demo/bbb')).toEqual(only);
    expect(await verdict(keys, token, 'demo/bbb/low')).toEqual(only);
    expect(await verdict(keys, token, 'demo/bb')).toBe('scope');
    expect(await verdict(keys, token, 'news')).toBe('scope');
  });

  test('is found among the keys of a set by its kid, or without one by its signature', async () => {
    const [first, second] = [await generate('HS256', 'first'), await generate('HS256', 'second')];
    const keys = await parse(first, second);
    const everything = { root: '', get: '' };
    expect(await verdict(keys, await sign(second, everything))).toMatchObject({ put: [] });
    const { kid: _, ...nameless } = second;
    expect(await verdict(keys, await sign(nameless, everything))).toMatchObject({ put: [] });
    expect(await verdict(keys, await sign({ ...second, kid: 'first' }, everything))).toBe('signature');
    expect(await verdict(keys, await sign({ ...second, kid: 'third' }, everything))).toBe('signature');
  });

  test('ends, and says when', async () => {
    const key = await generate('HS256');
    const keys = await parse(key);
    const now = Math.floor(Date.now() / 1000);
    const access = await keys.verify(await sign(key, { root: '', get: '', exp: now + 60, iat: now }), '');
    expect(access).toMatchObject({ isRelay: false, expiresAt: (now + 60) * 1000 });
    expect(await verdict(keys, await signAnything(key, { root: '', get: '', exp: now - 1 }))).toBe('expired');
    const relay = await keys.verify(await signAnything(key, { get: '', cluster: true }), '');
    expect(relay).toMatchObject({ isRelay: true, expiresAt: Number.POSITIVE_INFINITY });
  });

  test('may not grant more than its key', async () => {
    const key = await generate('ES256');
    const scoped = await parse({ ...toPublicKey(key), scope: { root: 'demo', get: [''], put: ['bbb'] } });
    const within = await sign(key, { root: 'demo', put: 'bbb/low', get: 'bbb' });
    expect(await verdict(scoped, within)).toMatchObject({ put: ['demo/bbb/low'] });
    expect(await verdict(scoped, await sign(key, { root: 'demo', put: '' }))).toBe('scope');
    expect(await verdict(scoped, await sign(key, { root: '', get: 'news' }))).toBe('scope');
  });

  test('that is not good is refused, by its fault', async () => {
    const key = await generate('HS256');
    const [keys, other] = [await parse(key), await generate('HS256')];
    const good = await sign(key, { root: '', get: '' });
    const faults: [string, unknown][] = [
      ['nonsense', 'malformed'],
      ['a.b.c', 'malformed'],
      [`${'a'.repeat(9000)}.b.c`, 'malformed'],
      [await sign(other, { root: '', get: '' }), 'signature'],
      [good.slice(0, -4), 'signature'],
      [`${part({ alg: 'none' })}.${part({ get: '' })}.`, 'signature'],
      [`${part({ alg: 'HS384' })}.${good.split('.').slice(1).join('.')}`, 'signature'],
      [await signAnything(key, { root: 5, get: '' }), 'malformed'],
      [await signAnything(key, { get: [''], cluster: 'yes' }), 'malformed'],
      [await signAnything(key, { get: Array.from({ length: 1000 }, String) }), 'malformed'],
      [await signAnything(key, { get: '', nbf: 4e9 }), 'malformed'],
      [await signAnything(key, { root: 'demo' }), 'scope'],
    ];
    for (const [token, reason] of faults)
      expect([token.slice(0, 60), await verdict(keys, token)]).toEqual([token.slice(0, 60), reason]);
  });
});

describe('a key that cannot be used is refused:', () => {
  test.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['an empty set', '{"keys":[]}'],
    ['no algorithm', '{"kty":"oct","k":"AAAA"}'],
    ['an algorithm of others', '{"kty":"oct","alg":"none","k":"AAAA"}'],
    ['a short secret', '{"kty":"oct","alg":"HS256","k":"c2hvcnQ"}'],
    ['a secret for signatures', `{"kty":"oct","alg":"ES256","k":"${'A'.repeat(43)}"}`],
    ['half a key', '{"kty":"EC","alg":"ES256","crv":"P-256","x":"AAAA"}'],
    ['a key for encryption', `{"kty":"oct","alg":"HS256","k":"${'A'.repeat(43)}","key_ops":["encrypt"]}`],
  ])('%s', async (_name, text) => {
    await expect(TokenKeys.parse(text)).rejects.toThrow(TypeError);
  });

  test('but old secrets do without a type', async () => {
    const key = await generate('HS256');
    const { kty: _, ...old } = key;
    expect(KeySchema.safeParse(old).success).toBe(false);
    expect(await verdict(await parse(old), await sign(key, { root: '', get: '' }))).toMatchObject({
      put: [],
    });
  });
});

import { exportJWK, generateKeyPair, generateSecret, type JWK, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { createGrants } from './grants.ts';

type Key = Parameters<SignJWT['sign']>[0];

function sign(key: Key, alg: string, claims: Record<string, unknown>): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT' }).sign(key);
}

/** A key as moq-token writes it. */
async function secret(): Promise<{ key: Key; jwk: JWK }> {
  const key = await generateSecret('HS256', { extractable: true });
  return { key, jwk: { ...(await exportJWK(key)), alg: 'HS256', kid: 'a', key_ops: ['sign', 'verify'] } };
}

describe('a token', () => {
  test('covers what is below its root and paths', async () => {
    const { key, jwk } = await secret();
    const grants = await createGrants(JSON.stringify(jwk));
    const token = await sign(key, 'HS256', { root: 'demo', get: ['clock.hang', 'room/'], put: 'mine' });
    const { covers } = await grants.grant(`Bearer ${token}`);
    const paths = ['demo/clock.hang', 'demo/clock.hang/x', 'demo/room/1', 'demo/mine'];
    expect(paths.map(covers)).toEqual([true, true, true, true]);
    expect(['demo', 'demo/clock', 'demo/clock.hangs', 'other/clock.hang', ''].map(covers)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  test('of the empty root covers everything', async () => {
    const { key, jwk } = await secret();
    const grants = await createGrants(Buffer.from(JSON.stringify(jwk)).toString('base64url'));
    const grant = await grants.grant(`bearer ${await sign(key, 'HS256', { root: '', get: '' })}`);
    expect(grant.covers('whatever/there.is')).toBe(true);
  });

  test('is verified by the public half, by any key of a set', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(privateKey)), alg: 'ES256', key_ops: ['sign', 'verify'] };
    const grants = await createGrants(JSON.stringify({ keys: [(await secret()).jwk, jwk] }));
    const grant = await grants.grant(`Bearer ${await sign(privateKey, 'ES256', { root: 'a', get: '' })}`);
    expect(grant.covers('a/b')).toBe(true);
  });

  test('that is not good is refused', async () => {
    const { key, jwk } = await secret();
    const other = await secret();
    const grants = await createGrants(JSON.stringify(jwk));
    const expired = Math.floor(Date.now() / 1000) - 60;
    const bad = [
      undefined,
      'Basic abc',
      'Bearer',
      'Bearer nonsense',
      `Bearer ${await sign(other.key, 'HS256', { root: '', get: '' })}`,
      `Bearer ${await sign(key, 'HS256', { root: '', get: '', exp: expired })}`,
      `Bearer ${await sign(key, 'HS256', { root: 5 })}`,
      `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"root":""}').toString('base64url')}.`,
    ];
    for (const authorization of bad) {
      await expect(grants.grant(authorization)).rejects.toMatchObject({ status: 401 });
    }
  });

  test('that was good once is not good after its end', async () => {
    const { key, jwk } = await secret();
    const grants = await createGrants(JSON.stringify(jwk));
    const soon = Math.ceil(Date.now() / 1000) + 1;
    const token = `Bearer ${await sign(key, 'HS256', { root: '', get: '', exp: soon })}`;
    await grants.grant(token);
    await expect
      .poll(
        () =>
          grants.grant(token).then(
            () => 'good',
            (error: unknown) => error,
          ),
        { timeout: 5_000 },
      )
      .toMatchObject({ status: 401 });
  });
});

test.each(['', 'nonsense', '{}', '{"kty":"oct"}', '{"keys":[]}', '{"kty":"EC","alg":"ES256","x":"a"}'])(
  'takes no key %s',
  async (text) => {
    await expect(createGrants(text)).rejects.toMatchObject({ code: 'config', option: 'authKey' });
  },
);

import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSelfSigned, loadCertificate, rotationTime } from './certificate.ts';

const NOW = Date.UTC(2026, 10, 23, 8);
const DAY = 86_400_000;

describe('a self-signed certificate', () => {
  const made = createSelfSigned({ now: NOW, hosts: ['relay.example', '192.0.2.7', '[2001:db8::7]'] });
  const parsed = new X509Certificate(made.certificate);

  test('is one that browsers accept by its hash', () => {
    const length = parsed.validToDate.getTime() - parsed.validFromDate.getTime();
    expect(length).toBeLessThan(14 * DAY);
    expect(parsed.validFromDate.getTime()).toBeLessThan(NOW);
    expect(parsed.validToDate.getTime()).toBeGreaterThan(NOW + 10 * DAY);
    expect(parsed.publicKey.asymmetricKeyType).toBe('ec');
    expect(parsed.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(made.sha256).toBe(createHash('sha256').update(parsed.raw).digest('hex'));
    expect(made.expiresAt).toBe(parsed.validToDate.getTime());
  });

  test('is signed by its own key', () => {
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.checkPrivateKey(createPrivateKey(made.privateKey))).toBe(true);
  });

  test('is valid for this machine and for what was configured', () => {
    expect(parsed.checkHost('localhost')).toBe('localhost');
    expect(parsed.checkHost('relay.example')).toBe('relay.example');
    expect(parsed.checkHost('other.example')).toBeUndefined();
    for (const address of ['127.0.0.1', '::1', '192.0.2.7', '2001:db8::7']) {
      expect(parsed.checkIP(address), address).toBe(address);
    }
  });

  test('is replaced while clients that know it can still connect', () => {
    const rotation = rotationTime(made);
    expect(rotation).toBeGreaterThan(NOW + DAY);
    expect(rotation).toBeLessThan(made.expiresAt - DAY);
  });
});

describe('PEM files given by the operator', () => {
  let folder: string;
  const path = (name: string): string => join(folder, name);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'certificate-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  test('are read with their hash and expiry', async () => {
    const made = createSelfSigned({ now: NOW });
    await writeFile(path('cert.pem'), made.certificate);
    await writeFile(path('key.pem'), made.privateKey);
    await expect(
      loadCertificate({ certificate: path('cert.pem'), privateKey: path('key.pem') }),
    ).resolves.toEqual(made);
  });

  test('that cannot be used are named, with the reason', async () => {
    const one = createSelfSigned({ now: NOW });
    const other = createSelfSigned({ now: NOW });
    await writeFile(path('cert.pem'), one.certificate);
    await writeFile(path('key.pem'), one.privateKey);
    await writeFile(path('other-key.pem'), other.privateKey);
    await writeFile(path('garbage.pem'), 'no certificate here');
    const load = (certificate: string, privateKey: string): Promise<unknown> =>
      loadCertificate({ certificate: path(certificate), privateKey: path(privateKey) });

    const bad = { code: 'bad_certificate' };
    await expect(load('missing.pem', 'key.pem')).rejects.toMatchObject({
      ...bad,
      message: expect.stringMatching(/cannot read .*missing\.pem: ENOENT/),
    });
    await expect(load('garbage.pem', 'key.pem')).rejects.toMatchObject({
      ...bad,
      message: expect.stringMatching(/garbage\.pem does not hold a PEM-encoded certificate/),
    });
    await expect(load('cert.pem', 'cert.pem')).rejects.toMatchObject({
      ...bad,
      message: expect.stringMatching(/cert\.pem does not hold a PEM-encoded unencrypted private key/),
    });
    await expect(load('cert.pem', 'other-key.pem')).rejects.toMatchObject({
      ...bad,
      message: expect.stringMatching(/key in .*other-key\.pem does not belong to .*cert\.pem/),
    });
  });
});

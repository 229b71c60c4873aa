import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  Certificate as CertificateStructure,
  Extension,
  Extensions,
  GeneralName,
  id_ce_subjectAltName,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { TransportError } from './transport-error.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Browsers accept a certificate by its hash only if it is valid for at most 14 days. */
const VALID_FOR = 13 * DAY;
/** A certificate starts in the past, so that clients with a slow clock accept it. */
const BACKDATED_BY = 12 * HOUR;
/** How long before its end a certificate is replaced: clients that know the old hash have time to ask again. */
const ROTATED_BEFORE_END = 3 * DAY;

const COMMON_NAME = '2.5.4.3';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

/** A certificate with its key. */
export interface Certificate {
  /** PEM, the leaf first. */
  readonly certificate: string;
  /** PEM (PKCS#8 when generated here). */
  readonly privateKey: string;
  /** SHA-256 of the leaf in DER, as lower-case hex: what `serverCertificateHashes` and `/certificate.sha256` take. */
  readonly sha256: string;
  /** The end of the leaf's validity, in Unix milliseconds. */
  readonly expiresAt: number;
}

/** What a self-signed certificate is made of. */
export interface SelfSignedOptions {
  /** Unix time in milliseconds. */
  readonly now: number;
  /** Names and addresses it is valid for, beside `localhost`, `127.0.0.1` and `::1`. */
  readonly hosts?: readonly string[];
}

/**
 * A new self-signed certificate that browsers accept by its hash (`serverCertificateHashes` of WebTransport):
 * ECDSA on P-256, valid for less than 14 days.
 */
export function createSelfSigned(options: SelfSignedOptions): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const expiresAt = Math.floor((options.now + VALID_FOR) / 1000) * 1000;
  const name = commonName('moq-relay-node');
  const hosts = new Set(['localhost', '127.0.0.1', '::1', ...(options.hosts ?? []).map(withoutBrackets)]);
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });

  const body = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer: name,
    validity: new Validity({
      notBefore: new Date(options.now - BACKDATED_BY),
      notAfter: new Date(expiresAt),
    }),
    subject: name,
    subjectPublicKeyInfo: AsnConvert.parse(
      publicKey.export({ type: 'spki', format: 'der' }),
      SubjectPublicKeyInfo,
    ),
    extensions: new Extensions([
      new Extension({
        extnID: id_ce_subjectAltName,
        critical: false,
        extnValue: new OctetString(
          AsnConvert.serialize(new SubjectAlternativeName([...hosts].map(generalName))),
        ),
      }),
    ]),
  });
  const signature = sign('sha256', Buffer.from(AsnConvert.serialize(body)), privateKey);
  const der = Buffer.from(
    AsnConvert.serialize(
      new CertificateStructure({
        tbsCertificate: body,
        signatureAlgorithm: algorithm,
        signatureValue: arrayBuffer(signature),
      }),
    ),
  );

  return {
    certificate: new X509Certificate(der).toString(),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    sha256: createHash('sha256').update(der).digest('hex'),
    expiresAt,
  };
}

/** When a self-signed certificate should be replaced, in Unix milliseconds. */
export function rotationTime(certificate: Certificate): number {
  return certificate.expiresAt - ROTATED_BEFORE_END;
}

/**
 * Reads a certificate (or chain, leaf first) and its key from PEM files.
 *
 * @throws {TransportError} `bad_certificate`, naming the file and what is wrong with it.
 */
export async function loadCertificate(files: {
  readonly certificate: string;
  readonly privateKey: string;
}): Promise<Certificate> {
  const certificate = await readPem(files.certificate);
  const privateKey = await readPem(files.privateKey);
  const leaf = parse(files.certificate, 'certificate', () => new X509Certificate(certificate));
  const key = parse(files.privateKey, 'unencrypted private key', () => createPrivateKey(privateKey));

  if (!leaf.checkPrivateKey(key)) {
    throw new TransportError(
      'bad_certificate',
      `the key in ${files.privateKey} does not belong to the certificate in ${files.certificate}`,
    );
  }
  return {
    certificate,
    privateKey,
    sha256: createHash('sha256').update(leaf.raw).digest('hex'),
    expiresAt: leaf.validToDate.getTime(),
  };
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TransportError('bad_certificate', `cannot read ${file}: ${why}`, { cause });
  }
}

function parse<T>(file: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new TransportError('bad_certificate', `${file} does not hold a PEM-encoded ${what}`, { cause });
  }
}

function commonName(value: string): Name {
  const attribute = new AttributeTypeAndValue({
    type: COMMON_NAME,
    value: new AttributeValue({ utf8String: value }),
  });
  return new Name([new RelativeDistinguishedName([attribute])]);
}

/** 16 random bytes, positive and without a leading zero, as DER wants an integer. */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return arrayBuffer(bytes);
}

function generalName(host: string): GeneralName {
  return new GeneralName(isIP(host) === 0 ? { dNSName: host } : { iPAddress: host });
}

function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

function arrayBuffer(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

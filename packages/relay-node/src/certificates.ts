import type { RelayConfig } from './config.ts';
import { RelayError } from './errors.ts';
import {
  type Certificate,
  createSelfSigned,
  loadCertificate,
  rotationTime,
} from './transport/certificate.ts';
import { TransportError } from './transport/transport-error.ts';

/** The certificate in use: from files, or self-signed and replaced in time. */
export class Certificates {
  #current: Certificate;
  #timer: NodeJS.Timeout | undefined;

  private constructor(current: Certificate) {
    this.#current = current;
  }

  /**
   * Reads the files named in the configuration, or makes a certificate.
   *
   * @param onRotate told of each new one
   * @throws {RelayError} `bad_option` naming the file
   */
  static async open(
    config: RelayConfig,
    onRotate: (certificate: Certificate) => void,
  ): Promise<Certificates> {
    const { certificate, privateKey, host } = config;
    if (certificate === undefined || privateKey === undefined) {
      const certificates = new Certificates(createSelfSigned({ now: Date.now(), hosts: [host] }));
      certificates.#rotate(host, onRotate);
      return certificates;
    }
    try {
      return new Certificates(await loadCertificate({ certificate, privateKey }));
    } catch (cause) {
      if (!(cause instanceof TransportError)) throw cause;
      throw new RelayError('bad_option', cause.message, { cause, option: 'certificate' });
    }
  }

  get current(): Certificate {
    return this.#current;
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #rotate(host: string, onRotate: (certificate: Certificate) => void): void {
    this.#timer = setTimeout(
      () => {
        this.#current = createSelfSigned({ now: Date.now(), hosts: [host] });
        onRotate(this.#current);
        this.#rotate(host, onRotate);
      },
      rotationTime(this.#current) - Date.now(),
    );
    this.#timer.unref();
  }
}

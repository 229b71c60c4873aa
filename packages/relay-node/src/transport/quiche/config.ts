import { getCACertificates } from 'node:tls';
import type { Certificate } from '../certificate.ts';
import { TransportError } from '../transport-error.ts';
import { MAX_STOPS } from './connection.ts';
import type { NativeConfig, Quiche } from './native.ts';

/** How much of a connection's state a peer can make us keep. */
export interface ConnectionLimits {
  /** Streams the peer may have open at once, of either kind. Default 128. */
  readonly maxStreams?: number;
  /**
   * Bytes a stream may hold that nobody has read, to begin with. Default 256 KiB. One that is read as fast as it
   * arrives may come to hold four times as much. A connection can hold as much as its unidirectional streams together.
   */
  readonly streamWindow?: number;
}

/** Packets we send are no longer than this, and peers are asked to keep to 1,500. */
const MAX_SEND_PACKET = 1350;
const MAX_RECEIVE_PACKET = 1500;
const DATAGRAM_QUEUE = 256;
/** Addresses a client may have been seen at: translators of addresses move clients, and no address is forgotten. */
const MAX_PATHS = 8;
/**
 * The window of a whole connection. quiche 0.18 counts data of streams that were reset or stopped before it was read
 * as unread for ever, so that a window that matters would close in the end. Streams have windows that do matter.
 */
const CONNECTION_WINDOW: number = 2 ** 52;

/** The settings of a server. Throws a TransportError when the certificate cannot be used. */
export function serverConfig(
  quiche: Quiche,
  certificate: Certificate,
  idleTimeout: number,
  limits: ConnectionLimits,
): NativeConfig {
  try {
    const config = quiche.Config.withBoringSslCtx(
      false,
      true,
      null,
      [Buffer.from(certificate.privateKey)],
      [Buffer.from(certificate.certificate)],
      null,
    );
    return configured(quiche, config, idleTimeout, limits);
  } catch (cause) {
    throw new TransportError('bad_certificate', `the certificate cannot be used: ${String(cause)}`, {
      cause,
    });
  }
}

/** The settings of a client; without `trustAny` it trusts the certificate authorities that Node trusts. */
export function clientConfig(
  quiche: Quiche,
  idleTimeout: number,
  limits: ConnectionLimits,
  trustAny: boolean,
): NativeConfig {
  const authorities = trustAny ? null : Buffer.from(getCACertificates('default').join('\n'));
  const config = quiche.Config.withBoringSslCtx(!trustAny, trustAny, authorities, null, null, null);
  return configured(quiche, config, idleTimeout, limits);
}

function configured(
  quiche: Quiche,
  config: NativeConfig,
  idleTimeout: number,
  limits: ConnectionLimits,
): NativeConfig {
  const { maxStreams = 128, streamWindow = 256 * 1024 } = limits;
  config.setApplicationProtos(['h3']);
  config.setMaxIdleTimeout(idleTimeout);
  config.setMaxRecvUdpPayloadSize(MAX_RECEIVE_PACKET);
  config.setMaxSendUdpPayloadSize(MAX_SEND_PACKET);
  config.setInitialMaxData(CONNECTION_WINDOW);
  config.setMaxConnectionWindow(CONNECTION_WINDOW);
  config.setInitialMaxStreamDataBidiLocal(streamWindow);
  config.setInitialMaxStreamDataBidiRemote(streamWindow);
  config.setInitialMaxStreamDataUni(streamWindow);
  config.setMaxStreamWindow(4 * streamWindow);
  // Streams that were stopped count as open for ever, so there is room for all of those.
  config.setInitialMaxStreamsBidi(maxStreams + MAX_STOPS);
  config.setInitialMaxStreamsUni(maxStreams + MAX_STOPS);
  config.enableDgram(true, DATAGRAM_QUEUE, DATAGRAM_QUEUE);
  config.setDisableActiveMigration(true);
  config.setActiveConnectionIdLimit(MAX_PATHS);
  config.setCcAlgorithm(quiche.CongestionControlAlgorithm.CUBIC);
  // The library only says when to send; sending in one go per turn is what we do.
  config.enablePacing(false);
  config.grease(false);
  return config;
}

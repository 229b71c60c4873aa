import type { Config, Connection, quiche } from '@matrixai/quic/native/index.js';
import { TransportError } from '../transport-error.ts';

/** The native QUIC library. */
export type Quiche = typeof quiche;
/** A QUIC connection of the native library: packets go in and come out, nothing else happens by itself. */
export type NativeConnection = Connection;
/** Settings of QUIC and TLS for any number of connections. */
export type NativeConfig = Config;

/**
 * Loads the native library, which is not there on every platform.
 *
 * @throws {TransportError} `unavailable`
 */
export async function loadQuiche(): Promise<Quiche> {
  try {
    const native = await import('@matrixai/quic/native/index.js');
    return native.quiche;
  } catch (cause) {
    throw new TransportError(
      'unavailable',
      `QUIC by quiche is not available on ${process.platform}-${process.arch}: its native library cannot be loaded`,
      { cause },
    );
  }
}

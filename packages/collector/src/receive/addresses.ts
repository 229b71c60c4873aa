import { BlockList, isIP } from 'node:net';
import { CollectorError } from '../errors.ts';

/** Where a request came from. */
export interface Origination {
  /** The address of the sender: of the first that is no trusted proxy, counted from here. */
  readonly address: string;
  /** Whether a trusted proxy handed the request over, so that its headers tell the truth. */
  readonly proxied: boolean;
}

/** Tells senders by their addresses. */
export type AddressBook = (peer: string | undefined, forwarded: string | undefined) => Origination;

/** How many proxies a request may have come through. */
const MAX_PROXIES = 16;

/**
 * Builds the address book from the proxies that are trusted: addresses and networks, such as `10.0.0.0/8`. Only what
 * they say in `X-Forwarded-For` counts, and only as far as the chain of trusted ones goes.
 *
 * @throws CollectorError (`config`) naming the proxy that is no address
 */
export function createAddressBook(trustedProxies: readonly string[]): AddressBook {
  const trusted = new BlockList();
  for (const proxy of trustedProxies) trust(trusted, proxy);
  const isTrusted = (address: string): boolean => {
    const version = isIP(address);
    return version !== 0 && trusted.check(address, version === 6 ? 'ipv6' : 'ipv4');
  };
  return (peer, forwarded) => {
    let address = plain(peer ?? '');
    if (trustedProxies.length === 0 || !isTrusted(address)) return { address, proxied: false };
    const chain = (forwarded ?? '').split(',').slice(-MAX_PROXIES);
    while (isTrusted(address)) {
      const before = plain(chain.pop()?.trim() ?? '');
      if (isIP(before) === 0) break;
      address = before;
    }
    return { address, proxied: true };
  };
}

function trust(trusted: BlockList, proxy: string): void {
  const [address = '', bits, ...rest] = proxy.split('/');
  const version = isIP(address);
  const most = version === 6 ? 128 : 32;
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (version === 0 || rest.length > 0 || !(prefix <= most)) {
    throw new CollectorError('config', `"${proxy}" is no address or network: write 10.0.0.1 or 10.0.0.0/8`, {
      option: 'trustedProxies',
    });
  }
  trusted.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4');
}

/** An IPv4 address that came through an IPv6 socket, as what it is. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

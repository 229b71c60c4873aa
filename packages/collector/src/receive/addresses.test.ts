import { expect, test } from 'vitest';
import { createAddressBook } from './addresses.ts';

const book = createAddressBook(['10.0.0.0/8', '192.0.2.1', 'fd00::/8']);

test.each([
  ['203.0.113.5', '198.51.100.1', '203.0.113.5', false],
  ['10.1.2.3', '198.51.100.1', '198.51.100.1', true],
  ['::ffff:10.1.2.3', '198.51.100.1', '198.51.100.1', true],
  ['10.1.2.3', '1.1.1.1, 198.51.100.1, 192.0.2.1', '198.51.100.1', true],
  ['fd00::1', '2001:db8::7', '2001:db8::7', true],
  ['10.1.2.3', undefined, '10.1.2.3', true],
  ['10.1.2.3', 'nonsense', '10.1.2.3', true],
  ['10.1.2.3', '198.51.100.1, nonsense', '10.1.2.3', true],
  [undefined, '198.51.100.1', '', false],
])('from %s by %s it is %s', (peer, forwarded, address, proxied) => {
  expect(book(peer, forwarded)).toEqual({ address, proxied });
});

test.each(['10.0.0.0/33', 'proxy.example', '10.0.0.0/8/8', '10.0.0.0/x', 'fd00::/129'])(
  'takes no %s',
  (proxy) => {
    expect(() => createAddressBook([proxy])).toThrow(
      expect.objectContaining({ code: 'config', option: 'trustedProxies' }),
    );
  },
);

import { BlockList, isIP } from 'node:net';

/**
 * IPv4 that is not out in the public: IANA's special-purpose registry (RFC 6890), multicast and reserved. Metadata services
 * of clouds are link-local, or in the private and shared ranges.
 */
const closed4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Within the global unicast of IPv6: Teredo and other protocols, documentation, 6to4, which embeds any IPv4. */
const closed6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const global6 = new BlockList();
global6.addSubnet('2000::', 3, 'ipv6');
const closed = new BlockList();
for (const [address, bits] of closed4) closed.addSubnet(address, bits, 'ipv4');
for (const [address, bits] of closed6) closed.addSubnet(address, bits, 'ipv6');

/**
 * Pure. Of IPv6 only global unicast is public, so that loopback, unique local, link-local, mapped and translated IPv4 are
 * not, however they are written. What is no address is not public.
 */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !closed.check(address, 'ipv4');
    case 6:
      // With a zone it is of one link only.
      return !address.includes('%') && global6.check(address, 'ipv6') && !closed.check(address, 'ipv6');
    default:
      return false;
  }
}

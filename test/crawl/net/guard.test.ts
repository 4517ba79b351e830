import { describe, expect, it } from 'vitest';
import { anyAddress, isPublicAddress, refuseUrl } from '../../../src/crawl/net/guard.js';

const PRIVATE = [
  // this host, loopback, private, carrier NAT, link-local and metadata
  '0.0.0.0',
  '0.1.2.3',
  '127.0.0.1',
  '127.255.255.254',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '100.64.0.1',
  '100.100.100.200',
  '169.254.169.254',
  '168.63.129.16',
  // protocol assignments, documentation, benchmarks, relays, multicast, reserved, broadcast
  '192.0.0.192',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '192.88.99.1',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.1',
  '255.255.255.255',
  // IPv6
  '::',
  '::1',
  'fe80::1',
  'fe80::1%eth0',
  'fc00::1',
  'fd00:ec2::254',
  'fec0::1',
  'ff02::1',
  '2001:db8::1',
  '3fff::1',
  '100::1',
  '5f00::1',
  '4000::1',
  // IPv4 within IPv6: mapped, compatible, translated, NAT64, local NAT64, 6to4, Teredo
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:a9fe:a9fe',
  '::127.0.0.1',
  '::8.8.8.8',
  '::ffff:0:127.0.0.1',
  '64:ff9b::127.0.0.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::8.8.8.8',
  '2002:7f00:1::',
  '2002:808:808::',
  '2001::1',
];

const PUBLIC = [
  '8.8.8.8',
  '1.1.1.1',
  '172.15.0.1',
  '172.32.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '192.169.0.1',
  '2001:4860:4860::8888',
  '2606:4700::1111',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
];

describe('isPublicAddress', () => {
  it.each(PRIVATE)('refuses %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
  it.each(PUBLIC)('admits %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
  it.each(['', 'example.org', '1.2.3', '0x7f.1', '1.2.3.4.5'])('refuses %j, no address', (text) => {
    expect(isPublicAddress(text)).toBe(false);
  });
});

describe('refuseUrl', () => {
  it.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0x7f.1/',
    'http://017700000001/',
    'http://127.1/',
    'http://127.0.0.1./',
    'http://①②⑦.0.0.1/',
    'http://%31%32%37.0.0.1/',
    'http://0/',
    'http://[::1]/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://169.254.169.254/latest/meta-data/',
    'http://2852039166/latest/meta-data/',
    'https://[fd00:ec2::254]/',
    'http://192.168.1.1:8080/',
  ])('sees the private address in %s', (url) => {
    expect(refuseUrl(new URL(url), isPublicAddress)?.reason).toBe('private_address');
    expect(refuseUrl(new URL(url), anyAddress)).toBeUndefined();
  });

  it.each([
    'ftp://example.org/',
    'file:///etc/passwd',
    'data:text/html,hello',
    'javascript:alert(1)',
    'gopher://example.org/',
    'http://user@example.org/',
    'http://user:secret@example.org/',
    'http://example.org:22/',
    'http://example.org:25/',
    'http://example.org:6667/',
    `http://example.org/${'a'.repeat(9_000)}`,
  ])('refuses %s even where private addresses are allowed', (url) => {
    expect(refuseUrl(new URL(url), anyAddress)?.reason).toBe('bad_url');
  });

  it.each([
    'http://example.org/',
    'https://example.org:8443/a?b',
    'http://8.8.8.8/',
    'http://münchen.test/',
  ])('admits %s', (url) => {
    expect(refuseUrl(new URL(url), isPublicAddress)).toBeUndefined();
  });
});

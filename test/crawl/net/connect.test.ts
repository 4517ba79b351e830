import { describe, expect, it } from 'vitest';
import { applyConnectTo, parseConnectTo, staysOnLoopback } from '../../../src/crawl/net/connect.js';
import { clientFor, never, serve, withoutRobots } from '../support.js';

describe('connectTo rules', () => {
  it.each([
    ['::127.0.0.1:80', 'a.test', '443', '127.0.0.1', '80'],
    ['a.test:443:b.test:8443', 'a.test', '443', 'b.test', '8443'],
    ['a.test:443:b.test:8443', 'a.test', '80', 'a.test', '80'],
    ['A.test::b.test:', 'a.test', '81', 'b.test', '81'],
    [':80::8080', 'c.test', '80', 'c.test', '8080'],
    ['[2001:db8::1]:80:[::1]:8080', '[2001:db8::1]', '80', '[::1]', '8080'],
  ])('%s sends %s:%s to %s:%s', (rule, host, port, toHost, toPort) => {
    expect(applyConnectTo([parseConnectTo(rule)], host, port)).toEqual({
      host: toHost,
      port: toPort,
    });
  });

  it('lets the first rule that matches decide', () => {
    const rules = ['a.test:::1', ':::2'].map(parseConnectTo);
    expect(applyConnectTo(rules, 'a.test', '80').port).toBe('1');
    expect(applyConnectTo(rules, 'b.test', '80').port).toBe('2');
  });

  it.each(['', 'a', 'a:b', 'a:b:c', 'a:http:b:80', 'a:1:b:2:3', '::1:80:a:90'])(
    'names the rule it cannot read: %j',
    (rule) => {
      expect(() => parseConnectTo(rule)).toThrow(JSON.stringify(rule));
    },
  );

  it.each([
    [['::127.0.0.1:8080'], true],
    [['::[::1]:8080'], true],
    [['a.test::127.0.0.2:', '::127.0.0.1:1'], true],
    [['a.test::127.0.0.1:1'], false],
    [[':80:127.0.0.1:1'], false],
    [['::192.0.2.1:1'], false],
    [['::localhost.example:1'], false],
    [['a.test::192.0.2.1:1', '::127.0.0.1:1'], false],
    [[], false],
  ])('%j keeps all on loopback: %s', (rules, expected) => {
    expect(staysOnLoopback(rules.map(parseConnectTo))).toBe(expected);
  });
});

describe('connections', () => {
  it('go where connectTo says, with the Host of the URL and no name looked up', async () => {
    const server = await serve((_req, res) => res.writeHead(200).end('ok'));
    const asked: string[] = [];
    const resolve = async (name: string) => {
      asked.push(name);
      throw new Error('asked');
    };
    const client = clientFor(server.port, { honour: [] }, { resolve });
    const got = await client.get('http://noto.test/a?b', { kind: 'page', signal: never });
    expect(got.ok && got.body.toString()).toBe('ok');
    expect(server.log).toEqual(['noto.test/a?b']);
    expect(asked).toEqual([]);
  });

  it('are refused when every address of a name is private, and made to the public ones only', async () => {
    const server = await serve((_req, res) => res.end('secret'));
    const addresses: Record<string, string> = {
      'inside.test': '127.0.0.1',
      'metadata.test': '169.254.169.254',
      'mapped.test': '::ffff:127.0.0.1',
    };
    const resolve = async (name: string) => {
      const address = addresses[name] ?? '';
      return [{ address, family: address.includes(':') ? 6 : 4 } as const];
    };
    const settings = {
      connectTo: [`:::${server.port}`],
      allowPrivate: false,
      contact: 'test@example.org',
    };
    const client = clientFor(server.port, settings, { resolve });
    for (const name of Object.keys(addresses)) {
      const got = await client.get(`http://${name}/`, { kind: 'page', signal: never });
      expect(got).toMatchObject({ ok: false, loss: { reason: 'private_address' } });
    }
    expect(server.log).toEqual([]);
  });

  it('are checked when they are made: a name that turns private in between gains nothing', async () => {
    const server = await serve(withoutRobots((_req, res) => res.end('secret')));
    let answers = 0;
    const resolve = async () => {
      answers++;
      return [{ address: '127.0.0.1', family: 4 } as const];
    };
    const settings = { connectTo: [`:::${server.port}`], allowPrivate: false, contact: 'a@b.test' };
    const client = clientFor(server.port, settings, { resolve });
    const got = await client.get('http://rebind.test/', { kind: 'page', signal: never });
    expect(got).toMatchObject({ ok: false, loss: { reason: 'private_address' } });
    expect(answers).toBe(1);
    expect(server.log).toEqual([]);
  });

  it('to a private target of connectTo are refused unless private addresses are allowed', async () => {
    const server = await serve((_req, res) => res.end('ok'));
    const client = clientFor(server.port, { allowPrivate: false });
    const got = await client.get('http://a.test/', { kind: 'page', signal: never });
    expect(got).toMatchObject({ ok: false, loss: { reason: 'private_address' } });
    expect(server.log).toEqual([]);
  });

  it('reach localhost where private addresses are allowed', async () => {
    const server = await serve(withoutRobots((_req, res) => res.end('here')));
    const client = clientFor(server.port, { connectTo: [], contact: 'test@example.org' });
    const url = `http://localhost:${server.port}/`;
    const got = await client.get(url, { kind: 'page', signal: never });
    expect(got.ok && got.body.toString()).toBe('here');
  });
});

import { describe, expect, it } from 'vitest';
import { createDirectHosts } from '../../src/clients/http/direct-hosts.js';

/** NO_PROXY as an operator knows it of other tools. */

const reached: readonly (readonly [list: string, origin: string, isDirect: boolean])[] = [
  ['10.0.0.0/8', 'http://10.1.2.3:9000', true],
  ['10.0.0.0/8', 'http://11.1.2.3:9000', false],
  ['10.0.0.0/8', 'https://10.example.com', false],
  ['10.0.0.0/99', 'http://10.1.2.3', false],
  ['0.0.0.0/0', 'http://192.0.2.7', true],
  ['fd00::/8', 'https://[fd12:3456::1]', true],
  ['fd00::/8', 'https://[fe80::1]', false],
  ['::1', 'http://[::1]:9000', true],
  ['[fd00::0001]:9000', 'http://[fd00::1]:9000', true],
  ['[fd00::1]:9000', 'http://[fd00::1]:9001', false],
  ['192.0.2.7', 'https://192.0.2.7', true],
  ['192.0.2.7:9000', 'http://192.0.2.7', false],
  ['example.com', 'https://example.com', true],
  ['example.com', 'https://minio.Example.com.', true],
  ['example.com', 'https://notexample.com', false],
  ['.example.com', 'https://minio.example.com', true],
  ['*.example.com', 'https://minio.example.com', true],
  ['minio.example.com:443', 'https://minio.example.com', true],
  ['minio.example.com:443', 'http://minio.example.com', false],
  [' first.test , 10.0.0.0/8\tlast.test', 'http://last.test', true],
  ['', 'http://last.test', false],
];

describe('with NO_PROXY', () => {
  it.each(reached)('%j the host of %s is reached without the proxy: %s', (list, origin, isDirect) => {
    expect(createDirectHosts(list)(origin)).toBe(isDirect);
  });
});

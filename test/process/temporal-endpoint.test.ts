import { describe, expect, it } from 'vitest';
import { toEndpoint } from '../../src/process/temporal-connection.js';

/** What is looked at for a fault of TLS has to be what the SDKs connect to. */

describe('the endpoint of an address of Temporal', () => {
  it.each([
    ['temporal.example.com:8233', { host: 'temporal.example.com', port: 8233 }],
    ['temporal.example.com', { host: 'temporal.example.com', port: 7233 }],
    ['127.0.0.1', { host: '127.0.0.1', port: 7233 }],
    ['[::1]:8233', { host: '::1', port: 8233 }],
    ['[::1]', { host: '::1', port: 7233 }],
  ])('%s', (address, endpoint) => {
    expect(toEndpoint(address)).toEqual(endpoint);
  });
});

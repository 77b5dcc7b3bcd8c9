import { hash } from 'node:crypto';

/** A UUID of version 8 (RFC 9562): the first 16 bytes of SHA-256 over the content. */
export function uuidOf(content: string | Buffer): string {
  const hex = hash('sha256', content, 'hex');
  const variant = ((Number.parseInt(hex[16]!, 16) & 0b0011) | 0b1000).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** Text as UTF-8 and back. The guest's engine has no `TextEncoder`. */

import { permanent } from './error.js';

/** The bytes of a text. */
export function utf8(text: string): Uint8Array {
  // A lone surrogate has no UTF-8 form and becomes U+FFFD, as it does in TextEncoder.
  const escaped = encodeURIComponent(text.toWellFormed());
  const bytes = new Uint8Array(escaped.length);
  let length = 0;
  for (let at = 0; at < escaped.length; at++) {
    const code = escaped.charCodeAt(at);
    bytes[length++] = code === 0x25 ? parseInt(escaped.slice(at + 1, (at += 2) + 1), 16) : code;
  }
  return bytes.slice(0, length);
}

/**
 * The text of bytes.
 * @throws KoiError `permanent` if they are not UTF-8; `what` they are stands in the message.
 */
export function fromUtf8(bytes: Uint8Array, what: string): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 4096) {
    for (const byte of bytes.subarray(at, at + 4096)) {
      pieces.push(byte < 0x80 && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`);
    }
  }
  try {
    return decodeURIComponent(pieces.join(''));
  } catch {
    throw permanent(`${what} is no text`);
  }
}

/** Bytes as MCP writes them: base64 with padding. */
export function base64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

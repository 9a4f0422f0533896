/**
 * The digests of the room, as plain functions over node:crypto.
 *
 * @module
 */
import { createHash, createHmac } from "node:crypto";

/** MD4 (RFC 1320). */
export function md4(...parts: readonly Uint8Array[]): Uint8Array {
  return digest("md4", parts);
}

/** MD5 (RFC 1321). */
export function md5(...parts: readonly Uint8Array[]): Uint8Array {
  return digest("md5", parts);
}

/** SHA-512 (FIPS 180-4). */
export function sha512(...parts: readonly Uint8Array[]): Uint8Array {
  return digest("sha512", parts);
}

/** HMAC-MD5 (RFC 2104). */
export function hmacMd5(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return hmac("md5", key, parts);
}

/** HMAC-SHA256 (RFC 2104). */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return hmac("sha256", key, parts);
}

function digest(name: string, parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash(name);
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
}

function hmac(name: string, key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac(name, key);
  for (const part of parts) mac.update(part);
  return Uint8Array.from(mac.digest());
}

/**
 * Encryption of whole messages inside a TRANSFORM_HEADER (MS-SMB2 sections 2.2.41 and 3.1.4.3): the payload
 * transformation only; the header's layout belongs to the wire room.
 *
 * @module
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { ccmDecrypt, ccmEncrypt } from "./ccm.ts";

/** Encryption algorithms by their identifiers in SMB2_ENCRYPTION_CAPABILITIES (MS-SMB2 section 2.2.3.1.2). */
export const CipherId = {
  AES_128_CCM: 0x0001,
  AES_128_GCM: 0x0002,
  AES_256_CCM: 0x0003,
  AES_256_GCM: 0x0004,
} as const;

/** Everything but the text that one encrypted message depends on. */
export interface TransformInput {
  /** One of {@linkcode CipherId}. */
  readonly cipherId: number;
  /** The key of the direction, as long as {@linkcode cipherKeyLength} says. */
  readonly key: Uint8Array;
  /** The header's Nonce field; its first 11 bytes (CCM) or 12 (GCM) count. Never reused with one key. */
  readonly nonce: Uint8Array;
  /** The TRANSFORM_HEADER from its Nonce field to its end: 32 bytes. */
  readonly aad: Uint8Array;
}

/**
 * Length of a cipher's key in bytes.
 *
 * @param cipherId One of {@linkcode CipherId}.
 * @returns 16 or 32.
 * @throws {RangeError} When the cipher is unknown.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CipherId, cipherKeyLength } from "./mod.ts";
 *
 * assertEquals(cipherKeyLength(CipherId.AES_256_GCM), 32);
 * ```
 */
export function cipherKeyLength(cipherId: number): 16 | 32 {
  switch (cipherId) {
    case CipherId.AES_128_CCM:
    case CipherId.AES_128_GCM:
      return 16;
    case CipherId.AES_256_CCM:
    case CipherId.AES_256_GCM:
      return 32;
    default:
      throw new RangeError(`Cannot use cipher 0x${cipherId.toString(16)}: it is unknown`);
  }
}

/**
 * Length of a cipher's nonce in bytes: 11 for CCM and 12 for GCM.
 *
 * @param cipherId One of {@linkcode CipherId}.
 * @returns How many bytes of the header's 16-byte Nonce field count; the rest are zero.
 * @throws {RangeError} When the cipher is unknown.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CipherId, cipherNonceLength } from "./mod.ts";
 *
 * assertEquals(cipherNonceLength(CipherId.AES_128_CCM), 11);
 * ```
 */
export function cipherNonceLength(cipherId: number): 11 | 12 {
  cipherKeyLength(cipherId);
  return cipherId === CipherId.AES_128_CCM || cipherId === CipherId.AES_256_CCM ? 11 : 12;
}

/**
 * Encrypts a message or a chain.
 *
 * @param input Cipher, key, nonce and header bytes.
 * @param plaintext The message or chain from its first SMB2 header on.
 * @returns The ciphertext, of the same length, and the 16 bytes for the header's Signature field.
 * @throws {RangeError} When the cipher is unknown or key or nonce have the wrong length.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CipherId, decryptPayload, encryptPayload } from "./mod.ts";
 *
 * const input = {
 *   cipherId: CipherId.AES_128_CCM,
 *   key: new Uint8Array(16),
 *   nonce: new Uint8Array(16),
 *   aad: new Uint8Array(32),
 * };
 * const { ciphertext, signature } = encryptPayload(input, new Uint8Array([1, 2, 3]));
 * assertEquals(decryptPayload(input, ciphertext, signature), new Uint8Array([1, 2, 3]));
 * ```
 */
export function encryptPayload(
  input: TransformInput,
  plaintext: Uint8Array,
): { ciphertext: Uint8Array; signature: Uint8Array } {
  const nonce = checkedNonce(input);
  if (nonce.length === 11) {
    const sealed = ccmEncrypt({ key: input.key, nonce, aad: input.aad, tagLength: 16 }, plaintext);
    return { ciphertext: sealed.ciphertext, signature: sealed.tag };
  }
  const cipher = createCipheriv(gcmName(input.key), input.key, nonce);
  cipher.setAAD(input.aad);
  const ciphertext = plaintext.length === 0 ? new Uint8Array(0) : plain(cipher.update(plaintext));
  cipher.final();
  return { ciphertext, signature: Uint8Array.from(cipher.getAuthTag()) };
}

/**
 * Decrypts a message or a chain.
 *
 * @param input Cipher, key, nonce and header bytes.
 * @param ciphertext What follows the TRANSFORM_HEADER.
 * @param signature The header's 16-byte Signature field.
 * @returns The text, or null when the signature does not authenticate it: a wrong key or altered bytes.
 * @throws {RangeError} When the cipher is unknown or key or nonce have the wrong length.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { CipherId, decryptPayload } from "./mod.ts";
 *
 * const input = {
 *   cipherId: CipherId.AES_128_GCM,
 *   key: new Uint8Array(16),
 *   nonce: new Uint8Array(16),
 *   aad: new Uint8Array(32),
 * };
 * assertEquals(decryptPayload(input, new Uint8Array(64), new Uint8Array(16)), null);
 * ```
 */
export function decryptPayload(
  input: TransformInput,
  ciphertext: Uint8Array,
  signature: Uint8Array,
): Uint8Array | null {
  const nonce = checkedNonce(input);
  if (signature.length !== 16) return null;
  if (nonce.length === 11) {
    const { key, aad } = input;
    return ccmDecrypt({ key, nonce, aad, tagLength: 16 }, ciphertext, signature);
  }
  const decipher = createDecipheriv(gcmName(input.key), input.key, nonce);
  decipher.setAAD(input.aad);
  decipher.setAuthTag(signature);
  const text = ciphertext.length === 0 ? new Uint8Array(0) : plain(decipher.update(ciphertext));
  try {
    decipher.final();
  } catch {
    // node:crypto reports a wrong tag only by throwing, without a code of its own in Deno.
    return null;
  }
  return text;
}

function checkedNonce({ cipherId, key, nonce }: TransformInput): Uint8Array {
  if (key.length !== cipherKeyLength(cipherId)) {
    throw new RangeError(
      `Cannot use cipher 0x${cipherId.toString(16)}: the key has ${key.length} bytes`,
    );
  }
  const length = cipherNonceLength(cipherId);
  if (nonce.length < length) {
    throw new RangeError(
      `Cannot use cipher 0x${cipherId.toString(16)}: the nonce has ${nonce.length} bytes`,
    );
  }
  return nonce.subarray(0, length);
}

function gcmName(key: Uint8Array): "aes-128-gcm" | "aes-256-gcm" {
  return key.length === 16 ? "aes-128-gcm" : "aes-256-gcm";
}

/** A node Buffer as the Uint8Array it is, without copying. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Kerberos encryption, the deciphering half: aes128- and aes256-cts-hmac-sha1-96 (RFC 3961, RFC 3962), their successors with
 * SHA-2 (RFC 8009) and rc4-hmac (RFC 4757). Each checks its signature, so a wrong key is told from a right one.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { asciiBytes, concatBytes, equalBytes } from "./bytes.ts";
import { hmacMd5 } from "./hash.ts";
import { rc4 } from "./rc4.ts";

/** Encryption types (RFC 3961 section 8). */
export const EncryptionType = {
  AES128_CTS_HMAC_SHA1_96: 17,
  AES256_CTS_HMAC_SHA1_96: 18,
  AES128_CTS_HMAC_SHA256_128: 19,
  AES256_CTS_HMAC_SHA384_192: 20,
  RC4_HMAC: 23,
} as const;

/** A key with the type that it is for. */
export interface KerberosKey {
  /** One of {@linkcode EncryptionType}; unknown numbers are kept. */
  readonly type: number;
  readonly value: Uint8Array;
}

/** Confounder and signature of the AES types. */
const BLOCK = 16;
const AES_MAC = 12;
/** Signature and confounder of rc4-hmac. */
const RC4_MAC = 16;
const RC4_CONFOUNDER = 8;

/**
 * Deciphers and verifies.
 *
 * @param key The key; what it cannot be used for gives null.
 * @param usage What the data is (RFC 4120 section 7.5.1).
 * @returns The plain data; null when the key is not the right one, or the data is damaged.
 */
export function decryptKerberos(
  key: KerberosKey,
  usage: number,
  data: Uint8Array,
): Uint8Array | null {
  switch (key.type) {
    case EncryptionType.AES128_CTS_HMAC_SHA1_96:
      return key.value.length === 16 ? decryptAes(key.value, usage, data) : null;
    case EncryptionType.AES256_CTS_HMAC_SHA1_96:
      return key.value.length === 32 ? decryptAes(key.value, usage, data) : null;
    case EncryptionType.AES128_CTS_HMAC_SHA256_128:
      return key.value.length === 16 ? decryptAesSha2(key.value, usage, data) : null;
    case EncryptionType.AES256_CTS_HMAC_SHA384_192:
      return key.value.length === 32 ? decryptAesSha2(key.value, usage, data) : null;
    case EncryptionType.RC4_HMAC:
      return key.value.length === 16 ? decryptRc4(key.value, usage, data) : null;
    default:
      return null;
  }
}

function decryptAes(key: Uint8Array, usage: number, data: Uint8Array): Uint8Array | null {
  if (data.length < BLOCK + AES_MAC) return null;
  const ciphertext = data.subarray(0, -AES_MAC);
  const plain = decryptCts(deriveKerberosKey(key, usageConstant(usage, 0xaa)), ciphertext);
  const integrityKey = deriveKerberosKey(key, usageConstant(usage, 0x55));
  const mac = createHmac("sha1", integrityKey).update(plain).digest().subarray(0, AES_MAC);
  return equalBytes(mac, data.subarray(-AES_MAC)) ? plain.subarray(BLOCK) : null;
}

/** The signature is over the ciphertext, behind an initial vector of zeros (RFC 8009). */
function decryptAesSha2(key: Uint8Array, usage: number, data: Uint8Array): Uint8Array | null {
  const hash = key.length === 16 ? "sha256" : "sha384";
  const macBytes = key.length === 16 ? 16 : 24;
  if (data.length < BLOCK + macBytes) return null;
  const ciphertext = data.subarray(0, -macBytes);
  const derived = (kind: 0x55 | 0xaa, length: number) =>
    createHmac(hash, key).update(concatBytes(
      Uint8Array.of(0, 0, 0, 1),
      usageConstant(usage, kind),
      // A zero, and the length in bits.
      Uint8Array.of(0, 0, 0, (length * 8) >> 8, (length * 8) & 0xff),
    )).digest().subarray(0, length);
  const mac = createHmac(hash, derived(0x55, macBytes)).update(new Uint8Array(BLOCK))
    .update(ciphertext).digest().subarray(0, macBytes);
  if (!equalBytes(mac, data.subarray(-macBytes))) return null;
  return decryptCts(Uint8Array.from(derived(0xaa, key.length)), ciphertext).subarray(BLOCK);
}

function decryptRc4(key: Uint8Array, usage: number, data: Uint8Array): Uint8Array | null {
  if (data.length < RC4_MAC + RC4_CONFOUNDER) return null;
  const mac = data.subarray(0, RC4_MAC);
  // RFC 4757 section 3: the reply of the authentication service has a number of its own.
  const number = usage === 3 ? 8 : usage;
  const usageKey = hmacMd5(key, Uint8Array.of(number, 0, 0, 0));
  const plain = rc4(hmacMd5(usageKey, mac), data.subarray(RC4_MAC));
  return equalBytes(hmacMd5(usageKey, plain), mac) ? plain.subarray(RC4_CONFOUNDER) : null;
}

/** The constant that the keys for one usage are derived with (RFC 3961 section 5.3). */
export function usageConstant(usage: number, kind: 0x55 | 0xaa): Uint8Array {
  return Uint8Array.of(
    usage >>> 24,
    (usage >>> 16) & 0xff,
    (usage >>> 8) & 0xff,
    usage & 0xff,
    kind,
  );
}

/** The key derivation of the AES types: DK of RFC 3961 section 5.1. */
export function deriveKerberosKey(base: Uint8Array, constant: Uint8Array): Uint8Array {
  const cipher = createCipheriv(base.length === 16 ? "aes-128-ecb" : "aes-256-ecb", base, null);
  const blocks: Uint8Array[] = [];
  let block = foldTo(BLOCK, constant);
  for (let length = 0; length < base.length; length += BLOCK) {
    block = Uint8Array.from(cipher.update(block));
    blocks.push(block);
  }
  return concatBytes(...blocks);
}

/** CBC with ciphertext stealing, starting from zeros (RFC 3962 section 5). Needs at least one block. */
export function decryptCts(key: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const size = key.length === 16 ? "128" : "256";
  const { length } = ciphertext;
  let whole = ciphertext;
  if (length > BLOCK) {
    // The last two blocks are exchanged, and the short one lacks what the deciphered other one ends with.
    const rest = length % BLOCK || BLOCK;
    const swapped = ciphertext.subarray(length - BLOCK - rest, length - rest);
    const short = ciphertext.subarray(length - rest);
    const stolen = createDecipheriv(`aes-${size}-ecb`, key, null).setAutoPadding(false)
      .update(swapped).subarray(rest);
    whole = concatBytes(ciphertext.subarray(0, length - BLOCK - rest), short, stolen, swapped);
  }
  const decipher = createDecipheriv(`aes-${size}-cbc`, key, new Uint8Array(BLOCK));
  return Uint8Array.from(decipher.setAutoPadding(false).update(whole)).subarray(0, length);
}

/**
 * n-fold (RFC 3961 section 5.1): copies of the input, each rotated right by 13 bits against the one before, are added up
 * in one's complement arithmetic.
 */
export function foldTo(size: number, input: Uint8Array | string): Uint8Array {
  const bytes = typeof input === "string" ? asciiBytes(input) : input;
  const bits = bytes.length * 8;
  const total = leastCommonMultiple(size, bytes.length);
  const sums = new Uint32Array(size);
  for (let at = 0; at < total; at++) {
    // This byte begins at a bit of the copy that it is in, which is rotated once for each copy before.
    const copy = Math.floor(at / bytes.length);
    const first = ((at % bytes.length) * 8 + bits - (13 * copy) % bits) % bits;
    const high = bytes[first >> 3] ?? 0;
    const low = bytes[((first >> 3) + 1) % bytes.length] ?? 0;
    const byte = (((high << 8) | low) >> (8 - (first & 7))) & 0xff;
    sums[at % size] = (sums[at % size] ?? 0) + byte;
  }
  // What is carried out of the first byte goes into the last one again.
  let carry = 0;
  do {
    for (let at = size - 1; at >= 0; at--) {
      const sum = (sums[at] ?? 0) + carry;
      sums[at] = sum & 0xff;
      carry = sum >>> 8;
    }
  } while (carry > 0);
  return Uint8Array.from(sums);
}

function leastCommonMultiple(one: number, other: number): number {
  let [a, b] = [one, other];
  while (b !== 0) [a, b] = [b, a % b];
  return one / a * other;
}

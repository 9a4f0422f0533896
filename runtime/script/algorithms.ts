/** Names of ciphers, signing and compression algorithms <-> their numbers (MS-SMB2 2.2.3.1). */
import { Cipher, CompressionAlgorithm, HashAlgorithm, SigningAlgorithm } from "../wire/mod.ts";

const HASHES: Readonly<Record<string, number>> = { "SHA-512": HashAlgorithm.SHA_512 };

const CIPHERS: Readonly<Record<string, number>> = {
  "AES-128-CCM": Cipher.AES_128_CCM,
  "AES-128-GCM": Cipher.AES_128_GCM,
  "AES-256-CCM": Cipher.AES_256_CCM,
  "AES-256-GCM": Cipher.AES_256_GCM,
};

const SIGNING: Readonly<Record<string, number>> = {
  "HMAC-SHA256": SigningAlgorithm.HMAC_SHA256,
  "AES-CMAC": SigningAlgorithm.AES_CMAC,
  "AES-GMAC": SigningAlgorithm.AES_GMAC,
};

const COMPRESSION: Readonly<Record<string, number>> = {
  "LZNT1": CompressionAlgorithm.LZNT1,
  "LZ77": CompressionAlgorithm.LZ77,
  "LZ77+Huffman": CompressionAlgorithm.LZ77_HUFFMAN,
  "Pattern_V1": CompressionAlgorithm.PATTERN_V1,
  "LZ4": CompressionAlgorithm.LZ4,
};

/** @throws {RangeError} When the name is unknown. */
export function hashAlgorithmNumber(algorithm: string | number): number {
  return numberOf(algorithm, "hash algorithm", HASHES);
}

/** @throws {RangeError} When the name is unknown. */
export function cipherNumber(cipher: string | number): number {
  return numberOf(cipher, "cipher", CIPHERS);
}

/** The name of a cipher; null where there is none, a number in hexadecimal where it has no name. */
export function cipherName(cipher: number | null): string | null {
  if (cipher === null) return null;
  const found = Object.entries(CIPHERS).find(([, number]) => number === cipher)?.[0];
  return found ?? `0x${cipher.toString(16).padStart(4, "0")}`;
}

/** @throws {RangeError} When the name is unknown. */
export function signingAlgorithmNumber(algorithm: string | number): number {
  return numberOf(algorithm, "signing algorithm", SIGNING);
}

/** @throws {RangeError} When the name is unknown. */
export function compressionAlgorithmNumber(algorithm: string | number): number {
  return numberOf(algorithm, "compression algorithm", COMPRESSION);
}

function numberOf(
  value: string | number,
  what: string,
  table: Readonly<Record<string, number>>,
): number {
  if (typeof value === "number") return value;
  const number = Object.hasOwn(table, value) ? table[value] : undefined;
  if (number !== undefined) return number;
  throw new RangeError(
    `Cannot use ${JSON.stringify(value)} as a ${what}: known are ${
      Object.keys(table).join(", ")
    }, or numbers`,
  );
}

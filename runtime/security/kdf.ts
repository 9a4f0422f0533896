/**
 * Session keys: the SP800-108 key derivation and its labels for each dialect (MS-SMB2 section 3.1.4.2).
 *
 * @module
 */
import { asciiBytes, concatBytes } from "./bytes.ts";
import { hmacSha256 } from "./hash.ts";
import type { PreauthHash } from "./preauth.ts";

/** What the keys of a session are derived from. */
export interface SessionKeySource {
  /** The negotiated dialect, such as 0x0302. */
  readonly dialect: number;
  /**
   * The key from the authentication mechanism, of any length: `Session.FullSessionKey`. Its first 16 bytes, filled up
   * with zeros, are `Session.SessionKey` (MS-SMB2 section 3.2.5.3).
   */
  readonly sessionKey: Uint8Array;
  /** `Session.PreauthIntegrityHashValue`; required for dialect 3.1.1 and ignored by the others. */
  readonly preauthHash?: PreauthHash | undefined;
  /** Length of the cipher keys in bytes: 16, or 32 for the AES-256 ciphers of 3.1.1. 16 unless told. */
  readonly cipherKeyLength?: 16 | 32 | undefined;
}

/** The keys of a session, named by direction so that client, server and a capture reader mean the same key. */
export interface SessionKeys {
  /** Signs both directions. 16 bytes. */
  readonly signingKey: Uint8Array;
  /** Encrypts what the client sends: the client's `EncryptionKey`. Null before dialect 3.0. */
  readonly clientToServerKey: Uint8Array | null;
  /** Encrypts what the server sends: the client's `DecryptionKey`. Null before dialect 3.0. */
  readonly serverToClientKey: Uint8Array | null;
  /** `Session.ApplicationKey`, for protocols above SMB. 16 bytes. */
  readonly applicationKey: Uint8Array;
}

/**
 * SP800-108 in counter mode with HMAC-SHA256, a 32-bit counter and a 32-bit length (MS-SMB2 section 3.1.4.2).
 *
 * @param key The key-derivation key.
 * @param input Label and context, each with its terminating zero where it has one, and the length wanted in bytes.
 * @returns The derived key.
 * @throws {RangeError} When the length is not between 1 and 1024 bytes.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { deriveKey } from "./mod.ts";
 *
 * const ascii = new TextEncoder();
 * const key = deriveKey(new Uint8Array(16), {
 *   label: ascii.encode("SMB2AESCMAC\0"),
 *   context: ascii.encode("SmbSign\0"),
 *   length: 16,
 * });
 * assertEquals(key.length, 16);
 * ```
 */
export function deriveKey(
  key: Uint8Array,
  input: { readonly label: Uint8Array; readonly context: Uint8Array; readonly length: number },
): Uint8Array {
  const { label, context, length } = input;
  if (!Number.isInteger(length) || length < 1 || length > 1024) {
    throw new RangeError(`Cannot derive a key: the length is ${length}`);
  }
  const fixed = concatBytes(label, new Uint8Array(1), context, bigEndian32(length * 8));
  const blocks: Uint8Array[] = [];
  for (let i = 1; (i - 1) * 32 < length; i++) {
    blocks.push(hmacSha256(key, bigEndian32(i), fixed));
  }
  return concatBytes(...blocks).slice(0, length);
}

/**
 * The keys of a session for its dialect: the session key itself for 2.0.2 and 2.1, derived keys from 3.0 on.
 *
 * With a 32-byte cipher key length, the cipher keys derive from the full session key and the others still from its
 * first 16 bytes (MS-SMB2 section 3.1.4.2).
 *
 * @param source Dialect, session key, and what else the dialect needs.
 * @returns The four keys.
 * @throws {TypeError} When the dialect is 3.1.1 and the preauthentication hash is missing.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { deriveSessionKeys } from "./mod.ts";
 *
 * const sessionKey = new Uint8Array(16).fill(7);
 * assertEquals(deriveSessionKeys({ dialect: 0x0210, sessionKey }).signingKey, sessionKey);
 * ```
 */
export function deriveSessionKeys(source: SessionKeySource): SessionKeys {
  const { dialect, sessionKey, preauthHash } = source;
  const short = new Uint8Array(16);
  short.set(sessionKey.subarray(0, 16));
  if (dialect < 0x0300) {
    return {
      signingKey: short,
      clientToServerKey: null,
      serverToClientKey: null,
      applicationKey: short.slice(),
    };
  }
  const length = source.cipherKeyLength ?? 16;
  const cipherBase = length === 32 ? sessionKey : short;
  if (dialect < 0x0311) {
    return {
      signingKey: derive(short, { label: "SMB2AESCMAC\0", context: asciiBytes("SmbSign\0") }, 16),
      // The blank in "ServerIn " is the specification's: both contexts have ten bytes.
      clientToServerKey: derive(
        cipherBase,
        { label: "SMB2AESCCM\0", context: asciiBytes("ServerIn \0") },
        length,
      ),
      serverToClientKey: derive(
        cipherBase,
        { label: "SMB2AESCCM\0", context: asciiBytes("ServerOut\0") },
        length,
      ),
      applicationKey: derive(short, { label: "SMB2APP\0", context: asciiBytes("SmbRpc\0") }, 16),
    };
  }
  if (preauthHash === undefined) {
    throw new TypeError("Cannot derive session keys: dialect 3.1.1 needs the preauth hash");
  }
  const context = preauthHash.bytes;
  return {
    signingKey: derive(short, { label: "SMBSigningKey\0", context }, 16),
    clientToServerKey: derive(cipherBase, { label: "SMBC2SCipherKey\0", context }, length),
    serverToClientKey: derive(cipherBase, { label: "SMBS2CCipherKey\0", context }, length),
    applicationKey: derive(short, { label: "SMBAppKey\0", context }, 16),
  };
}

function derive(
  key: Uint8Array,
  input: { readonly label: string; readonly context: Uint8Array },
  length: number,
): Uint8Array {
  return deriveKey(key, { label: asciiBytes(input.label), context: input.context, length });
}

function bigEndian32(value: number): Uint8Array {
  return new Uint8Array([value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]);
}

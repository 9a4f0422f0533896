/**
 * Message signatures (MS-SMB2 sections 3.1.4.1 and 3.1.5.1): HMAC-SHA256 for 2.x, AES-128-CMAC from 3.0 on, and
 * AES-128-GMAC where 3.1.1 negotiated it.
 *
 * A signature covers one message of a chain, from its header to the next message's header, padding included.
 *
 * @module
 */
import { createCipheriv, createHash, type Hash } from "node:crypto";
import { concatBytes, equalBytes } from "./bytes.ts";
import { AesCmac } from "./cmac.ts";
import { Gmac } from "./gmac.ts";

/** Signing algorithms by their identifiers in SMB2_SIGNING_CAPABILITIES (MS-SMB2 section 2.2.3.1.7). */
export const SigningAlgorithmId = {
  HMAC_SHA256: 0x0000,
  AES_CMAC: 0x0001,
  AES_GMAC: 0x0002,
} as const;

/** Signs and verifies the messages of one session, both directions, under one key. */
export interface Signer {
  /** One of {@linkcode SigningAlgorithmId}. */
  readonly algorithmId: number;

  /**
   * Signs a message in place: sets SMB2_FLAGS_SIGNED and fills the header's Signature field.
   *
   * @param message The message from its header on, at least the 64 bytes of the header.
   * @param tail Further parts of the message, so that the data of a large WRITE need not be copied behind its header.
   * @throws {RangeError} When the header is not whole.
   */
  sign(message: Uint8Array, tail?: readonly Uint8Array[]): void;

  /**
   * Whether the Signature field is that of the message. Does not look at SMB2_FLAGS_SIGNED.
   *
   * The field is zeroed while the code is computed and then restored, so the bytes must not be shared with a thread.
   *
   * @param message The message from its header on; one shorter than a header is never valid.
   * @param tail Further parts of the message.
   */
  verify(message: Uint8Array, tail?: readonly Uint8Array[]): boolean;
}

/**
 * The algorithm that a dialect signs with.
 *
 * @param dialect The negotiated dialect, such as 0x0311.
 * @param negotiated The algorithm from SMB2_SIGNING_CAPABILITIES, where the server answered with one.
 * @returns One of {@linkcode SigningAlgorithmId}.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SigningAlgorithmId, signingAlgorithmOf } from "./mod.ts";
 *
 * assertEquals(signingAlgorithmOf(0x0210), SigningAlgorithmId.HMAC_SHA256);
 * assertEquals(signingAlgorithmOf(0x0311), SigningAlgorithmId.AES_CMAC);
 * ```
 */
export function signingAlgorithmOf(dialect: number, negotiated?: number): number {
  if (dialect < 0x0300) return SigningAlgorithmId.HMAC_SHA256;
  if (dialect < 0x0311) return SigningAlgorithmId.AES_CMAC;
  return negotiated ?? SigningAlgorithmId.AES_CMAC;
}

/**
 * A signer for one session. Keep it as long as the key: its schedules are made once.
 *
 * @param algorithmId One of {@linkcode SigningAlgorithmId}.
 * @param key The session's 16-byte signing key.
 * @returns The signer.
 * @throws {RangeError} When the algorithm is unknown or the key has another length.
 * @example
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 * import { createSigner, SigningAlgorithmId } from "./mod.ts";
 *
 * const signer = createSigner(SigningAlgorithmId.AES_CMAC, new Uint8Array(16));
 * const message = new Uint8Array(80);
 * signer.sign(message);
 * assert(signer.verify(message));
 * message[70] = 1;
 * assertFalse(signer.verify(message));
 * ```
 */
export function createSigner(algorithmId: number, key: Uint8Array): Signer {
  if (key.length !== 16) {
    throw new RangeError(`Cannot create a signer: the key has ${key.length} bytes`);
  }
  return new HeaderSigner(algorithmId, codeOf(algorithmId, key));
}

/** Computes the code of a message whose Signature field is zero; its first 16 bytes count. */
type MessageCode = (message: Uint8Array, tail: readonly Uint8Array[]) => Uint8Array;

// Field positions in the SMB2 header (MS-SMB2 section 2.2.1.2). Signing works in place on encoded bytes, so it knows
// these few instead of decoding the header of every message.
const COMMAND = 12;
const FLAGS = 16;
const MESSAGE_ID = 24;
const SIGNATURE = 48;
const HEADER = 64;
const SMB2_CANCEL = 0x0c;
const FLAGS_SERVER_TO_REDIR = 0x01;
const FLAGS_SIGNED = 0x08;
/** Sessions that sign no more than their login and their shares do without the tables of GMAC. */
const RARE = 8;

// Shared by all signers: every use is one synchronous call and leaves nothing behind that is read later.
const received = new Uint8Array(16);
const nonce = new Uint8Array(12);

class HeaderSigner implements Signer {
  readonly algorithmId: number;
  readonly #code: MessageCode;

  constructor(algorithmId: number, code: MessageCode) {
    this.algorithmId = algorithmId;
    this.#code = code;
  }

  sign(message: Uint8Array, tail: readonly Uint8Array[] = []): void {
    if (message.length < HEADER) {
      throw new RangeError(`Cannot sign a message: its header has ${message.length} bytes`);
    }
    message[FLAGS] = (message[FLAGS] as number) | FLAGS_SIGNED;
    for (let i = SIGNATURE; i < HEADER; i++) message[i] = 0;
    writeSignature(message, this.#code(message, tail));
  }

  verify(message: Uint8Array, tail: readonly Uint8Array[] = []): boolean {
    if (message.length < HEADER) return false;
    for (let i = 0; i < 16; i++) {
      received[i] = message[SIGNATURE + i] as number;
      message[SIGNATURE + i] = 0;
    }
    const expected = this.#code(message, tail);
    writeSignature(message, received);
    return equalBytes(expected, received);
  }
}

/** Byte by byte: for sixteen bytes that is cheaper than making a view of them. */
function writeSignature(message: Uint8Array, code: Uint8Array): void {
  for (let i = 0; i < 16; i++) message[SIGNATURE + i] = code[i] as number;
}

function codeOf(algorithmId: number, key: Uint8Array): MessageCode {
  switch (algorithmId) {
    case SigningAlgorithmId.HMAC_SHA256:
      return hmacCode(key);
    case SigningAlgorithmId.AES_CMAC: {
      const cmac = new AesCmac(key);
      return (message, tail) => cmac.compute(message, tail);
    }
    case SigningAlgorithmId.AES_GMAC:
      return gmacCode(key.slice());
    default:
      throw new RangeError(
        `Cannot create a signer: algorithm 0x${algorithmId.toString(16)} is unknown`,
      );
  }
}

/** HMAC with both key blocks hashed once; copying that state is cheaper than creating an HMAC. */
function hmacCode(key: Uint8Array): MessageCode {
  const inner = keyedHash(key, 0x36);
  const outer = keyedHash(key, 0x5c);
  return (message, tail) => {
    const hash = inner.copy().update(message);
    for (const part of tail) hash.update(part);
    return outer.copy().update(hash.digest()).digest().subarray(0, 16);
  };
}

function keyedHash(key: Uint8Array, pad: number): Hash {
  const block = new Uint8Array(64).fill(pad);
  for (let i = 0; i < key.length; i++) block[i] = (key[i] as number) ^ pad;
  return createHash("sha256").update(block);
}

function gmacCode(key: Uint8Array): MessageCode {
  let seen = 0;
  let gmac: Gmac | null = null;
  return (message, tail) => {
    fillNonce(nonce, message);
    const role = nonce[8];
    if ((role === 0 || role === 1) && ++seen > RARE) {
      gmac ??= new Gmac(key);
      const parts = tail.length === 0 ? [message] : [message, ...tail];
      return gmac.compute(parts, { idAt: MESSAGE_ID, role });
    }
    const cipher = createCipheriv("aes-128-gcm", key, nonce);
    // Joined, because a second setAAD replaces the first in Deno 2.9.6; a copy costs a twentieth of the code itself.
    cipher.setAAD(tail.length === 0 ? message : concatBytes(message, ...tail));
    cipher.final();
    return cipher.getAuthTag();
  };
}

/** MessageId, then one bit for the sender's role and one for CANCEL (MS-SMB2 section 3.1.4.1). */
function fillNonce(nonce: Uint8Array, message: Uint8Array): void {
  for (let i = 0; i < 8; i++) nonce[i] = message[MESSAGE_ID + i] as number;
  const fromServer = ((message[FLAGS] as number) & FLAGS_SERVER_TO_REDIR) !== 0;
  const cancel = message[COMMAND] === SMB2_CANCEL && message[COMMAND + 1] === 0;
  nonce[8] = (fromServer ? 1 : 0) | (cancel ? 2 : 0);
}

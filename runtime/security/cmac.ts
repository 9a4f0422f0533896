/**
 * AES-CMAC (RFC 4493, NIST SP800-38B) over the AES-CBC of node:crypto.
 *
 * Creating a cipher costs more than enciphering a small message, so one CBC cipher lives as long as its key. Its chain
 * never starts anew; each message instead has its first block combined with the last ciphertext, which takes that
 * ciphertext out again, so the chain value that enters the message is zero as the algorithm demands.
 *
 * @module
 */
import { type Cipheriv, createCipheriv } from "node:crypto";

const BLOCK = 16;
/** Bytes enciphered in one call: larger blocks bring no more speed and cost memory. */
const SCRATCH = 65536;

/** Shared by all instances: every use is one synchronous call and leaves nothing behind that is read later. */
const scratch = new Uint8Array(SCRATCH);

/**
 * AES-CMAC under one key, for any number of messages.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AesCmac } from "./mod.ts";
 *
 * const cmac = new AesCmac(new Uint8Array(16));
 * const whole = cmac.compute(new Uint8Array(40).fill(1));
 * assertEquals(cmac.compute(new Uint8Array(10).fill(1), [new Uint8Array(30).fill(1)]), whole);
 * ```
 */
export class AesCmac {
  readonly #cipher: Cipheriv;
  readonly #k1: Uint8Array;
  readonly #k2: Uint8Array;
  /** The cipher's last ciphertext block: what its chain will add to the next block. */
  readonly #chain = new Uint8Array(BLOCK);

  /**
   * @param key 16 bytes, or 32 for AES-256.
   * @throws {RangeError} When the key has another length.
   */
  constructor(key: Uint8Array) {
    if (key.length !== 16 && key.length !== 32) {
      throw new RangeError(`Cannot start AES-CMAC: the key has ${key.length} bytes`);
    }
    const name = key.length === 16 ? "aes-128-cbc" : "aes-256-cbc";
    this.#cipher = createCipheriv(name, key, new Uint8Array(BLOCK));
    this.#cipher.setAutoPadding(false);
    this.#encipher(new Uint8Array(BLOCK));
    this.#k1 = double(this.#chain);
    this.#k2 = double(this.#k1);
  }

  /**
   * The 16-byte authentication code of a message.
   *
   * @param message The message, or its first part.
   * @param tail Further parts; the code is that of all parts joined, without joining them.
   * @returns The code, in a new array.
   */
  compute(message: Uint8Array, tail: readonly Uint8Array[] = []): Uint8Array {
    let filled = 0;
    let first = true;
    for (let index = -1; index < tail.length; index++) {
      const part = index < 0 ? message : tail[index] as Uint8Array;
      for (let at = 0; at < part.length;) {
        // The last block waits until the end is known: only the end tells which subkey it gets.
        if (filled === SCRATCH) {
          this.#advance(SCRATCH - BLOCK, first);
          first = false;
          scratch.copyWithin(0, SCRATCH - BLOCK, SCRATCH);
          filled = BLOCK;
        }
        const taken = Math.min(part.length - at, SCRATCH - filled);
        scratch.set(taken === part.length ? part : part.subarray(at, at + taken), filled);
        at += taken;
        filled += taken;
      }
    }
    const whole = filled > 0 && filled % BLOCK === 0;
    const padded = whole ? filled : filled - (filled % BLOCK) + BLOCK;
    if (!whole) {
      scratch.fill(0, filled, padded);
      scratch[filled] = 0x80;
    }
    xorInto(scratch, padded - BLOCK, whole ? this.#k1 : this.#k2);
    this.#advance(padded, first);
    return this.#chain.slice();
  }

  #advance(length: number, first: boolean): void {
    if (first) xorInto(scratch, 0, this.#chain);
    this.#encipher(scratch.subarray(0, length));
  }

  #encipher(blocks: Uint8Array): void {
    const output = this.#cipher.update(blocks);
    const chain = this.#chain;
    const last = output.length - BLOCK;
    for (let i = 0; i < BLOCK; i++) chain[i] = output[last + i] as number;
  }
}

/** Multiplication by x in GF(2^128) (RFC 4493 section 2.3). */
function double(block: Uint8Array): Uint8Array {
  const doubled = new Uint8Array(BLOCK);
  let carry = 0;
  for (let i = BLOCK - 1; i >= 0; i--) {
    const byte = block[i] as number;
    doubled[i] = (byte << 1) | carry;
    carry = byte >>> 7;
  }
  doubled[BLOCK - 1] = (doubled[BLOCK - 1] as number) ^ (carry * 0x87);
  return doubled;
}

function xorInto(target: Uint8Array, at: number, mask: Uint8Array): void {
  for (let i = 0; i < BLOCK; i++) {
    target[at + i] = (target[at + i] as number) ^ (mask[i] as number);
  }
}

/**
 * AES-128-GMAC (NIST SP800-38D) of messages whose nonces count up: GHASH, and the blocks that cover it from one AES
 * cipher that lives as long as its key. Setting up AES-GCM in node:crypto costs more than all of a short message does
 * here, and its GHASH takes three times as long.
 *
 * @module
 */
import { type Cipheriv, createCipheriv } from "node:crypto";
import { Ghash } from "./ghash.ts";

const BLOCK = 16;
/** Covers that are enciphered in one call: those of message ids that follow each other. */
const COVERS = 32;

/** AES-128-GMAC under one key. */
export class Gmac {
  readonly #cipher: Cipheriv;
  readonly #ghash: Ghash;
  /** By the role that a nonce ends with. */
  readonly #covers = [new Covers(), new Covers()] as const;

  /** @param key 16 bytes. */
  constructor(key: Uint8Array) {
    this.#cipher = createCipheriv("aes-128-ecb", key, null);
    this.#cipher.setAutoPadding(false);
    this.#ghash = new Ghash(this.#cipher.update(new Uint8Array(BLOCK)));
  }

  /**
   * The code of a message whose nonce is `id`, then `role`, then zeros.
   *
   * @param parts The message, in pieces; its `id` is 8 bytes at `idAt` of the first one, a number that counts up in
   * little-endian order.
   * @returns 16 bytes, valid until the next call for any key.
   */
  compute(
    parts: readonly Uint8Array[],
    { idAt, role }: { readonly idAt: number; readonly role: 0 | 1 },
  ): Uint8Array {
    const [head = new Uint8Array(0)] = parts;
    const covers = this.#covers[role];
    let cover = covers.find(head, idAt);
    if (cover < 0) {
      covers.renew(this.#cipher, head.subarray(idAt, idAt + 8), role);
      cover = 0;
    }
    const code = this.#ghash.compute(parts);
    const { bytes } = covers;
    for (let i = 0; i < BLOCK; i++) code[i] = (code[i] as number) ^ (bytes[cover + i] as number);
    return code;
  }
}

/** What covers the hashes of some message ids that follow each other: their nonces, enciphered. */
class Covers {
  /** 16 bytes for each id. */
  bytes: Uint8Array = new Uint8Array(0);
  /** The first id in two halves. */
  #low = 0;
  #high = 0;
  #count = 0;

  /** Where the cover of an id begins; -1 where it is not here. */
  find(message: Uint8Array, at: number): number {
    const index = load(message, at) - this.#low;
    if (index < 0 || index >= this.#count || load(message, at + 4) !== this.#high) return -1;
    return index * BLOCK;
  }

  /** Begins with another id. */
  renew(cipher: Cipheriv, id: Uint8Array, role: number): void {
    this.#low = load(id, 0);
    this.#high = load(id, 4);
    // No carry into the upper half.
    this.#count = Math.min(COVERS, 2 ** 32 - this.#low);
    const nonces = new Uint8Array(this.#count * BLOCK);
    const view = new DataView(nonces.buffer);
    for (let i = 0; i < this.#count; i++) {
      view.setUint32(i * BLOCK, this.#low + i, true);
      view.setUint32(i * BLOCK + 4, this.#high, true);
      nonces[i * BLOCK + 8] = role;
      // The counter of the first block.
      nonces[i * BLOCK + 15] = 1;
    }
    this.bytes = cipher.update(nonces);
  }
}

/** Four bytes, little-endian, as an unsigned number. */
function load(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0;
}

/**
 * AES-128-GMAC of short messages (NIST SP800-38D): GHASH by tables, and the block that covers it from one AES cipher
 * that lives as long as its key. Setting up AES-GCM in node:crypto costs more than such a message takes here.
 *
 * @module
 */
import { type Cipheriv, createCipheriv } from "node:crypto";

const BLOCK = 16;
/** Covers that are enciphered in one call: those of message ids that follow each other. */
const COVERS = 32;
/** The reduction polynomial of GHASH, with the bits of a block in the order of GCM: its first byte. */
const POLYNOMIAL = 0xe1;

/** What a byte that leaves a block at its end means at its beginning: 16 bits. */
const REDUCED = reductions();

/** AES-128-GMAC under one key. */
export class ShortGmac {
  readonly #cipher: Cipheriv;
  /** H times each byte, as the first byte of a block: 4 words each. */
  readonly #products: Int32Array;
  /** By the role that a nonce ends with. */
  readonly #covers = [new Covers(), new Covers()] as const;

  constructor(key: Uint8Array) {
    this.#cipher = createCipheriv("aes-128-ecb", key, null);
    this.#cipher.setAutoPadding(false);
    this.#products = products(this.#cipher.update(new Uint8Array(BLOCK)));
  }

  /**
   * The code of a message whose nonce is `id`, then `role`, then zeros.
   *
   * @param id 8 bytes, a number that counts up in little-endian order, within `message` at `idAt`.
   * @param role 0 or 1.
   * @param code Where the 16 bytes go.
   */
  compute(
    message: Uint8Array,
    { idAt, role }: { readonly idAt: number; readonly role: 0 | 1 },
    code: Uint8Array,
  ): void {
    const covers = this.#covers[role];
    let cover = covers.find(message, idAt);
    if (cover < 0) {
      covers.renew(this.#cipher, message.subarray(idAt, idAt + 8), role);
      cover = 0;
    }
    this.#hash(message, code);
    const { bytes } = covers;
    for (let i = 0; i < BLOCK; i++) code[i] = (code[i] as number) ^ (bytes[cover + i] as number);
  }

  /** GHASH of the message as what is authenticated, with nothing enciphered. */
  #hash(message: Uint8Array, hash: Uint8Array): void {
    const state = hash.fill(0);
    const length = message.length;
    for (let at = 0; at < length; at += BLOCK) {
      const end = Math.min(BLOCK, length - at);
      for (let i = 0; i < end; i++) state[i] = (state[i] as number) ^ (message[at + i] as number);
      this.#multiply(state);
    }
    // The lengths in bits, of which that of short messages has three bytes.
    const bits = length * 8;
    state[5] = (state[5] as number) ^ ((bits >>> 16) & 0xff);
    state[6] = (state[6] as number) ^ ((bits >>> 8) & 0xff);
    state[7] = (state[7] as number) ^ (bits & 0xff);
    this.#multiply(state);
  }

  /** Multiplies by H, from the last byte to the first. */
  #multiply(state: Uint8Array): void {
    const table = this.#products;
    let at = (state[15] as number) << 2;
    let a = table[at] as number;
    let b = table[at + 1] as number;
    let c = table[at + 2] as number;
    let d = table[at + 3] as number;
    for (let i = 14; i >= 0; i--) {
      at = (state[i] as number) << 2;
      const out = REDUCED[d & 0xff] as number;
      d = ((d >>> 8) | (c << 24)) ^ (table[at + 3] as number);
      c = ((c >>> 8) | (b << 24)) ^ (table[at + 2] as number);
      b = ((b >>> 8) | (a << 24)) ^ (table[at + 1] as number);
      a = (a >>> 8) ^ (out << 16) ^ (table[at] as number);
    }
    store(state, 0, a);
    store(state, 4, b);
    store(state, 8, c);
    store(state, 12, d);
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

/** Four bytes, big-endian. */
function store(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

/** H times each byte: bit 7 of a byte is 1, and each bit below it is one times x more. */
function products(h: Uint8Array): Int32Array {
  const table = new Int32Array(256 * 4);
  const view = new DataView(h.buffer, h.byteOffset, BLOCK);
  const words = [0, 4, 8, 12].map((at) => view.getInt32(at)) as [number, number, number, number];
  for (let bit = 0x80; bit > 0; bit >>= 1) {
    for (let byte = 0; byte < 256; byte++) {
      if ((byte & bit) === 0) continue;
      for (let i = 0; i < 4; i++) {
        table[byte * 4 + i] = (table[byte * 4 + i] as number) ^ (words[i] as number);
      }
    }
    const carry = words[3] & 1;
    for (let i = 3; i > 0; i--) {
      words[i] = ((words[i] as number) >>> 1) | ((words[i - 1] as number) << 31);
    }
    words[0] = (words[0] >>> 1) ^ (carry === 0 ? 0 : POLYNOMIAL << 24);
  }
  return table;
}

function reductions(): Uint16Array {
  const table = new Uint16Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let sum = 0;
    // The byte lies behind the block: its bit 7 is the polynomial's first place beyond it.
    for (let bit = 0; bit < 8; bit++) {
      if ((byte & (0x80 >> bit)) !== 0) sum ^= (POLYNOMIAL << 8) >>> bit;
    }
    table[byte] = sum;
  }
  return table;
}

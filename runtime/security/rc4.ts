/**
 * RC4, which NTLM's key exchange and message signatures need (MS-NLMP section 3.4.3) and node:crypto lacks.
 *
 * @module
 */

/** A running RC4 key stream. Its state advances with every byte. */
export class Rc4 {
  readonly #state = new Uint8Array(256);
  #i = 0;
  #j = 0;

  constructor(key: Uint8Array) {
    if (key.length === 0) throw new RangeError("Cannot start RC4: the key is empty");
    const state = this.#state;
    for (let i = 0; i < 256; i++) state[i] = i;
    let j = 0;
    for (let i = 0; i < 256; i++) {
      const swapped = state[i] as number;
      j = (j + swapped + (key[i % key.length] as number)) & 0xff;
      state[i] = state[j] as number;
      state[j] = swapped;
    }
  }

  /** Encrypts or decrypts the next bytes of the stream into a new array. */
  apply(input: Uint8Array): Uint8Array {
    const state = this.#state;
    const output = new Uint8Array(input.length);
    let i = this.#i;
    let j = this.#j;
    for (let at = 0; at < input.length; at++) {
      i = (i + 1) & 0xff;
      const a = state[i] as number;
      j = (j + a) & 0xff;
      const b = state[j] as number;
      state[i] = b;
      state[j] = a;
      output[at] = (input[at] as number) ^ (state[(a + b) & 0xff] as number);
    }
    this.#i = i;
    this.#j = j;
    return output;
  }
}

/** RC4 of one byte string under a fresh key: `RC4K` of MS-NLMP section 6. */
export function rc4(key: Uint8Array, input: Uint8Array): Uint8Array {
  return new Rc4(key).apply(input);
}

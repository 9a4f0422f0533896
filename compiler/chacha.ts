/** The block function of ChaCha20 (RFC 8439, 2.3): 64 secret bytes for a key and a number. */

/** "expand 32-byte k" (RFC 8439, 2.3). */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;
const ROUNDS = 10;

/** One block as 16 words: of a key of eight words, a counter and a nonce of three. */
export function chachaBlock(
  key: Uint32Array,
  counter: number,
  nonce: readonly [number, number, number] = [0, 0, 0],
): Uint32Array {
  const start = new Uint32Array(16);
  start.set(CONSTANTS);
  start.set(key.subarray(0, 8), 4);
  start[12] = counter;
  start.set(nonce, 13);
  const words = start.slice();
  for (let round = 0; round < ROUNDS; round++) {
    quarter(words, 0, 4, 8, 12);
    quarter(words, 1, 5, 9, 13);
    quarter(words, 2, 6, 10, 14);
    quarter(words, 3, 7, 11, 15);
    quarter(words, 0, 5, 10, 15);
    quarter(words, 1, 6, 11, 12);
    quarter(words, 2, 7, 8, 13);
    quarter(words, 3, 4, 9, 14);
  }
  for (let index = 0; index < 16; index++) words[index] = words[index]! + start[index]!;
  return words;
}

/** The quarter round (RFC 8439, 2.1). */
function quarter(words: Uint32Array, a: number, b: number, c: number, d: number): void {
  words[a] = words[a]! + words[b]!;
  words[d] = turned(words[d]! ^ words[a]!, 16);
  words[c] = words[c]! + words[d]!;
  words[b] = turned(words[b]! ^ words[c]!, 12);
  words[a] = words[a]! + words[b]!;
  words[d] = turned(words[d]! ^ words[a]!, 8);
  words[c] = words[c]! + words[d]!;
  words[b] = turned(words[b]! ^ words[c]!, 7);
}

function turned(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** Data of many kinds for this folder's tests, the same in every run. */

/** A generator of numbers in 0..1 that repeats itself for a seed (Mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

/** Bytes of a small or full alphabet, with repetitions of any distance and length below 100 000. */
export function sample(random: () => number, maxLength: number): Uint8Array<ArrayBuffer> {
  const length = Math.floor(random() ** 2 * maxLength);
  const bytes = new Uint8Array(length);
  const alphabet = [1, 2, 4, 20, 256][Math.floor(random() * 5)] ?? 1;
  let at = 0;
  while (at < length) {
    if (at > 10 && random() < 0.3) {
      const distance = 1 + Math.floor(random() * Math.min(at, 100_000));
      const end = Math.min(length, at + Math.floor(1 / (random() + 1e-5)));
      for (; at < end; at++) bytes[at] = bytes[at - distance] ?? 0;
    } else {
      bytes[at++] = Math.floor(random() * alphabet);
    }
  }
  return bytes;
}

/** Bytes of ASCII text. */
export function ascii(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

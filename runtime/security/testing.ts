/**
 * Helpers of this room's tests: hex, seeded randomness, mutation.
 *
 * @module
 */

/** Bytes of hex text; blanks and line ends are ignored. */
export function bytes(hex: string): Uint8Array {
  const digits = hex.replaceAll(/\s/g, "");
  return Uint8Array.from(
    { length: digits.length / 2 },
    (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

/** Lower-case hex of bytes. */
export function hex(value: Uint8Array): string {
  return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A repeatable source of numbers below a bound (xorshift). */
export function seeded(seed: number): (bound: number) => number {
  let state = seed | 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

/** A copy with one to four bytes changed, some cut off, or some repeated. */
export function mutate(value: Uint8Array, next: (bound: number) => number): Uint8Array {
  const changed = value.slice();
  for (let count = 1 + next(4); count > 0; count--) changed[next(changed.length)] = next(256);
  const kind = next(4);
  if (kind === 0) return changed.subarray(0, next(changed.length));
  if (kind === 1) return Uint8Array.from([...changed, ...changed.subarray(next(changed.length))]);
  return changed;
}

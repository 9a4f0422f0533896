/** What the codec tests share: the two ways of breaking bytes. Imported by tests only. */
import { WireError } from "../errors.ts";
import { SeededRandom } from "../testing.ts";

export { fromHex as bytesOf, toHex as hexOf } from "../testing.ts";

/** Decodes every proper prefix; anything raised must be a WireError. `mustFail`: and each must raise one. */
export function assertTruncationsSafe(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
  options: { mustFail?: boolean } = {},
): void {
  for (let length = 0; length < bytes.byteLength; length++) {
    const failed = !passes(bytes.slice(0, length), decode);
    if (options.mustFail && !failed) {
      throw new Error(`The first ${length} of ${bytes.byteLength} bytes decoded without an error`);
    }
  }
}

/** Decodes seeded variants with one to four changed bytes each; anything raised must be a WireError. */
export function assertMutationsSafe(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => unknown,
  options: { rounds?: number; seed?: number } = {},
): void {
  const random = new SeededRandom(options.seed ?? 1);
  const extremes = [0x00, 0x01, 0x7f, 0x80, 0xff];
  for (let round = 0; round < (options.rounds ?? 500); round++) {
    const changed = bytes.slice();
    for (let i = random.below(4); i >= 0; i--) {
      const extreme = extremes[random.below(extremes.length * 2)];
      changed[random.below(changed.byteLength)] = extreme ?? random.below(256);
    }
    passes(changed, decode);
  }
}

function passes(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): boolean {
  try {
    decode(bytes);
    return true;
  } catch (error) {
    if (error instanceof WireError) return false;
    throw error;
  }
}

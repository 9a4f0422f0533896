/** Sizes and durations, as scenarios and the command line write them. */

const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 2 ** 10,
  kb: 2 ** 10,
  kib: 2 ** 10,
  m: 2 ** 20,
  mb: 2 ** 20,
  mib: 2 ** 20,
  g: 2 ** 30,
  gb: 2 ** 30,
  gib: 2 ** 30,
  t: 2 ** 40,
  tb: 2 ** 40,
  tib: 2 ** 40,
};

const DURATION_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  us: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

const QUANTITY = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-z]*)\s*$/i;

/**
 * A number of bytes from a number or from text with a unit: `k`, `m`, `g`, `t`, in powers of 1024, any case.
 *
 * @param value What to read.
 * @returns A whole number of bytes.
 * @throws {RangeError} When the text is no size, or the size is negative, not whole, or beyond 2^53.
 *
 * @example
 * ```ts
 * import { size } from "smbench";
 *
 * if (size("64k") !== 65536 || size("1.5m") !== 1572864 || size(512) !== 512) throw new Error();
 * ```
 */
export function size(value: number | string): number {
  const bytes = typeof value === "number" ? value : quantity(value, SIZE_UNITS, "size");
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new RangeError(
      `Cannot use ${JSON.stringify(value)} as a size: it is no whole number of bytes`,
    );
  }
  return bytes;
}

/**
 * Seconds from a number of seconds or from text with a unit: `us`, `ms`, `s`, `m`, `h`.
 *
 * @param value What to read.
 * @returns Seconds.
 * @throws {RangeError} When the text is no duration, or the duration is negative or not finite.
 *
 * @example
 * ```ts
 * import { duration } from "smbench";
 *
 * if (duration("250ms") !== 0.25 || duration("2m") !== 120 || duration(3) !== 3) throw new Error();
 * ```
 */
export function duration(value: number | string): number {
  const seconds = typeof value === "number" ? value : quantity(value, DURATION_UNITS, "duration");
  if (!Number.isFinite(seconds) || seconds < 0) {
    throw new RangeError(
      `Cannot use ${JSON.stringify(value)} as a duration: it is no length of time`,
    );
  }
  return seconds;
}

function quantity(text: string, units: Readonly<Record<string, number>>, noun: string): number {
  const match = QUANTITY.exec(text);
  const unit = match === null ? undefined : units[(match[2] ?? "").toLowerCase()];
  if (match === null || unit === undefined) {
    const known = Object.keys(units).filter((name) => name !== "").join(", ");
    throw new RangeError(
      `Cannot use ${
        JSON.stringify(text)
      } as a ${noun}: a number with one of the units ${known} is needed`,
    );
  }
  return Number(match[1]) * unit;
}

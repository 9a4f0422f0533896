/** FILETIME: 100 ns since 1601-01-01 UTC (MS-DTYP 2.3.3). */

/** 1970-01-01 as FILETIME. */
const UNIX_EPOCH = 116_444_736_000_000_000n;

/** FILETIME units in a millisecond. */
const PER_MILLISECOND = 10_000n;

/**
 * Milliseconds since 1970 of a FILETIME, with the 100 ns as a fraction (exact to about 200 ns at today's dates).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { filetimeToMs, msToFiletime } from "../mod.ts";
 * assertEquals(filetimeToMs(132_514_272_000_000_000n), Date.UTC(2020, 11, 3));
 * assertEquals(msToFiletime(Date.UTC(2020, 11, 3)), 132_514_272_000_000_000n);
 * ```
 */
export function filetimeToMs(time: bigint): number {
  const units = time - UNIX_EPOCH;
  const whole = units / PER_MILLISECOND;
  return Number(whole) + Number(units - whole * PER_MILLISECOND) / 10_000;
}

/** The FILETIME of milliseconds since 1970; fractions count down to 100 ns. */
export function msToFiletime(ms: number): bigint {
  const whole = Math.floor(ms);
  return UNIX_EPOCH + BigInt(whole) * PER_MILLISECOND + BigInt(Math.round((ms - whole) * 10_000));
}

/**
 * ISO 8601 text in UTC with seven digits of a second; the number itself where it is no date: 0 and negative values have
 * meanings of their own in SET_INFO (MS-FSCC 2.4.7), and the largest means never.
 */
export function filetimeText(time: bigint): string {
  const units = time - UNIX_EPOCH;
  let ms = units / PER_MILLISECOND;
  let rest = units % PER_MILLISECOND;
  if (rest < 0n) {
    rest += PER_MILLISECOND;
    ms -= 1n;
  }
  // The range of Date: 8.64e15 ms to either side of 1970.
  if (time <= 0n || ms > 8_640_000_000_000_000n) return time.toString();
  const text = new Date(Number(ms)).toISOString();
  return `${text.slice(0, -1)}${rest.toString().padStart(4, "0")}Z`;
}

/** The FILETIME of ISO 8601 text in UTC, with up to seven digits of a second; null where it is none. */
export function textToFiletime(text: string): bigint | null {
  const [, seconds, digits = ""] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?Z$/.exec(text) ?? [];
  const ms = seconds === undefined ? NaN : Date.parse(`${seconds}Z`);
  return Number.isNaN(ms) ? null : msToFiletime(ms) + BigInt(digits.padEnd(7, "0"));
}

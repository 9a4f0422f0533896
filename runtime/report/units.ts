/** Numbers with units, as people read them. */

/**
 * Milliseconds as text: three digits and a unit.
 *
 * @example
 * ```ts
 * const texts = [0.0123, 0.456, 12.34, 2345, 75_000].map(durationText);
 * if (texts.join() !== "12us,456us,12.3ms,2.35s,1m15s") throw new Error(texts.join());
 * ```
 */
export function durationText(milliseconds: number): string {
  const us = milliseconds * 1000;
  if (us < 1000) return `${Math.round(us)}us`;
  if (milliseconds < 1000) return `${digits(milliseconds)}ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${digits(seconds)}s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
  return `${Math.floor(whole / 3600)}h${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")}m`;
}

/**
 * Bytes as text, in powers of 1024.
 *
 * @example
 * ```ts
 * const texts = [0, 999, 1536, 5 * 2 ** 20].map(byteText);
 * if (texts.join() !== "0 B,999 B,1.50 KiB,5.00 MiB") throw new Error(texts.join());
 * ```
 */
export function byteText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes;
  let unit = "";
  for (const next of ["KiB", "MiB", "GiB", "TiB"]) {
    if (value < 1000) break;
    value /= 1024;
    unit = next;
  }
  return `${digits(value)} ${unit}`;
}

/** `1 difference`, `2 differences`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Text from scenarios and servers without what a terminal would obey. */
export function printable(text: string): string {
  return text.replaceAll(
    // deno-lint-ignore no-control-regex
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    },
  );
}

function digits(value: number): string {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
}

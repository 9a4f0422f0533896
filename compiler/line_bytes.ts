/**
 * Bytes of JSON lines, written piece by piece. Text put together from fifty pieces is a tree of as many objects, which is
 * walked once more to make bytes of it: that takes three times as long.
 */
import type { FileId } from "../runtime/wire/mod.ts";

const FIRST_ROOM = 0x20000;

/** A line that needed more was of a hostile capture: its room is let go. */
const LARGEST_KEPT = 0x100000;

/** Shorter pieces are copied byte by byte. */
const LARGEST_BY_BYTE = 8;

const encoder = new TextEncoder();

/** Bytes of a text that is written again and again. */
export function piece(text: string): Uint8Array {
  return encoder.encode(text);
}

const HEX = encoder.encode("0123456789abcdef");
const ZERO = 0x30;
const QUOTE = 0x22;
const COLON = 0x3a;
const LETTER_X = 0x78;
const DASH = 0x2d;
const POINT = 0x2e;
const BACKSLASH = 0x5c;
const FIRST_PRINTABLE = 0x20;
const FIRST_BEYOND_ASCII = 0x80;

/** Three little-endian numbers, then bytes. */
const GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

const LARGEST_WHOLE = 0x7fffffff;
const BILLION = 1e9;

/** Both halves of a 64-bit number, without arithmetic on bigints. */
const whole = new BigUint64Array(1);
const halves = new Uint32Array(whole.buffer);
/** Which of them is the upper one: the last, but on a big-endian machine. */
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0]!;

/** A buffer that grows at its end. */
export class LineBytes {
  #bytes = new Uint8Array(FIRST_ROOM);
  #length = 0;

  /** Bytes in it. */
  get length(): number {
    return this.#length;
  }

  /** All that is in it, or what is from `start` on; a view that holds until the next change. */
  view(start = 0): Uint8Array {
    return this.#bytes.subarray(start, this.#length);
  }

  /** Drops what is behind the first `length` bytes. */
  cut(length: number): void {
    this.#length = length;
    if (length === 0 && this.#bytes.length > LARGEST_KEPT) this.#bytes = new Uint8Array(FIRST_ROOM);
  }

  /** Bytes of ASCII or UTF-8. */
  put(bytes: Uint8Array): this {
    const { length } = bytes;
    const start = this.#reserve(length);
    if (length > LARGEST_BY_BYTE) this.#bytes.set(bytes, start);
    else {
      const own = this.#bytes;
      for (let index = 0; index < length; index++) own[start + index] = bytes[index]!;
    }
    return this;
  }

  /** Any text, as it is. */
  text(text: string): this {
    // A UTF-16 unit becomes three bytes at most.
    const start = this.#reserve(3 * text.length);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(start));
    this.#length = start + written;
    return this;
  }

  /** A text as JSON has it, in quotes. */
  quoted(text: string): this {
    const { length } = text;
    const start = this.#reserve(2 * length + 2);
    const bytes = this.#bytes;
    let at = start;
    bytes[at++] = QUOTE;
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index);
      if (unit < FIRST_PRINTABLE || unit >= FIRST_BEYOND_ASCII) {
        this.#length = start;
        return this.text(JSON.stringify(text));
      }
      if (unit === QUOTE || unit === BACKSLASH) bytes[at++] = BACKSLASH;
      bytes[at++] = unit;
    }
    bytes[at++] = QUOTE;
    this.#length = at;
    return this;
  }

  /** A number as JSON has it. */
  number(value: number): this {
    if (!(value >= 0 && value <= LARGEST_WHOLE) || value !== (value | 0)) {
      return this.#largeNumber(value);
    }
    let digits = 1;
    for (let limit = 10; digits < 10 && value >= limit; limit *= 10) digits++;
    this.#digits(value, digits);
    return this;
  }

  #largeNumber(value: number): this {
    const upper = Math.floor(value / BILLION);
    if (!Number.isSafeInteger(value) || upper < 1 || upper > LARGEST_WHOLE) {
      return this.text(String(value));
    }
    this.number(upper);
    this.#digits(value - upper * BILLION, 9);
    return this;
  }

  /** The same; faster where it has nine digits behind its point at most, such as seconds of a capture have. */
  decimal(value: number): this {
    const billionths = Math.round(value * BILLION);
    // Smaller ones have an exponent, and with more than 15 digits the shortest text may be another.
    const isShort = value >= 1e-6 && value < 1e6 && billionths / BILLION === value;
    if (!isShort) return this.number(value);
    const seconds = Math.floor(billionths / BILLION);
    this.number(seconds);
    let rest = billionths - seconds * BILLION;
    if (rest === 0) return this;
    let digits = 9;
    for (; rest % 10 === 0; rest /= 10) digits--;
    this.#bytes[this.#reserve(1)] = POINT;
    this.#digits(rest, digits);
    return this;
  }

  /** Nine digits of a number, with zeros before it, and a quote. */
  fraction(value: number): this {
    this.#digits(value, 9);
    this.#bytes[this.#reserve(1)] = QUOTE;
    return this;
  }

  /** The lowest digits of a number, hexadecimal behind `0x` and in quotes. */
  hex(value: number, digits: number): this {
    const start = this.#begin(digits);
    this.#hexDigits(value, start, digits);
    return this;
  }

  /** The same of a 64-bit number. */
  hex64(value: bigint): this {
    const start = this.#begin(16);
    this.#hex64Digits(value, start);
    return this;
  }

  /** Both halves of a file id, in quotes. */
  fileId({ persistent, volatile }: FileId): this {
    const start = this.#reserve(35);
    const bytes = this.#bytes;
    bytes[start] = bytes[start + 34] = QUOTE;
    bytes[start + 17] = COLON;
    this.#hex64Digits(persistent, start + 1);
    this.#hex64Digits(volatile, start + 18);
    return this;
  }

  /** 16 bytes as GUID text (MS-DTYP 2.3.4.2), in quotes. */
  guid(value: Uint8Array): this {
    let at = this.#reserve(38);
    const bytes = this.#bytes;
    bytes[at++] = QUOTE;
    for (let index = 0; index < 16; index++) {
      if (index === 4 || index === 6 || index === 8 || index === 10) bytes[at++] = DASH;
      const byte = value[GUID_ORDER[index]!]!;
      bytes[at++] = HEX[byte >> 4]!;
      bytes[at++] = HEX[byte & 0xf]!;
    }
    bytes[at] = QUOTE;
    return this;
  }

  /** `"0x`, room for so many digits, and a quote; where the digits go. */
  #begin(digits: number): number {
    const start = this.#reserve(digits + 4);
    const bytes = this.#bytes;
    bytes[start] = bytes[start + digits + 3] = QUOTE;
    bytes[start + 1] = ZERO;
    bytes[start + 2] = LETTER_X;
    return start + 3;
  }

  #hex64Digits(value: bigint, start: number): void {
    whole[0] = value;
    this.#hexDigits(halves[HIGH]!, start, 8);
    this.#hexDigits(halves[1 - HIGH]!, start + 8, 8);
  }

  #hexDigits(value: number, start: number, digits: number): void {
    const bytes = this.#bytes;
    let rest = value | 0;
    for (let at = start + digits - 1; at >= start; at--) {
      bytes[at] = HEX[rest & 0xf]!;
      rest >>>= 4;
    }
  }

  #digits(value: number, digits: number): void {
    const start = this.#reserve(digits);
    const bytes = this.#bytes;
    let rest = value | 0;
    for (let at = start + digits - 1; at >= start; at--) {
      const tenth = (rest / 10) | 0;
      bytes[at] = ZERO + rest - 10 * tenth;
      rest = tenth;
    }
  }

  /** Room for so many bytes, which are in it from then on; where they begin. */
  #reserve(count: number): number {
    const start = this.#length;
    this.#length = start + count;
    if (this.#length > this.#bytes.length) this.#grow();
    return start;
  }

  #grow(): void {
    const larger = new Uint8Array(2 * this.#length);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

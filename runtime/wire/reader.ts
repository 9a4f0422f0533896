import { WireError } from "./errors.ts";

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Code units that one call of String.fromCharCode takes: far below every engine's limit of arguments. */
const UNITS_PER_CALL = 4096;

/** Names are short: the units of one on the way to a text are put where those of the last of its length were. */
const SHORT_TEXT = 256;
const shortCodes: number[][] = [];

function codesOf(units: number): number[] {
  if (units >= SHORT_TEXT) return new Array<number>(units);
  while (shortCodes.length <= units) shortCodes.push(new Array<number>(shortCodes.length).fill(0));
  return shortCodes[units]!;
}

/** Views of the two latest buffers: most readers are of the same ones as the readers before. */
let latestView: DataView = new DataView(new ArrayBuffer(0));
let otherView = latestView;

function viewOf(buffer: ArrayBufferLike): DataView {
  if (latestView.buffer === buffer) return latestView;
  const view = otherView.buffer === buffer ? otherView : new DataView(buffer);
  otherView = latestView;
  latestView = view;
  return view;
}

/** Small copies lie next to each other: memory of its own for each would cost more than reading the field. */
const SHARED_SIZE = 32 * 1024;
const LARGEST_SHARED = 1024;
const LARGEST_BY_BYTE = 64;
let shared = new Uint8Array(SHARED_SIZE);
let sharedUsed = 0;

function copyOf(view: DataView, start: number, length: number): Uint8Array {
  if (length > LARGEST_SHARED) return new Uint8Array(view.buffer, start, length).slice();
  if (sharedUsed + length > SHARED_SIZE) {
    shared = new Uint8Array(SHARED_SIZE);
    sharedUsed = 0;
  }
  const copy = new Uint8Array(shared.buffer, sharedUsed, length);
  if (length > LARGEST_BY_BYTE) copy.set(new Uint8Array(view.buffer, start, length));
  else for (let i = 0; i < length; i++) copy[i] = view.getUint8(start + i);
  sharedUsed += length;
  return copy;
}

/** Shared by all absent fields, so that they cost no allocation. */
const EMPTY = new Uint8Array(0);

/** Maps the 16 bytes of a GUID to their text form (MS-DTYP 2.3.4.2: three little-endian parts, then bytes). */
const GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/**
 * A cursor over bytes whose powers are take, {@linkcode Reader.sub | sub} and {@linkcode Reader.at | at}:
 * little-endian fields in wire order, bounded children, and fields reached by an offset that counts from `origin`.
 * Every short read raises a {@linkcode WireError} that names the field. Byte strings are views, never copies.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Reader } from "../wire/mod.ts";
 * const reader = new Reader(new Uint8Array([0x40, 0, 1, 0]));
 * assertEquals([reader.u16("StructureSize"), reader.u16("CreditCharge"), reader.remaining], [64, 1, 0]);
 * ```
 */
export class Reader {
  /** Of the whole buffer that the bytes are in: positions below count from its first byte. */
  readonly #view: DataView;
  readonly #end: number;
  readonly #origin: number;
  readonly #copies: boolean;
  #position: number;

  /**
   * Reads `bytes` from `start` to `end`; offsets given to `at` count from `origin` (the SMB2 header). With `copies`, byte
   * strings are copies after all: for bytes that will be overwritten.
   */
  constructor(
    bytes: ArrayBufferView,
    range: { start?: number; end?: number; origin?: number; copies?: boolean } = {},
  ) {
    const base = bytes.byteOffset;
    this.#view = viewOf(bytes.buffer);
    this.#position = base + (range.start ?? 0);
    this.#end = base + Math.min(range.end ?? bytes.byteLength, bytes.byteLength);
    this.#origin = base + (range.origin ?? 0);
    this.#copies = range.copies ?? false;
  }

  /** Offset of the next byte, counted from the origin. */
  get offset(): number {
    return this.#position - this.#origin;
  }

  /** Bytes that are left. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  /** Next 8-bit unsigned integer. */
  u8(field: string): number {
    return this.#view.getUint8(this.#advance(1, field));
  }

  /** Next 16-bit unsigned integer, little-endian. */
  u16(field: string): number {
    return this.#view.getUint16(this.#advance(2, field), true);
  }

  /** Next 32-bit unsigned integer, little-endian. */
  u32(field: string): number {
    return this.#view.getUint32(this.#advance(4, field), true);
  }

  /** Next 32-bit signed integer, little-endian. */
  i32(field: string): number {
    return this.#view.getInt32(this.#advance(4, field), true);
  }

  /** Next 64-bit unsigned integer, little-endian. */
  u64(field: string): bigint {
    return this.#view.getBigUint64(this.#advance(8, field), true);
  }

  /** Next 64-bit signed integer, little-endian. */
  i64(field: string): bigint {
    return this.#view.getBigInt64(this.#advance(8, field), true);
  }

  /** Next 16-bit unsigned integer, big-endian (Apple and NetBIOS structures). */
  u16be(field: string): number {
    return this.#view.getUint16(this.#advance(2, field), false);
  }

  /** Next 32-bit unsigned integer, big-endian (the frame length). */
  u32be(field: string): number {
    return this.#view.getUint32(this.#advance(4, field), false);
  }

  /** The next `length` bytes, as a view. */
  bytes(length: number, field: string): Uint8Array {
    const start = this.#advance(length, field);
    return this.#part(start, length);
  }

  /** All bytes that are left, as a view. */
  rest(): Uint8Array {
    const start = this.#position;
    this.#position = this.#end;
    return this.#part(start, this.#end - start);
  }

  /** The next `length` bytes as UTF-16LE text; lone surrogates and U+FEFF survive, an odd last byte is dropped. */
  text(length: number, field: string): string {
    return this.#utf16(this.#advance(length, field), length);
  }

  /** The next 16 bytes as GUID text, lower case without braces. */
  guid(field: string): string {
    const start = this.#advance(16, field);
    const parts: string[] = [];
    for (let i = 0; i < 16; i++) {
      if (i === 4 || i === 6 || i === 8 || i === 10) parts.push("-");
      parts.push(HEX[this.#view.getUint8(start + (GUID_ORDER[i] ?? i))] ?? "");
    }
    // Joined, it takes 48 bytes; a sum would keep its parts.
    return parts.join("");
  }

  /** Passes over `length` bytes whose value does not matter (reserved fields and padding). */
  skip(length: number, field: string): void {
    this.#advance(length, field);
  }

  /** Raises a `WireError` unless the next 16-bit integer is `size`. */
  structureSize(size: number, message: string): void {
    const offset = this.offset;
    const found = this.u16("StructureSize");
    if (found !== size) {
      throw new WireError(`Cannot decode ${message}: StructureSize is ${found}, not ${size}`, {
        field: "StructureSize",
        offset,
      });
    }
  }

  /** A reader of the next `length` bytes alone, with the same origin; this reader continues behind them. */
  sub(length: number, field: string): Reader {
    const start = this.#advance(length, field);
    return this.#child(start, start + length, this.#origin);
  }

  /** A reader of the next `length` bytes alone, whose offsets count from its own first byte. */
  fresh(length: number, field: string): Reader {
    const start = this.#advance(length, field);
    return this.#child(start, start + length, start);
  }

  /** A reader of `length` bytes at `offset` from the origin; this reader does not move. */
  at(offset: number, length: number, field: string): Reader {
    const start = this.#locate(offset, length, field);
    return this.#child(start, start + length, start);
  }

  /** A reader from `offset` (counted from the origin) to the end, whose offsets count from its first byte. */
  from(offset: number, field: string): Reader {
    return this.at(offset, Math.max(0, this.#end - this.#origin - offset), field);
  }

  /** The bytes of a field given by offset and length; an absent field (length 0) is empty whatever its offset. */
  bytesAt(offset: number, length: number, field: string): Uint8Array {
    if (length === 0) return EMPTY;
    return this.#part(this.#locate(offset, length, field), length);
  }

  /** UTF-16LE text given by offset and length in bytes; an odd last byte is dropped. */
  textAt(offset: number, length: number, field: string): string {
    return length === 0 ? "" : this.#utf16(this.#locate(offset, length, field), length);
  }

  /** The 16-bit integer at `offset` from the origin, or -1 where the bytes end before it; nothing moves. */
  peekU16(offset: number): number {
    const start = this.#origin + offset;
    return start + 2 > this.#end ? -1 : this.#view.getUint16(start, true);
  }

  /** The 32-bit integer at `offset` from the origin, or -1 where the bytes end before it; nothing moves. */
  peekU32(offset: number): number {
    const start = this.#origin + offset;
    return start + 4 > this.#end ? -1 : this.#view.getUint32(start, true);
  }

  #utf16(start: number, length: number): string {
    let text = "";
    const units = length >> 1;
    const view = this.#view;
    for (let done = 0; done < units;) {
      const codes = codesOf(Math.min(units - done, UNITS_PER_CALL));
      for (let i = 0; i < codes.length; i++) {
        codes[i] = view.getUint16(start + 2 * (done + i), true);
      }
      done += codes.length;
      text += String.fromCharCode.apply(null, codes);
    }
    return text;
  }

  #locate(offset: number, length: number, field: string): number {
    const start = this.#origin + offset;
    if (length < 0 || offset < 0 || start + length > this.#end) {
      throw new WireError(
        `Cannot decode ${field}: ${length} bytes at offset ${offset} end behind the structure's ${
          this.#end - this.#origin
        } bytes`,
        { field, offset, needed: length, had: Math.max(0, this.#end - start) },
      );
    }
    return start;
  }

  #child(start: number, end: number, origin: number): Reader {
    return new Reader(this.#view, { start, end, origin, copies: this.#copies });
  }

  #part(start: number, length: number): Uint8Array {
    return this.#copies
      ? copyOf(this.#view, start, length)
      : new Uint8Array(this.#view.buffer, start, length);
  }

  #advance(length: number, field: string): number {
    const start = this.#position;
    // Short, so that it becomes a part of each read.
    if (length < 0 || start + length > this.#end) this.#refuse(length, field);
    this.#position = start + length;
    return start;
  }

  #refuse(length: number, field: string): never {
    throw new WireError(
      `Cannot decode ${field}: needs ${length} bytes at offset ${this.offset}, has ${this.remaining}`,
      { field, offset: this.offset, needed: length, had: this.remaining },
    );
  }
}

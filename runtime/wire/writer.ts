import { WireError } from "./errors.ts";

/** GUID text: where the 16 bytes of the wire stand in it (MS-DTYP 2.3.4.2: three little-endian parts, then bytes). */
const GUID_DIGITS = [6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34];
const GUID_LENGTH = 36;
const GUID_DASHES = [8, 13, 18, 23];
const DASH = 0x2d;

/** The first length that a slot cannot hold; lengths beyond 48 bits do not occur. */
const BEYOND = { 1: 2 ** 8, 2: 2 ** 16, 4: 2 ** 32, 8: 2 ** 48 } as const;

/**
 * A growing byte buffer with fields in wire order and one reserve/patch pair for lengths and offsets that are
 * known only later. Offsets count from `origin`, which is the SMB2 header of the message being written.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Writer } from "../wire/mod.ts";
 * const writer = new Writer();
 * const length = writer.reserve(2);
 * writer.text("hi");
 * writer.patch(length, 4);
 * assertEquals([...writer.bytes()], [4, 0, 0x68, 0, 0x69, 0]);
 * ```
 */
export class Writer {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  /** Position from which offsets count. Move it with {@linkcode Writer.beginStructure}. */
  origin = 0;

  /** Starts with room for `capacity` bytes; `fill` is what unwritten room holds (tests use 0xA5). */
  constructor(capacity = 512, fill = 0) {
    this.#bytes = new Uint8Array(capacity);
    if (fill !== 0) this.#bytes.fill(fill);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Offset of the next byte, counted from the origin. */
  get offset(): number {
    return this.#length - this.origin;
  }

  /** Makes the next byte the origin of offsets; returns the former origin for {@linkcode Writer.origin}. */
  beginStructure(): number {
    const before = this.origin;
    this.origin = this.#length;
    return before;
  }

  /** The written bytes, as a view that stays valid until the next write. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  u8(value: number): void {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
  }

  i32(value: number): void {
    const at = this.#grow(4);
    this.#view.setInt32(at, value, true);
  }

  u64(value: bigint): void {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, value, true);
  }

  i64(value: bigint): void {
    const at = this.#grow(8);
    this.#view.setBigInt64(at, value, true);
  }

  /** 16-bit big-endian (Apple and NetBIOS structures). */
  u16be(value: number): void {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, false);
  }

  /** 32-bit big-endian (the frame length). */
  u32be(value: number): void {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, false);
  }

  /** Copies `value` in. */
  raw(value: Uint8Array): void {
    const start = this.#grow(value.byteLength);
    this.#bytes.set(value, start);
  }

  /** UTF-16LE, without terminator. */
  text(value: string): void {
    let at = this.#grow(value.length * 2);
    for (let i = 0; i < value.length; i++, at += 2) {
      this.#view.setUint16(at, value.charCodeAt(i), true);
    }
  }

  /** 16 bytes from GUID text. */
  guid(value: string): void {
    let valid = value.length === GUID_LENGTH;
    for (const dash of GUID_DASHES) valid &&= value.charCodeAt(dash) === DASH;
    let at = this.#grow(16);
    for (const digit of GUID_DIGITS) {
      const byte = (nibble(value.charCodeAt(digit)) << 4) | nibble(value.charCodeAt(digit + 1));
      valid &&= byte >= 0;
      this.#view.setUint8(at++, byte);
    }
    if (!valid) {
      throw new WireError(`Cannot encode GUID: ${JSON.stringify(value)} is not GUID text`, {
        field: "GUID",
        offset: this.offset - 16,
      });
    }
  }

  /** `length` zero bytes (reserved fields). */
  zero(length: number): void {
    const start = this.#grow(length);
    this.#bytes.fill(0, start, start + length);
  }

  /** Zero bytes up to the next multiple of `alignment`, counted from the origin. */
  align(alignment: number): void {
    const over = this.offset % alignment;
    if (over !== 0) this.zero(alignment - over);
  }

  /** Leaves `length` (1, 2, 4 or 8) zero bytes to be patched later; returns their position. */
  reserve(length: 1 | 2 | 4 | 8): Slot {
    const position = this.#grow(length);
    this.#bytes.fill(0, position, position + length);
    return { position, length };
  }

  /** Fills reserved bytes; a value that does not fit raises a `WireError`. */
  patch(slot: Slot, value: number): void {
    if (!Number.isInteger(value) || value < 0 || value >= BEYOND[slot.length]) {
      throw new WireError(
        `Cannot encode length or offset: ${value} does not fit ${slot.length} bytes`,
        {
          field: "reserved",
          offset: slot.position - this.origin,
        },
      );
    }
    switch (slot.length) {
      case 1:
        return this.#view.setUint8(slot.position, value);
      case 2:
        return this.#view.setUint16(slot.position, value, true);
      case 4:
        return this.#view.setUint32(slot.position, value, true);
      case 8:
        return this.#view.setBigUint64(slot.position, BigInt(value), true);
    }
  }

  /** Fills 4 reserved bytes big-endian (the frame length). */
  patchU32be(slot: Slot, value: number): void {
    this.#view.setUint32(slot.position, value, false);
  }

  /** The bytes from one position to another, as a view that no later write changes unless it patches them. */
  slice(start: number, end: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(start, end);
  }

  /**
   * Writes a variable part at `alignment` and patches its offset (from the origin) and length.
   * A part that turns out empty leaves both slots 0, unless `keepOffset` asks for the offset all the same.
   */
  part(
    slots: { offset: Slot; length: Slot; alignment?: number; keepOffset?: boolean },
    write: (writer: Writer) => void,
  ): void {
    const before = this.#length;
    if (slots.alignment !== undefined) this.align(slots.alignment);
    const offset = this.offset;
    write(this);
    const length = this.offset - offset;
    if (length === 0) this.#length = before;
    if (length > 0 || slots.keepOffset) this.patch(slots.offset, length > 0 ? offset : this.offset);
    this.patch(slots.length, length);
  }

  #grow(length: number): number {
    const start = this.#length;
    const needed = start + length;
    if (needed > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.byteLength * 2));
      larger.set(this.bytes());
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length = needed;
    return start;
  }
}

/** Bytes left open by {@linkcode Writer.reserve}. */
export interface Slot {
  readonly position: number;
  readonly length: 1 | 2 | 4 | 8;
}

/** The value of a hexadecimal digit; negative for any other character. */
function nibble(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

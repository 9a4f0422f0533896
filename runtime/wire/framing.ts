/**
 * The length before each message on a stream: direct TCP (MS-SMB2 2.1) and the NetBIOS session service of port 139
 * (RFC 1002 4.3.1).
 */
import { WireError } from "./errors.ts";

/** Packet types of the NetBIOS session service (RFC 1002 4.3.1). Direct TCP knows the first alone. */
export const FrameType = {
  SESSION_MESSAGE: 0x00,
  SESSION_REQUEST: 0x81,
  POSITIVE_SESSION_RESPONSE: 0x82,
  NEGATIVE_SESSION_RESPONSE: 0x83,
  RETARGET_SESSION_RESPONSE: 0x84,
  SESSION_KEEPALIVE: 0x85,
} as const;

/** The longest payload that the 24-bit length of direct TCP can state. */
export const MAX_FRAME_LENGTH = 0xffffff;

const HEADER_LENGTH = 4;

/** Room that a frame gets on the strength of its header alone; it doubles as bytes arrive. */
const FIRST_ROOM = 64 * 1024;

/** One length-prefixed unit of the stream. */
export interface Frame {
  /** One of {@linkcode FrameType}; a SESSION_MESSAGE carries SMB. */
  readonly type: number;
  /** What follows the 4-byte header. */
  readonly payload: Uint8Array;
}

/**
 * The 4 bytes before a payload of `length` bytes.
 *
 * @throws {WireError} when 24 bits do not hold the length.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { frameHeader } from "../wire/mod.ts";
 * assertEquals([...frameHeader(0x010203)], [0, 1, 2, 3]);
 * ```
 */
export function frameHeader(
  length: number,
  type: number = FrameType.SESSION_MESSAGE,
): Uint8Array<ArrayBuffer> {
  const stated = checkedFrameLength(length);
  return new Uint8Array([type, stated >>> 16, (stated >>> 8) & 0xff, stated & 0xff]);
}

/** The length again, which as a big-endian 32-bit number is the header of a SESSION_MESSAGE. */
export function checkedFrameLength(length: number): number {
  if (!Number.isInteger(length) || length < 0 || length > MAX_FRAME_LENGTH) {
    throw new WireError(`Cannot encode frame header: ${length} does not fit 24 bits`, {
      field: "StreamProtocolLength",
      offset: 1,
    });
  }
  return length;
}

/**
 * Cuts a byte stream into frames, however the stream was split. A frame that lies whole within one chunk is a view
 * of that chunk: use it before the chunk's memory is used again. The decoder keeps copies of incomplete frames only,
 * and takes memory for them as bytes arrive, not as their headers promise. Who reads into {@linkcode FrameDecoder.room}
 * saves that copy.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FrameDecoder } from "../wire/mod.ts";
 * const decoder = new FrameDecoder();
 * assertEquals(decoder.push(new Uint8Array([0, 0, 0])), []);
 * const [frame] = decoder.push(new Uint8Array([2, 0xaa, 0xbb]));
 * assertEquals([...frame!.payload], [0xaa, 0xbb]);
 * ```
 */
export class FrameDecoder {
  readonly #maxLength: number;
  /** What there is of the header, as a number. */
  #header = 0;
  #headerLength = 0;
  /** Of the frames so far: a peer that has sent this much may announce it again. */
  #longest = 0;
  /** The frame under way: its header is complete, its payload is not. */
  #partial: { type: number; length: number; bytes: Uint8Array; had: number } | null = null;
  #failure: WireError | null = null;

  /** `maxLength` bounds a frame's payload in bytes; unless told, the protocol's own limit holds. */
  constructor(options: { maxLength?: number } = {}) {
    this.#maxLength = options.maxLength ?? MAX_FRAME_LENGTH;
  }

  /** Bytes of an incomplete frame that are held, header included. */
  get pending(): number {
    return this.#headerLength + (this.#partial?.had ?? 0);
  }

  /**
   * Takes the next bytes of the stream and returns the frames that they complete.
   *
   * @throws {WireError} when a header is not one of a frame, or its length exceeds the limit; again on every later call.
   */
  push(chunk: Uint8Array): Frame[] {
    if (this.#failure !== null) throw this.#failure;
    const frames: Frame[] = [];
    let position = 0;
    while (position < chunk.byteLength) {
      if (this.#partial === null) {
        position = this.#takeHeader(chunk, position);
        if (this.#headerLength < HEADER_LENGTH) break;
        position = this.#begin(chunk, position, frames);
      } else {
        position = this.#fill(this.#partial, chunk, position);
        if (this.#partial.had === this.#partial.length) {
          const { type, bytes, length } = this.#partial;
          frames.push({ type, payload: bytes.subarray(0, length) });
          this.#longest = Math.max(this.#longest, length);
          this.#partial = null;
          this.#headerLength = 0;
        }
      }
    }
    return frames;
  }

  /**
   * Where the rest of an incomplete frame belongs, or a part of that rest; null where no frame is under way. Bytes that
   * were read to its beginning are to be pushed next, as a view of it, and are not copied.
   */
  room(): Uint8Array | null {
    const partial = this.#partial;
    if (partial === null) return null;
    this.#makeRoom(partial, partial.had + 1);
    return partial.bytes.subarray(partial.had);
  }

  #takeHeader(chunk: Uint8Array, position: number): number {
    const taken = Math.min(HEADER_LENGTH - this.#headerLength, chunk.byteLength - position);
    for (let i = 0; i < taken; i++) {
      this.#header = (this.#header << 8) | (chunk[position + i] as number);
    }
    this.#headerLength += taken;
    return position + taken;
  }

  /** The header is complete: passes on a view when the whole payload is at hand, else keeps what there is. */
  #begin(chunk: Uint8Array, position: number, frames: Frame[]): number {
    const type = this.#header >>> 24;
    const length = this.#payloadLength(type, this.#header & 0xffffff);
    if (chunk.byteLength - position >= length) {
      frames.push({ type, payload: chunk.subarray(position, position + length) });
      this.#headerLength = 0;
      return position + length;
    }
    const room = Math.max(FIRST_ROOM, this.#longest, chunk.byteLength - position);
    const partial = { type, length, bytes: new Uint8Array(Math.min(length, room)), had: 0 };
    this.#partial = partial;
    return this.#fill(partial, chunk, position);
  }

  #fill(
    partial: { length: number; bytes: Uint8Array; had: number },
    chunk: Uint8Array,
    position: number,
  ): number {
    const taken = Math.min(partial.length - partial.had, chunk.byteLength - position);
    const needed = partial.had + taken;
    const { bytes, had } = partial;
    const isInPlace = chunk.buffer === bytes.buffer &&
      chunk.byteOffset + position === bytes.byteOffset + had;
    if (!isInPlace) {
      this.#makeRoom(partial, needed);
      partial.bytes.set(chunk.subarray(position, position + taken), had);
    }
    partial.had = needed;
    return position + taken;
  }

  #makeRoom(partial: { length: number; bytes: Uint8Array; had: number }, needed: number): void {
    if (needed <= partial.bytes.byteLength) return;
    const room = Math.min(partial.length, Math.max(needed, partial.bytes.byteLength * 2));
    const larger = new Uint8Array(room);
    larger.set(partial.bytes.subarray(0, partial.had));
    partial.bytes = larger;
  }

  #payloadLength(type: number, stated: number): number {
    const known = type === FrameType.SESSION_MESSAGE ||
      (type >= FrameType.SESSION_REQUEST && type <= FrameType.SESSION_KEEPALIVE);
    if (!known) {
      return this.#fail(
        `Cannot read frame: type 0x${type.toString(16).padStart(2, "0")} is unknown`,
        "Type",
      );
    }
    if (stated > this.#maxLength) {
      return this.#fail(
        `Cannot read frame: its length ${stated} exceeds ${this.#maxLength}`,
        "StreamProtocolLength",
      );
    }
    return stated;
  }

  #fail(message: string, field: string): never {
    this.#failure = new WireError(message, { field, offset: 0 });
    throw this.#failure;
  }
}

/**
 * Ordered bytes of one TCP direction -> frames (length-prefixed units, MS-SMB2 2.1; RFC 1002 4.3 on port 139).
 * A frame knows which capture frames carried its first and last byte. Where bytes are missing the frame is handed on
 * with what is known, and reading resumes at the next length whose unit carries an SMB signature.
 */
import { Buffer } from "node:buffer";
import type { Stamp } from "./capture/mod.ts";
import type { StreamData } from "./reassembly.ts";

/** One length-prefixed unit. */
export interface Frame {
  /** The unit behind the 4-byte length: a view, valid until the next push, unless the unit spanned several segments. */
  readonly bytes: Uint8Array;
  /** Length that the prefix announced; larger than `bytes` when part of the unit is missing from the capture. */
  readonly length: number;
  /** The packet that carried its first byte. */
  readonly first: Stamp;
  /** The packet with which it was complete. */
  readonly completed: Stamp;
}

/** What the deframer could not use. */
export interface Skipped {
  readonly frame: number;
  readonly bytes: number;
  readonly reason: string;
}

/** What {@linkcode Deframer} hands on. */
export interface DeframerSink {
  frame(frame: Frame): void;
  skipped(skipped: Skipped): void;
}

/** First bytes of a unit: SMB2, SMB1, transform (encrypted), compression transform. */
const SIGNATURES = new Set([0x424d53fe, 0x424d53ff, 0x424d53fd, 0x424d53fc]);

/** NetBIOS session service packets other than a message: no SMB inside (RFC 1002 4.3.1). */
const NETBIOS_CONTROL = new Set([0x81, 0x82, 0x83, 0x84, 0x85]);

/** Prefix and signature: what must be seen to know that a unit starts here. */
const PROBE_LENGTH = 8;

/** The unit being collected. */
interface Partial {
  readonly length: number;
  /** Its first `known` bytes are the unit's; grows as they come, whatever length is announced. */
  buffer: Uint8Array;
  known: number;
  /** Bytes of the unit that have passed, known or missing. */
  passed: number;
  /** Set once bytes were missing: later bytes of the unit are not used, offsets would be wrong. */
  cut: boolean;
  readonly first: Stamp;
  completed: Stamp;
}

/** Cuts one direction of one TCP connection into frames. */
export class Deframer {
  readonly #sink: DeframerSink;
  /** `start`: nothing read yet; `synced`: at a unit's edge; `lost`: searching; `foreign`: not SMB. */
  #state: "start" | "synced" | "lost" | "foreign";
  #carry: { bytes: Uint8Array; data: StreamData } | null = null;
  #partial: Partial | null = null;
  /** Bytes passed over since the last unit, told as one note. */
  #passedOver: { frame: number; bytes: number } | null = null;

  /** `fromStart` says that the connection's first byte is known, so that other protocols are told at once. */
  constructor(sink: DeframerSink, fromStart: boolean) {
    this.#sink = sink;
    this.#state = fromStart ? "start" : "lost";
  }

  /** Whether this direction was found to carry something else. */
  get foreign(): boolean {
    return this.#state === "foreign";
  }

  /** Takes the next bytes in order. */
  push(data: StreamData): void {
    if (this.#state === "foreign") return;
    let bytes = data.bytes;
    // Bytes before `edge` came with an earlier segment.
    let edge = 0;
    let before = data;
    if (this.#carry !== null) {
      before = this.#carry.data;
      edge = this.#carry.bytes.byteLength;
      bytes = joined(this.#carry.bytes, bytes);
      this.#carry = null;
    }
    let at = 0;
    while (at < bytes.byteLength) {
      if (this.#partial !== null) {
        at += this.#fill(this.#partial, bytes.subarray(at), data);
        continue;
      }
      if (this.#state === "lost") {
        const found = findUnit(bytes, at);
        this.#passOver(found.at - at, data.frame);
        at = found.at;
        if (!found.certain) break;
        this.#state = "synced";
        this.#tellPassedOver();
      }
      const left = bytes.byteLength - at;
      if (left < PROBE_LENGTH && !(left >= 4 && unitLength(bytes, at) < 4)) break;
      const kind = unitKind(bytes, at);
      if (kind === "foreign") {
        if (this.#state === "start") {
          this.#state = "foreign";
          return;
        }
        this.#state = "lost";
        at += 1;
        continue;
      }
      this.#state = "synced";
      const origin = at < edge ? before : data;
      const length = unitLength(bytes, at);
      if (kind === "control") {
        at += 4;
        this.#partial = newPartial(length, origin);
        this.#partial.cut = true;
        if (length === 0) this.#partial = null;
        continue;
      }
      if (bytes.byteLength - at - 4 >= length) {
        const unit = bytes.subarray(at + 4, at + 4 + length);
        const { completed } = data;
        this.#sink.frame({ bytes: unit, length, first: origin.carried, completed });
        at += 4 + length;
        continue;
      }
      this.#partial = newPartial(length, origin);
      at += 4;
    }
    if (at < bytes.byteLength) {
      this.#carry = {
        bytes: bytes.slice(at),
        data: at < edge ? before : data,
      };
    }
  }

  /** `missing` bytes are not in the capture. */
  gap(missing: number): void {
    if (this.#state === "foreign") return;
    if (this.#carry !== null) {
      this.#passOver(this.#carry.bytes.byteLength, this.#carry.data.frame);
      this.#carry = null;
      this.#state = "lost";
      return;
    }
    const partial = this.#partial;
    if (partial === null) {
      this.#state = "lost";
      return;
    }
    partial.cut = true;
    partial.passed += missing;
    if (partial.passed < partial.length) return;
    if (partial.passed > partial.length) this.#state = "lost";
    this.#finish(partial);
  }

  /** No more bytes: an unfinished unit is handed on with what is known. */
  end(frame: number): void {
    if (this.#partial !== null) this.#finish(this.#partial);
    if (this.#carry !== null) {
      if (this.#state !== "lost") {
        const bytes = this.#carry.bytes.byteLength;
        this.#sink.skipped({ frame, bytes, reason: "A message is cut by the end of the capture" });
      }
      this.#carry = null;
    }
    this.#tellPassedOver();
  }

  #fill(partial: Partial, bytes: Uint8Array, data: StreamData): number {
    const used = Math.min(bytes.byteLength, partial.length - partial.passed);
    // Reassembled segments are views into a read buffer that will be overwritten.
    if (!partial.cut) append(partial, bytes.subarray(0, used));
    partial.passed += used;
    partial.completed = data.completed;
    if (partial.passed === partial.length) this.#finish(partial);
    return used;
  }

  #finish(partial: Partial): void {
    this.#partial = null;
    if (partial.known === 0) return;
    const { buffer, known, length, first, completed } = partial;
    this.#sink.frame({ bytes: buffer.subarray(0, known), length, first, completed });
  }

  #passOver(bytes: number, frame: number): void {
    if (bytes === 0) return;
    this.#passedOver ??= { frame, bytes: 0 };
    this.#passedOver.bytes += bytes;
  }

  #tellPassedOver(): void {
    if (this.#passedOver === null) return;
    const { frame, bytes } = this.#passedOver;
    this.#passedOver = null;
    this.#sink.skipped({
      frame,
      bytes,
      reason: "Bytes belong to a message whose start is not in the capture",
    });
  }
}

function newPartial(length: number, data: StreamData): Partial {
  const { carried: first, completed } = data;
  return { length, buffer: NO_BYTES, known: 0, passed: 0, cut: false, first, completed };
}

const NO_BYTES = new Uint8Array(0);

/** Room for the rest of a small unit: most end with the next segment. */
const ROOM = 2048;

function append(partial: Partial, bytes: Uint8Array): void {
  const { length, known } = partial;
  const needed = known + bytes.byteLength;
  if (needed > partial.buffer.byteLength) {
    const grown = new Uint8Array(Math.min(length, 2 * needed + ROOM));
    grown.set(partial.buffer.subarray(0, known));
    partial.buffer = grown;
  }
  partial.buffer.set(bytes, known);
  partial.known = needed;
}

function unitLength(bytes: Uint8Array, at: number): number {
  return (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function unitKind(bytes: Uint8Array, at: number): "smb" | "control" | "foreign" {
  const type = bytes[at]!;
  if (NETBIOS_CONTROL.has(type)) return unitLength(bytes, at) < 0x400 ? "control" : "foreign";
  if (type !== 0 || unitLength(bytes, at) < 4) return "foreign";
  const signature = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) |
    (bytes[at + 7]! << 24);
  return SIGNATURES.has(signature >>> 0) ? "smb" : "foreign";
}

const SMB = Buffer.from("SMB", "latin1");

/** Where the next unit starts; not certain when only its first bytes are there. */
function findUnit(bytes: Uint8Array, from: number): { at: number; certain: boolean } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let hit = buffer.indexOf(SMB, from + 5); hit !== -1; hit = buffer.indexOf(SMB, hit + 1)) {
    const at = hit - 5;
    if (unitKind(bytes, at) !== "smb") continue;
    const plain = bytes[hit - 1] === 0xfe;
    // An SMB2 header says 64 behind its signature: data that merely contains "SMB" seldom does.
    if (plain && hit + 5 <= bytes.byteLength && (bytes[hit + 3] !== 64 || bytes[hit + 4] !== 0)) {
      continue;
    }
    return { at, certain: true };
  }
  return { at: Math.max(from, bytes.byteLength - (PROBE_LENGTH - 1)), certain: false };
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const whole = new Uint8Array(one.byteLength + other.byteLength);
  whole.set(one);
  whole.set(other, one.byteLength);
  return whole;
}

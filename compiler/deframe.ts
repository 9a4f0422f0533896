/**
 * Ordered bytes of one TCP direction -> frames (length-prefixed units, MS-SMB2 2.1; RFC 1002 4.3 on port 139).
 * A frame knows which capture frames carried its first and last byte. Where bytes are missing the frame is handed on
 * with what is known, and reading resumes at the next length whose unit carries an SMB signature.
 */
import { Buffer } from "node:buffer";
import type { Stamp } from "./capture/mod.ts";
import type { StreamData } from "./stream_events.ts";

/** One length-prefixed unit. */
export interface Frame {
  /** Holds the unit behind its 4-byte length, from `start` to `end`, until the sink returns. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Length that the prefix announced; more than what `bytes` holds when part of the unit is missing from the capture. */
  readonly length: number;
  /** What `bytes` lacks is file data that was passed over as the sink asked. */
  readonly skimmed: boolean;
  readonly encrypted: false;
  readonly compressed: false;
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

/** Takes what deframers hand on, each of which says whose it is: there may be thousands. */
export interface DeframerSink<Owner> {
  /**
   * Whether the rest of a unit of `length` bytes can be passed over, told from its first {@linkcode SKIM_HEAD} bytes, which
   * are at `start`. It saves what collecting file data costs that nobody looks at.
   */
  skims?(bytes: Uint8Array, start: number, length: number): boolean;
  frame(owner: Owner, frame: Frame): void;
  skipped(owner: Owner, skipped: Skipped): void;
}

/** NetBIOS session service packets other than a message: no SMB inside (RFC 1002 4.3.1). */
const NETBIOS_CONTROL = new Set([0x81, 0x82, 0x83, 0x84, 0x85]);

/** Bytes from which it is told whether a unit's rest can be passed over: a header and the fields before file data. */
export const SKIM_HEAD = 64 + 48;

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
  /** Whether the rest is passed over; undefined as long as too little is there to tell. */
  skimmed: boolean | undefined;
  readonly first: Stamp;
  completed: Stamp;
}

/** Cuts one direction of one TCP connection into frames. */
export class Deframer<Owner> {
  readonly #sink: DeframerSink<Owner>;
  readonly #owner: Owner;
  /** `start`: nothing read yet; `synced`: at a unit's edge; `lost`: searching; `foreign`: not SMB. */
  #state: "start" | "synced" | "lost" | "foreign";
  #carry: { bytes: Uint8Array; data: StreamData } | null = null;
  #partial: Partial | null = null;
  /** Bytes passed over since the last unit, told as one note. */
  #passedOver: { frame: number; bytes: number } | null = null;

  /** `fromStart` says that the connection's first byte is known, so that other protocols are told at once. */
  constructor(
    sink: DeframerSink<Owner>,
    options: { readonly owner: Owner; readonly fromStart: boolean },
  ) {
    this.#sink = sink;
    this.#owner = options.owner;
    this.#state = options.fromStart ? "start" : "lost";
  }

  /** Whether this direction was found to carry something else. */
  get foreign(): boolean {
    return this.#state === "foreign";
  }

  /** Takes the next bytes in order. */
  push(data: StreamData): void {
    if (this.#state === "foreign") return;
    let { source: bytes, start: at, end } = data;
    // Bytes before `edge` came with an earlier segment.
    let edge = at;
    let before = data;
    if (this.#carry !== null) {
      before = this.#carry.data;
      edge = this.#carry.bytes.byteLength;
      bytes = joined(this.#carry.bytes, data.bytes);
      at = 0;
      end = bytes.byteLength;
      this.#carry = null;
    }
    while (at < end) {
      if (this.#partial !== null) {
        at += this.#fill(this.#partial, { bytes, start: at, end }, data);
        continue;
      }
      if (this.#state === "lost") {
        const found = findUnit(bytes, at, end);
        this.#passOver(found.at - at, data.frame);
        at = found.at;
        if (!found.certain) break;
        this.#state = "synced";
        this.#tellPassedOver();
      }
      const left = end - at;
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
      const start = at + 4;
      if (end - start >= length) {
        at = start + length;
        this.#sink.frame(this.#owner, {
          bytes,
          start,
          end: at,
          length,
          skimmed: false,
          encrypted: false,
          compressed: false,
          first: origin.carried,
          completed: data.completed,
        });
        continue;
      }
      this.#partial = newPartial(length, origin);
      at += 4;
    }
    if (at < end) {
      this.#carry = {
        bytes: bytes.slice(at, end),
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
        this.#sink.skipped(this.#owner, {
          frame,
          bytes,
          reason: "A message is cut by the end of the capture",
        });
      }
      this.#carry = null;
    }
    this.#tellPassedOver();
  }

  #fill(
    partial: Partial,
    { bytes, start, end }: { bytes: Uint8Array; start: number; end: number },
    data: StreamData,
  ): number {
    const used = Math.min(end - start, partial.length - partial.passed);
    if (!partial.cut && partial.skimmed !== true) {
      this.#collect(partial, bytes, { start, end: start + used });
    }
    partial.passed += used;
    partial.completed = data.completed;
    if (partial.passed === partial.length) this.#finish(partial);
    return used;
  }

  /** Keeps bytes of a unit: those given are views into a read buffer that will be overwritten. */
  #collect(
    partial: Partial,
    bytes: Uint8Array,
    { start, end }: { start: number; end: number },
  ): void {
    const { length } = partial;
    if (partial.known === 0 && end - start >= SKIM_HEAD) {
      partial.skimmed = this.#sink.skims?.(bytes, start, length) ?? false;
      if (partial.skimmed) return append(partial, bytes.subarray(start, start + SKIM_HEAD));
    }
    append(partial, bytes.subarray(start, end));
    if (partial.skimmed === undefined && partial.known >= SKIM_HEAD) {
      partial.skimmed = this.#sink.skims?.(partial.buffer, 0, length) ?? false;
    }
  }

  #finish(partial: Partial): void {
    this.#partial = null;
    if (partial.known === 0) return;
    const { buffer: bytes, known: end, length, first, completed } = partial;
    const skimmed = partial.skimmed === true && !partial.cut && partial.passed === length;
    this.#sink.frame(this.#owner, {
      bytes,
      start: 0,
      end,
      length,
      skimmed,
      encrypted: false,
      compressed: false,
      first,
      completed,
    });
    giveBack(bytes);
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
    this.#sink.skipped(this.#owner, {
      frame,
      bytes,
      reason: "Bytes belong to a message whose start is not in the capture",
    });
  }
}

function newPartial(length: number, data: StreamData): Partial {
  const { carried: first, completed } = data;
  return {
    length,
    buffer: NO_BYTES,
    known: 0,
    passed: 0,
    cut: false,
    skimmed: undefined,
    first,
    completed,
  };
}

const NO_BYTES = new Uint8Array(0);

/** Room for a small unit: most end with the next segment. */
const ROOM = 4096;

/** Buffers that units have been collected in, for the next ones: making a new one costs as much as filling it. */
const spare: Uint8Array[] = [];
const SPARE_KEPT = 8;
const LARGEST_SPARE = 0x100000;

function giveBack(buffer: Uint8Array): void {
  if (buffer.byteLength > LARGEST_SPARE || spare.length >= SPARE_KEPT) return;
  if (buffer.byteLength > 0) spare.push(buffer);
}

function roomFor(needed: number): Uint8Array {
  const found = spare.findLastIndex(({ byteLength }) => byteLength >= needed);
  if (found !== -1) return spare.splice(found, 1)[0]!;
  return new Uint8Array(Math.max(ROOM, 2 ** Math.ceil(Math.log2(needed))));
}

function append(partial: Partial, bytes: Uint8Array): void {
  const { buffer, known } = partial;
  const needed = known + bytes.byteLength;
  if (needed > buffer.byteLength) {
    partial.buffer = roomFor(needed);
    partial.buffer.set(buffer.subarray(0, known));
    giveBack(buffer);
  }
  partial.buffer.set(bytes, known);
  partial.known = needed;
}

function unitLength(bytes: Uint8Array, at: number): number {
  return (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function unitKind(bytes: Uint8Array, at: number): "smb" | "control" | "foreign" {
  const type = bytes[at]!;
  if (type !== 0) {
    return NETBIOS_CONTROL.has(type) && unitLength(bytes, at) < 0x400 ? "control" : "foreign";
  }
  // SMB2, SMB1, transform (encrypted), compression transform.
  const signed = bytes[at + 4]! >= 0xfc && bytes[at + 5] === 0x53 && bytes[at + 6] === 0x4d &&
    bytes[at + 7] === 0x42;
  return signed && unitLength(bytes, at) >= 4 ? "smb" : "foreign";
}

const SMB = Buffer.from("SMB", "latin1");

/** Where the next unit starts; not certain when only its first bytes are there. */
function findUnit(bytes: Uint8Array, from: number, end: number): { at: number; certain: boolean } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, end);
  for (let hit = buffer.indexOf(SMB, from + 5); hit !== -1; hit = buffer.indexOf(SMB, hit + 1)) {
    const at = hit - 5;
    if (unitKind(bytes, at) !== "smb") continue;
    const plain = bytes[hit - 1] === 0xfe;
    // An SMB2 header says 64 behind its signature: data that merely contains "SMB" seldom does.
    if (plain && hit + 5 <= end && (bytes[hit + 3] !== 64 || bytes[hit + 4] !== 0)) {
      continue;
    }
    return { at, certain: true };
  }
  return { at: Math.max(from, end - (PROBE_LENGTH - 1)), certain: false };
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const whole = new Uint8Array(one.byteLength + other.byteLength);
  whole.set(one);
  whole.set(other, one.byteLength);
  return whole;
}

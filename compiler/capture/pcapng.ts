/**
 * pcapng files (draft-ietf-opsawg-pcapng): blocks with a type, a length before and after, and sections that each
 * choose their byte order and number their interfaces anew.
 *
 * Read are section headers, interface descriptions, enhanced, simple and obsolete packet blocks; every other block (names, statistics,
 * decryption secrets, which are of TLS and the like) is skipped by its length. A length that cannot be true ends the file with a note, unless a section header is in sight to go on from.
 *
 * @module
 */

import { fileUint16, fileUint32, uint8 } from "./bytes.ts";
import type { Notes } from "./notes.ts";
import { MAX_PACKET_BYTES, type Packet, type PacketReader, type PacketSink } from "./packet.ts";
import type { ReaderOptions } from "./pcap.ts";

/** Type of the section header block, the same in both byte orders. */
export const SECTION_HEADER_BLOCK = 0x0a0d0d0a;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const INTERFACE_DESCRIPTION_BLOCK = 0x00000001;
const PACKET_BLOCK = 0x00000002;
const SIMPLE_PACKET_BLOCK = 0x00000003;
const ENHANCED_PACKET_BLOCK = 0x00000006;

const OPTION_END = 0;
const OPTION_IF_TSRESOL = 9;
const OPTION_IF_TSOFFSET = 14;

/** Type, length, and the length again at the end. */
const BLOCK_OVERHEAD = 12;
const SECTION_HEADER_BYTES = 28;
/** Options of an interface are read no further than this. */
const MAX_INTERFACE_BYTES = 0x10000;
const MAX_INTERFACES = 0x10000;

interface Interface {
  readonly linkType: number;
  /** 0 means unlimited. */
  readonly snapLength: number;
  /** Timestamp units per second, a power of ten or of two. */
  readonly unitsPerSecond: bigint;
  readonly microseconds: boolean;
  readonly offsetSeconds: number;
}

/** Whether bytes begin with a section header block. */
export function isPcapng(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && fileUint32(bytes, 0, false) === SECTION_HEADER_BLOCK;
}

/** Reads pcapng blocks; see the module comment. */
export class PcapngReader implements PacketReader {
  readonly format = "pcapng";
  readonly #sink: PacketSink;
  readonly #notes: Notes;
  readonly #packet: Packet = {
    frame: 0,
    seconds: 0,
    nanoseconds: 0,
    linkType: 0,
    bytes: new Uint8Array(0),
    start: 0,
    end: 0,
    originalLength: 0,
  };
  #littleEndian = true;
  #interfaces: Interface[] = [];
  #skip = 0;
  #searching = false;
  #stopped = false;

  constructor(options: ReaderOptions) {
    this.#sink = options.sink;
    this.#notes = options.notes;
    this.#packet.frame = options.framesBefore;
  }

  get frame(): number {
    return this.#packet.frame;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  feed(window: Uint8Array): number {
    this.#packet.bytes = window;
    let offset = 0;
    for (;;) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, window.length - offset);
        this.#skip -= skipped;
        offset += skipped;
        if (this.#skip > 0) return offset;
      }
      if (this.#searching) {
        offset = this.#searchSection(window, offset);
        if (this.#searching) return offset;
      }
      const used = this.#block(window, offset);
      if (used === 0) {
        if (this.#searching) continue;
        return offset;
      }
      offset += used;
    }
  }

  finish(leftOver: number): void {
    if (this.#searching) return;
    if (leftOver > 0 || this.#skip > 0) {
      this.#notes.add("The file ends in the middle of a block, which was dropped", {
        frame: this.#packet.frame + 1,
        loss: true,
      });
    }
  }

  /** Handles one block and returns how many bytes are done with; 0 asks for more, or to search. */
  #block(window: Uint8Array, offset: number): number {
    const available = window.length - offset;
    if (available < 8) return 0;
    const type = fileUint32(window, offset, this.#littleEndian);
    if (type === SECTION_HEADER_BLOCK) return this.#section(window, offset);
    const length = fileUint32(window, offset + 4, this.#littleEndian);
    if (length < BLOCK_OVERHEAD || (length & 3) !== 0) return this.#damaged();
    switch (type) {
      case INTERFACE_DESCRIPTION_BLOCK: {
        const needed = Math.min(length, MAX_INTERFACE_BYTES);
        if (available < needed) return 0;
        if (
          !this.#describeInterface(window, offset, Math.min(offset + length - 4, offset + needed))
        ) {
          return this.#damaged();
        }
        break;
      }
      case ENHANCED_PACKET_BLOCK:
      case PACKET_BLOCK: {
        if (length < BLOCK_OVERHEAD + 20) return this.#damaged();
        if (available < 28) return 0;
        const captured = fileUint32(window, offset + 20, this.#littleEndian);
        if (captured > MAX_PACKET_BYTES || captured > length - 32) return this.#damaged();
        if (available < 28 + captured) return 0;
        this.#timedPacket(window, offset, { captured, obsolete: type === PACKET_BLOCK });
        break;
      }
      case SIMPLE_PACKET_BLOCK: {
        if (length < BLOCK_OVERHEAD + 4) return this.#damaged();
        if (available < 12) return 0;
        const original = fileUint32(window, offset + 8, this.#littleEndian);
        const snapLength = this.#interfaces[0]?.snapLength ?? 0;
        const captured = Math.min(original, length - 16, snapLength === 0 ? original : snapLength);
        if (captured > MAX_PACKET_BYTES) return this.#damaged();
        if (available < 12 + captured) return 0;
        this.#emit(offset + 12, { captured, original, interfaceId: 0, stamp: undefined });
        break;
      }
    }
    const done = Math.min(length, available);
    this.#skip = length - done;
    return done;
  }

  #section(window: Uint8Array, offset: number): number {
    if (window.length - offset < SECTION_HEADER_BYTES) return 0;
    const magic = fileUint32(window, offset + 8, false);
    if (magic !== BYTE_ORDER_MAGIC && magic !== 0x4d3c2b1a) return this.#damaged();
    const littleEndian = magic !== BYTE_ORDER_MAGIC;
    const length = fileUint32(window, offset + 4, littleEndian);
    const major = fileUint16(window, offset + 12, littleEndian);
    if (length < SECTION_HEADER_BYTES || (length & 3) !== 0) return this.#damaged();
    if (major !== 1) {
      this.#notes.add(`A pcapng section has the unknown version ${major} and was not read`, {
        frame: this.#packet.frame + 1,
        loss: true,
      });
      this.#searching = true;
      this.#skip = SECTION_HEADER_BYTES;
      return 0;
    }
    this.#littleEndian = littleEndian;
    this.#interfaces = [];
    const done = Math.min(length, window.length - offset);
    this.#skip = length - done;
    return done;
  }

  #damaged(): number {
    this.#notes.add("A block length is damaged, and blocks were skipped up to the next section", {
      frame: this.#packet.frame + 1,
      loss: true,
    });
    this.#searching = true;
    this.#skip = 4;
    return 0;
  }

  /** Finds the next section header, so that what follows in a concatenated file is not lost with a damaged part. */
  #searchSection(window: Uint8Array, from: number): number {
    let at = window.indexOf(0x0a, from);
    while (at >= 0 && at + 12 <= window.length) {
      if (
        fileUint32(window, at, false) === SECTION_HEADER_BLOCK &&
        (fileUint32(window, at + 8, false) === BYTE_ORDER_MAGIC ||
          fileUint32(window, at + 8, true) === BYTE_ORDER_MAGIC)
      ) {
        this.#searching = false;
        return at;
      }
      at = window.indexOf(0x0a, at + 1);
    }
    return at >= 0 ? at : window.length;
  }

  #describeInterface(window: Uint8Array, offset: number, end: number): boolean {
    if (end - offset < 16 || this.#interfaces.length >= MAX_INTERFACES) return false;
    const littleEndian = this.#littleEndian;
    let resolution = 6;
    let offsetSeconds = 0;
    let at = offset + 16;
    while (at + 4 <= end) {
      const code = fileUint16(window, at, littleEndian);
      const length = fileUint16(window, at + 2, littleEndian);
      at += 4;
      if (code === OPTION_END || at + length > end) break;
      if (code === OPTION_IF_TSRESOL && length >= 1) resolution = uint8(window, at);
      if (code === OPTION_IF_TSOFFSET && length >= 8) {
        const low = fileUint32(window, littleEndian ? at : at + 4, littleEndian);
        const high = fileUint32(window, littleEndian ? at + 4 : at, littleEndian) | 0;
        offsetSeconds = high * 0x100000000 + low;
      }
      at += (length + 3) & ~3;
    }
    const power = BigInt(resolution & 0x7f);
    this.#interfaces.push({
      linkType: fileUint16(window, offset + 8, littleEndian),
      snapLength: fileUint32(window, offset + 12, littleEndian),
      unitsPerSecond: (resolution & 0x80) === 0 ? 10n ** power : 2n ** power,
      microseconds: resolution === 6,
      offsetSeconds,
    });
    return true;
  }

  #timedPacket(
    window: Uint8Array,
    offset: number,
    options: { captured: number; obsolete: boolean },
  ): void {
    const littleEndian = this.#littleEndian;
    this.#emit(offset + 28, {
      captured: options.captured,
      original: fileUint32(window, offset + 24, littleEndian),
      interfaceId: options.obsolete
        ? fileUint16(window, offset + 8, littleEndian)
        : fileUint32(window, offset + 8, littleEndian),
      stamp: {
        high: fileUint32(window, offset + 12, littleEndian),
        low: fileUint32(window, offset + 16, littleEndian),
      },
    });
  }

  #emit(
    start: number,
    options: {
      captured: number;
      original: number;
      interfaceId: number;
      stamp: { high: number; low: number } | undefined;
    },
  ): void {
    const packet = this.#packet;
    packet.frame++;
    const source = this.#interfaces[options.interfaceId];
    if (source === undefined) {
      this.#notes.add("A packet names an interface that the file does not describe", {
        frame: packet.frame,
        loss: true,
      });
      return;
    }
    if (options.stamp === undefined) {
      this.#notes.add("A packet has no time stamp, and got that of the packet before it", {
        frame: packet.frame,
        loss: false,
      });
    } else if (!setTime(packet, source, options.stamp)) {
      this.#notes.add(
        "A packet has a time that cannot be true, and got that of the packet before it",
        {
          frame: packet.frame,
          loss: false,
        },
      );
    }
    packet.linkType = source.linkType;
    packet.start = start;
    packet.end = start + options.captured;
    packet.originalLength = options.original;
    this.#sink(packet);
  }
}

/** The year 9999: dates end there for many, and no clock of a capture is that wrong. */
const LATEST_SECOND = 253_402_300_799;

/** Splits a 64-bit timestamp in the units of its interface into seconds and nanoseconds; false where it cannot be true. */
function setTime(packet: Packet, source: Interface, stamp: { high: number; low: number }): boolean {
  if (source.microseconds && stamp.high < 0x200000) {
    const units = stamp.high * 0x100000000 + stamp.low;
    const seconds = Math.floor(units / 1e6);
    if (!isSecond(seconds + source.offsetSeconds)) return false;
    packet.seconds = seconds + source.offsetSeconds;
    packet.nanoseconds = (units - seconds * 1e6) * 1000;
    return true;
  }
  const units = (BigInt(stamp.high) << 32n) | BigInt(stamp.low);
  const seconds = units / source.unitsPerSecond;
  if (!isSecond(Number(seconds) + source.offsetSeconds)) return false;
  packet.seconds = Number(seconds) + source.offsetSeconds;
  packet.nanoseconds = Number(
    (units - seconds * source.unitsPerSecond) * 1_000_000_000n / source.unitsPerSecond,
  );
  return true;
}

function isSecond(seconds: number): boolean {
  return Math.abs(seconds) <= LATEST_SECOND;
}

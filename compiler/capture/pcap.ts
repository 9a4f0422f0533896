/**
 * Classic capture files (draft-ietf-opsawg-pcap): a 24-byte file header, then 16 bytes before each packet, 24 in Kuznetzov's
 * variant.
 *
 * Small microsecond files go through `npm:pcap-parser` instead (package_reader.ts); what it finds in the shared captures
 * is what is found here (see the test).
 *
 * @module
 */

import { fileUint16, fileUint32 } from "./bytes.ts";
import type { Notes } from "./notes.ts";
import { MAX_PACKET_BYTES, type Packet, type PacketReader, type PacketSink } from "./packet.ts";

/** Length of the file header. */
export const PCAP_FILE_HEADER_BYTES = 24;

const PACKET_HEADER_BYTES = 16;
const KUZNETZOV_HEADER_BYTES = 24;

/** A file header that was understood. */
export interface PcapHeader {
  readonly littleEndian: boolean;
  readonly variant: "microseconds" | "nanoseconds" | "kuznetzov";
  readonly majorVersion: number;
  readonly minorVersion: number;
  readonly linkType: number;
}

/** Reads the file header; undefined when the magic is not one of classic pcap. Needs 24 bytes. */
export function readPcapHeader(bytes: Uint8Array): PcapHeader | undefined {
  const magic = pcapMagic(bytes);
  if (magic === undefined || bytes.length < PCAP_FILE_HEADER_BYTES) return undefined;
  return {
    ...magic,
    majorVersion: fileUint16(bytes, 4, magic.littleEndian),
    minorVersion: fileUint16(bytes, 6, magic.littleEndian),
    // The upper bits of the field say whether frames end with a checksum; the lower 16 are the link type.
    linkType: fileUint32(bytes, 20, magic.littleEndian) & 0xffff,
  };
}

/** Byte order and time unit that the first four bytes stand for; undefined when they are no magic of classic pcap. */
export function pcapMagic(
  bytes: Uint8Array,
): Pick<PcapHeader, "littleEndian" | "variant"> | undefined {
  if (bytes.length < 4) return undefined;
  for (const littleEndian of [false, true]) {
    switch (fileUint32(bytes, 0, littleEndian)) {
      case 0xa1b2c3d4:
        return { littleEndian, variant: "microseconds" };
      case 0xa1b23c4d:
        return { littleEndian, variant: "nanoseconds" };
      case 0xa1b2cd34:
        return { littleEndian, variant: "kuznetzov" };
    }
  }
  return undefined;
}

/** Why a reader stops. */
export const IMPOSSIBLE_LENGTH =
  "A packet header states an impossible length, and the file was not read beyond it";
/** What the end of a file cost. */
export const CUT_SHORT = "The file ends in the middle of a packet, which was dropped";

/** Where a reader puts what it finds. */
export interface ReaderOptions {
  readonly sink: PacketSink;
  readonly notes: Notes;
  /** Frames are numbered from behind this one. */
  readonly framesBefore: number;
}

/** The packet that a reader fills anew for each one. */
export function emptyPacket(linkType: number, framesBefore: number): Packet {
  return {
    frame: framesBefore,
    seconds: 0,
    nanoseconds: 0,
    linkType,
    bytes: new Uint8Array(0),
    start: 0,
    end: 0,
    originalLength: 0,
  };
}

/** Reads packets behind a file header. */
export class PcapReader implements PacketReader {
  readonly format: string;
  readonly #notes: Notes;
  readonly #sink: PacketSink;
  readonly #littleEndian: boolean;
  readonly #headerBytes: number;
  readonly #unit: number;
  readonly #packet: Packet;
  #skip = PCAP_FILE_HEADER_BYTES;
  #stopped = false;

  constructor(header: PcapHeader, options: ReaderOptions) {
    this.format = header.variant === "microseconds" ? "pcap" : `pcap (${header.variant})`;
    this.#notes = options.notes;
    this.#sink = options.sink;
    this.#littleEndian = header.littleEndian;
    this.#headerBytes = header.variant === "kuznetzov"
      ? KUZNETZOV_HEADER_BYTES
      : PACKET_HEADER_BYTES;
    this.#unit = header.variant === "nanoseconds" ? 1 : 1000;
    this.#packet = emptyPacket(header.linkType, options.framesBefore);
  }

  get frame(): number {
    return this.#packet.frame;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  feed(window: Uint8Array): number {
    const packet = this.#packet;
    const headerBytes = this.#headerBytes;
    const littleEndian = this.#littleEndian;
    let offset = this.#skip;
    this.#skip = 0;
    packet.bytes = window;
    while (offset + headerBytes <= window.length) {
      const capturedLength = fileUint32(window, offset + 8, littleEndian);
      if (capturedLength > MAX_PACKET_BYTES) {
        this.#stopped = true;
        this.#notes.add(IMPOSSIBLE_LENGTH, { frame: packet.frame + 1, loss: true });
        break;
      }
      const start = offset + headerBytes;
      const end = start + capturedLength;
      if (end > window.length) break;
      packet.frame++;
      packet.seconds = fileUint32(window, offset, littleEndian);
      packet.nanoseconds = fileUint32(window, offset + 4, littleEndian) * this.#unit;
      packet.start = start;
      packet.end = end;
      packet.originalLength = fileUint32(window, offset + 12, littleEndian);
      this.#sink(packet);
      offset = end;
    }
    return offset;
  }

  finish(leftOver: number): void {
    if (!this.#stopped && leftOver > 0) {
      this.#notes.add(CUT_SHORT, { frame: this.#packet.frame + 1, loss: true });
    }
  }
}

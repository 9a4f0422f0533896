/**
 * Small microsecond files, as `npm:pcap-parser` takes them apart. The package copies each piece of the file and makes
 * several objects and two events of each packet (0.31 s of processor time for a million packets, against 0.06 s of
 * `PcapReader`), and waits without limit for a packet as long as a damaged header says: so larger files, other variants
 * and streams have the reader of their own, and here the package is watched.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import pcapParser from "pcap-parser";
import type { Notes } from "./notes.ts";
import { MAX_PACKET_BYTES, type Packet, type PacketReader } from "./packet.ts";
import {
  CUT_SHORT,
  emptyPacket,
  IMPOSSIBLE_LENGTH,
  PCAP_FILE_HEADER_BYTES,
  type PcapHeader,
  type ReaderOptions,
} from "./pcap.ts";

const PACKET_HEADER_BYTES = 16;

/** Microsecond files, taken apart by `npm:pcap-parser`. */
export class PackageReader implements PacketReader {
  readonly format = "pcap";
  readonly #notes: Notes;
  readonly #input = new PushInput();
  readonly #packet: Packet;
  #fed = 0;
  #used = 0;
  #stopped = false;

  constructor(header: PcapHeader, options: ReaderOptions) {
    this.#notes = options.notes;
    const packet = this.#packet = emptyPacket(header.linkType, options.framesBefore);
    const parser = pcapParser.parse(this.#input);
    parser.on("packetHeader", ({ capturedLength }) => {
      if (capturedLength <= MAX_PACKET_BYTES || this.#stopped) return;
      this.#stopped = true;
      this.#notes.add(IMPOSSIBLE_LENGTH, { frame: packet.frame + 1, loss: true });
    });
    parser.on("packet", ({ header, data }) => {
      if (this.#stopped) return;
      this.#used += PACKET_HEADER_BYTES + data.length;
      packet.frame++;
      packet.seconds = header.timestampSeconds;
      packet.nanoseconds = header.timestampMicroseconds * 1000;
      // A plain view of the chunk: slice() of node's Buffer shares memory, and whoever keeps bytes relies on a copy.
      if (packet.bytes.buffer !== data.buffer) packet.bytes = new Uint8Array(data.buffer);
      packet.start = data.byteOffset;
      packet.end = data.byteOffset + data.length;
      packet.originalLength = header.originalLength;
      options.sink(packet);
    });
    parser.on("error", (error) => {
      this.#stopped = true;
      this.#notes.add(`The file was not read: ${error.message}`, { loss: true });
    });
  }

  get frame(): number {
    return this.#packet.frame;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  feed(window: Uint8Array): number {
    let rest = window;
    if (this.#fed === 0) {
      // The package keeps what is left of its first chunk without copying it; the file header alone leaves nothing.
      this.#input.emit("data", Buffer.from(window.slice(0, PCAP_FILE_HEADER_BYTES)));
      this.#used = PCAP_FILE_HEADER_BYTES;
      rest = window.subarray(PCAP_FILE_HEADER_BYTES);
    }
    this.#fed += window.length;
    if (!this.#stopped && rest.length > 0) {
      this.#input.emit("data", Buffer.from(rest.buffer, rest.byteOffset, rest.length));
    }
    return window.length;
  }

  finish(): void {
    if (!this.#stopped && this.#fed > this.#used) {
      this.#notes.add(CUT_SHORT, { frame: this.#packet.frame + 1, loss: true });
    }
  }
}

/** A node stream that is fed by hand, so that parsing stays synchronous; the package uses its events and nothing else. */
class PushInput extends Readable {
  override pause(): this {
    return this;
  }

  override resume(): this {
    return this;
  }
}

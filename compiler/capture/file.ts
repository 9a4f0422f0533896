/**
 * One capture file: bytes of a source, through the reader of its format, to packets; window by window.
 *
 * @module
 */

import { CaptureError } from "./errors.ts";
import type { Notes } from "./notes.ts";
import { MAX_PACKET_BYTES, type PacketReader, type PacketSink } from "./packet.ts";
import { PCAP_FILE_HEADER_BYTES, pcapMagic, PcapReader, readPcapHeader } from "./pcap.ts";
import { isPcapng, PcapngReader } from "./pcapng.ts";
import type { CaptureSource } from "./source.ts";

/** Room in a window for what the one before leaves: less than a packet with its headers, or an interface description. */
const ROOM_AHEAD = MAX_PACKET_BYTES + 0x20000;

/** Largest file that the package `pcap-parser` reads. */
const PACKAGE_LIMIT = 1024 * 1024;

/** The longest time that nobody else gets a turn. */
const BUSY_MILLISECONDS = 50;

/** How a file is read. */
export interface CaptureFileOptions {
  readonly sink: PacketSink;
  readonly notes: Notes;
  /** Bytes asked of the source at a time. */
  readonly chunkBytes: number;
  /** Packets of the files before this one: frames are numbered on from there. */
  readonly framesBefore: number;
}

/** A file whose format was recognised. */
export class CaptureFile {
  readonly source: CaptureSource;
  readonly #notes: Notes;
  readonly #chunkBytes: number;
  readonly #framesBefore: number;
  /** While packets are read in the one, the other is filled. */
  #window: Uint8Array<ArrayBuffer>;
  #otherWindow: Uint8Array<ArrayBuffer>;
  /** Where the bytes in the window are that were not consumed. */
  #start = ROOM_AHEAD;
  #end = ROOM_AHEAD;
  #reader: PacketReader | undefined;

  private constructor(source: CaptureSource, options: CaptureFileOptions) {
    this.source = source;
    this.#notes = options.notes;
    this.#chunkBytes = options.chunkBytes;
    this.#window = new Uint8Array(ROOM_AHEAD + Math.max(this.#chunkBytes, PCAP_FILE_HEADER_BYTES));
    this.#otherWindow = this.#window.slice();
    this.#framesBefore = options.framesBefore;
  }

  /**
   * Reads the first bytes and chooses the reader.
   *
   * @throws {CaptureError} When they are those of no capture, or cannot be read.
   */
  static async recognise(source: CaptureSource, options: CaptureFileOptions): Promise<CaptureFile> {
    const file = new CaptureFile(source, options);
    try {
      await file.#recognise(options);
      return file;
    } catch (error) {
      source.close();
      throw error instanceof CaptureError ? error : failedRead(source, error);
    }
  }

  /** Such as "pcap (nanoseconds)", with the compression where there is one. */
  get format(): string {
    const format = this.#reader?.format ?? "empty";
    const { compression } = this.source;
    return compression === undefined ? format : `${format}, ${compression}`;
  }

  /** Packets of it so far. */
  get frames(): number {
    return (this.#reader?.frame ?? this.#framesBefore) - this.#framesBefore;
  }

  /**
   * Hands the packets to the sink, and yields after each window of them: what they point into holds until the next one.
   *
   * @throws {CaptureError} When the source cannot be read any further.
   */
  async *windows(): AsyncGenerator<void> {
    const reader = this.#reader;
    const { source } = this;
    let rested = performance.now();
    try {
      if (reader === undefined) return;
      for (;;) {
        const room = this.#otherWindow.subarray(ROOM_AHEAD, ROOM_AHEAD + this.#chunkBytes);
        const reading = source.readSync === undefined ? source.read(room) : undefined;
        // Its failure is looked at below, or not at all where the loop is left before.
        reading?.catch(() => {});
        this.#start += reader.feed(this.#window.subarray(this.#start, this.#end));
        yield;
        if (reader.stopped) break;
        const count = source.readSync === undefined ? await reading : source.readSync(room);
        if (count === null || count === undefined) break;
        this.#turn(count);
        if (performance.now() - rested < BUSY_MILLISECONDS) continue;
        // For whoever wants to interrupt, or to show how far it is.
        const { setImmediate } = await import("node:timers");
        await new Promise((resolve) => setImmediate(resolve));
        rested = performance.now();
      }
      reader.finish(this.#end - this.#start);
      if (this.source.damage !== undefined) this.#notes.add(this.source.damage, { loss: true });
    } catch (error) {
      throw error instanceof CaptureError ? error : failedRead(this.source, error);
    } finally {
      this.source.close();
    }
  }

  /** Goes on with the other window, which was filled with so many bytes, behind what is left of this one. */
  #turn(count: number): void {
    const left = this.#window.subarray(this.#start, this.#end);
    const window = this.#otherWindow;
    this.#otherWindow = this.#window;
    this.#window = window;
    this.#start = ROOM_AHEAD - left.length;
    this.#end = ROOM_AHEAD + count;
    window.set(left, this.#start);
  }

  async #recognise(options: CaptureFileOptions): Promise<void> {
    while (this.#end - this.#start < PCAP_FILE_HEADER_BYTES) {
      const count = await this.source.read(this.#window.subarray(this.#end));
      if (count === null) break;
      this.#end += count;
    }
    const first = this.#window.subarray(this.#start, this.#end);
    if (first.length === 0) {
      this.#notes.add(this.source.damage ?? "The file is empty", { loss: true });
    } else if (isPcapng(first)) {
      this.#reader = new PcapngReader(options);
    } else if (pcapMagic(first) === undefined) {
      const { name } = this.source;
      throw new CaptureError(`Cannot read capture ${name}: ${whatElse(first)}`, { source: name });
    } else {
      const header = readPcapHeader(first);
      if (header === undefined) {
        this.#notes.add("The file ends inside its file header", { loss: true });
      } else {
        const { compression, totalBytes = Infinity } = this.source;
        const isSmall = header.variant === "microseconds" && compression === undefined &&
          totalBytes <= PACKAGE_LIMIT;
        this.#reader = isSmall
          ? new (await import("./package_reader.ts")).PackageReader(header, options)
          : new PcapReader(header, options);
      }
    }
  }
}

/** What bytes are that are no capture which is read here. */
function whatElse(first: Uint8Array): string {
  const text = String.fromCharCode(...first.subarray(0, 5));
  for (const [magic, format] of OTHER_FORMATS) {
    if (text.startsWith(magic)) {
      return `it is a capture of ${format}, write it as pcapng with editcap first`;
    }
  }
  const shown = Array.from(first.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0"));
  return `it begins with ${shown.join(" ")}, which is neither pcap nor pcapng`;
}

const OTHER_FORMATS: readonly (readonly [string, string])[] = [
  ["GMBU", "Network Monitor"],
  ["RTSS", "Network Monitor 1"],
  ["snoop", "snoop"],
  ["TRSNI", "the Sniffer"],
  ["XCP", "NetXRay"],
];

function failedRead(source: CaptureSource, cause: unknown): CaptureError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CaptureError(`Cannot read capture ${source.name}: ${why}`, {
    source: source.name,
    cause,
  });
}

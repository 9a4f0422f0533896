/**
 * One capture file: bytes of a source, through the reader of its format, to packets; window by window.
 *
 * @module
 */

import { CaptureError } from "./errors.ts";
import type { Notes } from "./notes.ts";
import { MAX_PACKET_BYTES, type PacketReader, type PacketSink } from "./packet.ts";
import { PCAP_FILE_HEADER_BYTES, pcapMagic, pcapReader, readPcapHeader } from "./pcap.ts";
import { isPcapng, PcapngReader } from "./pcapng.ts";
import type { CaptureSource } from "./source.ts";

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
  /** Holds a whole packet with its headers besides a chunk, so that every packet is whole at some time. */
  readonly #window = new Uint8Array(2 * MAX_PACKET_BYTES);
  #filled = 0;
  #reader: PacketReader | undefined;

  private constructor(source: CaptureSource, options: CaptureFileOptions) {
    this.source = source;
    this.#notes = options.notes;
    this.#chunkBytes = options.chunkBytes;
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
    try {
      if (reader === undefined) return;
      do {
        const consumed = reader.feed(this.#window.subarray(0, this.#filled));
        yield;
        this.#window.copyWithin(0, consumed, this.#filled);
        this.#filled -= consumed;
      } while (!reader.stopped && await this.#fill());
      reader.finish(this.#filled);
      if (this.source.damage !== undefined) this.#notes.add(this.source.damage, { loss: true });
    } catch (error) {
      throw error instanceof CaptureError ? error : failedRead(this.source, error);
    } finally {
      this.source.close();
    }
  }

  async #recognise(options: CaptureFileOptions): Promise<void> {
    while (this.#filled < PCAP_FILE_HEADER_BYTES) {
      if (!await this.#fill()) break;
    }
    const first = this.#window.subarray(0, this.#filled);
    if (first.length === 0) {
      this.#notes.add(this.source.damage ?? "The file is empty", { loss: true });
    } else if (isPcapng(first)) {
      this.#reader = new PcapngReader(options);
    } else if (pcapMagic(first) === undefined) {
      const shown = Array.from(first.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0"));
      const { name } = this.source;
      throw new CaptureError(
        `Cannot read capture ${name}: it begins with ${
          shown.join(" ")
        }, which is neither pcap nor pcapng`,
        { source: name },
      );
    } else {
      const header = readPcapHeader(first);
      if (header === undefined) {
        this.#notes.add("The file ends inside its file header", { loss: true });
      } else {
        this.#reader = pcapReader(header, options);
      }
    }
  }

  /** Reads more behind what is left; false at the end. */
  async #fill(): Promise<boolean> {
    const end = Math.min(this.#filled + this.#chunkBytes, this.#window.length);
    const count = await this.source.read(this.#window.subarray(this.#filled, end));
    if (count === null) return false;
    this.#filled += count;
    return true;
  }
}

function failedRead(source: CaptureSource, cause: unknown): CaptureError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CaptureError(`Cannot read capture ${source.name}: ${why}`, {
    source: source.name,
    cause,
  });
}

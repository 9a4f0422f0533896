/**
 * Capture files to TCP segments: pcap and pcapng, compressed or not, from a file or standard input, in batches and in bounded memory.
 *
 * The room knows files, link layers, IP and TCP headers. It knows neither the order of bytes in a stream (that is
 * `../reassembly.ts`) nor SMB. What it cannot use it counts in notes and never throws on.
 *
 * @module
 */

import { SegmentDecoder } from "./decode.ts";
import { CaptureError } from "./errors.ts";
import { type CaptureNote, NoteBook } from "./notes.ts";
import { MAX_PACKET_BYTES, type PacketReader, type PacketSink } from "./packet.ts";
import { PCAP_FILE_HEADER_BYTES, pcapMagic, pcapReader, readPcapHeader } from "./pcap.ts";
import { isPcapng, PcapngReader } from "./pcapng.ts";
import { type ByteInput, type CaptureSource, openSource } from "./source.ts";
import type { Segment } from "./tcp.ts";

export { CaptureError } from "./errors.ts";
export { type CaptureNote, NoteBook } from "./notes.ts";
export type { ByteInput } from "./source.ts";
export { type Endpoint, type Flow, type Segment, Stamp, TCP_FLAG } from "./tcp.ts";

/** Bytes asked of the file at a time. Larger reads gain nothing measurable. */
const DEFAULT_CHUNK_BYTES = 0x80000;

/** How a capture is read. */
export interface CaptureOptions {
  /** Bytes asked of the input at a time, from 1; 512 KiB unless told. */
  readonly chunkBytes?: number;
}

/** A capture that is being read. */
export interface Capture {
  /** A path, or "standard input". */
  readonly name: string;
  /** Such as "pcap", "pcap (nanoseconds)", "pcapng", with "gzip" where that applies. */
  readonly format: string;
  /** Size of the file in bytes as stored, if known. */
  readonly totalBytes: number | undefined;
  /** Bytes of the file taken so far; with `totalBytes` the progress. */
  readonly bytesRead: number;
  /** Packets read so far. */
  readonly packets: number;
  /** What was not used so far; complete once the segments are at their end. */
  readonly notes: readonly CaptureNote[];
  /**
   * The TCP segments in file order, one batch per read. Payloads are views that hold until the next batch is asked for.
   * May be called once; the input is closed at the end, and when the loop is left early.
   *
   * @throws {CaptureError} When the input cannot be read any further.
   */
  segments(): AsyncIterable<readonly Segment[]>;
  /** Releases the input when the segments are not read. */
  close(): void;
}

/**
 * Opens a capture: a path, "-" for standard input, or any {@linkcode ByteInput}.
 *
 * @throws {CaptureError} When the input is missing or unreadable, or is not a capture at all.
 */
export async function openCapture(
  input: string | URL | ByteInput,
  options: CaptureOptions = {},
): Promise<Capture> {
  const source = await openSource(input);
  try {
    const capture = new OpenCapture(source, options.chunkBytes ?? DEFAULT_CHUNK_BYTES);
    await capture.recognise();
    return capture;
  } catch (error) {
    source.close();
    throw error instanceof CaptureError ? error : failedRead(source, error);
  }
}

function failedRead(source: CaptureSource, cause: unknown): CaptureError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CaptureError(`Cannot read capture ${source.name}: ${why}`, {
    source: source.name,
    cause,
  });
}

class OpenCapture implements Capture {
  readonly #source: CaptureSource;
  readonly #chunkBytes: number;
  readonly #notes = new NoteBook();
  readonly #decoder = new SegmentDecoder(this.#notes);
  /** Holds a whole packet with its headers besides a chunk, so that every packet is whole at some time. */
  readonly #window: Uint8Array<ArrayBuffer>;
  #filled = 0;
  #batch: Segment[] = [];
  #reader: PacketReader | undefined;
  #started = false;

  constructor(source: CaptureSource, chunkBytes: number) {
    this.#source = source;
    this.#chunkBytes = chunkBytes;
    this.#window = new Uint8Array(2 * MAX_PACKET_BYTES);
  }

  get name(): string {
    return this.#source.name;
  }

  get format(): string {
    const format = this.#reader?.format ?? "empty";
    return this.#source.compression === undefined
      ? format
      : `${format}, ${this.#source.compression}`;
  }

  get totalBytes(): number | undefined {
    return this.#source.totalBytes;
  }

  get bytesRead(): number {
    return this.#source.bytesRead;
  }

  get packets(): number {
    return this.#decoder.packets;
  }

  get notes(): readonly CaptureNote[] {
    return this.#notes.list();
  }

  close(): void {
    this.#source.close();
  }

  /** Reads the first bytes and chooses the reader. */
  async recognise(): Promise<void> {
    while (this.#filled < PCAP_FILE_HEADER_BYTES) {
      if (!await this.#fill()) break;
    }
    const first = this.#window.subarray(0, this.#filled);
    const sink: PacketSink = (packet) => {
      const segment = this.#decoder.decode(packet);
      if (segment !== undefined) this.#batch.push(segment);
    };
    const options = { sink, notes: this.#notes };
    if (first.length === 0) {
      this.#notes.add(this.#source.damage ?? "The file is empty", { loss: true });
    } else if (isPcapng(first)) {
      this.#reader = new PcapngReader(options);
    } else if (pcapMagic(first) === undefined) {
      const shown = Array.from(first.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0"));
      throw new CaptureError(
        `Cannot read capture ${this.name}: it begins with ${
          shown.join(" ")
        }, which is neither pcap nor pcapng`,
        { source: this.name },
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

  async *segments(): AsyncGenerator<readonly Segment[]> {
    if (this.#started) throw new TypeError("Cannot read segments: they were read before");
    this.#started = true;
    const reader = this.#reader;
    try {
      if (reader === undefined) return;
      do {
        const consumed = reader.feed(this.#window.subarray(0, this.#filled));
        const batch = this.#batch;
        this.#batch = [];
        if (batch.length > 0) yield batch;
        this.#window.copyWithin(0, consumed, this.#filled);
        this.#filled -= consumed;
      } while (!reader.stopped && await this.#fill());
      reader.finish(this.#filled);
      if (this.#source.damage !== undefined) this.#notes.add(this.#source.damage, { loss: true });
    } catch (error) {
      throw error instanceof CaptureError ? error : failedRead(this.#source, error);
    } finally {
      this.#source.close();
    }
  }

  /** Reads more behind what is left; false at the end. */
  async #fill(): Promise<boolean> {
    const end = Math.min(this.#filled + this.#chunkBytes, this.#window.length);
    const count = await this.#source.read(this.#window.subarray(this.#filled, end));
    if (count === null) return false;
    this.#filled += count;
    return true;
  }
}

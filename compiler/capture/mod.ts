/**
 * Capture files to TCP segments: pcap and pcapng, compressed or not, from files or standard input, in bounded memory.
 *
 * Several files are read as one capture, in the order of their first packets: frames are numbered on, and conversations go on from
 * file to file. The room knows files, link layers, IP and TCP headers. It knows neither the order of bytes in a stream (that is
 * `../reassembly.ts`) nor SMB. What it cannot use it counts in notes and never throws on.
 *
 * @module
 */

import { SegmentDecoder } from "./decode.ts";
import type { DecodeAs } from "./decode_as.ts";
import { CaptureError } from "./errors.ts";
import { CaptureFile } from "./file.ts";
import { type CaptureNote, NoteBook, type NotedFile, withPlaces } from "./notes.ts";
import { PacketOrder } from "./order.ts";
import { inOrderOfTime, type SeriesFile } from "./series.ts";
import { type ByteInput, openSource } from "./source.ts";
import type { Flow, Segment } from "./tcp.ts";

export { type DecodeAs, FRAMES, type Tunnel } from "./decode_as.ts";
export { CaptureError } from "./errors.ts";
export { type CaptureNote, NoteBook, type NotedFile, noteText, withPlaces } from "./notes.ts";
export { openScratch, type Scratch } from "./scratch_file.ts";
export type { ByteInput } from "./source.ts";
export { type Endpoint, type Flow, Segment, Stamp, TCP_FLAG } from "./tcp.ts";

/** Bytes asked of the file at a time: two pieces of it are in the cache of a processor, larger ones are not. */
const DEFAULT_CHUNK_BYTES = 0x40000;

/** A file that begins so much before the end of the one ahead of it was not written after it. */
const OVERLAP_SECONDS = 1;
const OVERLAP =
  "A file begins before the one ahead of it ends: they were read one after the other, and what answers each other across them may not be found; mergecap puts such files together";

/** A path, "-" for standard input, anything that bytes can be read from, or the paths of several files that belong together. */
export type CaptureInput = string | URL | ByteInput | readonly (string | URL)[];

/** How a capture is read. */
export interface CaptureOptions {
  /** Bytes asked of the input at a time, from 1; 256 KiB unless told. */
  readonly chunkBytes?: number;
  /** Packets that are a little out of place are put where their times belong, unless the order of the file is wanted. */
  readonly order?: "time" | "file";
  /** What cannot be told from the capture. */
  readonly decodeAs?: DecodeAs;
}

/** A capture that is being read. */
export interface Capture {
  /** A path, "standard input", or "3 files". */
  readonly name: string;
  /** Such as "pcap", "pcap (nanoseconds)", "pcapng", with "gzip" or "zstd" where that applies; of the file being read. */
  readonly format: string;
  /** Size of the files in bytes as stored, if known. */
  readonly totalBytes: number | undefined;
  /** Bytes of the files taken so far; with `totalBytes` the progress. */
  readonly bytesRead: number;
  /** Packets read so far. */
  readonly packets: number;
  /** The files in the order of reading, where there are several; complete once the segments are at their end. */
  readonly files: readonly NotedFile[];
  /** What was not used so far; complete once the segments are at their end. */
  readonly notes: readonly CaptureNote[];
  /**
   * Hands the TCP segments to `take` in the order that was asked for, and yields after each read. A segment holds until `take` returns.
   * May be called once; the input is closed at the end, and when the loop is left early.
   *
   * @throws {CaptureError} When the input cannot be read any further.
   */
  segments(take: (segment: Segment) => void): AsyncIterable<void>;
  /** Lets go of a flow and its reverse, of which nothing more is expected; what comes all the same has flows of its own. */
  forget(flow: Flow): void;
  /** Releases the input when the segments are not read. */
  close(): void;
}

/**
 * Opens a capture.
 *
 * @throws {CaptureError} When the input is missing or unreadable, or is not a capture at all.
 */
export async function openCapture(
  input: CaptureInput,
  options: CaptureOptions = {},
): Promise<Capture> {
  const capture = new OpenCapture(options);
  await capture.open(isSeries(input) ? input : [input]);
  return capture;
}

function isSeries(input: CaptureInput): input is readonly (string | URL)[] {
  return Array.isArray(input);
}

class OpenCapture implements Capture {
  readonly #chunkBytes: number;
  readonly #notes = new NoteBook();
  readonly #decoder: SegmentDecoder;
  readonly #order: PacketOrder;
  /** The files that were read to their end. */
  readonly #read: NotedFile[] = [];
  /** The files still to be opened. */
  #following: readonly SeriesFile[] = [];
  #series = false;
  #file: CaptureFile | undefined;
  #totalBytes: number | undefined;
  #bytesBefore = 0;
  #take: ((segment: Segment) => void) | undefined;

  constructor({ chunkBytes, order, decodeAs }: CaptureOptions) {
    this.#chunkBytes = chunkBytes ?? DEFAULT_CHUNK_BYTES;
    this.#decoder = new SegmentDecoder(this.#notes, decodeAs);
    this.#order = new PacketOrder((packet) => {
      const segment = this.#decoder.decode(packet);
      if (segment !== undefined) this.#take?.(segment);
    }, { notes: this.#notes, sorts: order !== "file" });
  }

  get name(): string {
    const files = this.files.length + this.#following.length;
    return this.#series ? `${files} files` : this.#file?.source.name ?? "";
  }

  get format(): string {
    return this.#file?.format ?? "empty";
  }

  get totalBytes(): number | undefined {
    return this.#totalBytes;
  }

  get bytesRead(): number {
    return this.#bytesBefore + (this.#file?.source.bytesRead ?? 0);
  }

  get packets(): number {
    return this.#decoder.packets;
  }

  get files(): readonly NotedFile[] {
    return this.#series && this.#file !== undefined
      ? [...this.#read, { name: this.#file.source.name, frames: this.#file.frames }]
      : [];
  }

  get notes(): readonly CaptureNote[] {
    return withPlaces(this.#notes.list(), this.files);
  }

  forget(flow: Flow): void {
    this.#decoder.forget(flow);
  }

  close(): void {
    this.#file?.source.close();
  }

  async open(inputs: readonly (string | URL | ByteInput)[]): Promise<void> {
    const [only] = inputs;
    if (only === undefined) throw new CaptureError("Cannot read no capture", { source: "" });
    if (inputs.length === 1) return await this.#open(only);
    this.#series = true;
    const series = await inOrderOfTime(inputs as readonly (string | URL)[], this.#chunkBytes);
    this.#totalBytes = series.totalBytes;
    this.#following = series.files;
    await this.#next();
  }

  async *segments(take: (segment: Segment) => void): AsyncGenerator<void> {
    if (this.#take !== undefined) {
      throw new TypeError("Cannot read segments: they were read before");
    }
    this.#take = take;
    do {
      for await (const _ of this.#file?.windows() ?? []) {
        this.#order.flush(false);
        yield;
      }
    } while (await this.#next());
    this.#order.flush(true);
    this.#decoder.finish();
  }

  /** Goes on to the next file; false when there is none. */
  async #next(): Promise<boolean> {
    const [next, ...following] = this.#following;
    if (next === undefined) return false;
    this.#following = following;
    if (next.first < this.#order.second - OVERLAP_SECONDS) {
      this.#notes.add(OVERLAP, { loss: false });
    }
    this.#bytesBefore += this.#file?.source.bytesRead ?? 0;
    this.#read.push(...this.files.slice(-1));
    await this.#open(next.path);
    return true;
  }

  async #open(input: string | URL | ByteInput): Promise<void> {
    const source = await openSource(input);
    const framesBefore = this.#read.reduce((sum, { frames }) => sum + frames, 0);
    this.#file = await CaptureFile.recognise(source, {
      sink: (packet) => this.#order.add(packet),
      notes: this.#series ? this.#notes.of(source.name, framesBefore) : this.#notes,
      chunkBytes: this.#chunkBytes,
      framesBefore,
    });
    if (!this.#series) this.#totalBytes = source.totalBytes;
  }
}

/**
 * Where capture bytes come from: a file, standard input, or any object that can be read from. Compression is recognised by
 * its magic and undone here, so that the format readers see plain capture bytes. The only file of the compiler that reads files.
 *
 * @module
 */

import { pipeline, Readable } from "node:stream";
import { createGunzip, type Gunzip } from "node:zlib";
import { fileUint32 } from "./bytes.ts";
import { CaptureError } from "./errors.ts";
import { ZSTD_MAGIC, ZstdDecoder } from "./zstd.ts";

/** Something that bytes can be read from. */
export interface ByteInput {
  /** Reads up to `into.length` bytes; null at the end. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** Releases what is behind it. */
  close(): void;
}

/** An opened capture source. */
export interface CaptureSource extends ByteInput {
  /** As `read`, of a source that never has to be waited for: the other takes twice the time. */
  readonly readSync?: ((into: Uint8Array<ArrayBuffer>) => number | null) | undefined;
  /** A path, or "standard input". */
  readonly name: string;
  /** Size of the (compressed) file, if known. */
  readonly totalBytes: number | undefined;
  /** Bytes taken from the (compressed) file so far. */
  readonly bytesRead: number;
  /** How the bytes were compressed, if they were. */
  readonly compression: "gzip" | "zstd" | undefined;
  /** Set after the end when the compressed data is damaged: what is wrong. */
  readonly damage: string | undefined;
}

const MAGIC_BYTES = 4;
const COMPRESSED_CHUNK_BYTES = 0x10000;
const STANDARD_INPUT = "standard input";

/**
 * Opens a capture file, "-" for standard input, or an input that is already open.
 *
 * @throws {CaptureError} When the file is missing or unreadable, or compressed in a way that cannot be undone here.
 */
export async function openSource(input: string | URL | ByteInput): Promise<CaptureSource> {
  const raw = await openRaw(input);
  let first: Uint8Array<ArrayBuffer>;
  try {
    first = await readFirst(raw);
  } catch (cause) {
    raw.close();
    throw unreadable(raw.name, cause);
  }
  raw.unread(first);
  if (first[0] === 0x1f && first[1] === 0x8b) return new GzipSource(raw);
  if (isZstd(first)) return new ZstdSource(raw);
  const other = otherCompression(first);
  if (other !== undefined) {
    raw.close();
    throw new CaptureError(
      `Cannot read capture ${raw.name}: it is compressed with ${other}, decompress it first`,
      { source: raw.name },
    );
  }
  return raw;
}

async function openRaw(input: string | URL | ByteInput): Promise<RawSource> {
  if (input === "-") {
    return new RawSource({
      name: STANDARD_INPUT,
      input: { read: (into) => Deno.stdin.read(into), close: () => {} },
    });
  }
  if (typeof input !== "string" && !(input instanceof URL)) {
    return new RawSource({ name: "input", input });
  }
  const name = input instanceof URL ? input.pathname : input;
  try {
    const file = await Deno.open(input, { read: true });
    const info = await file.stat();
    if (info.isDirectory) {
      file.close();
      throw new Deno.errors.IsADirectory();
    }
    return new RawSource(
      info.isFile ? { name, input: file, file, totalBytes: info.size } : { name, input: file },
    );
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

function unreadable(name: string, cause: unknown): CaptureError {
  const why = cause instanceof Deno.errors.NotFound
    ? "no such file"
    : cause instanceof Deno.errors.IsADirectory
    ? "it is a directory"
    : cause instanceof Deno.errors.PermissionDenied || cause instanceof Deno.errors.NotCapable
    ? "permission denied"
    : cause instanceof Error
    ? cause.message
    : String(cause);
  return new CaptureError(`Cannot read capture ${name}: ${why}`, { source: name, cause });
}

async function readFirst(raw: RawSource): Promise<Uint8Array<ArrayBuffer>> {
  const first = new Uint8Array(MAGIC_BYTES);
  let filled = 0;
  while (filled < first.length) {
    const count = await raw.read(first.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return first.subarray(0, filled);
}

/** Also a skippable frame, which parallel tools put first. */
function isZstd(first: Uint8Array): boolean {
  if (first.length < MAGIC_BYTES) return false;
  const magic = fileUint32(first, 0, true);
  return magic === ZSTD_MAGIC || (magic & 0xfffffff0) >>> 0 === 0x184d2a50;
}

function otherCompression(first: Uint8Array): string | undefined {
  if (first[0] === 0xfd && first[1] === 0x37 && first[2] === 0x7a && first[3] === 0x58) return "xz";
  if (first[0] === 0x42 && first[1] === 0x5a && first[2] === 0x68) return "bzip2";
  if (first[0] === 0x04 && first[1] === 0x22 && first[2] === 0x4d && first[3] === 0x18) {
    return "lz4";
  }
  if (first[0] === 0x50 && first[1] === 0x4b && first[2] === 0x03 && first[3] === 0x04) {
    return "zip";
  }
  return undefined;
}

/** Bytes as they are, with a count of them and a few bytes of look-ahead. */
class RawSource implements CaptureSource {
  readonly name: string;
  readonly totalBytes: number | undefined;
  readonly compression = undefined;
  readonly damage = undefined;
  readonly readSync: CaptureSource["readSync"];
  readonly #input: ByteInput;
  #pending: Uint8Array = new Uint8Array(0);
  #bytesRead = 0;
  #closed = false;

  constructor(
    options: { name: string; input: ByteInput; file?: Deno.FsFile; totalBytes?: number },
  ) {
    const { name, input, file, totalBytes } = options;
    this.name = name;
    this.#input = input;
    this.totalBytes = totalBytes;
    if (file === undefined) return;
    this.readSync = (into) => this.#takePending(into) ?? this.#count(file.readSync(into));
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  unread(bytes: Uint8Array): void {
    this.#pending = bytes;
    this.#bytesRead -= bytes.length;
  }

  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return this.#takePending(into) ?? this.#count(await this.#input.read(into));
  }

  #takePending(into: Uint8Array): number | undefined {
    const pending = this.#pending;
    if (pending.length === 0) return undefined;
    const count = Math.min(pending.length, into.length);
    into.set(pending.subarray(0, count));
    this.#pending = pending.subarray(count);
    return this.#count(count);
  }

  #count<T extends number | null>(count: T): T {
    this.#bytesRead += count ?? 0;
    return count;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#input.close();
  }
}

/** Compressed bytes; damage ends the stream instead of failing it. */
abstract class CompressedSource implements CaptureSource {
  abstract readonly compression: "gzip" | "zstd";
  protected readonly raw: RawSource;
  /** Nothing more is to come. */
  protected done = false;
  #pending: Uint8Array = new Uint8Array(0);
  #damage: string | undefined;

  constructor(raw: RawSource) {
    this.raw = raw;
  }

  get name(): string {
    return this.raw.name;
  }

  get totalBytes(): number | undefined {
    return this.raw.totalBytes;
  }

  get bytesRead(): number {
    return this.raw.bytesRead;
  }

  get damage(): string | undefined {
    return this.#damage;
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#pending.length === 0) {
      if (this.done) return null;
      this.#pending = await this.next() ?? this.#pending;
    }
    const count = Math.min(this.#pending.length, into.length);
    into.set(this.#pending.subarray(0, count));
    this.#pending = this.#pending.subarray(count);
    return count;
  }

  close(): void {
    this.done = true;
    this.raw.close();
  }

  /** The next plain bytes; undefined where there are none yet, or (`done`) no more. */
  protected abstract next(): Promise<Uint8Array | undefined>;

  protected damaged(why: string): void {
    this.done = true;
    this.#damage =
      `The ${this.compression} data is damaged or ends early (${why}), and the rest was not read`;
  }
}

/**
 * Compressed bytes undone by zlib; damage ends the stream instead of failing it. Not by DecompressionStream: that refuses
 * files of several members (pigz, bgzip, or two files joined) and is several times slower.
 */
class GzipSource extends CompressedSource {
  override readonly compression = "gzip";
  readonly #compressed: Readable;
  readonly #plain: Gunzip;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #failure: unknown;

  constructor(raw: RawSource) {
    super(raw);
    this.#compressed = Readable.from(this.#compressedChunks());
    // What zlib has not handed out when it meets damage is lost, so the pieces are small.
    this.#plain = createGunzip({ chunkSize: COMPRESSED_CHUNK_BYTES });
    pipeline(this.#compressed, this.#plain, () => {});
    this.#chunks = this.#plain[Symbol.asyncIterator]();
  }

  protected override async next(): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await this.#chunks.next();
      if (!done) return value;
      this.done = true;
    } catch (cause) {
      if (this.#failure !== undefined) {
        this.done = true;
        throw this.#failure;
      }
      this.damaged(cause instanceof Error ? cause.message : String(cause));
    }
    return undefined;
  }

  override close(): void {
    this.#compressed.destroy();
    this.#plain.destroy();
    super.close();
  }

  async *#compressedChunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = new Uint8Array(COMPRESSED_CHUNK_BYTES);
      let count: number | null;
      try {
        count = await this.raw.read(chunk);
      } catch (cause) {
        this.#failure = cause;
        throw cause;
      }
      if (count === null) return;
      if (count > 0) yield chunk.subarray(0, count);
    }
  }
}

/** Zstandard undone block by block; damage ends the stream instead of failing it. */
class ZstdSource extends CompressedSource {
  override readonly compression = "zstd";
  readonly #decoder = new ZstdDecoder();
  readonly #chunk = new Uint8Array(COMPRESSED_CHUNK_BYTES);

  protected override async next(): Promise<Uint8Array | undefined> {
    const plain = this.#plain();
    if (plain === undefined && !this.done) await this.#more();
    return plain;
  }

  #plain(): Uint8Array | undefined {
    try {
      return this.#decoder.next();
    } catch (cause) {
      this.damaged(cause instanceof Error ? cause.message : String(cause));
      return undefined;
    }
  }

  async #more(): Promise<void> {
    const count = await this.raw.read(this.#chunk);
    if (count !== null) return this.#decoder.push(this.#chunk.slice(0, count));
    this.done = true;
    if (!this.#decoder.complete) this.damaged("unexpected end of file");
  }
}

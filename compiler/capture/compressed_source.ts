/**
 * Compressed capture bytes undone on the way.
 *
 * @module
 */

import { pipeline, Readable } from "node:stream";
import { createGunzip, type Gunzip } from "node:zlib";
import type { CaptureSource } from "./source.ts";
import { ZstdDecoder } from "./zstd.ts";

const COMPRESSED_CHUNK_BYTES = 0x10000;

/** Compressed bytes; damage ends the stream instead of failing it. */
abstract class CompressedSource implements CaptureSource {
  abstract readonly compression: "gzip" | "zstd";
  protected readonly raw: CaptureSource;
  /** Nothing more is to come. */
  protected done = false;
  #pending: Uint8Array = new Uint8Array(0);
  #damage: string | undefined;

  constructor(raw: CaptureSource) {
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
export class GzipSource extends CompressedSource {
  override readonly compression = "gzip";
  readonly #compressed: Readable;
  readonly #plain: Gunzip;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #failure: unknown;

  constructor(raw: CaptureSource) {
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
export class ZstdSource extends CompressedSource {
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

/**
 * Zstandard (RFC 8878) as a push parser: compressed bytes in, plain bytes out, a block at a time.
 *
 * `npm:fzstd` undoes the blocks. Walked here are the frames around them, as the package sets memory aside for whatever window a frame header
 * names and hands out all of a chunk at once: a window beyond {@linkcode MAX_WINDOW_BYTES} is refused before that, and no call
 * gives more than one block. Not by zlib of Deno 2.9.6: that reads the first frame only and takes an early end for the end.
 *
 * @module
 */
import { Decompress } from "fzstd";
import { fileUint32, uint8 } from "./bytes.ts";
import { ZSTD_MAGIC } from "./compression.ts";

/** What `zstd --long` uses, and what the tool itself accepts unless told otherwise. */
const MAX_WINDOW_BYTES = 0x8000000;
/** Largest block (RFC 8878). */
const MAX_BLOCK_BYTES = 0x20000;
/** Magic, descriptor, window, dictionary id and content size. */
const MAX_HEADER_BYTES = 18;
/** The package looks at nothing shorter. */
const SHORTEST_PUSH = 18;

/** Undoes compression; throws an Error where the data is damaged. */
export class ZstdDecoder {
  #input: Uint8Array = new Uint8Array(0);
  #state: "frame" | "block" | "skip" = "frame";
  /** Bytes to pass over: a skippable frame, or a checksum. */
  #skip = 0;
  #checksumBytes = 0;
  #frame: Decompress | undefined;
  /** Parts of a frame that are too short for the package alone. */
  #held: Uint8Array = new Uint8Array(0);
  #output: Uint8Array | undefined;

  /** Adds compressed bytes. */
  push(bytes: Uint8Array): void {
    this.#input = joined(this.#input, bytes);
  }

  /** Whether the input so far ends between two frames. */
  get complete(): boolean {
    return this.#state === "frame" && this.#input.length === 0;
  }

  /** The next plain bytes; undefined when more has to be pushed first. */
  next(): Uint8Array | undefined {
    for (;;) {
      const used = this.#step();
      if (used === 0) return undefined;
      this.#input = this.#input.subarray(used);
      const output = this.#output;
      this.#output = undefined;
      if (output !== undefined && output.length > 0) return output;
    }
  }

  #step(): number {
    switch (this.#state) {
      case "frame":
        return this.#header();
      case "block":
        return this.#block();
      case "skip": {
        const used = Math.min(this.#skip, this.#input.length);
        this.#skip -= used;
        if (this.#skip === 0) this.#state = "frame";
        return used;
      }
    }
  }

  #header(): number {
    const input = this.#input;
    if (input.length < 8) return 0;
    const magic = fileUint32(input, 0, true);
    if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) {
      this.#skip = fileUint32(input, 4, true);
      this.#state = this.#skip === 0 ? "frame" : "skip";
      return 8;
    }
    if (magic !== ZSTD_MAGIC) throw new Error("Cannot decompress: what follows is no zstd frame");
    const descriptor = uint8(input, 4);
    const single = (descriptor & 0x20) !== 0;
    const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
    const length = 5 + (single ? 0 : 1) + dictionaryBytes + sizeBytes;
    if (input.length < Math.min(length, MAX_HEADER_BYTES)) return 0;
    if (dictionaryBytes > 0) throw new Error("Cannot decompress: it needs a dictionary");
    const window = single
      ? contentSize(input, length - sizeBytes, sizeBytes)
      : windowSize(uint8(input, 5));
    if (window > MAX_WINDOW_BYTES) {
      throw new Error(`Cannot decompress: it needs a window of ${window} bytes`);
    }
    this.#checksumBytes = (descriptor & 0x04) === 0 ? 0 : 4;
    this.#frame = new Decompress((plain) => this.#output = plain);
    this.#held = input.slice(0, length);
    this.#state = "block";
    return length;
  }

  #block(): number {
    const input = this.#input;
    if (input.length < 3) return 0;
    const header = uint8(input, 0) | (uint8(input, 1) << 8) | (uint8(input, 2) << 16);
    const last = (header & 1) !== 0;
    const repeated = ((header >> 1) & 3) === 1;
    if (header >> 3 > MAX_BLOCK_BYTES) throw new Error("Cannot decompress: a block is too large");
    const length = 3 + (repeated ? 1 : header >> 3);
    if (input.length < length) return 0;
    this.#held = joined(this.#held, input.subarray(0, length));
    if (this.#held.length >= SHORTEST_PUSH || last) {
      const missing = Math.max(0, SHORTEST_PUSH - this.#held.length);
      this.#frame?.push(joined(this.#held, new Uint8Array(missing)));
      this.#held = new Uint8Array(0);
    }
    if (last) {
      this.#frame = undefined;
      this.#skip = this.#checksumBytes;
      this.#state = this.#skip === 0 ? "frame" : "skip";
    }
    return length;
  }
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function contentSize(input: Uint8Array, at: number, bytes: number): number {
  let size = bytes === 2 ? 256 : 0;
  for (let index = 0; index < bytes; index++) size += uint8(input, at + index) * 256 ** index;
  return size;
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other;
  const whole = new Uint8Array(one.length + other.length);
  whole.set(one);
  whole.set(other, one.length);
  return whole;
}

/** Bytes of provisioned files: synthetic ones are made where they are needed, and never all at once. */
import { data } from "./data.ts";
import type { ContentPart, ContentSource } from "./provision.ts";

/** Synthetic bytes are made in pieces of this size, each from a seed of its own behind the first. */
const PIECE = 16 * 2 ** 20;

/** Pieces that are kept: neighbours are asked for one after the other. */
const MAX_KEPT = 4;

/** Gives the bytes of sources. */
export class ContentBytes {
  readonly #blob: (path: string) => Uint8Array | Promise<Uint8Array>;
  readonly #kept = new Map<string, Uint8Array>();

  /** @param blob The content of a blob. */
  constructor(blob: (path: string) => Uint8Array | Promise<Uint8Array>) {
    this.#blob = blob;
  }

  /** `length` bytes of a part, `offset` bytes behind its start. */
  async of(part: ContentPart, offset: number, length: number): Promise<Uint8Array> {
    const { source } = part;
    const start = part.from + offset;
    if ("seed" in source) return this.#synthetic(source.seed, start, length);
    const bytes = "bytes" in source ? source.bytes : await this.#blob(source.blob);
    if (start + length > bytes.length) {
      throw new RangeError(
        `Cannot use content of ${bytes.length} bytes: ${start + length} are needed`,
      );
    }
    return bytes.subarray(start, start + length);
  }

  /** The whole of a source's first bytes, where they need no waiting; null where they do. */
  now(source: ContentSource, start: number, length: number): Uint8Array | null {
    if ("seed" in source) return this.#synthetic(source.seed, start, length);
    if ("bytes" in source) return source.bytes.subarray(start, start + length);
    const bytes = this.#blob(source.blob);
    return bytes instanceof Uint8Array ? bytes.subarray(start, start + length) : null;
  }

  #synthetic(seed: string, start: number, length: number): Uint8Array {
    const first = Math.floor(start / PIECE);
    const within = start - first * PIECE;
    if (within + length <= PIECE) {
      return this.#piece(seed, first, within + length).subarray(within, within + length);
    }
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const piece = Math.floor((start + done) / PIECE);
      const at = start + done - piece * PIECE;
      const count = Math.min(PIECE - at, length - done);
      bytes.set(this.#piece(seed, piece, at + count).subarray(at, at + count), done);
      done += count;
    }
    return bytes;
  }

  /** At least `length` bytes of a piece: no more than needed, as files are small more often than not. */
  #piece(seed: string, index: number, length: number): Uint8Array {
    const key = index === 0 ? seed : `${seed}+${index}`;
    let bytes = this.#kept.get(key);
    if (bytes === undefined || bytes.length < length) {
      bytes = data(Math.min(PIECE, Math.max(length, 2 * (bytes?.length ?? 0))), key);
    }
    this.#kept.delete(key);
    this.#kept.set(key, bytes);
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    return bytes;
  }
}

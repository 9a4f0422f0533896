/** Bytes for writes: synthetic ones, hexadecimal ones, and references to the scenario's blobs. */
import type { BlobReference, Size } from "./api.ts";
import { size } from "./units.ts";

/** Most bytes that one call of {@linkcode data} makes. */
const MAX_DATA = 64 * 2 ** 20;

/**
 * Synthetic bytes: the same length and seed give the same bytes in every run, on every machine, and different seeds
 * give different ones. They do not compress.
 *
 * @param length At most 64 MiB.
 * @param seed Any text or number; its text decides.
 * @param zeros Ranges that are zeros: offset and length of each. What is beyond the end is left out.
 * @returns New bytes.
 * @throws {RangeError} When the length is no size or is beyond the limit.
 *
 * @example
 * ```ts
 * import { data } from "smbench";
 *
 * const [one, two] = [data("4k", "a"), data(4096, "a")];
 * if (one.length !== 4096 || one.some((byte, i) => byte !== two[i])) throw new Error();
 * ```
 */
export function data(
  length: Size,
  seed: string | number = 0,
  zeros: readonly (readonly [offset: Size, length: Size])[] = [],
): Uint8Array<ArrayBuffer> {
  const count = size(length);
  if (count > MAX_DATA) {
    throw new RangeError(`Cannot make ${count} bytes of data: the limit is ${MAX_DATA}`);
  }
  const words = new Uint32Array(Math.ceil(count / 4));
  let state = hash(String(seed));
  for (let i = 0; i < words.length; i++) {
    // xorshift32 (Marsaglia 2003), whitened by a multiplication.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = Math.imul(state, 0x9e3779b1);
  }
  const bytes = new Uint8Array(words.buffer, 0, count);
  for (const [offset, many] of zeros) bytes.fill(0, size(offset), size(offset) + size(many));
  return bytes;
}

/** FNV-1a over the UTF-16 units; never 0, which xorshift would keep for ever. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  return value === 0 ? 1 : value;
}

/**
 * Bytes from hexadecimal digits; spaces between them do not matter.
 *
 * @param digits Two per byte.
 * @returns New bytes.
 * @throws {RangeError} When a character is no digit, or their number is odd.
 *
 * @example
 * ```ts
 * import { hex } from "smbench";
 *
 * if (hex("fe53 4d42").join() !== "254,83,77,66") throw new Error();
 * ```
 */
export function hex(digits: string): Uint8Array<ArrayBuffer> {
  const text = digits.replaceAll(/\s+/g, "");
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) {
    throw new RangeError(
      `Cannot use ${JSON.stringify(clip(digits))} as bytes: pairs of hexadecimal digits are needed`,
    );
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

function clip(text: string): string {
  return text.length <= 32 ? text : `${text.slice(0, 32)}...`;
}

/** A reference whose path is relative and stays below the scenario's folder; what `write` accepts. */
export class Blob implements BlobReference {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }
}

/**
 * The content of a file of the scenario's folder, for a write. Name it once, at the top of the scenario: its bytes are
 * then there before the run starts. The worker cannot read files; the host serves these ones only.
 *
 * @param path Relative to the scenario, with `/`; never absolute, never with `..`. The file is named by its content's
 * hash (4 to 128 hexadecimal digits, `.bin`); 64 digits are checked as SHA-256.
 * @returns A reference to hand to `write`.
 * @throws {RangeError} When the path is not of that form.
 *
 * @example
 * ```ts
 * import { blob } from "smbench";
 *
 * if (blob("blobs/3f2a.bin").path !== "blobs/3f2a.bin") throw new Error();
 * ```
 */
export function blob(path: string): BlobReference {
  if (!isBlobPath(path)) {
    throw new RangeError(
      `Cannot use ${
        JSON.stringify(clip(path))
      } as a blob: a path below the scenario's folder is needed, such as "blobs/3f2a.bin"`,
    );
  }
  const reference = new Blob(path);
  for (const listener of listeners) listener(reference);
  return reference;
}

const listeners = new Set<(reference: BlobReference) => void>();

/** Calls `listener` for every blob that is named from now on; returns how to stop. */
export function watchBlobs(listener: (reference: BlobReference) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * Whether a path is relative, without `..`, `.`, empty components, backslashes, drive letters or control characters,
 * and ends in a name of content: 4 to 128 hexadecimal digits and `.bin`. A scenario shall not get at other files.
 */
export function isBlobPath(path: string): boolean {
  if (path.length === 0 || path.length > 1024) return false;
  // deno-lint-ignore no-control-regex
  if (/[\\:\u0000-\u001f\u007f]/.test(path)) return false;
  const parts = path.split("/");
  return parts.every((part) => part !== "" && part !== "." && part !== "..") &&
    /^[0-9a-f]{4,128}\.bin$/.test(parts.at(-1) ?? "");
}

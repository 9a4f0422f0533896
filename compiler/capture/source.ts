/**
 * Where capture bytes come from: a file, standard input, or any object that can be read from. Compression is recognised by
 * its first bytes and undone (compressed_source.ts), so that the format readers see plain capture bytes. The only file of the compiler that reads files.
 *
 * @module
 */

import { compressionOf, MAGIC_BYTES } from "./compression.ts";
import { CaptureError } from "./errors.ts";

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
  const compression = compressionOf(first);
  if (compression === undefined) return raw;
  if (compression === "gzip" || compression === "zstd") {
    // Loaded where it is needed: most captures are as they were written.
    const { GzipSource, ZstdSource } = await import("./compressed_source.ts");
    return compression === "gzip" ? new GzipSource(raw) : new ZstdSource(raw);
  }
  raw.close();
  throw new CaptureError(
    `Cannot read capture ${raw.name}: it is compressed with ${compression}, decompress it first`,
    { source: raw.name },
  );
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

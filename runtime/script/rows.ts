/**
 * Rows of large captures: `rows("customer.data/alice.jsonl")`, a file beside the scenario with an operation a line. It
 * comes from the host piece by piece, checked there, and is never in memory as a whole.
 */
import type { RowsReference } from "./api.ts";
import { ScriptError } from "./errors.ts";
import type { RunHost } from "./host.ts";
import type { RowSource } from "./row_player.ts";
import { readRow, type WorkloadOperation } from "./workload.ts";

/** A piece of a file of rows, as the host gives it. */
export interface RowChunk {
  /** Whole lines. */
  readonly text: string;
  /** Where the next piece begins, in bytes; null at the end. */
  readonly next: number | null;
}

/** Whether a path is that of a file of rows: `NAME.data/CLIENT.jsonl`, relative, below the scenario's folder. */
export function isRowsPath(path: string): boolean {
  if (path.length > 1024) return false;
  // deno-lint-ignore no-control-regex
  if (/[\\:\u0000-\u001f\u007f]/.test(path)) return false;
  const parts = path.split("/");
  return parts.every((part) => part !== "" && part !== "." && part !== "..") &&
    parts.length >= 2 && /\.data$/.test(parts.at(-2) ?? "") &&
    /^[^.].*\.jsonl$/.test(parts.at(-1) ?? "");
}

class Rows implements RowsReference {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }
}

/**
 * Rows of a client, which {@linkcode Client.play} plays: a file that `smbench compile` wrote beside the scenario, with
 * an operation of the capture a line (JSON). Lines may be taken out and edited, with jq for example.
 *
 * @param path `NAME.data/CLIENT.jsonl`, relative to the scenario, with `/`; never absolute, never with `..`.
 * @returns A reference to hand to `play`.
 * @throws {RangeError} When the path is not of that form.
 *
 * @example
 * ```ts
 * import { rows } from "smbench";
 *
 * if (rows("customer.data/alice.jsonl").path !== "customer.data/alice.jsonl") throw new Error();
 * ```
 */
export function rows(path: string): RowsReference {
  if (isRowsPath(path)) return new Rows(path);
  throw new RangeError(
    `Cannot use ${
      JSON.stringify(String(path).slice(0, 100))
    } as rows: a path such as "customer.data/alice.jsonl" is needed`,
  );
}

/** The rows of a workload's client: they are there. */
export function listedRows(list: readonly WorkloadOperation[]): RowSource {
  let index = 0;
  return { next: () => list[index++] ?? null };
}

/** Pieces that are kept: the clients of a load test play the same rows. */
const MAX_CHUNKS = 128;

interface Chunk {
  readonly rows: readonly WorkloadOperation[];
  readonly next: number | null;
}

/** The pieces that a run has asked for last, least recently used first. */
class Chunks {
  readonly #host: RunHost;
  readonly #chunks = new Map<string, Promise<Chunk>>();

  constructor(host: RunHost) {
    this.#host = host;
  }

  get(path: string, offset: number): Promise<Chunk> {
    const key = `${offset} ${path}`;
    const chunk = this.#chunks.get(key) ?? this.#load(path, offset);
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    if (this.#chunks.size > MAX_CHUNKS) {
      const [oldest] = this.#chunks.keys();
      this.#chunks.delete(oldest as string);
    }
    chunk.catch(() => this.#chunks.delete(key));
    return chunk;
  }

  async #load(path: string, offset: number): Promise<Chunk> {
    if (this.#host.rows === undefined) {
      throw new ScriptError(`Cannot play ${path}: this run has no files`);
    }
    const { text, next } = await this.#host.rows(path, offset);
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    const parsed: unknown[] = JSON.parse(`[${lines.join(",")}]`);
    return { rows: parsed.map((row, index) => checked(row, `row ${index} at ${offset}`)), next };
  }
}

/** The host has checked a row; what version 1's own words mean is read here. */
function checked(value: unknown, where: string): WorkloadOperation {
  const { smb2, op_id: id } = value as { smb2?: object | null; op_id: string | number };
  if (smb2 !== undefined && smb2 !== null) {
    return { ...value as WorkloadOperation, op_id: String(id) } as WorkloadOperation;
  }
  const row = readRow(value, where);
  if (Array.isArray(row)) throw new ScriptError(`Cannot play rows: ${row[0]}`);
  return row;
}

const chunksOf = new WeakMap<RunHost, Chunks>();

/** The rows of a file, from its beginning. */
export function fileRows(host: RunHost, path: string): RowSource {
  let chunks = chunksOf.get(host);
  if (chunks === undefined) chunksOf.set(host, chunks = new Chunks(host));
  return new FileRows(chunks, path);
}

class FileRows implements RowSource {
  readonly #chunks: Chunks;
  readonly #path: string;
  #rows: readonly WorkloadOperation[] = [];
  #index = 0;
  /** The piece behind this one, asked for already; null behind the last one. */
  #next: Promise<Chunk> | null;

  constructor(chunks: Chunks, path: string) {
    this.#chunks = chunks;
    this.#path = path;
    this.#next = chunks.get(path, 0);
    this.#next.catch(() => {});
  }

  next(): WorkloadOperation | null | Promise<WorkloadOperation | null> {
    const row = this.#rows[this.#index];
    if (row === undefined) return this.#more();
    this.#index++;
    return row;
  }

  async #more(): Promise<WorkloadOperation | null> {
    while (this.#next !== null) {
      const { rows, next } = await this.#next;
      this.#next = next === null ? null : this.#chunks.get(this.#path, next);
      this.#next?.catch(() => {});
      this.#rows = rows;
      this.#index = 1;
      if (rows[0] !== undefined) return rows[0];
    }
    return null;
  }
}

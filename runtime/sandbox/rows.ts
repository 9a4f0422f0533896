/**
 * Files of rows, read for a worker piece by piece: below the scenario's folder, by name, and only what is a row. A piece
 * is found again by its place alone, so that the host keeps nothing for a worker.
 */
import { isRowsPath, readRow, type RowChunk, type WorkloadOperation } from "../script/mod.ts";

/** Bytes of a piece: lines as far as they fit. */
const CHUNK_BYTES = 64 * 1024;

/** Longest line: the input of the largest request, in hexadecimal digits. */
const MAX_LINE_BYTES = 40 * 2 ** 20;

/**
 * Reads a piece of a file of rows.
 *
 * @param from Bytes before it; the end of another piece.
 * @throws {Error} When the path is none of rows or leads out of the folder, or a line is no row.
 */
export async function readRows(folder: string, path: string, from: number): Promise<RowChunk> {
  const file = await openRows(folder, path);
  try {
    const { text, next } = await readLines(file, from, shown(path));
    for (const [index, line] of text.split("\n").entries()) {
      const row = rowOf(line, `line ${index + 1} behind byte ${from}`);
      if (Array.isArray(row)) throw new Error(`Cannot play ${shown(path)}: ${row[0]}`);
    }
    return { text, next };
  } finally {
    file.close();
  }
}

/** Every row of a file, or what is wrong with it; for checks. */
export async function* allRows(
  path: string,
): AsyncIterable<WorkloadOperation | string[]> {
  using file = await Deno.open(path);
  let line = 0;
  for (let from: number | null = 0; from !== null;) {
    const piece: RowChunk = await readLines(file, from, path);
    for (const text of piece.text.split("\n")) {
      line++;
      const row = rowOf(text, `line ${line}`);
      if (row !== null) yield row;
    }
    // The last line's end is not a line of its own.
    if (piece.text.endsWith("\n")) line--;
    from = piece.next;
  }
}

function rowOf(line: string, where: string): WorkloadOperation | string[] | null {
  if (line.trim() === "") return null;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return [`${where} is no JSON`];
  }
  return readRow(value, where);
}

async function openRows(folder: string, path: string): Promise<Deno.FsFile> {
  const named = shown(path);
  if (!isRowsPath(path)) {
    throw new Error(
      `Cannot read rows ${named}: they are not named as in "customer.data/alice.jsonl", below the scenario's folder`,
    );
  }
  let real: string;
  try {
    real = await Deno.realPath(`${folder}/${path}`);
  } catch {
    throw new Error(`Cannot read rows ${named}: they do not exist`);
  }
  if (!real.startsWith(`${folder}/`)) {
    throw new Error(`Cannot read rows ${named}: they lead out of the scenario's folder`);
  }
  const { isFile } = await Deno.stat(real);
  if (!isFile) throw new Error(`Cannot read rows ${named}: they are no file`);
  return await Deno.open(real);
}

/** Whole lines from a byte on: as many as a piece has, one at least. */
async function readLines(file: Deno.FsFile, from: number, named: string): Promise<RowChunk> {
  if (!Number.isSafeInteger(from) || from < 0) throw new Error(`Cannot read ${named} from ${from}`);
  let bytes = new Uint8Array(CHUNK_BYTES);
  let filled = 0;
  await file.seek(from, Deno.SeekMode.Start);
  while (true) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) return { text: textOf(bytes.subarray(0, filled), named), next: null };
    filled += count;
    if (filled < bytes.length) continue;
    const end = bytes.lastIndexOf(0x0a) + 1;
    if (end > 0) return { text: textOf(bytes.subarray(0, end), named), next: from + end };
    if (filled >= MAX_LINE_BYTES) {
      throw new Error(`Cannot read ${named}: a line has more than ${MAX_LINE_BYTES} bytes`);
    }
    const larger = new Uint8Array(bytes.length * 4);
    larger.set(bytes);
    bytes = larger;
  }
}

function textOf(bytes: Uint8Array, named: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`Cannot read ${named}: it is no text`);
  }
}

function shown(path: string): string {
  return JSON.stringify(path.length <= 200 ? path : `${path.slice(0, 200)}...`);
}

/**
 * Several files of one capture, such as a ring buffer's: in which order they were written.
 *
 * @module
 */

import { CaptureError } from "./errors.ts";
import { CaptureFile } from "./file.ts";
import { NoteBook } from "./notes.ts";
import { openSource } from "./source.ts";

/** A file, and the second of its first packet; infinite where it has none. */
export interface SeriesFile {
  readonly path: string | URL;
  readonly first: number;
}

/** Files in order of their first packets. */
export interface Series {
  readonly files: readonly SeriesFile[];
  /** Of all files as stored, if known. */
  readonly totalBytes: number | undefined;
}

/**
 * Sorts files by the time of their first packet; files without one, and those of the same time, stay as they are.
 *
 * @throws {CaptureError} When a file is unreadable or no capture, or standard input is among them.
 */
export async function inOrderOfTime(
  paths: readonly (string | URL)[],
  chunkBytes: number,
): Promise<Series> {
  const files: { path: string | URL; first: number; bytes: number | undefined }[] = [];
  for (const path of paths) {
    if (path === "-") {
      throw new CaptureError("Cannot read standard input together with files", { source: "-" });
    }
    const source = await openSource(path);
    let first: number | undefined;
    const file = await CaptureFile.recognise(source, {
      sink: ({ seconds, nanoseconds }) => first ??= seconds + nanoseconds / 1e9,
      notes: new NoteBook(),
      chunkBytes: Math.min(chunkBytes, 0x10000),
      framesBefore: 0,
    });
    for await (const _ of file.windows()) if (first !== undefined) break;
    files.push({ path, first: first ?? Infinity, bytes: source.totalBytes });
  }
  const total = files.reduce<number | undefined>(
    (sum, { bytes }) => sum === undefined || bytes === undefined ? undefined : sum + bytes,
    0,
  );
  return {
    files: files.toSorted((one, other) => one.first === other.first ? 0 : one.first - other.first),
    totalBytes: total,
  };
}

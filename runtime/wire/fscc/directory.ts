/** Directory entries of QUERY_DIRECTORY (MS-FSCC 2.4: the nine ...DirectoryInformation classes, and names only). */
import { WireError } from "../errors.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";
import { FileInformationClass } from "../flags.ts";
import { decodeList, type EncodedList, encodeList } from "./list.ts";

/**
 * One entry. A class carries only some of the fields: on decoding those that it lacks are absent, on encoding absent
 * fields are written as 0 and fields that the class lacks are left out.
 */
export interface DirectoryEntry {
  readonly name: string;
  readonly fileIndex?: number;
  /** FILETIME. */
  readonly creationTime?: bigint;
  readonly lastAccessTime?: bigint;
  readonly lastWriteTime?: bigint;
  readonly changeTime?: bigint;
  readonly endOfFile?: bigint;
  readonly allocationSize?: bigint;
  readonly fileAttributes?: number;
  /** In classes without ReparsePointTag: the tag, where the attributes have REPARSE_POINT. */
  readonly eaSize?: number;
  readonly reparsePointTag?: number;
  /** At most 12 characters; empty when there is none. */
  readonly shortName?: string;
  readonly fileId?: bigint;
  /** 128 bits, little-endian as on the wire. */
  readonly fileId128?: Uint8Array;
}

/** A writable copy while it is read. */
type Entry = { -readonly [K in keyof DirectoryEntry]: DirectoryEntry[K] };

/** What follows FileNameLength, in wire order; a number is that many reserved bytes. */
type Part = "eaSize" | "reparsePointTag" | "shortName" | "fileId" | "fileId128" | number;

const PARTS: ReadonlyMap<number, readonly Part[]> = new Map<number, readonly Part[]>([
  [FileInformationClass.FileDirectoryInformation, []],
  [FileInformationClass.FileFullDirectoryInformation, ["eaSize"]],
  [FileInformationClass.FileBothDirectoryInformation, ["eaSize", "shortName"]],
  [FileInformationClass.FileIdFullDirectoryInformation, ["eaSize", 4, "fileId"]],
  [FileInformationClass.FileIdBothDirectoryInformation, ["eaSize", "shortName", 2, "fileId"]],
  [
    FileInformationClass.FileIdExtdDirectoryInformation,
    ["eaSize", "reparsePointTag", "fileId128"],
  ],
  [
    FileInformationClass.FileId64ExtdDirectoryInformation,
    ["eaSize", "reparsePointTag", "fileId"],
  ],
  [
    FileInformationClass.FileId64ExtdBothDirectoryInformation,
    ["eaSize", "reparsePointTag", "fileId", "shortName"],
  ],
  [
    FileInformationClass.FileIdAllExtdDirectoryInformation,
    ["eaSize", "reparsePointTag", "fileId", "fileId128"],
  ],
  [
    FileInformationClass.FileIdAllExtdBothDirectoryInformation,
    ["eaSize", "reparsePointTag", "fileId", "fileId128", "shortName"],
  ],
]);

const SHORT_NAME_SIZE = 24;
const NO_FILE_ID_128 = new Uint8Array(16);

/** Whether {@linkcode decodeDirectory} and {@linkcode encodeDirectory} know the class. */
export function isDirectoryClass(informationClass: number): boolean {
  return informationClass === FileInformationClass.FileNamesInformation ||
    PARTS.has(informationClass);
}

/**
 * The entries of a QUERY_DIRECTORY response.
 *
 * @throws {WireError} when the class is none of directories, or the bytes are malformed
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeDirectory, encodeDirectory } from "../mod.ts";
 * const { bytes, used } = encodeDirectory(12, [{ name: "a" }, { name: "b" }], { maxLength: 64 });
 * assertEquals([used, decodeDirectory(12, bytes).map((entry) => entry.name)], [2, ["a", "b"]]);
 * ```
 */
export function decodeDirectory(informationClass: number, bytes: Uint8Array): DirectoryEntry[] {
  if (informationClass === FileInformationClass.FileNamesInformation) {
    return decodeList(bytes, decodeNames);
  }
  const parts = partsOf(informationClass);
  return decodeList(bytes, (reader) => decodeEntry(reader, parts));
}

/**
 * As many entries as fit `maxLength` bytes, each at a multiple of 8 (MS-FSCC 2.4); with `single` the first alone.
 * `used` tells how many those are: 0 means that the buffer is too small even for the first.
 *
 * @throws {WireError} when the class is none of directories
 */
export function encodeDirectory(
  informationClass: number,
  entries: Iterable<DirectoryEntry>,
  options: { maxLength?: number; single?: boolean } = {},
): EncodedList {
  const namesOnly = informationClass === FileInformationClass.FileNamesInformation;
  const parts = namesOnly ? [] : partsOf(informationClass);
  return encodeList(entries, {
    alignment: 8,
    ...options,
    encodeEntry: (writer, entry) =>
      namesOnly ? encodeNames(writer, entry) : encodeEntry(writer, entry, parts),
  });
}

function partsOf(informationClass: number): readonly Part[] {
  const parts = PARTS.get(informationClass);
  if (parts === undefined) {
    throw new WireError(
      `Cannot read directory entries: information class ${informationClass} is none of directories`,
      { field: "FileInformationClass", offset: 0 },
    );
  }
  return parts;
}

function encodeNames(writer: Writer, entry: DirectoryEntry): void {
  writer.u32(entry.fileIndex ?? 0);
  writer.u32(entry.name.length * 2);
  writer.text(entry.name);
}

function decodeNames(reader: Reader): DirectoryEntry {
  const fileIndex = reader.u32("FileIndex");
  return { fileIndex, name: reader.text(reader.u32("FileNameLength"), "FileName") };
}

function encodeEntry(writer: Writer, entry: DirectoryEntry, parts: readonly Part[]): void {
  writer.u32(entry.fileIndex ?? 0);
  writer.i64(entry.creationTime ?? 0n);
  writer.i64(entry.lastAccessTime ?? 0n);
  writer.i64(entry.lastWriteTime ?? 0n);
  writer.i64(entry.changeTime ?? 0n);
  writer.i64(entry.endOfFile ?? 0n);
  writer.i64(entry.allocationSize ?? 0n);
  writer.u32(entry.fileAttributes ?? 0);
  writer.u32(entry.name.length * 2);
  for (const part of parts) encodePart(writer, entry, part);
  writer.text(entry.name);
}

function decodeEntry(reader: Reader, parts: readonly Part[]): DirectoryEntry {
  const entry: Entry = {
    name: "",
    fileIndex: reader.u32("FileIndex"),
    creationTime: reader.i64("CreationTime"),
    lastAccessTime: reader.i64("LastAccessTime"),
    lastWriteTime: reader.i64("LastWriteTime"),
    changeTime: reader.i64("ChangeTime"),
    endOfFile: reader.i64("EndOfFile"),
    allocationSize: reader.i64("AllocationSize"),
    fileAttributes: reader.u32("FileAttributes"),
  };
  const nameLength = reader.u32("FileNameLength");
  for (const part of parts) decodePart(reader, entry, part);
  entry.name = reader.text(nameLength, "FileName");
  return entry;
}

function encodePart(writer: Writer, entry: DirectoryEntry, part: Part): void {
  switch (part) {
    case "eaSize":
      return writer.u32(entry.eaSize ?? 0);
    case "reparsePointTag":
      return writer.u32(entry.reparsePointTag ?? 0);
    case "fileId":
      return writer.u64(entry.fileId ?? 0n);
    case "fileId128":
      return writer.raw((entry.fileId128 ?? NO_FILE_ID_128).subarray(0, 16));
    case "shortName": {
      const short = (entry.shortName ?? "").slice(0, SHORT_NAME_SIZE / 2);
      writer.u8(short.length * 2);
      writer.u8(0);
      writer.text(short);
      return writer.zero(SHORT_NAME_SIZE - short.length * 2);
    }
    default:
      return writer.zero(part);
  }
}

function decodePart(reader: Reader, entry: Entry, part: Part): void {
  switch (part) {
    case "eaSize":
      entry.eaSize = reader.u32("EaSize");
      return;
    case "reparsePointTag":
      entry.reparsePointTag = reader.u32("ReparsePointTag");
      return;
    case "fileId":
      entry.fileId = reader.u64("FileId");
      return;
    case "fileId128":
      entry.fileId128 = reader.bytes(16, "FileId");
      return;
    case "shortName": {
      // Apple's extension keeps Finder information here and any length in front of it: never more than the field.
      const length = Math.min(reader.u8("ShortNameLength"), SHORT_NAME_SIZE);
      reader.skip(1, "Reserved1");
      const field = reader.sub(SHORT_NAME_SIZE, "ShortName");
      entry.shortName = field.text(length - (length % 2), "ShortName");
      return;
    }
    default:
      reader.skip(part, "Reserved");
  }
}

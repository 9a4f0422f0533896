/** File information of fixed size, of names, and of lists (MS-FSCC 2.4); directory entries are in directory.ts. */
import { FileInformationClass } from "../flags.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";
import {
  decodeExtendedAttributes,
  encodeExtendedAttributes,
  type ExtendedAttribute,
} from "./ea.ts";
import { decodeFields, encodeFields, type Fields, type Layout } from "./layout.ts";
import { decodeList, encodeList } from "./list.ts";

const TIMES = {
  creationTime: "i64",
  lastAccessTime: "i64",
  lastWriteTime: "i64",
  changeTime: "i64",
} as const;

/** Fields in wire order. Times are FILETIME; in FileBasicInformation 0, -1 and -2 have meanings of their own (2.4.7). */
export const FILE_LAYOUTS = {
  FileBasicInformation: { ...TIMES, fileAttributes: "u32", reserved: "u32" },
  FileStandardInformation: {
    allocationSize: "i64",
    endOfFile: "i64",
    numberOfLinks: "u32",
    deletePending: "bool",
    directory: "bool",
    reserved: "u16",
  },
  FileInternalInformation: { indexNumber: "u64" },
  FileEaInformation: { eaSize: "u32" },
  FileAccessInformation: { accessFlags: "u32" },
  FileDispositionInformation: { deletePending: "bool" },
  FilePositionInformation: { currentByteOffset: "i64" },
  FileModeInformation: { mode: "u32" },
  FileAlignmentInformation: { alignmentRequirement: "u32" },
  FileAllocationInformation: { allocationSize: "i64" },
  FileEndOfFileInformation: { endOfFile: "i64" },
  FilePipeInformation: { readMode: "u32", completionMode: "u32" },
  FilePipeLocalInformation: {
    namedPipeType: "u32",
    namedPipeConfiguration: "u32",
    maximumInstances: "u32",
    currentInstances: "u32",
    inboundQuota: "u32",
    readDataAvailable: "u32",
    outboundQuota: "u32",
    writeQuotaAvailable: "u32",
    namedPipeState: "u32",
    namedPipeEnd: "u32",
  },
  FilePipeRemoteInformation: { collectDataTime: "i64", maximumCollectionCount: "u32" },
  FileCompressionInformation: {
    compressedFileSize: "i64",
    compressionFormat: "u16",
    compressionUnitShift: "u8",
    chunkShift: "u8",
    clusterShift: "u8",
    reserved: 3,
  },
  FileNetworkOpenInformation: {
    ...TIMES,
    allocationSize: "i64",
    endOfFile: "i64",
    fileAttributes: "u32",
    reserved: "u32",
  },
  FileAttributeTagInformation: { fileAttributes: "u32", reparseTag: "u32" },
  FileValidDataLengthInformation: { validDataLength: "i64" },
  FileStandardLinkInformation: {
    numberOfAccessibleLinks: "u32",
    totalNumberOfLinks: "u32",
    deletePending: "bool",
    directory: "bool",
    reserved: "u16",
  },
  FileIdInformation: { volumeSerialNumber: "u64", fileId: 16 },
  FileDispositionInformationEx: { flags: "u32" },
  FileObjectIdInformation: { objectId: "guid", extendedInfo: 48 },
} as const satisfies Readonly<Record<string, Layout>>;

type FixedKind = keyof typeof FILE_LAYOUTS;

/** Information whose fields are all fixed. */
export type FixedFileInformation = {
  [K in FixedKind]: { readonly kind: K } & Fields<(typeof FILE_LAYOUTS)[K]>;
}[FixedKind];

/** Information that is one name (MS-FSCC 2.1.7). */
export interface NamedFileInformation {
  readonly kind:
    | "FileNameInformation"
    | "FileAlternateNameInformation"
    | "FileNormalizedNameInformation"
    | "FileShortNameInformation";
  readonly name: string;
}

/** A rename or a hard link, in the form that SMB2 uses (MS-FSCC 2.4.28.2, 2.4.42.2). */
export interface TargetFileInformation {
  readonly kind: "FileRenameInformation" | "FileLinkInformation";
  readonly replaceIfExists: boolean;
  /** 7 bytes without meaning; absent when zero. */
  readonly reserved?: Uint8Array;
  /** 0 on the network. */
  readonly rootDirectory: bigint;
  readonly name: string;
}

/** A rename with flags (MS-FSCC 2.4.43). */
export interface RenameExFileInformation {
  readonly kind: "FileRenameInformationEx";
  readonly flags: number;
  readonly reserved: number;
  readonly rootDirectory: bigint;
  readonly name: string;
}

/** Everything at once (MS-FSCC 2.4.2). */
export interface AllFileInformation {
  readonly kind: "FileAllInformation";
  readonly basic: Fields<typeof FILE_LAYOUTS.FileBasicInformation>;
  readonly standard: Fields<typeof FILE_LAYOUTS.FileStandardInformation>;
  readonly internal: Fields<typeof FILE_LAYOUTS.FileInternalInformation>;
  readonly ea: Fields<typeof FILE_LAYOUTS.FileEaInformation>;
  readonly access: Fields<typeof FILE_LAYOUTS.FileAccessInformation>;
  readonly position: Fields<typeof FILE_LAYOUTS.FilePositionInformation>;
  readonly mode: Fields<typeof FILE_LAYOUTS.FileModeInformation>;
  readonly alignment: Fields<typeof FILE_LAYOUTS.FileAlignmentInformation>;
  readonly name: string;
}

/** Streams of a file (MS-FSCC 2.4.49). */
export interface StreamFileInformation {
  readonly kind: "FileStreamInformation";
  readonly streams: readonly StreamEntry[];
}

/** One stream: `::$DATA` is the unnamed one. */
export interface StreamEntry {
  readonly name: string;
  readonly size: bigint;
  readonly allocationSize: bigint;
}

/** Extended attributes (MS-FSCC 2.4.16). */
export interface FullEaFileInformation {
  readonly kind: "FileFullEaInformation";
  readonly attributes: readonly ExtendedAttribute[];
}

/** Hard links of a file (MS-FSCC 2.4.17). */
export interface HardLinkFileInformation {
  readonly kind: "FileHardLinkInformation";
  readonly bytesNeeded: number;
  readonly links: readonly { readonly parentFileId: bigint; readonly name: string }[];
}

/** Every file information class that is taken apart. */
export type FileInformation =
  | FixedFileInformation
  | NamedFileInformation
  | TargetFileInformation
  | RenameExFileInformation
  | AllFileInformation
  | StreamFileInformation
  | FullEaFileInformation
  | HardLinkFileInformation;

const NAME_OF_CLASS: ReadonlyMap<number, string> = new Map(
  Object.entries(FileInformationClass).map(([name, number]) => [number, name]),
);

/** Reads information of the class; null when this codec does not take the class apart. */
export function decodeFileInformation(
  informationClass: number,
  reader: Reader,
): FileInformation | null {
  const kind = NAME_OF_CLASS.get(informationClass);
  switch (kind) {
    case undefined:
      return null;
    case "FileNameInformation":
    case "FileAlternateNameInformation":
    case "FileNormalizedNameInformation":
    case "FileShortNameInformation":
      return { kind, name: decodeName(reader) };
    case "FileRenameInformation":
    case "FileLinkInformation":
      return decodeTarget(reader, kind);
    case "FileRenameInformationEx":
      return {
        kind,
        flags: reader.u32("Flags"),
        reserved: reader.u32("Reserved"),
        rootDirectory: reader.u64("RootDirectory"),
        name: decodeName(reader),
      };
    case "FileAllInformation":
      return decodeAll(reader);
    case "FileStreamInformation":
      return { kind, streams: decodeStreams(reader.rest()) };
    case "FileFullEaInformation":
      return { kind, attributes: decodeExtendedAttributes(reader.rest()) };
    case "FileHardLinkInformation":
      return decodeHardLinks(reader);
    default:
      return isFixed(kind) ? decodeFixed(reader, kind) : null;
  }
}

/** Writes information; the class is `FileInformationClass[value.kind]`. */
export function encodeFileInformation(writer: Writer, value: FileInformation): void {
  switch (value.kind) {
    case "FileNameInformation":
    case "FileAlternateNameInformation":
    case "FileNormalizedNameInformation":
    case "FileShortNameInformation":
      return encodeName(writer, value.name);
    case "FileRenameInformation":
    case "FileLinkInformation":
      return encodeTarget(writer, value);
    case "FileRenameInformationEx":
      writer.u32(value.flags);
      writer.u32(value.reserved);
      writer.u64(value.rootDirectory);
      return encodeName(writer, value.name);
    case "FileAllInformation":
      return encodeAll(writer, value);
    case "FileStreamInformation":
      return writer.raw(encodeStreams(value.streams));
    case "FileFullEaInformation":
      return writer.raw(encodeExtendedAttributes(value.attributes));
    case "FileHardLinkInformation":
      return encodeHardLinks(writer, value);
    default:
      return encodeFields(writer, FILE_LAYOUTS[value.kind] as Layout, value as never);
  }
}

function isFixed(kind: string): kind is FixedKind {
  return Object.hasOwn(FILE_LAYOUTS, kind);
}

function decodeFixed(reader: Reader, kind: FixedKind): FixedFileInformation {
  return { kind, ...decodeFields(reader, FILE_LAYOUTS[kind]) } as FixedFileInformation;
}

function encodeName(writer: Writer, name: string): void {
  writer.u32(name.length * 2);
  writer.text(name);
}

function decodeName(reader: Reader): string {
  return reader.text(reader.u32("FileNameLength"), "FileName");
}

function encodeTarget(writer: Writer, value: TargetFileInformation): void {
  writer.u8(value.replaceIfExists ? 1 : 0);
  writer.raw(value.reserved ?? new Uint8Array(7));
  writer.u64(value.rootDirectory);
  encodeName(writer, value.name);
}

function decodeTarget(reader: Reader, kind: TargetFileInformation["kind"]): TargetFileInformation {
  const replaceIfExists = reader.u8("ReplaceIfExists") !== 0;
  const reserved = reader.bytes(7, "Reserved");
  const rootDirectory = reader.u64("RootDirectory");
  const target = { kind, replaceIfExists, rootDirectory, name: decodeName(reader) };
  return reserved.some((byte) => byte !== 0) ? { ...target, reserved } : target;
}

function encodeAll(writer: Writer, value: AllFileInformation): void {
  encodeFields(writer, FILE_LAYOUTS.FileBasicInformation, value.basic);
  encodeFields(writer, FILE_LAYOUTS.FileStandardInformation, value.standard);
  encodeFields(writer, FILE_LAYOUTS.FileInternalInformation, value.internal);
  encodeFields(writer, FILE_LAYOUTS.FileEaInformation, value.ea);
  encodeFields(writer, FILE_LAYOUTS.FileAccessInformation, value.access);
  encodeFields(writer, FILE_LAYOUTS.FilePositionInformation, value.position);
  encodeFields(writer, FILE_LAYOUTS.FileModeInformation, value.mode);
  encodeFields(writer, FILE_LAYOUTS.FileAlignmentInformation, value.alignment);
  encodeName(writer, value.name);
}

function decodeAll(reader: Reader): AllFileInformation {
  return {
    kind: "FileAllInformation",
    basic: decodeFields(reader, FILE_LAYOUTS.FileBasicInformation),
    standard: decodeFields(reader, FILE_LAYOUTS.FileStandardInformation),
    internal: decodeFields(reader, FILE_LAYOUTS.FileInternalInformation),
    ea: decodeFields(reader, FILE_LAYOUTS.FileEaInformation),
    access: decodeFields(reader, FILE_LAYOUTS.FileAccessInformation),
    position: decodeFields(reader, FILE_LAYOUTS.FilePositionInformation),
    mode: decodeFields(reader, FILE_LAYOUTS.FileModeInformation),
    alignment: decodeFields(reader, FILE_LAYOUTS.FileAlignmentInformation),
    name: decodeName(reader),
  };
}

function encodeStreams(streams: readonly StreamEntry[]): Uint8Array {
  return encodeList(streams, {
    alignment: 8,
    encodeEntry(writer, stream) {
      writer.u32(stream.name.length * 2);
      writer.i64(stream.size);
      writer.i64(stream.allocationSize);
      writer.text(stream.name);
    },
  }).bytes;
}

function decodeStreams(bytes: Uint8Array): StreamEntry[] {
  return decodeList(bytes, (reader) => {
    const nameLength = reader.u32("StreamNameLength");
    const size = reader.i64("StreamSize");
    const allocationSize = reader.i64("StreamAllocationSize");
    return { name: reader.text(nameLength, "StreamName"), size, allocationSize };
  });
}

function encodeHardLinks(writer: Writer, value: HardLinkFileInformation): void {
  writer.u32(value.bytesNeeded);
  writer.u32(value.links.length);
  const { bytes } = encodeList(value.links, {
    alignment: 8,
    encodeEntry(entry, link) {
      entry.u64(link.parentFileId);
      // FileNameLength of this one structure counts characters (MS-FSCC 2.4.17.1).
      entry.u32(link.name.length);
      entry.text(link.name);
    },
  });
  writer.raw(bytes);
}

function decodeHardLinks(reader: Reader): HardLinkFileInformation {
  const bytesNeeded = reader.u32("BytesNeeded");
  reader.skip(4, "EntriesReturned");
  const links = decodeList(reader.rest(), (entry) => {
    const parentFileId = entry.u64("ParentFileId");
    return { parentFileId, name: entry.text(entry.u32("FileNameLength") * 2, "FileName") };
  });
  return { kind: "FileHardLinkInformation", bytesNeeded, links };
}

/** Information of files, between a scenario's words and the wire's values. */
import {
  decodeInformation,
  encodeInformation,
  FileInformationClass,
  filetimeToMs,
  FsInformationClass,
  InfoType,
  textToFiletime,
  WireError,
} from "../wire/mod.ts";
import type { BasicInfo, FileStat, FileTime } from "./api.ts";
import { attributesMask, sharePath } from "./names.ts";

const DIRECTORY = 0x10;

/** The classes that conveniences use (MS-FSCC 2.4). */
export const InfoClass = {
  basic: FileInformationClass.FileBasicInformation,
  rename: FileInformationClass.FileRenameInformation,
  link: FileInformationClass.FileLinkInformation,
  disposition: FileInformationClass.FileDispositionInformation,
  endOfFile: FileInformationClass.FileEndOfFileInformation,
  networkOpen: FileInformationClass.FileNetworkOpenInformation,
} as const;

/** A class by its name of MS-FSCC, or by number. @throws {RangeError} When the type has no class of that name. */
export function infoClassNumber(infoType: number, informationClass: number | string): number {
  if (typeof informationClass === "number") return informationClass;
  const table: Readonly<Record<string, number>> = infoType === InfoType.FILESYSTEM
    ? FsInformationClass
    : FileInformationClass;
  const number = Object.hasOwn(table, informationClass) ? table[informationClass] : undefined;
  if (number === undefined) {
    throw new RangeError(
      `Cannot use ${JSON.stringify(informationClass)} as an information class: ` +
        `a name of MS-FSCC such as "FileBasicInformation" is needed, or a number`,
    );
  }
  return number;
}

/** The fields of information; null where the class is unknown, or the answer was cut short. */
export function infoValue(infoType: number, informationClass: number, bytes: Uint8Array): unknown {
  try {
    const value = decodeInformation(infoType, informationClass, bytes);
    return value.kind === "raw" ? null : value;
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

/** Input of a rename. */
export function renameInput(name: string, replaceIfExists: boolean): Uint8Array {
  return encodeInformation({
    kind: "FileRenameInformation",
    replaceIfExists,
    rootDirectory: 0n,
    name,
  });
}

/** The name that a rename or link asks for, relative to the share; null for anything else. */
export function renameTarget(informationClass: number, input: Uint8Array): string | null {
  if (!RENAMES.has(informationClass)) return null;
  const value = infoValue(InfoType.FILE, informationClass, input) as { name?: string } | null;
  return value?.name === undefined || value.name.startsWith(":") ? null : sharePath(value.name);
}

const RENAMES: ReadonlySet<number> = new Set([
  FileInformationClass.FileRenameInformation,
  FileInformationClass.FileRenameInformationEx,
  FileInformationClass.FileLinkInformation,
]);

/** Input of a hard link. */
export function linkInput(name: string, replaceIfExists: boolean): Uint8Array {
  return encodeInformation({
    kind: "FileLinkInformation",
    replaceIfExists,
    rootDirectory: 0n,
    name,
  });
}

/** Input that sets times and attributes. @throws {RangeError} When a time or attribute is none. */
export function basicInput(info: BasicInfo): Uint8Array {
  return encodeInformation({
    kind: "FileBasicInformation",
    creationTime: fileTime(info.created),
    lastAccessTime: fileTime(info.accessed),
    lastWriteTime: fileTime(info.modified),
    changeTime: fileTime(info.changed),
    fileAttributes: attributesMask(info.attributes ?? 0),
    reserved: 0,
  });
}

/** 0: it stays. */
function fileTime(time: FileTime | undefined): bigint {
  if (time === undefined) return 0n;
  if (time === -1 || time === -2) return BigInt(time);
  const units = typeof time === "string" ? textToFiletime(time) : null;
  if (units !== null) return units;
  throw new RangeError(
    `Cannot use ${
      JSON.stringify(time)
    } as a time: text such as "2026-11-20T10:50:55Z", -1 or -2 is needed`,
  );
}

/** Input that sets the size. */
export function endOfFileInput(size: number): Uint8Array {
  return encodeInformation({ kind: "FileEndOfFileInformation", endOfFile: BigInt(size) });
}

/** Input that marks for deletion. */
export function dispositionInput(deletePending: boolean): Uint8Array {
  return encodeInformation({ kind: "FileDispositionInformation", deletePending });
}

/** What FileNetworkOpenInformation says; a file of size 0 when there is no answer. */
export function fileStat(bytes: Uint8Array): FileStat {
  const value = infoValue(InfoType.FILE, InfoClass.networkOpen, bytes);
  return fileStatOf((value ?? {}) as NetworkOpenFields);
}

/** What FileNetworkOpenInformation and the answer to a CREATE both have. */
type NetworkOpenFields =
  & Partial<Record<"creationTime" | "lastWriteTime" | "allocationSize" | "endOfFile", bigint>>
  & { readonly fileAttributes?: number };

/** Fields of the protocol -> the script's. */
export function fileStatOf(fields: NetworkOpenFields): FileStat {
  const attributes = fields.fileAttributes ?? 0;
  return {
    size: Number(fields.endOfFile ?? 0n),
    allocation: Number(fields.allocationSize ?? 0n),
    attributes,
    directory: (attributes & DIRECTORY) !== 0,
    created: new Date(filetimeToMs(fields.creationTime ?? 0n)),
    modified: new Date(filetimeToMs(fields.lastWriteTime ?? 0n)),
  };
}

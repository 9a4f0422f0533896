/** Information of QUERY_INFO and SET_INFO by type and class (MS-SMB2 2.2.37 - 2.2.39, MS-FSCC 2.4, 2.5). */
import { FileInformationClass, FsInformationClass, InfoType } from "../flags.ts";
import { Reader } from "../reader.ts";
import { Writer } from "../writer.ts";
import {
  decodeFileInformation,
  encodeFileInformation,
  FILE_LAYOUTS,
  type FileInformation,
} from "./file_information.ts";
import {
  decodeFsInformation,
  encodeFsInformation,
  FS_LAYOUTS,
  type FsInformation,
} from "./fs_information.ts";
import { booleanPlaces, type Layout } from "./layout.ts";
import { decodeQuota, encodeQuota, type QuotaEntry } from "./quota.ts";
import {
  decodeSecurityDescriptor,
  encodeSecurityDescriptor,
  type SecurityDescriptor,
} from "./security.ts";

/** Kinds that are a list to the end of the bytes; whether something stands behind it shows only on the way back. */
const LISTS: ReadonlySet<string> = new Set(
  ["FileFullEaInformation", "FileStreamInformation", "FileQuotaInformation"],
);

/** A type or class that this codec does not take apart, kept byte for byte. */
export interface RawInformation {
  readonly kind: "raw";
  readonly infoType: number;
  readonly informationClass: number;
  readonly data: Uint8Array;
}

/** A security descriptor as information of type SECURITY. */
export interface SecurityInformationValue {
  readonly kind: "SecurityInformation";
  readonly descriptor: SecurityDescriptor;
}

/** Quotas as information of type QUOTA; as a file class (32), which only old servers answer, they stay raw. */
export interface QuotaInformation {
  readonly kind: "FileQuotaInformation";
  readonly quotas: readonly QuotaEntry[];
}

/** Every information that is taken apart; `kind` is the name of the class. */
export type KnownInformation =
  | FileInformation
  | FsInformation
  | SecurityInformationValue
  | QuotaInformation;

/** Information of any type and class. */
export type Information =
  | KnownInformation & {
    /** Bytes behind the structure, kept as they are; absent when there are none. */
    readonly trailing?: Uint8Array;
  }
  | RawInformation;

/**
 * Takes information apart. Unknown types and classes, and directory classes (see `decodeDirectory`), become `raw`.
 * Bytes behind the structure are kept as `trailing`: Windows pads renames, and buffers may be larger than needed. Lists
 * with another alignment than the spec's and descriptors with their parts in another order decode all the same, but do
 * not come back byte for byte; whoever must repeat recorded bytes compares with `encodeInformation` first.
 *
 * @throws {WireError} when the class is known and the bytes are too short for it or contradict themselves, as after
 * BUFFER_OVERFLOW
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeInformation, encodeInformation, InfoType } from "../mod.ts";
 * const bytes = encodeInformation({ kind: "FileEndOfFileInformation", endOfFile: 4096n });
 * assertEquals(decodeInformation(InfoType.FILE, 20, bytes), {
 *   kind: "FileEndOfFileInformation",
 *   endOfFile: 4096n,
 * });
 * ```
 */
export function decodeInformation(
  infoType: number,
  informationClass: number,
  bytes: Uint8Array,
): Information {
  const reader = new Reader(bytes);
  const value = decodeKnown(infoType, informationClass, reader);
  if (value === null || !canonicalBooleans(value, bytes)) {
    return { kind: "raw", infoType, informationClass, data: bytes };
  }
  const trailing = LISTS.has(value.kind) ? behindList(value, bytes) : reader.rest();
  return trailing.byteLength === 0 ? value : { ...value, trailing };
}

/** The bytes of information. */
export function encodeInformation(value: Information): Uint8Array {
  if (value.kind === "raw") return value.data;
  const writer = new Writer(256);
  encodeKnown(writer, value);
  if (value.trailing !== undefined) writer.raw(value.trailing);
  return writer.bytes().slice();
}

/** The type and class that a request for this information names; 0 is the class of security and quota information. */
export function informationClassOf(
  value: Information,
): { infoType: number; informationClass: number } {
  switch (value.kind) {
    case "raw":
      return { infoType: value.infoType, informationClass: value.informationClass };
    case "SecurityInformation":
      return { infoType: InfoType.SECURITY, informationClass: 0 };
    case "FileQuotaInformation":
      return { infoType: InfoType.QUOTA, informationClass: 0 };
    default:
      return isFs(value)
        ? { infoType: InfoType.FILESYSTEM, informationClass: FsInformationClass[value.kind] }
        : { infoType: InfoType.FILE, informationClass: FileInformationClass[value.kind] };
  }
}

function decodeKnown(
  infoType: number,
  informationClass: number,
  reader: Reader,
): KnownInformation | null {
  switch (infoType) {
    case InfoType.FILE:
      if (informationClass === FileInformationClass.FileQuotaInformation) return null;
      return decodeFileInformation(informationClass, reader);
    case InfoType.FILESYSTEM:
      return decodeFsInformation(informationClass, reader);
    case InfoType.SECURITY:
      return {
        kind: "SecurityInformation",
        descriptor: decodeSecurityDescriptor(reader.rest()),
      };
    case InfoType.QUOTA:
      return { kind: "FileQuotaInformation", quotas: decodeQuota(reader.rest()) };
    default:
      return null;
  }
}

function encodeKnown(writer: Writer, value: KnownInformation): void {
  if (value.kind === "SecurityInformation") {
    return writer.raw(encodeSecurityDescriptor(value.descriptor));
  }
  if (value.kind === "FileQuotaInformation") return writer.raw(encodeQuota(value.quotas));
  if (isFs(value)) return encodeFsInformation(writer, value);
  return encodeFileInformation(writer, value);
}

function isFs(value: KnownInformation): value is FsInformation {
  return Object.hasOwn(FsInformationClass, value.kind);
}

/**
 * Whether each BOOLEAN of a fixed structure is 0 or 1. Any other value means true as well (MS-FSCC 2.1.8) but would
 * not survive the way back, so such bytes stay raw.
 */
function canonicalBooleans(value: KnownInformation, bytes: Uint8Array): boolean {
  const layout: Layout | undefined = Object.hasOwn(FILE_LAYOUTS, value.kind)
    ? FILE_LAYOUTS[value.kind as keyof typeof FILE_LAYOUTS]
    : Object.hasOwn(FS_LAYOUTS, value.kind)
    ? FS_LAYOUTS[value.kind as keyof typeof FS_LAYOUTS]
    : undefined;
  return layout === undefined || booleanPlaces(layout).every((at) => (bytes[at] ?? 0) <= 1);
}

/** What stands behind a list that comes back the same; nothing when it does not, or ends with the bytes. */
function behindList(value: KnownInformation, bytes: Uint8Array): Uint8Array {
  const again = encodeInformation(value);
  const same = again.every((byte, index) => byte === bytes[index]);
  return same ? bytes.subarray(again.byteLength) : bytes.subarray(bytes.byteLength);
}

/** File system information (MS-FSCC 2.5). */
import { FsInformationClass } from "../flags.ts";
import type { Reader } from "../reader.ts";
import type { Writer } from "../writer.ts";
import { decodeFields, encodeFields, type Fields, type Layout } from "./layout.ts";

/** Fields in wire order. */
export const FS_LAYOUTS = {
  FileFsSizeInformation: {
    totalAllocationUnits: "i64",
    availableAllocationUnits: "i64",
    sectorsPerAllocationUnit: "u32",
    bytesPerSector: "u32",
  },
  FileFsDeviceInformation: { deviceType: "u32", characteristics: "u32" },
  FileFsControlInformation: {
    freeSpaceStartFiltering: "i64",
    freeSpaceThreshold: "i64",
    freeSpaceStopFiltering: "i64",
    defaultQuotaThreshold: "i64",
    defaultQuotaLimit: "i64",
    fileSystemControlFlags: "u32",
    padding: "u32",
  },
  FileFsFullSizeInformation: {
    totalAllocationUnits: "i64",
    callerAvailableAllocationUnits: "i64",
    actualAvailableAllocationUnits: "i64",
    sectorsPerAllocationUnit: "u32",
    bytesPerSector: "u32",
  },
  FileFsObjectIdInformation: { objectId: "guid", extendedInfo: 48 },
  FileFsSectorSizeInformation: {
    logicalBytesPerSector: "u32",
    physicalBytesPerSectorForAtomicity: "u32",
    physicalBytesPerSectorForPerformance: "u32",
    fileSystemEffectivePhysicalBytesPerSectorForAtomicity: "u32",
    flags: "u32",
    byteOffsetForSectorAlignment: "u32",
    byteOffsetForPartitionAlignment: "u32",
  },
} as const satisfies Readonly<Record<string, Layout>>;

type FixedKind = keyof typeof FS_LAYOUTS;

/** Information whose fields are all fixed. */
export type FixedFsInformation = {
  [K in FixedKind]: { readonly kind: K } & Fields<(typeof FS_LAYOUTS)[K]>;
}[FixedKind];

/** The volume (MS-FSCC 2.5.9). */
export interface VolumeFsInformation {
  readonly kind: "FileFsVolumeInformation";
  /** FILETIME. */
  readonly volumeCreationTime: bigint;
  readonly volumeSerialNumber: number;
  readonly supportsObjects: boolean;
  readonly reserved: number;
  readonly volumeLabel: string;
}

/** The label alone (MS-FSCC 2.5.5). */
export interface LabelFsInformation {
  readonly kind: "FileFsLabelInformation";
  readonly volumeLabel: string;
}

/** What the file system can do (MS-FSCC 2.5.1). */
export interface AttributeFsInformation {
  readonly kind: "FileFsAttributeInformation";
  /** Bits of {@linkcode FileSystemAttribute}. */
  readonly fileSystemAttributes: number;
  readonly maximumComponentNameLength: number;
  readonly fileSystemName: string;
}

/** Every file system information class that is taken apart. */
export type FsInformation =
  | FixedFsInformation
  | VolumeFsInformation
  | LabelFsInformation
  | AttributeFsInformation;

/** Bits of FileSystemAttributes (MS-FSCC 2.5.1). */
export const FileSystemAttribute = {
  CASE_SENSITIVE_SEARCH: 0x00000001,
  CASE_PRESERVED_NAMES: 0x00000002,
  UNICODE_ON_DISK: 0x00000004,
  PERSISTENT_ACLS: 0x00000008,
  FILE_COMPRESSION: 0x00000010,
  VOLUME_QUOTAS: 0x00000020,
  SUPPORTS_SPARSE_FILES: 0x00000040,
  SUPPORTS_REPARSE_POINTS: 0x00000080,
  SUPPORTS_REMOTE_STORAGE: 0x00000100,
  VOLUME_IS_COMPRESSED: 0x00008000,
  SUPPORTS_OBJECT_IDS: 0x00010000,
  SUPPORTS_ENCRYPTION: 0x00020000,
  NAMED_STREAMS: 0x00040000,
  READ_ONLY_VOLUME: 0x00080000,
  SEQUENTIAL_WRITE_ONCE: 0x00100000,
  SUPPORTS_TRANSACTIONS: 0x00200000,
  SUPPORTS_HARD_LINKS: 0x00400000,
  SUPPORTS_EXTENDED_ATTRIBUTES: 0x00800000,
  SUPPORTS_OPEN_BY_FILE_ID: 0x01000000,
  SUPPORTS_USN_JOURNAL: 0x02000000,
  SUPPORT_INTEGRITY_STREAMS: 0x04000000,
  SUPPORTS_BLOCK_REFCOUNTING: 0x08000000,
  SUPPORTS_SPARSE_VDL: 0x10000000,
} as const;

const NAME_OF_CLASS: ReadonlyMap<number, string> = new Map(
  Object.entries(FsInformationClass).map(([name, number]) => [number, name]),
);

/** Reads information of the class; null when this codec does not take the class apart. */
export function decodeFsInformation(
  informationClass: number,
  reader: Reader,
): FsInformation | null {
  const kind = NAME_OF_CLASS.get(informationClass);
  switch (kind) {
    case undefined:
      return null;
    case "FileFsVolumeInformation": {
      const volumeCreationTime = reader.i64("VolumeCreationTime");
      const volumeSerialNumber = reader.u32("VolumeSerialNumber");
      const labelLength = reader.u32("VolumeLabelLength");
      const supportsObjects = reader.u8("SupportsObjects") !== 0;
      const reserved = reader.u8("Reserved");
      const volumeLabel = reader.text(labelLength, "VolumeLabel");
      return {
        kind,
        volumeCreationTime,
        volumeSerialNumber,
        supportsObjects,
        reserved,
        volumeLabel,
      };
    }
    case "FileFsLabelInformation":
      return { kind, volumeLabel: reader.text(reader.u32("VolumeLabelLength"), "VolumeLabel") };
    case "FileFsAttributeInformation": {
      const fileSystemAttributes = reader.u32("FileSystemAttributes");
      const maximumComponentNameLength = reader.i32("MaximumComponentNameLength");
      const nameLength = reader.u32("FileSystemNameLength");
      const fileSystemName = reader.text(nameLength, "FileSystemName");
      return { kind, fileSystemAttributes, maximumComponentNameLength, fileSystemName };
    }
    default:
      return isFixed(kind) ? decodeFixed(reader, kind) : null;
  }
}

/** Writes information; the class is `FsInformationClass[value.kind]`. */
export function encodeFsInformation(writer: Writer, value: FsInformation): void {
  switch (value.kind) {
    case "FileFsVolumeInformation":
      writer.i64(value.volumeCreationTime);
      writer.u32(value.volumeSerialNumber);
      writer.u32(value.volumeLabel.length * 2);
      writer.u8(value.supportsObjects ? 1 : 0);
      writer.u8(value.reserved);
      return writer.text(value.volumeLabel);
    case "FileFsLabelInformation":
      writer.u32(value.volumeLabel.length * 2);
      return writer.text(value.volumeLabel);
    case "FileFsAttributeInformation":
      writer.u32(value.fileSystemAttributes);
      writer.i32(value.maximumComponentNameLength);
      writer.u32(value.fileSystemName.length * 2);
      return writer.text(value.fileSystemName);
    default:
      return encodeFields(writer, FS_LAYOUTS[value.kind] as Layout, value as never);
  }
}

function isFixed(kind: string): kind is FixedKind {
  return Object.hasOwn(FS_LAYOUTS, kind);
}

function decodeFixed(reader: Reader, kind: FixedKind): FixedFsInformation {
  return { kind, ...decodeFields(reader, FS_LAYOUTS[kind]) } as FixedFsInformation;
}

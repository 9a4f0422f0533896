/**
 * QUERY_INFO (MS-SMB2 3.3.5.20).
 *
 * @module
 */

import { Access, allocationSize, type FileNode, pathOf, shortNameOf } from "../store/mod.ts";
import {
  decodeExtendedAttributeNames,
  encodeExtendedAttributes,
  encodeInformation,
  FileInformationClass,
  FileSystemAttribute,
  FsInformationClass,
  type Information,
  InfoType,
  type QueryInfoRequest,
  Status,
} from "../wire/mod.ts";
import { Refusal } from "./errors.ts";
import { attributesOf, eaSizeOf, sizesOf } from "./file_info.ts";
import { checkSize, storeOf } from "./io.ts";
import { querySecurity } from "./security.ts";
import type { Open, OpenedFile } from "./state.ts";
import { type Reply, reply, type Work } from "./work.ts";

const SECTOR = 512;
const SECTORS_PER_UNIT = 8;
const UNIT = BigInt(SECTOR * SECTORS_PER_UNIT);
const DEVICE_DISK = 0x07;
const DEVICE_NAMED_PIPE = 0x11;
const DEVICE_IS_MOUNTED = 0x20;
const MAX_NAME = 255;

const FILE_SYSTEM_ATTRIBUTES = FileSystemAttribute.CASE_SENSITIVE_SEARCH |
  FileSystemAttribute.CASE_PRESERVED_NAMES | FileSystemAttribute.UNICODE_ON_DISK |
  FileSystemAttribute.PERSISTENT_ACLS | FileSystemAttribute.SUPPORTS_SPARSE_FILES |
  FileSystemAttribute.NAMED_STREAMS | FileSystemAttribute.SUPPORTS_HARD_LINKS |
  FileSystemAttribute.SUPPORTS_EXTENDED_ATTRIBUTES;

// Bytes before the first name: what a buffer must have room for at least (MS-FSCC 2.4, 2.5).
const FIXED_PART = new Map<string, number>([
  ["FileAllInformation", 104],
  ["FileNormalizedNameInformation", 8],
  ["FileAlternateNameInformation", 8],
  ["FileStreamInformation", 32],
  ["FileHardLinkInformation", 8],
  ["FileFsVolumeInformation", 24],
  ["FileFsAttributeInformation", 16],
]);

/**
 * Handles QUERY_INFO.
 *
 * @param work The request.
 * @param body Its body.
 * @returns The answer.
 */
export function handleQueryInfo(work: Work, body: QueryInfoRequest): Reply {
  const open = work.open(body.fileId);
  checkSize(work, Math.max(body.outputBufferLength, body.input.length));
  switch (body.infoType) {
    case InfoType.FILE:
      return queryFile(work, open, body);
    case InfoType.FILESYSTEM:
      return limited(fsInformation(work, body.fileInfoClass), body);
    case InfoType.SECURITY:
      return security(work.openFile(body.fileId), body);
    case InfoType.QUOTA:
      throw new Refusal(Status.NOT_SUPPORTED);
    default:
      throw new Refusal(Status.INVALID_PARAMETER);
  }
}

function queryFile(work: Work, open: Open, body: QueryInfoRequest): Reply {
  if (open.file === undefined) return limited(pipeInformation(body.fileInfoClass), body);
  const opened = open as OpenedFile;
  if (body.fileInfoClass === FileInformationClass.FileFullEaInformation) {
    return extendedAttributes(opened, body);
  }
  return limited(fileInformation(work, opened, body.fileInfoClass), body);
}

function need(open: Open, access: number): void {
  if ((open.grantedAccess & access) === 0) throw new Refusal(Status.ACCESS_DENIED);
}

/** Cuts information to the client's buffer (MS-SMB2 3.3.5.20.1): too small for the fixed part is an error. */
function limited(value: Information, body: QueryInfoRequest): Reply {
  const bytes = encodeInformation(value);
  const room = body.outputBufferLength;
  if (bytes.length <= room) return reply({ output: bytes });
  const fixed = FIXED_PART.get(value.kind);
  if (fixed === undefined || room < fixed) throw new Refusal(Status.INFO_LENGTH_MISMATCH);
  return reply({ output: bytes.subarray(0, room) }, Status.BUFFER_OVERFLOW);
}

function basic(node: FileNode) {
  return {
    creationTime: node.times.creation,
    lastAccessTime: node.times.lastAccess,
    lastWriteTime: node.times.lastWrite,
    changeTime: node.times.change,
    fileAttributes: attributesOf(node),
    reserved: 0,
  };
}

function standard(open: OpenedFile) {
  const { file } = open;
  const deletePending = file.link.deletePending || file.stream?.deletePending === true;
  return {
    ...sizesOf(file),
    // MS-FSA 2.1.5.12.27: a name that is about to go does not count.
    numberOfLinks: file.node.links.size - (deletePending ? 1 : 0),
    deletePending,
    directory: file.node.isDirectory,
    reserved: 0,
  };
}

function nameOf(open: OpenedFile): string {
  const { link, stream } = open.file;
  const path = `\\${pathOf(link)}`;
  return stream === undefined || stream.name === "" ? path : `${path}:${stream.name}`;
}

function fileInformation(work: Work, open: OpenedFile, informationClass: number): Information {
  const { node } = open.file;
  switch (informationClass) {
    case FileInformationClass.FileBasicInformation:
      need(open, Access.FILE_READ_ATTRIBUTES);
      return { kind: "FileBasicInformation", ...basic(node) };
    case FileInformationClass.FileStandardInformation:
      return { kind: "FileStandardInformation", ...standard(open) };
    case FileInformationClass.FileInternalInformation:
      return { kind: "FileInternalInformation", indexNumber: node.id };
    case FileInformationClass.FileEaInformation:
      return { kind: "FileEaInformation", eaSize: eaSizeOf(node) };
    case FileInformationClass.FileAccessInformation:
      return { kind: "FileAccessInformation", accessFlags: open.grantedAccess };
    case FileInformationClass.FilePositionInformation:
      return { kind: "FilePositionInformation", currentByteOffset: open.position };
    case FileInformationClass.FileModeInformation:
      return { kind: "FileModeInformation", mode: open.mode };
    case FileInformationClass.FileAlignmentInformation:
      return { kind: "FileAlignmentInformation", alignmentRequirement: 0 };
    case FileInformationClass.FileAllInformation:
      need(open, Access.FILE_READ_ATTRIBUTES);
      return allInformation(open);
    case FileInformationClass.FileNetworkOpenInformation:
      need(open, Access.FILE_READ_ATTRIBUTES);
      return { kind: "FileNetworkOpenInformation", ...basic(node), ...sizesOf(open.file) };
    case FileInformationClass.FileAttributeTagInformation:
      need(open, Access.FILE_READ_ATTRIBUTES);
      return {
        kind: "FileAttributeTagInformation",
        fileAttributes: attributesOf(node),
        reparseTag: 0,
      };
    case FileInformationClass.FileStreamInformation:
      return { kind: "FileStreamInformation", streams: streamsOf(node) };
    case FileInformationClass.FileCompressionInformation:
      return {
        kind: "FileCompressionInformation",
        compressedFileSize: sizesOf(open.file).allocationSize,
        compressionFormat: 0,
        compressionUnitShift: 0,
        chunkShift: 0,
        clusterShift: 0,
        reserved: new Uint8Array(3),
      };
    case FileInformationClass.FileAlternateNameInformation:
      return {
        kind: "FileAlternateNameInformation",
        name: shortNameOf(open.file.link.name, node.id),
      };
    case FileInformationClass.FileNormalizedNameInformation:
      // MS-SMB2 3.3.5.20.1: only 3.1.1 has it.
      if (work.connection.dialect !== 0x0311) throw new Refusal(Status.NOT_SUPPORTED);
      return { kind: "FileNormalizedNameInformation", name: nameOf(open).slice(1) };
    case FileInformationClass.FileIdInformation: {
      const fileId = new Uint8Array(16);
      new DataView(fileId.buffer).setBigUint64(0, node.id, true);
      return { kind: "FileIdInformation", volumeSerialNumber: work.server.volumeId, fileId };
    }
    default:
      throw new Refusal(Status.INVALID_INFO_CLASS);
  }
}

function allInformation(open: OpenedFile): Information {
  const { node } = open.file;
  return {
    kind: "FileAllInformation",
    basic: basic(node),
    standard: standard(open),
    internal: { indexNumber: node.id },
    ea: { eaSize: eaSizeOf(node) },
    access: { accessFlags: open.grantedAccess },
    position: { currentByteOffset: open.position },
    mode: { mode: open.mode },
    alignment: { alignmentRequirement: 0 },
    name: nameOf(open),
  };
}

function streamsOf(node: FileNode): { name: string; size: bigint; allocationSize: bigint }[] {
  return [...node.streams.values()].map((stream) => ({
    name: `:${stream.name}:$DATA`,
    size: BigInt(stream.content.size),
    allocationSize: BigInt(allocationSize(stream)),
  }));
}

// MS-FSA 2.1.5.12.16: all attributes, or those that the request names.
function extendedAttributes(open: OpenedFile, body: QueryInfoRequest): Reply {
  need(open, Access.FILE_READ_EA);
  const { eas } = open.file.node;
  if (body.input.length === 0) {
    if (eas.size === 0) throw new Refusal(Status.NO_EAS_ON_FILE);
    const bytes = encodeExtendedAttributes([...eas.values()]);
    if (bytes.length <= body.outputBufferLength) return reply({ output: bytes });
    throw new Refusal(Status.BUFFER_OVERFLOW);
  }
  const found = decodeExtendedAttributeNames(body.input).map((name) =>
    eas.get(name.toUpperCase()) ?? { name, value: new Uint8Array(), flags: 0 }
  );
  const bytes = encodeExtendedAttributes(found);
  if (bytes.length > body.outputBufferLength) throw new Refusal(Status.BUFFER_TOO_SMALL);
  return reply({ output: bytes });
}

function pipeInformation(informationClass: number): Information {
  switch (informationClass) {
    case FileInformationClass.FileStandardInformation:
      return {
        kind: "FileStandardInformation",
        allocationSize: 4096n,
        endOfFile: 0n,
        numberOfLinks: 1,
        deletePending: true,
        directory: false,
        reserved: 0,
      };
    case FileInformationClass.FilePipeInformation:
      return { kind: "FilePipeInformation", readMode: 1, completionMode: 0 };
    default:
      throw new Refusal(Status.INVALID_INFO_CLASS);
  }
}

function fsInformation(work: Work, informationClass: number): Information {
  const { share } = work.validTree;
  if (share.store === undefined) {
    if (informationClass !== FsInformationClass.FileFsDeviceInformation) {
      throw new Refusal(Status.INVALID_INFO_CLASS);
    }
    const deviceType = DEVICE_NAMED_PIPE;
    return { kind: "FileFsDeviceInformation", deviceType, characteristics: 0 };
  }
  const store = storeOf(work);
  const total = BigInt(store.capacity) / UNIT;
  const free = BigInt(store.free) / UNIT;
  const units = { sectorsPerAllocationUnit: SECTORS_PER_UNIT, bytesPerSector: SECTOR };
  switch (informationClass) {
    case FsInformationClass.FileFsVolumeInformation:
      return {
        kind: "FileFsVolumeInformation",
        volumeCreationTime: store.root.node.times.creation,
        volumeSerialNumber: Number(work.server.volumeId & 0xffff_ffffn),
        supportsObjects: false,
        reserved: 0,
        volumeLabel: share.name,
      };
    case FsInformationClass.FileFsSizeInformation:
      return {
        kind: "FileFsSizeInformation",
        totalAllocationUnits: total,
        availableAllocationUnits: free,
        ...units,
      };
    case FsInformationClass.FileFsFullSizeInformation:
      return {
        kind: "FileFsFullSizeInformation",
        totalAllocationUnits: total,
        callerAvailableAllocationUnits: free,
        actualAvailableAllocationUnits: free,
        ...units,
      };
    case FsInformationClass.FileFsDeviceInformation:
      return {
        kind: "FileFsDeviceInformation",
        deviceType: DEVICE_DISK,
        characteristics: DEVICE_IS_MOUNTED,
      };
    case FsInformationClass.FileFsAttributeInformation:
      return {
        kind: "FileFsAttributeInformation",
        fileSystemAttributes: FILE_SYSTEM_ATTRIBUTES |
          (share.readOnly ? FileSystemAttribute.READ_ONLY_VOLUME : 0),
        maximumComponentNameLength: MAX_NAME,
        fileSystemName: "NTFS",
      };
    case FsInformationClass.FileFsControlInformation:
      // No quotas are kept: -1 is "no limit" (MS-FSCC 2.5.2).
      return {
        kind: "FileFsControlInformation",
        freeSpaceStartFiltering: 0n,
        freeSpaceThreshold: 0n,
        freeSpaceStopFiltering: 0n,
        defaultQuotaThreshold: -1n,
        defaultQuotaLimit: -1n,
        fileSystemControlFlags: 0,
        padding: 0,
      };
    case FsInformationClass.FileFsObjectIdInformation:
      return {
        kind: "FileFsObjectIdInformation",
        objectId: work.server.guid,
        extendedInfo: new Uint8Array(48),
      };
    case FsInformationClass.FileFsSectorSizeInformation:
      return {
        kind: "FileFsSectorSizeInformation",
        logicalBytesPerSector: SECTOR,
        physicalBytesPerSectorForAtomicity: SECTOR,
        physicalBytesPerSectorForPerformance: SECTOR,
        fileSystemEffectivePhysicalBytesPerSectorForAtomicity: SECTOR,
        // MS-FSCC 2.5.8: aligned device, partition aligned on it.
        flags: 0x03,
        byteOffsetForSectorAlignment: 0,
        byteOffsetForPartitionAlignment: 0,
      };
    default:
      throw new Refusal(Status.INVALID_INFO_CLASS);
  }
}

// MS-SMB2 3.3.5.20.3: a buffer that is too small is told how large it must be.
function security(open: OpenedFile, body: QueryInfoRequest): Reply {
  need(open, Access.READ_CONTROL);
  const bytes = querySecurity(open.file.node, body.additionalInformation);
  if (bytes.length <= body.outputBufferLength) return reply({ output: bytes });
  const needed = new Uint8Array(4);
  new DataView(needed.buffer).setUint32(0, bytes.length, true);
  throw new Refusal(Status.BUFFER_TOO_SMALL, needed);
}

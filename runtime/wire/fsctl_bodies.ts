/** Input and output of FSCTLs, taken apart (MS-SMB2 2.2.31, 2.2.32; MS-FSCC 2.3). */
import { WireError } from "./errors.ts";
import type { Field, Fields, Layout } from "./fscc/layout.ts";
import { decodeFields, encodeFields } from "./fscc/layout.ts";
import { decodeList, encodeList } from "./fscc/list.ts";
import { Fsctl } from "./fsctl.ts";
import {
  decodeDfsReferralRequest,
  decodeDfsReferralResponse,
  type DfsReferralRequest,
  type DfsReferralResponse,
  encodeDfsReferralRequest,
  encodeDfsReferralResponse,
} from "./fsctl_dfs.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/** SMB2_FILEID as two fields. */
const SOURCE_FILE = { sourcePersistent: "u64", sourceVolatile: "u64" } as const;

/** Bodies whose fields are all fixed, in wire order. */
export const FSCTL_LAYOUTS = {
  /** SRV_COPYCHUNK_RESPONSE (MS-SMB2 2.2.32.1). */
  copyChunkResponse: {
    chunksWritten: "u32",
    chunkBytesWritten: "u32",
    totalBytesWritten: "u32",
  },
  /** VALIDATE_NEGOTIATE_INFO response (MS-SMB2 2.2.32.6). */
  validateNegotiateResponse: {
    capabilities: "u32",
    guid: "guid",
    securityMode: "u16",
    dialect: "u16",
  },
  /** NETWORK_RESILIENCY_REQUEST (MS-SMB2 2.2.31.3); milliseconds. */
  resiliencyRequest: { timeout: "u32", reserved: "u32" },
  /** FILE_ZERO_DATA_INFORMATION (MS-FSCC 2.3.85). */
  zeroData: { fileOffset: "i64", beyondFinalZero: "i64" },
  /** FILE_OBJECTID_BUFFER (MS-FSCC 2.1.3). */
  objectId: { objectId: "guid", extendedInfo: 48 },
  /** 0 none, 1 default, 2 LZNT1. */
  compression: { compressionState: "u16" },
  /** FSCTL_GET_INTEGRITY_INFORMATION_BUFFER. */
  integrityInformation: {
    checksumAlgorithm: "u16",
    reserved: "u16",
    flags: "u32",
    checksumChunkSizeInBytes: "u32",
    clusterSizeInBytes: "u32",
  },
  /** FSCTL_SET_INTEGRITY_INFORMATION_BUFFER. */
  setIntegrityInformation: { checksumAlgorithm: "u16", reserved: "u16", flags: "u32" },
  /** SMB2_DUPLICATE_EXTENTS_DATA (MS-FSCC 2.3.7.2). */
  duplicateExtents: {
    ...SOURCE_FILE,
    sourceFileOffset: "i64",
    targetFileOffset: "i64",
    byteCount: "i64",
  },
  /** SMB2_DUPLICATE_EXTENTS_DATA_EX (MS-FSCC 2.3.9.2); structureSize is 0x30. */
  duplicateExtentsEx: {
    structureSize: "u64",
    ...SOURCE_FILE,
    sourceFileOffset: "i64",
    targetFileOffset: "i64",
    byteCount: "i64",
    flags: "u32",
    reserved: "u32",
  },
  /** FILE_LEVEL_TRIM_OUTPUT. */
  trimResponse: { numRangesProcessed: "u32" },
  /** FSCTL_OFFLOAD_READ_INPUT; size is 32. */
  offloadReadRequest: {
    size: "u32",
    flags: "u32",
    tokenTimeToLive: "u32",
    reserved: "u32",
    fileOffset: "u64",
    copyLength: "u64",
  },
  /** FSCTL_OFFLOAD_READ_OUTPUT; size is 528. */
  offloadReadResponse: { size: "u32", flags: "u32", transferLength: "u64", token: 512 },
  /** FSCTL_OFFLOAD_WRITE_INPUT; size is 544. */
  offloadWriteRequest: {
    size: "u32",
    flags: "u32",
    fileOffset: "u64",
    copyLength: "u64",
    transferOffset: "u64",
    token: 512,
  },
  /** FSCTL_OFFLOAD_WRITE_OUTPUT; size is 16. */
  offloadWriteResponse: { size: "u32", flags: "u32", lengthWritten: "u64" },
} as const satisfies Readonly<Record<string, Layout>>;

type FixedKind = keyof typeof FSCTL_LAYOUTS;

/** Bodies whose fields are all fixed. */
export type FixedFsctlBody = {
  [K in FixedKind]: { readonly kind: K } & Fields<(typeof FSCTL_LAYOUTS)[K]>;
}[FixedKind];

/** A range of SRV_COPYCHUNK (MS-SMB2 2.2.31.1.1). */
export type CopyChunk = Fields<typeof CHUNK>;

/** An interface of QUERY_NETWORK_INTERFACE_INFO (MS-SMB2 2.2.32.5). Link speed is in bits per second. */
export type NetworkInterface = Fields<typeof INTERFACE>;

/** A range of a sparse file or of FILE_LEVEL_TRIM. */
export type ByteRange = Fields<typeof RANGE>;

/** Bodies of variable size. */
export type VariableFsctlBody =
  | {
    /** SRV_REQUEST_RESUME_KEY response (MS-SMB2 2.2.32.3). */
    readonly kind: "resumeKey";
    /** 24 bytes. */
    readonly resumeKey: Uint8Array;
    readonly context: Uint8Array;
  }
  | {
    /** SRV_COPYCHUNK_COPY (MS-SMB2 2.2.31.1). */
    readonly kind: "copyChunkRequest";
    /** 24 bytes. */
    readonly sourceKey: Uint8Array;
    readonly reserved: number;
    readonly chunks: readonly CopyChunk[];
  }
  | {
    /** SRV_SNAPSHOT_ARRAY (MS-SMB2 2.2.32.2). */
    readonly kind: "snapshots";
    readonly numberOfSnapshots: number;
    readonly numberOfSnapshotsReturned: number;
    /** Bytes that all names take, whether returned or not. */
    readonly snapshotArraySize: number;
    /** `@GMT-YYYY.MM.DD-HH.MM.SS`. */
    readonly snapshots: readonly string[];
  }
  | {
    /** VALIDATE_NEGOTIATE_INFO request (MS-SMB2 2.2.31.4). */
    readonly kind: "validateNegotiateRequest";
    readonly capabilities: number;
    readonly guid: string;
    readonly securityMode: number;
    readonly dialects: readonly number[];
  }
  | {
    /** NETWORK_INTERFACE_INFO response (MS-SMB2 2.2.32.5). */
    readonly kind: "networkInterfaces";
    readonly interfaces: readonly NetworkInterface[];
  }
  | {
    /** FSCTL_PIPE_WAIT (MS-FSCC 2.3.49). */
    readonly kind: "pipeWait";
    /** 100 ns units; 0 with `timeoutSpecified` waits for ever. */
    readonly timeout: bigint;
    readonly timeoutSpecified: boolean;
    readonly name: string;
  }
  | {
    /** FILE_SET_SPARSE_BUFFER (MS-FSCC 2.3.83). */
    readonly kind: "setSparse";
    /** 0 = not sparse, any other number = sparse (smbtorture sends 0xff); absent: no bytes, which means sparse. */
    readonly setSparse?: number;
  }
  | {
    /** FILE_ALLOCATED_RANGE_BUFFER: one in a request, any number in a response (MS-FSCC 2.3.51, 2.3.52). */
    readonly kind: "allocatedRanges";
    readonly ranges: readonly ByteRange[];
  }
  | {
    /** FILE_LEVEL_TRIM. */
    readonly kind: "trimRequest";
    readonly key: number;
    readonly ranges: readonly ByteRange[];
  }
  | {
    /** REPARSE_DATA_BUFFER of any tag (MS-FSCC 2.1.2.2). */
    readonly kind: "reparsePoint";
    /** A number of {@linkcode ReparseTag}. */
    readonly tag: number;
    readonly reserved: number;
    readonly data: Uint8Array;
  }
  | DfsReferralRequest
  | DfsReferralResponse;

/** A body that is taken apart, or `raw`. */
export type FsctlBody = FixedFsctlBody | VariableFsctlBody | {
  readonly kind: "raw";
  readonly data: Uint8Array;
};

const CHUNK = {
  sourceOffset: "u64",
  targetOffset: "u64",
  length: "u32",
  reserved: "u32",
} as const satisfies Layout;

const INTERFACE = {
  ifIndex: "u32",
  capability: "u32",
  reserved: "u32",
  linkSpeed: "u64",
  /** SOCKADDR_STORAGE: family, port, address. */
  sockAddr: 128,
} as const satisfies Layout;

const RANGE = { fileOffset: "u64", length: "u64" } as const satisfies Layout;

type VariableKind = VariableFsctlBody["kind"];

/** What the input and the output of each code are; a code or direction without an entry is raw. */
const KINDS: ReadonlyMap<
  number,
  { readonly input?: FixedKind | VariableKind; readonly output?: FixedKind | VariableKind }
> = new Map<number, { input?: FixedKind | VariableKind; output?: FixedKind | VariableKind }>([
  [Fsctl.SRV_REQUEST_RESUME_KEY, { output: "resumeKey" }],
  [Fsctl.SRV_COPYCHUNK, { input: "copyChunkRequest", output: "copyChunkResponse" }],
  [Fsctl.SRV_COPYCHUNK_WRITE, { input: "copyChunkRequest", output: "copyChunkResponse" }],
  [Fsctl.SRV_ENUMERATE_SNAPSHOTS, { output: "snapshots" }],
  [
    Fsctl.VALIDATE_NEGOTIATE_INFO,
    { input: "validateNegotiateRequest", output: "validateNegotiateResponse" },
  ],
  [Fsctl.QUERY_NETWORK_INTERFACE_INFO, { output: "networkInterfaces" }],
  [Fsctl.DFS_GET_REFERRALS, { input: "dfsReferralRequest", output: "dfsReferralResponse" }],
  [Fsctl.DFS_GET_REFERRALS_EX, { output: "dfsReferralResponse" }],
  [Fsctl.PIPE_WAIT, { input: "pipeWait" }],
  [Fsctl.SET_SPARSE, { input: "setSparse" }],
  [Fsctl.SET_ZERO_DATA, { input: "zeroData" }],
  [Fsctl.QUERY_ALLOCATED_RANGES, { input: "allocatedRanges", output: "allocatedRanges" }],
  [Fsctl.CREATE_OR_GET_OBJECT_ID, { output: "objectId" }],
  [Fsctl.GET_OBJECT_ID, { output: "objectId" }],
  [Fsctl.SET_OBJECT_ID, { input: "objectId" }],
  [Fsctl.GET_COMPRESSION, { output: "compression" }],
  [Fsctl.SET_COMPRESSION, { input: "compression" }],
  [Fsctl.LMR_REQUEST_RESILIENCY, { input: "resiliencyRequest" }],
  [Fsctl.GET_INTEGRITY_INFORMATION, { output: "integrityInformation" }],
  [Fsctl.SET_INTEGRITY_INFORMATION, { input: "setIntegrityInformation" }],
  [Fsctl.DUPLICATE_EXTENTS_TO_FILE, { input: "duplicateExtents" }],
  [Fsctl.DUPLICATE_EXTENTS_TO_FILE_EX, { input: "duplicateExtentsEx" }],
  [Fsctl.FILE_LEVEL_TRIM, { input: "trimRequest", output: "trimResponse" }],
  [Fsctl.SET_REPARSE_POINT, { input: "reparsePoint" }],
  [Fsctl.GET_REPARSE_POINT, { output: "reparsePoint" }],
  [Fsctl.DELETE_REPARSE_POINT, { input: "reparsePoint" }],
  [Fsctl.OFFLOAD_READ, { input: "offloadReadRequest", output: "offloadReadResponse" }],
  [Fsctl.OFFLOAD_WRITE, { input: "offloadWriteRequest", output: "offloadWriteResponse" }],
]);

/**
 * The input of an IOCTL request. Whatever would not come back byte for byte stays `raw`, so that a recorded request can
 * be sent again unchanged.
 */
export function decodeFsctlInput(ctlCode: number, bytes: Uint8Array): FsctlBody {
  const body = decodeBody(KINDS.get(ctlCode)?.input, bytes);
  if (body.kind === "raw") return body;
  const again = encodeFsctlBody(body);
  const same = again.byteLength === bytes.byteLength &&
    again.every((byte, index) => byte === bytes[index]);
  return same ? body : { kind: "raw", data: bytes };
}

/** The output of an IOCTL response; `raw` when the code is unknown or the bytes do not follow its layout. */
export function decodeFsctlOutput(ctlCode: number, bytes: Uint8Array): FsctlBody {
  return decodeBody(KINDS.get(ctlCode)?.output, bytes);
}

/**
 * The bytes of a body, input or output.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeFsctlInput, encodeFsctlBody, Fsctl } from "../wire/mod.ts";
 * const body = { kind: "zeroData", fileOffset: 0n, beyondFinalZero: 4096n } as const;
 * assertEquals(decodeFsctlInput(Fsctl.SET_ZERO_DATA, encodeFsctlBody(body)), body);
 * ```
 */
export function encodeFsctlBody(body: FsctlBody): Uint8Array {
  if (body.kind === "raw") return body.data;
  const writer = new Writer(256);
  encodeBody(writer, body);
  return writer.bytes().slice();
}

/** Family, port and address of a SOCKADDR_STORAGE as text, `192.0.2.1:0` or `[2001:db8::1]:0`; null for another family. */
export function sockAddrText(sockAddr: Uint8Array): string | null {
  const reader = new Reader(sockAddr);
  if (sockAddr.byteLength < 28) return null;
  const family = reader.u16("Family");
  const port = reader.u16be("Port");
  if (family === 0x0002) return `${reader.bytes(4, "IPv4Address").join(".")}:${port}`;
  if (family !== 0x0017) return null;
  reader.skip(4, "FlowInfo");
  const groups = Array.from({ length: 8 }, () => reader.u16be("IPv6Address").toString(16));
  const address = groups.join(":").replace(/(^|:)0(:0)+(:|$)/, "::");
  return `[${address}]:${port}`;
}

function encodeBody(writer: Writer, body: FixedFsctlBody | VariableFsctlBody): void {
  switch (body.kind) {
    case "resumeKey":
      encodeFields(writer, { resumeKey: 24 }, { resumeKey: body.resumeKey });
      writer.u32(body.context.byteLength);
      return writer.raw(body.context);
    case "copyChunkRequest":
      encodeFields(writer, { sourceKey: 24 }, { sourceKey: body.sourceKey });
      writer.u32(body.chunks.length);
      writer.u32(body.reserved);
      return encodeAll(writer, CHUNK, body.chunks);
    case "snapshots":
      writer.u32(body.numberOfSnapshots);
      writer.u32(body.numberOfSnapshotsReturned);
      writer.u32(body.snapshotArraySize);
      for (const name of body.snapshots) writer.text(`${name}\0`);
      return writer.u16(0);
    case "validateNegotiateRequest":
      writer.u32(body.capabilities);
      writer.guid(body.guid);
      writer.u16(body.securityMode);
      writer.u16(body.dialects.length);
      for (const dialect of body.dialects) writer.u16(dialect);
      return;
    case "networkInterfaces":
      return writer.raw(
        encodeList(body.interfaces, {
          alignment: 8,
          encodeEntry: (entry, value) => encodeFields(entry, INTERFACE, value),
        }).bytes,
      );
    case "pipeWait":
      writer.i64(body.timeout);
      writer.u32(body.name.length * 2);
      writer.u8(body.timeoutSpecified ? 1 : 0);
      writer.u8(0);
      return writer.text(body.name);
    case "setSparse":
      if (body.setSparse !== undefined) writer.u8(body.setSparse);
      return;
    case "allocatedRanges":
      return encodeAll(writer, RANGE, body.ranges);
    case "trimRequest":
      writer.u32(body.key);
      writer.u32(body.ranges.length);
      return encodeAll(writer, RANGE, body.ranges);
    case "reparsePoint":
      writer.u32(body.tag);
      writer.patch(writer.reserve(2), body.data.byteLength);
      writer.u16(body.reserved);
      return writer.raw(body.data);
    case "dfsReferralRequest":
      return encodeDfsReferralRequest(writer, body);
    case "dfsReferralResponse":
      return encodeDfsReferralResponse(writer, body);
    default:
      return encodeFields(writer, FSCTL_LAYOUTS[body.kind] as Layout, body as never);
  }
}

function decodeBody(kind: FixedKind | VariableKind | undefined, bytes: Uint8Array): FsctlBody {
  const raw = { kind: "raw", data: bytes } as const;
  if (kind === undefined) return raw;
  try {
    return decodeKnown(kind, bytes);
  } catch (error) {
    if (error instanceof WireError) return raw;
    throw error;
  }
}

function decodeKnown(kind: FixedKind | VariableKind, bytes: Uint8Array): FsctlBody {
  const reader = new Reader(bytes);
  switch (kind) {
    case "resumeKey": {
      const resumeKey = reader.bytes(24, "ResumeKey");
      return { kind, resumeKey, context: reader.bytes(reader.u32("ContextLength"), "Context") };
    }
    case "copyChunkRequest": {
      const sourceKey = reader.bytes(24, "SourceKey");
      const count = reader.u32("ChunkCount");
      const reserved = reader.u32("Reserved");
      return { kind, sourceKey, reserved, chunks: decodeAll(reader, CHUNK, count) };
    }
    case "snapshots":
      return decodeSnapshots(reader);
    case "validateNegotiateRequest": {
      const capabilities = reader.u32("Capabilities");
      const guid = reader.guid("Guid");
      const securityMode = reader.u16("SecurityMode");
      const dialects = Array.from(
        { length: reader.u16("DialectCount") },
        () => reader.u16("Dialect"),
      );
      return { kind, capabilities, guid, securityMode, dialects };
    }
    case "networkInterfaces":
      return {
        kind,
        interfaces: decodeList(bytes, (entry) => decodeFields(entry, INTERFACE)),
      };
    case "pipeWait": {
      const timeout = reader.i64("Timeout");
      const nameLength = reader.u32("NameLength");
      const timeoutSpecified = reader.u8("TimeoutSpecified") !== 0;
      reader.skip(1, "Padding");
      return { kind, timeout, timeoutSpecified, name: reader.text(nameLength, "Name") };
    }
    case "setSparse":
      return bytes.byteLength === 0 ? { kind } : { kind, setSparse: reader.u8("SetSparse") };
    case "allocatedRanges":
      return { kind, ranges: decodeAll(reader, RANGE, Math.floor(bytes.byteLength / 16)) };
    case "trimRequest": {
      const key = reader.u32("Key");
      return { kind, key, ranges: decodeAll(reader, RANGE, reader.u32("NumRanges")) };
    }
    case "reparsePoint": {
      const tag = reader.u32("ReparseTag");
      const length = reader.u16("ReparseDataLength");
      const reserved = reader.u16("Reserved");
      return { kind, tag, reserved, data: reader.bytes(length, "DataBuffer") };
    }
    case "dfsReferralRequest":
      return decodeDfsReferralRequest(reader);
    case "dfsReferralResponse":
      return decodeDfsReferralResponse(bytes);
    default:
      return { kind, ...decodeFields(reader, FSCTL_LAYOUTS[kind]) } as FixedFsctlBody;
  }
}

/** Names are there only when all fit (MS-SMB2 2.2.32.2): a first request learns the size alone. */
function decodeSnapshots(reader: Reader): FsctlBody {
  const numberOfSnapshots = reader.u32("NumberOfSnapshots");
  const numberOfSnapshotsReturned = reader.u32("NumberOfSnapshotsReturned");
  const snapshotArraySize = reader.u32("SnapshotArraySize");
  const text = reader.text(reader.remaining - (reader.remaining % 2), "Snapshots");
  const snapshots: string[] = [];
  for (const name of text.split("\0")) {
    if (name === "") break;
    snapshots.push(name);
  }
  return {
    kind: "snapshots",
    numberOfSnapshots,
    numberOfSnapshotsReturned,
    snapshotArraySize,
    snapshots,
  };
}

function encodeAll<L extends Readonly<Record<string, Field>>>(
  writer: Writer,
  layout: L,
  values: readonly Fields<L>[],
): void {
  for (const value of values) encodeFields(writer, layout, value);
}

/** Reads as many structures as a count says; each takes bytes, so that a false count ends at the end of the bytes. */
function decodeAll<L extends Layout>(reader: Reader, layout: L, count: number): Fields<L>[] {
  const values: Fields<L>[] = [];
  for (let i = 0; i < count; i++) values.push(decodeFields(reader, layout));
  return values;
}

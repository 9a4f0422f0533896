/** Create contexts (MS-SMB2 2.2.13.2 in requests, 2.2.14.2 in responses). */
import { WireError } from "./errors.ts";
import { decodeFileId, encodeFileId, type FileId } from "./file_id.ts";
import { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** A context that this codec does not know, or whose body does not follow the known layout: kept byte for byte. */
export interface RawContext {
  readonly kind: "raw";
  /** The name bytes (4 ASCII characters or a GUID). */
  readonly name: Uint8Array;
  readonly data: Uint8Array;
}

/** Lease fields shared by v1 and v2, request and response (MS-SMB2 2.2.13.2.8, .10, 2.2.14.2.10, .11). */
export interface LeaseV1 {
  readonly kind: "RqLs";
  readonly version: 1;
  /** 16 bytes. */
  readonly leaseKey: Uint8Array;
  /** Bits of {@linkcode LeaseState}. */
  readonly leaseState: number;
  /** Bits of {@linkcode LeaseFlags}. */
  readonly leaseFlags: number;
  readonly leaseDuration: bigint;
}

/** Lease v2: v1 plus parent key and epoch. */
export interface LeaseV2 extends Omit<LeaseV1, "version"> {
  readonly version: 2;
  /** 16 bytes; means something when the flags have PARENT_LEASE_KEY_SET. */
  readonly parentLeaseKey: Uint8Array;
  readonly epoch: number;
  readonly reserved: number;
}

/** Contexts of a CREATE request. */
export type CreateRequestContext =
  | { readonly kind: "ExtA"; readonly data: Uint8Array }
  | { readonly kind: "SecD"; readonly data: Uint8Array }
  | { readonly kind: "DHnQ"; readonly reserved: Uint8Array }
  | { readonly kind: "DHnC"; readonly fileId: FileId }
  | { readonly kind: "AlSi"; readonly allocationSize: bigint }
  | { readonly kind: "MxAc"; readonly timestamp?: bigint }
  | { readonly kind: "TWrp"; readonly timestamp: bigint }
  | { readonly kind: "QFid" }
  | LeaseV1
  | LeaseV2
  | {
    readonly kind: "DH2Q";
    /** Milliseconds; 0 lets the server choose. */
    readonly timeout: number;
    /** 0x00000002 asks for a persistent handle. */
    readonly flags: number;
    readonly reserved: bigint;
    readonly createGuid: string;
  }
  | {
    readonly kind: "DH2C";
    readonly fileId: FileId;
    readonly createGuid: string;
    readonly flags: number;
  }
  | { readonly kind: "AppInstanceId"; readonly reserved: number; readonly appInstanceId: string }
  | {
    readonly kind: "AppInstanceVersion";
    readonly high: bigint;
    readonly low: bigint;
  }
  | { readonly kind: "SVHDX"; readonly data: Uint8Array }
  | { readonly kind: "AAPL"; readonly query: AaplQuery }
  | RawContext;

/** Apple's server query (not in MS-SMB2; seen in macOS captures and in Samba's vfs_fruit). */
export interface AaplQuery {
  /** 1, the server query. Other commands (2 resolves a file id) stay `raw`. */
  readonly command: number;
  readonly reserved: number;
  /** Bits of {@linkcode AaplBitmap}: what the client wants to know. */
  readonly requestBitmap: bigint;
  readonly clientCapabilities: bigint;
}

/** Apple's answer to the server query. */
export interface AaplReply {
  /** 1, the server query. */
  readonly command: number;
  readonly reserved: number;
  /** Bits of {@linkcode AaplBitmap}; they decide which of the fields below are present. */
  readonly replyBitmap: bigint;
  readonly serverCapabilities?: bigint;
  readonly volumeCapabilities?: bigint;
  readonly model?: string;
  /** What macOS pads the model with, up to a multiple of 8; absent when there is nothing (Samba). */
  readonly padding?: Uint8Array;
}

/** Contexts of a CREATE response. */
export type CreateResponseContext =
  | { readonly kind: "DHnQ"; readonly reserved: Uint8Array }
  | { readonly kind: "MxAc"; readonly queryStatus: number; readonly maximalAccess: number }
  | {
    readonly kind: "QFid";
    readonly diskFileId: bigint;
    readonly volumeId: bigint;
    /** 16 bytes as the server sent them. */
    readonly reserved: Uint8Array;
  }
  | LeaseV1
  | LeaseV2
  | { readonly kind: "DH2Q"; readonly timeout: number; readonly flags: number }
  | { readonly kind: "AAPL"; readonly reply: AaplReply }
  | RawContext;

/** Bits of a lease state (MS-SMB2 2.2.13.2.8). */
export const LeaseState = { READ: 0x01, HANDLE: 0x02, WRITE: 0x04 } as const;

/** Bits of lease flags in requests and responses (MS-SMB2 2.2.13.2.10, 2.2.14.2.10). */
export const LeaseFlags = { BREAK_IN_PROGRESS: 0x02, PARENT_LEASE_KEY_SET: 0x04 } as const;

/** DH2Q and DH2C flag that makes a handle persistent (MS-SMB2 2.2.13.2.11). */
export const DHANDLE_FLAG_PERSISTENT = 0x00000002;

/** What an Apple server query asks for and its reply carries, in this order. */
export const AaplBitmap = { SERVER_CAPS: 0x1n, VOLUME_CAPS: 0x2n, MODEL_INFO: 0x4n } as const;

const AAPL_SERVER_QUERY = 1;

/** GUID names as hexadecimal of the bytes on the wire (MS-SMB2 2.2.13.2). */
const GUID_NAMES: Readonly<Record<string, string>> = {
  AppInstanceId: "45bca66aefa7f74a9008fa462e144d74",
  AppInstanceVersion: "b982d0b73b56074fa07b524a8116a010",
  SVHDX: "9ccbcf9e04c1e643980e158da1f6ec83",
};

const KIND_OF_GUID = new Map(Object.entries(GUID_NAMES).map(([kind, hex]) => [hex, kind]));

/** Writes the chain of a CREATE request. The caller has aligned to 8; there is no padding behind the last context. */
export function encodeCreateRequestContexts(
  writer: Writer,
  contexts: readonly CreateRequestContext[],
): void {
  encodeChain(writer, contexts, encodeRequestBody);
}

/** Reads the chain of a CREATE request from all that is left; nothing left is no context. */
export function decodeCreateRequestContexts(reader: Reader): CreateRequestContext[] {
  return decodeChain(reader, decodeRequestBody);
}

/** Writes the chain of a CREATE response. */
export function encodeCreateResponseContexts(
  writer: Writer,
  contexts: readonly CreateResponseContext[],
): void {
  encodeChain(writer, contexts, encodeResponseBody);
}

/** Reads the chain of a CREATE response from all that is left. */
export function decodeCreateResponseContexts(reader: Reader): CreateResponseContext[] {
  return decodeChain(reader, decodeResponseBody);
}

function encodeRequestBody(
  writer: Writer,
  context: Exclude<CreateRequestContext, RawContext>,
): void {
  switch (context.kind) {
    case "ExtA":
    case "SecD":
    case "SVHDX":
      return writer.raw(context.data);
    case "DHnQ":
      return exactly(writer, context.reserved, 16);
    case "DHnC":
      return encodeFileId(writer, context.fileId);
    case "AlSi":
      return writer.u64(context.allocationSize);
    case "MxAc":
      if (context.timestamp !== undefined) writer.u64(context.timestamp);
      return;
    case "TWrp":
      return writer.u64(context.timestamp);
    case "QFid":
      return;
    case "RqLs":
      return encodeLease(writer, context);
    case "DH2Q":
      writer.u32(context.timeout);
      writer.u32(context.flags);
      writer.u64(context.reserved);
      writer.guid(context.createGuid);
      return;
    case "DH2C":
      encodeFileId(writer, context.fileId);
      writer.guid(context.createGuid);
      writer.u32(context.flags);
      return;
    case "AppInstanceId":
      writer.u16(20);
      writer.u16(context.reserved);
      writer.guid(context.appInstanceId);
      return;
    case "AppInstanceVersion":
      writer.u16(24);
      writer.zero(6);
      writer.u64(context.high);
      writer.u64(context.low);
      return;
    case "AAPL":
      writer.u32(context.query.command);
      writer.u32(context.query.reserved);
      writer.u64(context.query.requestBitmap);
      writer.u64(context.query.clientCapabilities);
      return;
  }
}

/** The body of a known kind, or null when its size or fixed fields are not those of the layout. */
function decodeRequestBody(
  kind: string,
  data: Reader,
): Exclude<CreateRequestContext, RawContext> | null {
  const size = data.remaining;
  switch (kind) {
    case "ExtA":
    case "SecD":
    case "SVHDX":
      return { kind, data: data.rest() };
    case "DHnQ":
      return size === 16 ? { kind, reserved: data.rest() } : null;
    case "DHnC":
      return size === 16 ? { kind, fileId: decodeFileId(data) } : null;
    case "AlSi":
      return size === 8 ? { kind, allocationSize: data.u64("AllocationSize") } : null;
    case "MxAc":
      if (size === 0) return { kind };
      return size === 8 ? { kind, timestamp: data.u64("Timestamp") } : null;
    case "TWrp":
      return size === 8 ? { kind, timestamp: data.u64("Timestamp") } : null;
    case "QFid":
      return size === 0 ? { kind } : null;
    case "RqLs":
      return decodeLease(data);
    case "DH2Q":
      if (size !== 32) return null;
      return {
        kind,
        timeout: data.u32("Timeout"),
        flags: data.u32("Flags"),
        reserved: data.u64("Reserved"),
        createGuid: data.guid("CreateGuid"),
      };
    case "DH2C":
      if (size !== 36) return null;
      return {
        kind,
        fileId: decodeFileId(data),
        createGuid: data.guid("CreateGuid"),
        flags: data.u32("Flags"),
      };
    case "AppInstanceId":
      if (size !== 20 || data.u16("StructureSize") !== 20) return null;
      return {
        kind,
        reserved: data.u16("Reserved"),
        appInstanceId: data.guid("AppInstanceId"),
      };
    case "AppInstanceVersion":
      if (size !== 24 || data.u16("StructureSize") !== 24) return null;
      if (data.u16("Reserved") !== 0 || data.u32("Padding") !== 0) return null;
      return {
        kind,
        high: data.u64("AppInstanceVersionHigh"),
        low: data.u64("AppInstanceVersionLow"),
      };
    case "AAPL": {
      if (size !== 24) return null;
      const command = data.u32("CommandCode");
      if (command !== AAPL_SERVER_QUERY) return null;
      return {
        kind,
        query: {
          command,
          reserved: data.u32("Reserved"),
          requestBitmap: data.u64("RequestBitmap"),
          clientCapabilities: data.u64("ClientCapabilities"),
        },
      };
    }
    default:
      return null;
  }
}

function encodeResponseBody(
  writer: Writer,
  context: Exclude<CreateResponseContext, RawContext>,
): void {
  switch (context.kind) {
    case "DHnQ":
      return exactly(writer, context.reserved, 8);
    case "MxAc":
      writer.u32(context.queryStatus);
      writer.u32(context.maximalAccess);
      return;
    case "QFid":
      writer.u64(context.diskFileId);
      writer.u64(context.volumeId);
      exactly(writer, context.reserved, 16);
      return;
    case "RqLs":
      return encodeLease(writer, context);
    case "DH2Q":
      writer.u32(context.timeout);
      writer.u32(context.flags);
      return;
    case "AAPL":
      return encodeAaplReply(writer, context.reply);
  }
}

function decodeResponseBody(
  kind: string,
  data: Reader,
): Exclude<CreateResponseContext, RawContext> | null {
  const size = data.remaining;
  switch (kind) {
    case "DHnQ":
      return size === 8 ? { kind, reserved: data.rest() } : null;
    case "MxAc":
      if (size !== 8) return null;
      return {
        kind,
        queryStatus: data.u32("QueryStatus"),
        maximalAccess: data.u32("MaximalAccess"),
      };
    case "QFid":
      if (size !== 32) return null;
      return {
        kind,
        diskFileId: data.u64("DiskFileId"),
        volumeId: data.u64("VolumeId"),
        reserved: data.rest(),
      };
    case "RqLs":
      return decodeLease(data);
    case "DH2Q":
      if (size !== 8) return null;
      return { kind, timeout: data.u32("Timeout"), flags: data.u32("Flags") };
    case "AAPL": {
      const reply = decodeAaplReply(data);
      return reply === null ? null : { kind, reply };
    }
    default:
      return null;
  }
}

function encodeLease(writer: Writer, lease: LeaseV1 | LeaseV2): void {
  exactly(writer, lease.leaseKey, 16);
  writer.u32(lease.leaseState);
  writer.u32(lease.leaseFlags);
  writer.u64(lease.leaseDuration);
  if (lease.version === 2) {
    exactly(writer, lease.parentLeaseKey, 16);
    writer.u16(lease.epoch);
    writer.u16(lease.reserved);
  }
}

/** The length alone tells version 1 (32 bytes) from version 2 (52 bytes): MS-SMB2 3.3.5.9.8, 3.3.5.9.11. */
function decodeLease(data: Reader): LeaseV1 | LeaseV2 | null {
  const size = data.remaining;
  if (size !== 32 && size !== 52) return null;
  const shared = {
    kind: "RqLs",
    leaseKey: data.bytes(16, "LeaseKey"),
    leaseState: data.u32("LeaseState"),
    leaseFlags: data.u32("LeaseFlags"),
    leaseDuration: data.u64("LeaseDuration"),
  } as const;
  if (size === 32) return { ...shared, version: 1 };
  return {
    ...shared,
    version: 2,
    parentLeaseKey: data.bytes(16, "ParentLeaseKey"),
    epoch: data.u16("Epoch"),
    reserved: data.u16("Reserved"),
  };
}

function encodeAaplReply(writer: Writer, reply: AaplReply): void {
  writer.u32(reply.command);
  writer.u32(reply.reserved);
  writer.u64(reply.replyBitmap);
  if ((reply.replyBitmap & AaplBitmap.SERVER_CAPS) !== 0n) {
    writer.u64(reply.serverCapabilities ?? 0n);
  }
  if ((reply.replyBitmap & AaplBitmap.VOLUME_CAPS) !== 0n) {
    writer.u64(reply.volumeCapabilities ?? 0n);
  }
  if ((reply.replyBitmap & AaplBitmap.MODEL_INFO) !== 0n) {
    const model = reply.model ?? "";
    writer.u32(0);
    writer.u32(model.length * 2);
    writer.text(model);
    if (reply.padding !== undefined) writer.raw(reply.padding);
  }
}

function decodeAaplReply(data: Reader): AaplReply | null {
  if (data.remaining < 16) return null;
  const command = data.u32("CommandCode");
  if (command !== AAPL_SERVER_QUERY) return null;
  const reserved = data.u32("Reserved");
  const replyBitmap = data.u64("ReplyBitmap");
  let reply: AaplReply = { command, reserved, replyBitmap };
  if ((replyBitmap & AaplBitmap.SERVER_CAPS) !== 0n) {
    if (data.remaining < 8) return null;
    reply = { ...reply, serverCapabilities: data.u64("ServerCapabilities") };
  }
  if ((replyBitmap & AaplBitmap.VOLUME_CAPS) !== 0n) {
    if (data.remaining < 8) return null;
    reply = { ...reply, volumeCapabilities: data.u64("VolumeCapabilities") };
  }
  if ((replyBitmap & AaplBitmap.MODEL_INFO) !== 0n) {
    if (data.remaining < 8 || data.u32("Padding") !== 0) return null;
    const length = data.u32("ModelLength");
    if (length > data.remaining || length % 2 !== 0) return null;
    reply = { ...reply, model: data.text(length, "Model") };
    if (data.remaining > 0) reply = { ...reply, padding: data.rest() };
  }
  return data.remaining === 0 ? reply : null;
}

type Known<C extends { readonly kind: string }> = Exclude<C, RawContext>;

/** Writes SMB2_CREATE_CONTEXT structures (MS-SMB2 2.2.13.2): name at 16, data at the next multiple of 8. */
function encodeChain<C extends { readonly kind: string }>(
  writer: Writer,
  contexts: readonly (C | RawContext)[],
  encodeBody: (writer: Writer, context: Known<C>) => void,
): void {
  const origin = writer.origin;
  let last: { slot: ReturnType<Writer["reserve"]>; start: number } | null = null;
  for (const context of contexts) {
    if (last !== null) {
      writer.align(8);
      writer.patch(last.slot, writer.length - last.start);
    }
    writer.beginStructure();
    const start = writer.length;
    last = { slot: writer.reserve(4), start };
    const name = isRaw(context) ? context.name : nameBytes(context.kind);
    const nameOffset = writer.reserve(2);
    const nameLength = writer.reserve(2);
    writer.zero(2);
    const dataOffset = writer.reserve(2);
    const dataLength = writer.reserve(4);
    writer.part({ offset: nameOffset, length: nameLength }, (w) => w.raw(name));
    writer.align(8);
    const dataStart = writer.length;
    if (isRaw(context)) writer.raw(context.data);
    else encodeBody(writer, context as Known<C>);
    const length = writer.length - dataStart;
    // Without data the offset should be 0 (MS-SMB2 2.2.13.2); macOS does so, Windows 7 writes 0x18.
    if (length > 0) writer.patch(dataOffset, dataStart - start);
    writer.patch(dataLength, length);
  }
  writer.origin = origin;
}

function decodeChain<C>(
  reader: Reader,
  decodeBody: (kind: string, data: Reader) => C | null,
): (C | RawContext)[] {
  const contexts: (C | RawContext)[] = [];
  if (reader.remaining === 0) return contexts;
  const total = reader.remaining;
  const buffer = reader.fresh(total, "CreateContexts");
  let start = 0;
  while (true) {
    const next = buffer.at(start, Math.min(4, total - start), "CreateContexts").u32("Next");
    if (next !== 0 && next < 16) {
      throw new WireError(`Cannot decode create context: Next is ${next}, less than its 16 bytes`, {
        field: "Next",
        offset: start,
      });
    }
    const context = buffer.at(start, next === 0 ? total - start : next, "CreateContext");
    contexts.push(decodeContext(context, decodeBody));
    if (next === 0) return contexts;
    start += next;
  }
}

function decodeContext<C>(
  reader: Reader,
  decodeBody: (kind: string, data: Reader) => C | null,
): C | RawContext {
  reader.skip(4, "Next");
  const nameOffset = reader.u16("NameOffset");
  const nameLength = reader.u16("NameLength");
  reader.skip(2, "Reserved");
  const dataOffset = reader.u16("DataOffset");
  const dataLength = reader.u32("DataLength");
  const name = reader.bytesAt(nameOffset, nameLength, "Name");
  const data = reader.bytesAt(dataOffset, dataLength, "Data");
  const kind = kindOf(name);
  const known = kind === null ? null : decodeBody(kind, new Reader(data));
  return known ?? { kind: "raw", name, data };
}

function isRaw(context: { readonly kind: string }): context is RawContext {
  return context.kind === "raw";
}

function nameBytes(kind: string): Uint8Array {
  const guid = GUID_NAMES[kind];
  if (guid === undefined) return new TextEncoder().encode(kind);
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 16; i++) bytes[i] = parseInt(guid.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

function kindOf(name: Uint8Array): string | null {
  if (name.byteLength === 4) return String.fromCharCode(...name);
  if (name.byteLength !== 16) return null;
  let hex = "";
  for (const byte of name) hex += byte.toString(16).padStart(2, "0");
  return KIND_OF_GUID.get(hex) ?? null;
}

function exactly(writer: Writer, bytes: Uint8Array, length: number): void {
  if (bytes.byteLength !== length) {
    throw new WireError(
      `Cannot encode create context: field has ${bytes.byteLength} bytes, not ${length}`,
      { field: "Data", offset: writer.offset, needed: length, had: bytes.byteLength },
    );
  }
  writer.raw(bytes);
}

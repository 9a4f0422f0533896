/** Security descriptors, access control lists and SIDs (MS-DTYP 2.4.2, 2.4.4, 2.4.5, 2.4.6). */
import { WireError } from "../errors.ts";
import { Reader } from "../reader.ts";
import { Writer } from "../writer.ts";

/** One entry of a list. Types that hold a mask and a SID are taken apart, the others keep their body as bytes. */
export type Ace =
  | {
    /** A number of {@linkcode AceType}. */
    readonly type: number;
    /** Bits of {@linkcode AceFlag}. */
    readonly flags: number;
    readonly mask: number;
    /** SID text. */
    readonly sid: string;
    /** Application data and padding behind the SID. */
    readonly data: Uint8Array;
  }
  | { readonly type: number; readonly flags: number; readonly body: Uint8Array };

/** An access control list (MS-DTYP 2.4.5). */
export interface Acl {
  /** 2, or 4 with object entries. */
  readonly revision: number;
  readonly aces: readonly Ace[];
}

/** A self-relative security descriptor (MS-DTYP 2.4.6). */
export interface SecurityDescriptor {
  readonly revision: number;
  readonly sbz1: number;
  /** Bits of {@linkcode SecurityControl}. DACL_PRESENT with `dacl` null is the null list, which allows everything. */
  readonly control: number;
  /** SID text; null when absent. */
  readonly owner: string | null;
  readonly group: string | null;
  readonly sacl: Acl | null;
  readonly dacl: Acl | null;
}

/** Types of entries (MS-DTYP 2.4.4.1). */
export const AceType = {
  ACCESS_ALLOWED: 0x00,
  ACCESS_DENIED: 0x01,
  SYSTEM_AUDIT: 0x02,
  SYSTEM_ALARM: 0x03,
  ACCESS_ALLOWED_COMPOUND: 0x04,
  ACCESS_ALLOWED_OBJECT: 0x05,
  ACCESS_DENIED_OBJECT: 0x06,
  SYSTEM_AUDIT_OBJECT: 0x07,
  SYSTEM_ALARM_OBJECT: 0x08,
  ACCESS_ALLOWED_CALLBACK: 0x09,
  ACCESS_DENIED_CALLBACK: 0x0a,
  ACCESS_ALLOWED_CALLBACK_OBJECT: 0x0b,
  ACCESS_DENIED_CALLBACK_OBJECT: 0x0c,
  SYSTEM_AUDIT_CALLBACK: 0x0d,
  SYSTEM_ALARM_CALLBACK: 0x0e,
  SYSTEM_AUDIT_CALLBACK_OBJECT: 0x0f,
  SYSTEM_ALARM_CALLBACK_OBJECT: 0x10,
  SYSTEM_MANDATORY_LABEL: 0x11,
  SYSTEM_RESOURCE_ATTRIBUTE: 0x12,
  SYSTEM_SCOPED_POLICY_ID: 0x13,
} as const;

/** Flags of entries (MS-DTYP 2.4.4.1). */
export const AceFlag = {
  OBJECT_INHERIT: 0x01,
  CONTAINER_INHERIT: 0x02,
  NO_PROPAGATE_INHERIT: 0x04,
  INHERIT_ONLY: 0x08,
  INHERITED: 0x10,
  SUCCESSFUL_ACCESS: 0x40,
  FAILED_ACCESS: 0x80,
} as const;

/** Control bits of a descriptor (MS-DTYP 2.4.6). */
export const SecurityControl = {
  OWNER_DEFAULTED: 0x0001,
  GROUP_DEFAULTED: 0x0002,
  DACL_PRESENT: 0x0004,
  DACL_DEFAULTED: 0x0008,
  SACL_PRESENT: 0x0010,
  SACL_DEFAULTED: 0x0020,
  DACL_TRUSTED: 0x0040,
  SERVER_SECURITY: 0x0080,
  DACL_AUTO_INHERIT_REQ: 0x0100,
  SACL_AUTO_INHERIT_REQ: 0x0200,
  DACL_AUTO_INHERITED: 0x0400,
  SACL_AUTO_INHERITED: 0x0800,
  DACL_PROTECTED: 0x1000,
  SACL_PROTECTED: 0x2000,
  RM_CONTROL_VALID: 0x4000,
  SELF_RELATIVE: 0x8000,
} as const;

/** Types whose body is a mask, a SID and what an application put behind them. */
const MASK_AND_SID: ReadonlySet<number> = new Set([
  AceType.ACCESS_ALLOWED,
  AceType.ACCESS_DENIED,
  AceType.SYSTEM_AUDIT,
  AceType.SYSTEM_ALARM,
  AceType.ACCESS_ALLOWED_CALLBACK,
  AceType.ACCESS_DENIED_CALLBACK,
  AceType.SYSTEM_AUDIT_CALLBACK,
  AceType.SYSTEM_ALARM_CALLBACK,
  AceType.SYSTEM_MANDATORY_LABEL,
  AceType.SYSTEM_SCOPED_POLICY_ID,
]);

const DESCRIPTOR_SIZE = 20;
const ACL_SIZE = 8;
const ACE_SIZE = 4;

/** SubAuthorityCount may be no more (MS-DTYP 2.4.2.2). */
const MAX_SUB_AUTHORITIES = 15;

/** Reads a self-relative descriptor; its offsets may stand in any order. */
export function decodeSecurityDescriptor(bytes: Uint8Array): SecurityDescriptor {
  const reader = new Reader(bytes);
  const revision = reader.u8("Revision");
  const sbz1 = reader.u8("Sbz1");
  const control = reader.u16("Control");
  const owner = reader.u32("OffsetOwner");
  const group = reader.u32("OffsetGroup");
  const sacl = reader.u32("OffsetSacl");
  const dacl = reader.u32("OffsetDacl");
  return {
    revision,
    sbz1,
    control,
    owner: owner === 0 ? null : decodeSid(readerFrom(bytes, owner, "OwnerSid")),
    group: group === 0 ? null : decodeSid(readerFrom(bytes, group, "GroupSid")),
    sacl: sacl === 0 ? null : decodeAcl(readerFrom(bytes, sacl, "Sacl")),
    dacl: dacl === 0 ? null : decodeAcl(readerFrom(bytes, dacl, "Dacl")),
  };
}

/** Writes a self-relative descriptor: header, owner, group, SACL, DACL. */
export function encodeSecurityDescriptor(descriptor: SecurityDescriptor): Uint8Array {
  const writer = new Writer(256);
  writer.u8(descriptor.revision);
  writer.u8(descriptor.sbz1);
  writer.u16(descriptor.control);
  const owner = writer.reserve(4);
  const group = writer.reserve(4);
  const sacl = writer.reserve(4);
  const dacl = writer.reserve(4);
  if (descriptor.owner !== null) {
    writer.patch(owner, writer.length);
    encodeSid(writer, descriptor.owner);
  }
  if (descriptor.group !== null) {
    writer.patch(group, writer.length);
    encodeSid(writer, descriptor.group);
  }
  if (descriptor.sacl !== null) {
    writer.patch(sacl, writer.length);
    encodeAcl(writer, descriptor.sacl);
  }
  if (descriptor.dacl !== null) {
    writer.patch(dacl, writer.length);
    encodeAcl(writer, descriptor.dacl);
  }
  return writer.bytes().slice();
}

/**
 * Reads a SID as text, `S-1-5-32-544`; an authority of 2^32 or more is hexadecimal (MS-DTYP 2.4.2.1).
 */
export function decodeSid(reader: Reader): string {
  const offset = reader.offset;
  const revision = reader.u8("Revision");
  const count = reader.u8("SubAuthorityCount");
  if (count > MAX_SUB_AUTHORITIES) {
    throw new WireError(`Cannot decode SID: SubAuthorityCount is ${count}, more than 15`, {
      field: "SubAuthorityCount",
      offset,
    });
  }
  const high = reader.u16be("IdentifierAuthority");
  const low = reader.u32be("IdentifierAuthority");
  const authority = high * 2 ** 32 + low;
  let text = `S-${revision}-${high === 0 ? low : `0x${authority.toString(16).toUpperCase()}`}`;
  for (let i = 0; i < count; i++) text += `-${reader.u32("SubAuthority")}`;
  return text;
}

/** Writes a SID from its text. */
export function encodeSid(writer: Writer, text: string): void {
  const parts = /^S-(\d{1,3})-(\d{1,10}|0x[0-9a-f]{1,12})((?:-\d{1,10}){0,15})$/i.exec(text);
  const revision = Number(parts?.[1]);
  const authority = Number(parts?.[2]);
  const subAuthorities = (parts?.[3] ?? "").split("-").slice(1).map(Number);
  if (
    parts === null || revision > 0xff || subAuthorities.some((value) => value > 0xffffffff)
  ) {
    throw new WireError(`Cannot encode SID: ${JSON.stringify(text)} is not SID text`, {
      field: "SID",
      offset: writer.offset,
    });
  }
  writer.u8(revision);
  writer.u8(subAuthorities.length);
  writer.u16be(Math.floor(authority / 2 ** 32));
  writer.u32be(authority % 2 ** 32);
  for (const value of subAuthorities) writer.u32(value);
}

/** The bytes of a SID, for structures that hold one by length. */
export function sidBytes(text: string): Uint8Array {
  const writer = new Writer(72);
  encodeSid(writer, text);
  return writer.bytes().slice();
}

function decodeAcl(reader: Reader): Acl {
  const offset = reader.offset;
  const revision = reader.u8("AclRevision");
  reader.skip(1, "Sbz1");
  const size = reader.u16("AclSize");
  const count = reader.u16("AceCount");
  reader.skip(2, "Sbz2");
  if (size < ACL_SIZE) throw tooSmall("ACL", { field: "AclSize", offset, size, least: ACL_SIZE });
  const list = reader.sub(size - ACL_SIZE, "Aces");
  const aces: Ace[] = [];
  for (let i = 0; i < count; i++) aces.push(decodeAce(list));
  return { revision, aces };
}

function encodeAcl(writer: Writer, acl: Acl): void {
  const start = writer.length;
  writer.u8(acl.revision);
  writer.u8(0);
  const size = writer.reserve(2);
  writer.u16(acl.aces.length);
  writer.u16(0);
  for (const ace of acl.aces) encodeAce(writer, ace);
  writer.patch(size, writer.length - start);
}

function decodeAce(list: Reader): Ace {
  const offset = list.offset;
  const type = list.u8("AceType");
  const flags = list.u8("AceFlags");
  const size = list.u16("AceSize");
  if (size < ACE_SIZE) throw tooSmall("ACE", { field: "AceSize", offset, size, least: ACE_SIZE });
  const body = list.sub(size - ACE_SIZE, "Ace");
  if (!MASK_AND_SID.has(type)) return { type, flags, body: body.rest() };
  const mask = body.u32("Mask");
  const sid = decodeSid(body);
  return { type, flags, mask, sid, data: body.rest() };
}

function encodeAce(writer: Writer, ace: Ace): void {
  const start = writer.length;
  writer.u8(ace.type);
  writer.u8(ace.flags);
  const size = writer.reserve(2);
  if ("body" in ace) {
    writer.raw(ace.body);
  } else {
    writer.u32(ace.mask);
    encodeSid(writer, ace.sid);
    writer.raw(ace.data);
  }
  writer.patch(size, writer.length - start);
}

/** Parts of a descriptor stand behind its header; an offset into the header is malformed. */
function readerFrom(bytes: Uint8Array, offset: number, field: string): Reader {
  if (offset < DESCRIPTOR_SIZE || offset > bytes.byteLength) {
    throw new WireError(
      `Cannot decode ${field}: offset ${offset} is not within the descriptor's ${bytes.byteLength} bytes`,
      { field, offset, had: bytes.byteLength },
    );
  }
  return new Reader(bytes, { start: offset });
}

function tooSmall(
  what: string,
  detail: { field: string; offset: number; size: number; least: number },
): WireError {
  return new WireError(
    `Cannot decode ${what}: ${detail.field} is ${detail.size}, less than ${detail.least}`,
    { field: detail.field, offset: detail.offset, needed: detail.least, had: detail.size },
  );
}

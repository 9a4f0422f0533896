/**
 * Bodies without what they say of somebody: security descriptors, extended attributes, quotas and messages of DCE/RPC keep
 * their form and length, and lose names, SIDs, values and everything that is not understood.
 */

/** What stands for names, SIDs and GUIDs. */
export interface Substitutes {
  /** A name of as many characters. */
  readonly name: (name: string) => string;
  /** Bytes that go with other bytes, as many as are asked for. */
  readonly secret: (purpose: string, bytes: Uint8Array, length: number) => Uint8Array;
}

const SID_FIXED_SIZE = 8;
const DESCRIPTOR_SIZE = 20;
const ACL_SIZE = 8;
const ACE_SIZE = 4;
const GUID_SIZE = 16;

/** Types of ACE with a mask and a SID, and those with object GUIDs in between (MS-DTYP 2.4.4.1). */
const OBJECT_ACES: ReadonlySet<number> = new Set([0x05, 0x06, 0x07, 0x08, 0x0b, 0x0c, 0x0f, 0x10]);

/** Nothing of it: as many zeros. */
export function zeros(input: string): string {
  return "0".repeat(input.length);
}

/** A security descriptor (MS-DTYP 2.4.6). */
export function scrubDescriptor(input: string, substitutes: Substitutes): string {
  const bytes = Uint8Array.fromHex(input);
  const scrubbed = new Uint8Array(bytes.length);
  if (bytes.length < DESCRIPTOR_SIZE) return scrubbed.toHex();
  scrubbed.set(bytes.subarray(0, DESCRIPTOR_SIZE));
  const view = new DataView(bytes.buffer);
  for (const at of [4, 8]) scrubSid(bytes, scrubbed, { at: view.getUint32(at, true), substitutes });
  for (const at of [12, 16]) {
    scrubAcl(bytes, scrubbed, { at: view.getUint32(at, true), substitutes });
  }
  return scrubbed.toHex();
}

interface Where {
  readonly at: number;
  readonly substitutes: Substitutes;
}

function scrubAcl(bytes: Uint8Array, scrubbed: Uint8Array, { at, substitutes }: Where): void {
  if (at === 0 || at + ACL_SIZE > bytes.length) return;
  scrubbed.set(bytes.subarray(at, at + ACL_SIZE), at);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const count = view.getUint16(at + 4, true);
  let ace = at + ACL_SIZE;
  for (let index = 0; index < count && ace + ACE_SIZE <= bytes.length; index++) {
    const size = view.getUint16(ace + 2, true);
    if (size < ACE_SIZE) return;
    scrubAce(bytes.subarray(0, ace + size), scrubbed, { at: ace, substitutes });
    ace += size;
  }
}

function scrubAce(bytes: Uint8Array, scrubbed: Uint8Array, { at, substitutes }: Where): void {
  // Type, flags, size, mask.
  let sid = at + ACE_SIZE + 4;
  if (sid > bytes.length) return;
  scrubbed.set(bytes.subarray(at, sid), at);
  if (OBJECT_ACES.has(bytes[at]!)) {
    const flags = bytes[sid] ?? 0;
    scrubbed.set(bytes.subarray(sid, sid + 4), sid);
    sid += 4;
    for (const bit of [1, 2]) {
      if ((flags & bit) === 0) continue;
      const guid = bytes.subarray(sid, sid + GUID_SIZE);
      scrubbed.set(substitutes.secret("guid", guid, guid.length), sid);
      sid += guid.length;
    }
  }
  scrubSid(bytes, scrubbed, { at: sid, substitutes });
}

/** @returns Length of the SID; 0 where none can be. */
function scrubSid(bytes: Uint8Array, scrubbed: Uint8Array, { at, substitutes }: Where): number {
  if (at === 0 || at + SID_FIXED_SIZE > bytes.length) return 0;
  const count = bytes[at + 1]!;
  const size = SID_FIXED_SIZE + 4 * count;
  if (count > 15 || at + size > bytes.length) return 0;
  scrubbed.set(scrubbedSid(bytes.slice(at, at + size), substitutes), at);
  return size;
}

/** Relative ids below are those of every domain (MS-DTYP 2.4.2.4). */
const FIRST_OWN_RID = 1000;
const NT_AUTHORITY = 5;
const SAMBA_UNIX = 22;

/** A SID: that of a domain or an account becomes another one, those that everybody has stay (MS-DTYP 2.4.2). */
export function scrubbedSid(sid: Uint8Array, substitutes: Substitutes): Uint8Array {
  const view = new DataView(sid.buffer, sid.byteOffset, sid.byteLength);
  const count = sid[1]!;
  const authority = sid[7]!;
  const first = count > 0 ? view.getUint32(SID_FIXED_SIZE, true) : 0;
  // Everyone, creator, labels; and of the NT authority: those of one number, BUILTIN, packages.
  const known = authority < NT_AUTHORITY || authority === 16 || authority === 18 ||
    (authority === NT_AUTHORITY && (count === 1 || first === 32 || first === 64));
  if (known) return sid;
  const other = sid.slice();
  const otherView = new DataView(other.buffer);
  const replace = (purpose: string, from: number, to: number) => {
    const of = sid.subarray(0, SID_FIXED_SIZE + 4 * to);
    const secret = substitutes.secret(purpose, of, 4 * (to - from));
    other.set(secret, SID_FIXED_SIZE + 4 * from);
  };
  if (authority === NT_AUTHORITY && first === 21 && count >= 4) {
    replace("domain", 1, 4);
    if (count > 4) {
      const at = SID_FIXED_SIZE + 4 * (count - 1);
      if (view.getUint32(at, true) >= FIRST_OWN_RID) {
        replace("account", count - 1, count);
        otherView.setUint32(at, FIRST_OWN_RID + otherView.getUint32(at, true) % 2 ** 30, true);
      }
    }
  } else if (authority === SAMBA_UNIX) {
    replace("account", Math.max(count - 1, 0), count);
  } else {
    replace("account", Math.min(1, count), count);
  }
  return other;
}

/** FILE_FULL_EA_INFORMATION (MS-FSCC 2.4.16): names get others, values become zeros. */
export function scrubAttributes(input: string, substitutes: Substitutes): string {
  return scrubList(input, 8, (bytes, scrubbed, at) => {
    const nameLength = bytes[at + 5]!;
    scrubbed.set(asciiName(bytes.subarray(at + 8, at + 8 + nameLength), substitutes), at + 8);
  });
}

/** FILE_GET_EA_INFORMATION (MS-FSCC 2.4.16.1). */
export function scrubAttributeNames(input: string, substitutes: Substitutes): string {
  return scrubList(input, 5, (bytes, scrubbed, at) => {
    const nameLength = bytes[at + 4]!;
    scrubbed.set(asciiName(bytes.subarray(at + 5, at + 5 + nameLength), substitutes), at + 5);
  });
}

/** The pseudonym of an attribute's name; those of subsystems begin with `$`. */
export function attributeName(name: string, substitutes: Substitutes): string {
  return name.startsWith("$") ? name : substitutes.name(name);
}

function asciiName(bytes: Uint8Array, substitutes: Substitutes): Uint8Array {
  const name = String.fromCharCode(...bytes);
  const other = attributeName(name, substitutes);
  return Uint8Array.from(
    { length: bytes.length },
    (_, index) => Math.min(other.charCodeAt(index), 0x7e),
  );
}

/** FILE_QUOTA_INFORMATION (MS-FSCC 2.4.41). */
export function scrubQuotas(input: string, substitutes: Substitutes): string {
  return scrubList(input, 40, (bytes, scrubbed, at) => {
    scrubSid(bytes, scrubbed, { at: at + 40, substitutes });
  });
}

/** SMB2_QUERY_QUOTA_INFO (MS-SMB2 2.2.37.1), with a list of SIDs or one. */
export function scrubQuotaQuery(input: string, substitutes: Substitutes): string {
  const [head, rest] = [input.slice(0, 32), input.slice(32)];
  if (head.length < 32) return zeros(input);
  const view = new DataView(Uint8Array.fromHex(head).buffer);
  const listLength = view.getUint32(4, true);
  if (listLength > 0) {
    return head + scrubList(rest, 8, (bytes, scrubbed, at) => {
      scrubSid(bytes, scrubbed, { at: at + 8, substitutes });
    });
  }
  const bytes = Uint8Array.fromHex(rest);
  const sidAt = view.getUint32(12, true);
  const scrubbed = new Uint8Array(bytes.length + 1);
  const shifted = new Uint8Array(bytes.length + 1);
  // One byte to the right: an offset of zero means none elsewhere.
  shifted.set(bytes, 1);
  scrubSid(shifted, scrubbed, { at: sidAt + 1, substitutes });
  return head + scrubbed.subarray(1).toHex();
}

/** A list of entries that begin with the offset of the next one; of each, `fixed` bytes stay. */
function scrubList(
  input: string,
  fixed: number,
  entry: (bytes: Uint8Array, scrubbed: Uint8Array, at: number) => void,
): string {
  const bytes = Uint8Array.fromHex(input);
  const scrubbed = new Uint8Array(bytes.length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  while (at + fixed <= bytes.length) {
    scrubbed.set(bytes.subarray(at, at + fixed), at);
    entry(bytes, scrubbed, at);
    const next = view.getUint32(at, true);
    if (next < fixed) break;
    at += next;
  }
  return scrubbed.toHex();
}

const RPC_HEADER_SIZE = 16;
const RPC_REQUEST_SIZE = 24;
const RPC_VERSION = 5;
const BIND = 11;
const ALTER_CONTEXT = 14;

/** A message of DCE/RPC (C706, 12.6): interfaces of a bind stay, arguments and proofs become zeros. */
export function scrubRpc(input: string): string {
  const bytes = Uint8Array.fromHex(input);
  const scrubbed = new Uint8Array(bytes.length);
  if (bytes.length < RPC_HEADER_SIZE || bytes[0] !== RPC_VERSION) return scrubbed.toHex();
  const type = bytes[2]!;
  const authLength = new DataView(bytes.buffer).getUint16(10, true);
  const kept = type === BIND || type === ALTER_CONTEXT
    ? bytes.length - authLength
    : RPC_REQUEST_SIZE;
  scrubbed.set(bytes.subarray(0, Math.max(kept, RPC_HEADER_SIZE)));
  return scrubbed.toHex();
}

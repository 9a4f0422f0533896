/**
 * Security descriptors as QUERY_INFO and SET_INFO show them (MS-SMB2 3.3.5.20.3, 3.3.5.21.3). They are kept and
 * shown, not enforced: what a client may do is decided by the share.
 *
 * @module
 */

import { Access, type FileNode } from "../store/mod.ts";
import {
  AceFlag,
  AceType,
  decodeSecurityDescriptor,
  encodeSecurityDescriptor,
  SecurityControl,
  type SecurityDescriptor,
  SecurityInformation,
} from "../wire/mod.ts";

const { OWNER, GROUP, DACL, SACL } = SecurityInformation;

const ADMINISTRATORS = "S-1-5-32-544";
const EVERYONE = "S-1-1-0";

// Which control bits go with which list.
const DACL_CONTROL = SecurityControl.DACL_PRESENT | SecurityControl.DACL_DEFAULTED |
  SecurityControl.DACL_AUTO_INHERIT_REQ | SecurityControl.DACL_AUTO_INHERITED |
  SecurityControl.DACL_PROTECTED;
const SACL_CONTROL = SecurityControl.SACL_PRESENT | SecurityControl.SACL_DEFAULTED |
  SecurityControl.SACL_AUTO_INHERIT_REQ | SecurityControl.SACL_AUTO_INHERITED |
  SecurityControl.SACL_PROTECTED;

/**
 * The parts of a file's descriptor that were asked for.
 *
 * @param node The file or directory.
 * @param parts Bits of SecurityInformation.
 * @returns A self-relative descriptor.
 */
export function querySecurity(node: FileNode, parts: number): Uint8Array {
  const whole = descriptorOf(node);
  return encodeSecurityDescriptor(select(whole, parts, NOTHING));
}

/**
 * The descriptor that a file has after some of its parts were set.
 *
 * @param node The file or directory.
 * @param parts Bits of SecurityInformation: what to take from the new one.
 * @param data The new descriptor, self-relative.
 * @returns The whole descriptor.
 * @throws {WireError} When the new one cannot be read.
 */
export function mergeSecurity(node: FileNode, parts: number, data: Uint8Array): Uint8Array {
  const fresh = decodeSecurityDescriptor(data);
  return encodeSecurityDescriptor(select(fresh, parts, descriptorOf(node)));
}

/**
 * The rights that setting parts of a descriptor takes (MS-SMB2 3.3.5.21.3).
 *
 * @param parts Bits of SecurityInformation.
 * @returns Rights, all of which are needed.
 */
export function rightsToSet(parts: number): number {
  const owner = (parts & (OWNER | GROUP)) === 0 ? 0 : Access.WRITE_OWNER;
  return owner | ((parts & DACL) === 0 ? 0 : Access.WRITE_DAC);
}

const NOTHING: SecurityDescriptor = {
  revision: 1,
  sbz1: 0,
  control: SecurityControl.SELF_RELATIVE,
  owner: null,
  group: null,
  sacl: null,
  dacl: null,
};

function descriptorOf(node: FileNode): SecurityDescriptor {
  if (node.securityDescriptor !== undefined) {
    return decodeSecurityDescriptor(node.securityDescriptor);
  }
  const flags = node.isDirectory ? AceFlag.OBJECT_INHERIT | AceFlag.CONTAINER_INHERIT : 0;
  const all = { type: AceType.ACCESS_ALLOWED, flags, mask: Access.ALL, data: new Uint8Array() };
  return {
    ...NOTHING,
    control: SecurityControl.SELF_RELATIVE | SecurityControl.DACL_PRESENT,
    owner: ADMINISTRATORS,
    group: ADMINISTRATORS,
    dacl: { revision: 2, aces: [{ ...all, sid: EVERYONE }] },
  };
}

function select(
  from: SecurityDescriptor,
  parts: number,
  rest: SecurityDescriptor,
): SecurityDescriptor {
  const hasDacl = (parts & DACL) !== 0;
  const hasSacl = (parts & SACL) !== 0;
  const control = SecurityControl.SELF_RELATIVE |
    ((hasDacl ? from : rest).control & DACL_CONTROL) |
    (hasDacl ? SecurityControl.DACL_PRESENT : 0) |
    ((hasSacl ? from : rest).control & SACL_CONTROL);
  return {
    revision: 1,
    sbz1: 0,
    control,
    owner: ((parts & OWNER) !== 0 ? from : rest).owner,
    group: ((parts & GROUP) !== 0 ? from : rest).group,
    dacl: (hasDacl ? from : rest).dacl,
    sacl: (hasSacl ? from : rest).sacl,
  };
}

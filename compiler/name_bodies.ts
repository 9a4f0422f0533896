/** Names within the bodies of SET_INFO and IOCTL requests: what a mapping replaces. Bodies are hexadecimal text. */

/** Body kinds by control code. */
export const FSCTL_DFS_GET_REFERRALS = 0x00060194;
export const FSCTL_DFS_GET_REFERRALS_EX = 0x000601b0;
export const FSCTL_SET_REPARSE_POINT = 0x000900a4;
export const FSCTL_PIPE_WAIT = 0x00110018;

const TAG_MOUNT_POINT = 0xa0000003;
const TAG_SYMLINK = 0xa000000c;

/** Replaces a name. */
export type Rename = (name: string) => string;

/** UTF-16LE bytes as text, unit by unit: also what is no valid text comes back as it was. */
export function utf16Text(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    text += String.fromCharCode(bytes[at]! | (bytes[at + 1]! << 8));
  }
  return text;
}

/** Text as UTF-16LE bytes, unit by unit. */
export function utf16Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    bytes[2 * index] = unit & 0xff;
    bytes[2 * index + 1] = unit >> 8;
  }
  return bytes;
}

/** FILE_RENAME_INFORMATION and FILE_LINK_INFORMATION (MS-FSCC 2.4.42.2, 2.4.28.2): length at 16, name at 20. */
export function renameInTarget(input: string, rename: Rename): string {
  return replaced(input, { lengthAt: 16, lengthSize: 4, nameAt: 20 }, rename) ?? input;
}

/** REQ_GET_DFS_REFERRAL (MS-DFSC 2.2.2): a level, and the path up to a zero. */
export function renameInDfsRequest(input: string, rename: Rename): string {
  const bytes = Uint8Array.fromHex(input);
  if (bytes.length < 2) return input;
  const text = utf16Text(bytes.subarray(2));
  const end = text.indexOf("\0");
  const path = end < 0 ? text : text.slice(0, end);
  return join(bytes.subarray(0, 2), utf16Bytes(rename(path)), bytes.subarray(2 + 2 * path.length));
}

/** REQ_GET_DFS_REFERRAL_EX (MS-DFSC 2.2.3): the length of all at 4, that of the path at 8. */
export function renameInDfsRequestEx(input: string, rename: Rename): string {
  const text = replaced(input, { lengthAt: 8, lengthSize: 2, nameAt: 10 }, rename);
  if (text === undefined) return input;
  const bytes = Uint8Array.fromHex(text);
  new DataView(bytes.buffer).setUint32(4, bytes.length - 8, true);
  return bytes.toHex();
}

/** FSCTL_PIPE_WAIT (MS-FSCC 2.3.49): length at 8, name at 14. */
export function renameInPipeWait(input: string, rename: Rename): string {
  return replaced(input, { lengthAt: 8, lengthSize: 4, nameAt: 14 }, rename) ?? input;
}

/** The targets of a symbolic link or mount point (MS-FSCC 2.1.2.4, 2.1.2.5); undefined for other reparse points. */
export function renameInReparsePoint(input: string, rename: Rename): string | undefined {
  const bytes = Uint8Array.fromHex(input);
  if (bytes.length < 16) return undefined;
  const view = new DataView(bytes.buffer);
  const tag = view.getUint32(0, true);
  if (tag !== TAG_SYMLINK && tag !== TAG_MOUNT_POINT) return undefined;
  const buffer = tag === TAG_SYMLINK ? 20 : 16;
  const nameAt = (at: number) => {
    const start = buffer + view.getUint16(at, true);
    return utf16Text(bytes.subarray(start, start + view.getUint16(at + 2, true)));
  };
  const old = [nameAt(8), nameAt(12)] as const;
  const renamed = [rename(old[0]), rename(old[1])] as const;
  if (old[0] === renamed[0] && old[1] === renamed[1]) return input;
  const substitute = utf16Bytes(renamed[0]);
  const print = utf16Bytes(renamed[1]);
  const gap = tag === TAG_MOUNT_POINT ? 2 : 0;
  const head = new Uint8Array(buffer);
  head.set(bytes.subarray(0, buffer));
  const headView = new DataView(head.buffer);
  headView.setUint16(4, buffer - 8 + substitute.length + print.length + 2 * gap, true);
  headView.setUint16(8, 0, true);
  headView.setUint16(10, substitute.length, true);
  headView.setUint16(12, substitute.length + gap, true);
  headView.setUint16(14, print.length, true);
  const zero = new Uint8Array(gap);
  return join(head, substitute, zero, print, zero);
}

/** A body with a length field and a name; undefined when it is cut. */
function replaced(
  input: string,
  { lengthAt, lengthSize, nameAt }: {
    readonly lengthAt: number;
    readonly lengthSize: 2 | 4;
    readonly nameAt: number;
  },
  rename: Rename,
): string | undefined {
  const bytes = Uint8Array.fromHex(input);
  if (bytes.length < nameAt) return undefined;
  const view = new DataView(bytes.buffer);
  const length = lengthSize === 2 ? view.getUint16(lengthAt, true) : view.getUint32(lengthAt, true);
  const old = bytes.subarray(nameAt, nameAt + length);
  const name = utf16Bytes(rename(utf16Text(old)));
  if (name.length !== old.length || old.length === length) {
    if (lengthSize === 2) view.setUint16(lengthAt, name.length, true);
    else view.setUint32(lengthAt, name.length, true);
  }
  return join(bytes.subarray(0, nameAt), name, bytes.subarray(nameAt + old.length));
}

function join(...parts: readonly Uint8Array[]): string {
  return parts.map((part) => part.toHex()).join("");
}

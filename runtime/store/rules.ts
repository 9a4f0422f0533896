/**
 * The rules of the store that need nothing but their arguments.
 *
 * @module
 */

import { Access, Attributes, ChangeFilter } from "./bits.ts";
import { StoreError } from "./errors.ts";
import { MAX_EA_BYTES, MAX_FILE_SIZE, MAX_SECURITY_DESCRIPTOR } from "./limits.ts";
import { foldName } from "./names.ts";
import type { ExtendedAttribute, FileNode, FileOpen, Link, NodeTimes, Stream } from "./node.ts";
import type { Disposition } from "./requests.ts";

const CLUSTER = 4096;

/** The times of a node. */
export const TIME_KEYS = ["creation", "lastAccess", "lastWrite", "change"] as const;

/** Which watchers want to know that a time was set. */
export const TIME_FILTERS: Record<keyof NodeTimes, number> = {
  creation: ChangeFilter.CREATION,
  lastAccess: ChangeFilter.LAST_ACCESS,
  lastWrite: ChangeFilter.LAST_WRITE,
  change: 0,
};

/**
 * Bytes that a stream occupies on a disk: its length in whole clusters, or what was reserved.
 *
 * @param stream The stream.
 * @returns The allocation size in bytes.
 */
export function allocationSize(stream: Stream): number {
  const needed = Math.max(stream.content.size, stream.reserved);
  return Math.ceil(needed / CLUSTER) * CLUSTER;
}

/**
 * The rights that a disposition needs beyond those asked for (MS-FSA 2.1.5.1.2.1), which count for sharing.
 *
 * @param disposition The disposition.
 * @returns Bits of Access.
 */
export function impliedAccess(disposition: Disposition): number {
  if (disposition === "supersede") return Access.DELETE;
  const overwrites = disposition === "overwrite" || disposition === "overwriteIf";
  return overwrites ? Access.FILE_WRITE_DATA : 0;
}

/** Whether a stream is an alternate one. */
export function isNamed(stream: Stream | undefined): stream is Stream {
  return stream !== undefined && stream.name !== "";
}

/** Which watchers want to know of a change to the name of a node. */
export function nameFilter(node: FileNode): number {
  return node.isDirectory ? ChangeFilter.DIR_NAME : ChangeFilter.FILE_NAME;
}

/** Whether any open of a node passes a test. */
export function anyOpen(node: FileNode, test: (open: FileOpen) => boolean): boolean {
  for (const open of node.opens) if (test(open)) return true;
  return false;
}

/** Sets times to the present, except those that the open has fixed. */
export function touch(open: FileOpen, now: bigint, keys: readonly (keyof NodeTimes)[]): void {
  for (const key of keys) {
    if (!open.frozenTimes.has(key)) open.node.times[key] = now;
  }
}

/** Refuses to overwrite a read-only file, and a guarded one without its attributes. */
export function mayOverwrite(node: FileNode, attributes: number): void {
  if ((node.attributes & Attributes.READONLY) !== 0) {
    throw new StoreError("accessDenied", "Cannot overwrite a file: it is read-only");
  }
  // MS-FSA 2.1.5.1.2: hidden and system files are overwritten only by a caller who says so.
  const guarded = node.attributes & (Attributes.HIDDEN | Attributes.SYSTEM);
  if ((guarded & ~attributes) !== 0) {
    throw new StoreError("accessDenied", "Cannot overwrite a file: it is hidden or a system file");
  }
}

/** Refuses to delete the root, read-only files and full directories. */
export function checkDeletable(link: Link, attributes: number): void {
  if (link.parent === undefined || (attributes & Attributes.READONLY) !== 0) {
    throw new StoreError("cannotDelete", "Cannot delete: the root or read-only");
  }
  if (link.node.children.size > 0) {
    throw new StoreError("notEmpty", "Cannot delete a directory: it has entries");
  }
}

/** Refuses to reserve more than there is. */
export function checkAllocation(bytes: number, free: number): void {
  if (bytes > MAX_FILE_SIZE) {
    throw new StoreError("fileTooLarge", `Cannot reserve ${bytes} bytes: too large`);
  }
  if (bytes > free) throw new StoreError("noSpace", `Cannot reserve ${bytes} bytes: ${free} left`);
}

/** Refuses a security descriptor that is too long. */
export function checkDescriptor(descriptor: Uint8Array): void {
  if (descriptor.length > MAX_SECURITY_DESCRIPTOR) {
    throw new StoreError("noSpace", `Cannot store a descriptor of ${descriptor.length}: too long`);
  }
}

/** Refuses extended attributes with illegal names, or too many of them. */
export function checkEas(
  eas: readonly ExtendedAttribute[],
  present: readonly ExtendedAttribute[],
): void {
  if (eas.length === 0) return;
  const merged = new Map<string, number>();
  for (const { name, value } of [...present, ...eas]) {
    // deno-lint-ignore no-control-regex
    if (name.length === 0 || name.length > 254 || /[\x00-\x1f"*+,/:;<=>?[\\\]|]/.test(name)) {
      throw new StoreError("invalidName", "Cannot set an attribute: illegal name");
    }
    merged.set(foldName(name), value.length === 0 ? 0 : name.length + value.length + 8);
  }
  let total = 0;
  for (const bytes of merged.values()) total += bytes;
  if (total > MAX_EA_BYTES) {
    throw new StoreError("noSpace", `Cannot set attributes of ${total} bytes: too long`);
  }
}

/** Sets, replaces or removes extended attributes; they were checked before. */
export function applyEas(node: FileNode, eas: readonly ExtendedAttribute[]): void {
  for (const { name, value, flags } of eas) {
    if (value.length === 0) node.eas.delete(foldName(name));
    else node.eas.set(foldName(name), { name, value: value.slice(), flags });
  }
}

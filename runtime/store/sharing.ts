/**
 * Whether a new open and those that exist tolerate each other.
 *
 * @module
 */

import { Access, Share } from "./bits.ts";
import type { FileNode, FileOpen, Stream } from "./node.ts";

const READS = Access.FILE_READ_DATA | Access.FILE_EXECUTE;
const WRITES = Access.FILE_WRITE_DATA | Access.FILE_APPEND_DATA;
const COUNTED = READS | WRITES | Access.DELETE;

/** What an open wants and what it lets others do. */
export interface SharingTerms {
  /** Access rights. */
  readonly access: number;
  /** Sharing bits. */
  readonly share: number;
}

/**
 * Finds the opens of a stream that a new open would violate, or that would violate it
 * (MS-FSA 2.1.5.1.2.2). Opens without data or delete access neither hinder nor are hindered.
 *
 * @param node The file or directory.
 * @param stream The stream; undefined for a directory.
 * @param terms What the new open wants.
 * @returns The opens in conflict; empty when the new open may go ahead.
 */
export function sharingConflicts(
  node: FileNode,
  stream: Stream | undefined,
  terms: SharingTerms,
): FileOpen[] {
  if ((terms.access & COUNTED) === 0) return [];
  const conflicts: FileOpen[] = [];
  const deletesAll = (terms.access & Access.DELETE) !== 0 && stream?.name === "";
  for (const open of node.opens) {
    if ((open.access & COUNTED) === 0) continue;
    if (open.stream !== stream) {
      // Whoever may delete the file may delete all its streams.
      if (deletesAll && (open.share & Share.DELETE) === 0) conflicts.push(open);
      continue;
    }
    if (violates(terms.access, open.share) || violates(open.access, terms.share)) {
      conflicts.push(open);
    }
  }
  return conflicts;
}

/**
 * Finds an open of a directory that forbids renaming its entries: one that may delete the directory
 * (MS-FSA 2.1.5.15.11 opens the directory of the new name without sharing deletion).
 *
 * @param directory The directory.
 * @returns Whether there is one.
 */
export function forbidsRenaming(directory: FileNode): boolean {
  for (const open of directory.opens) {
    if ((open.access & Access.DELETE) !== 0) return true;
  }
  return false;
}

function violates(access: number, share: number): boolean {
  return ((access & READS) !== 0 && (share & Share.READ) === 0) ||
    ((access & WRITES) !== 0 && (share & Share.WRITE) === 0) ||
    ((access & Access.DELETE) !== 0 && (share & Share.DELETE) === 0);
}

/**
 * QUERY_DIRECTORY (MS-SMB2 3.3.5.18).
 *
 * @module
 */

import { Access, type DirectoryEntry as StoreEntry, shortNameOf } from "../store/mod.ts";
import {
  type DirectoryEntry,
  encodeDirectory,
  isDirectoryClass,
  QueryDirectoryFlag,
  type QueryDirectoryRequest,
  Status,
} from "../wire/mod.ts";
import { Refusal } from "./errors.ts";
import { attributesOf, eaSizeOf, sizesOfStream } from "./file_info.ts";
import { checkSize, storeOf } from "./io.ts";
import { type Reply, reply, type Work } from "./work.ts";

const { RESTART_SCANS, REOPEN, RETURN_SINGLE_ENTRY } = QueryDirectoryFlag;

/** Bytes of an entry without its name, by class. */
const baseLengths = new Map<number, number>();

/**
 * Handles QUERY_DIRECTORY.
 *
 * @param work The request.
 * @param body Its body.
 * @returns The answer.
 */
export function handleQueryDirectory(work: Work, body: QueryDirectoryRequest): Reply {
  const open = work.openFile(body.fileId);
  checkSize(work, body.outputBufferLength);
  const informationClass = body.fileInformationClass;
  if (!isDirectoryClass(informationClass)) throw new Refusal(Status.INVALID_INFO_CLASS);
  if (!open.file.node.isDirectory) throw new Refusal(Status.INVALID_PARAMETER);
  if ((open.grantedAccess & Access.FILE_READ_DATA) === 0) throw new Refusal(Status.ACCESS_DENIED);
  if (body.pattern === "" || /[\\/]/.test(body.pattern)) {
    throw new Refusal(Status.OBJECT_NAME_INVALID);
  }
  const room = body.outputBufferLength;
  const base = baseLength(informationClass);
  if (room < base) throw new Refusal(Status.INFO_LENGTH_MISMATCH);
  const single = (body.flags & RETURN_SINGLE_ENTRY) !== 0;
  const entries: DirectoryEntry[] = [];
  let length = 0;
  let tooLong = false;
  const { count, first } = storeOf(work).enumerate(open.file, {
    pattern: body.pattern,
    restart: (body.flags & (RESTART_SCANS | REOPEN)) !== 0,
    accept: (entry) => {
      if (single && entries.length === 1) return false;
      const start = Math.ceil(length / 8) * 8;
      const end = start + base + entry.name.length * 2;
      if (end > room) {
        tooLong = true;
        return false;
      }
      length = end;
      entries.push(describeEntry(entry));
      return true;
    },
  });
  if (count === 0 && tooLong) throw new Refusal(Status.INFO_LENGTH_MISMATCH);
  // MS-FSA 2.1.5.6.3: nothing found at first is another answer than nothing more.
  if (count === 0) throw new Refusal(first ? Status.NO_SUCH_FILE : Status.NO_MORE_FILES);
  return reply({ output: encodeDirectory(informationClass, entries, { maxLength: room }).bytes });
}

function baseLength(informationClass: number): number {
  let length = baseLengths.get(informationClass);
  if (length === undefined) {
    length = encodeDirectory(informationClass, [{ name: "" }]).bytes.length;
    baseLengths.set(informationClass, length);
  }
  return length;
}

function describeEntry({ name, node }: StoreEntry): DirectoryEntry {
  const fileId128 = new Uint8Array(16);
  new DataView(fileId128.buffer).setBigUint64(0, node.id, true);
  return {
    name,
    creationTime: node.times.creation,
    lastAccessTime: node.times.lastAccess,
    lastWriteTime: node.times.lastWrite,
    changeTime: node.times.change,
    ...sizesOfStream(node.streams.get("")),
    fileAttributes: attributesOf(node),
    eaSize: eaSizeOf(node),
    shortName: name === "." || name === ".." ? "" : shortNameOf(name, node.id),
    fileId: node.id,
    fileId128,
  };
}

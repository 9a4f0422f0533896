/**
 * SET_INFO (MS-SMB2 3.3.5.21).
 *
 * @module
 */

import {
  Access,
  type BasicChange,
  type FileStore,
  MAX_FILE_SIZE,
  type NodeTimes,
} from "../store/mod.ts";
import {
  decodeInformation,
  FileAttribute,
  type Information,
  InfoType,
  type SetInfoRequest,
  Status,
} from "../wire/mod.ts";
import { breakHandles, breakReaders } from "./breaks.ts";
import { outcomeOf } from "./connection.ts";
import { Refusal } from "./errors.ts";
import { checkSize, storeOf } from "./io.ts";
import { mergeSecurity, rightsToSet } from "./security.ts";
import type { OpenedFile } from "./state.ts";
import { failure, type Outcome, type Reply, reply, type Work } from "./work.ts";

/** Of FileDispositionInformationEx and FileRenameInformationEx (MS-FSCC 2.4.12, 2.4.43). */
const DISPOSITION_DELETE = 0x01;
const RENAME_REPLACE_IF_EXISTS = 0x01;

const MODE_BITS = 0x0000_103e;
/** FileBasicInformation: leave the time alone from now on; or no longer (MS-FSCC 2.4.7). */
const FREEZE = -1n;
const THAW = -2n;

type Of<K extends Information["kind"]> = Extract<Information, { readonly kind: K }>;

/**
 * Handles SET_INFO.
 *
 * @param work The request.
 * @param body Its body.
 * @returns The answer, or null while others must give up cached handles first.
 */
export function handleSetInfo(work: Work, body: SetInfoRequest): Outcome {
  const open = work.openFile(body.fileId);
  checkSize(work, body.input.length);
  switch (body.infoType) {
    case InfoType.FILE: {
      const value = decodeInformation(body.infoType, body.fileInfoClass, body.input.slice());
      return setFile(work, open, value);
    }
    case InfoType.SECURITY:
      return changing(work, (store) => {
        const parts = body.additionalInformation;
        if ((rightsToSet(parts) & ~open.grantedAccess) !== 0) {
          throw new Refusal(Status.ACCESS_DENIED);
        }
        const descriptor = mergeSecurity(open.file.node, parts, body.input);
        store.setSecurityDescriptor(open.file, descriptor, timeOf(work));
      });
    case InfoType.FILESYSTEM:
    case InfoType.QUOTA:
      throw new Refusal(Status.NOT_SUPPORTED);
    default:
      throw new Refusal(Status.INVALID_PARAMETER);
  }
}

function timeOf(work: Work): bigint {
  return work.server.fileTime(work.now);
}

function changing(work: Work, change: (store: FileStore) => void): Reply {
  const store = storeOf(work);
  try {
    change(store);
  } finally {
    work.server.afterStore(store);
  }
  return reply({});
}

function setFile(work: Work, open: OpenedFile, value: Information): Outcome {
  const { file } = open;
  switch (value.kind) {
    case "FileBasicInformation":
      return changing(work, (store) => store.setBasic(file, basicChange(work, open, value)));
    case "FileRenameInformation":
      return rename(work, open, { ...value, replace: value.replaceIfExists });
    case "FileRenameInformationEx":
      return rename(work, open, {
        ...value,
        replace: (value.flags & RENAME_REPLACE_IF_EXISTS) !== 0,
      });
    case "FileLinkInformation":
      checkTarget(value);
      return changing(work, (store) =>
        store.link(file, {
          path: targetPath(value.name),
          replace: value.replaceIfExists,
          now: timeOf(work),
        }));
    case "FileDispositionInformation":
      return setDisposition(work, open, value.deletePending);
    case "FileDispositionInformationEx":
      return setDisposition(work, open, (value.flags & DISPOSITION_DELETE) !== 0);
    case "FileAllocationInformation":
      return setSize(work, open, { size: value.allocationSize, allocation: true });
    case "FileEndOfFileInformation":
      return setSize(work, open, { size: value.endOfFile, allocation: false });
    case "FilePositionInformation":
      if (value.currentByteOffset < 0n) throw new Refusal(Status.INVALID_PARAMETER);
      open.position = value.currentByteOffset;
      return reply({});
    case "FileModeInformation":
      if ((value.mode & ~MODE_BITS) !== 0) throw new Refusal(Status.INVALID_PARAMETER);
      open.mode = value.mode;
      return reply({});
    case "FileFullEaInformation":
      return changing(work, (store) => store.setEas(file, value.attributes, timeOf(work)));
    default:
      throw new Refusal(Status.INVALID_INFO_CLASS);
  }
}

function basicChange(
  work: Work,
  open: OpenedFile,
  value: Of<"FileBasicInformation">,
): BasicChange {
  const given: Record<keyof NodeTimes, bigint> = {
    creation: value.creationTime,
    lastAccess: value.lastAccessTime,
    lastWrite: value.lastWriteTime,
    change: value.changeTime,
  };
  const times: Partial<NodeTimes> = {};
  const freeze: (keyof NodeTimes)[] = [];
  const thaw: (keyof NodeTimes)[] = [];
  for (const key of ["creation", "lastAccess", "lastWrite", "change"] as const) {
    const time = given[key];
    if (time < THAW) throw new Refusal(Status.INVALID_PARAMETER);
    if (time === FREEZE) freeze.push(key);
    else if (time === THAW) thaw.push(key);
    else if (time !== 0n) times[key] = time;
  }
  const { fileAttributes } = value;
  // MS-FSA 2.1.5.15.2: a file does not become a directory.
  if ((fileAttributes & FileAttribute.DIRECTORY) !== 0 && !open.file.node.isDirectory) {
    throw new Refusal(Status.INVALID_PARAMETER);
  }
  const kept = FileAttribute.NORMAL | FileAttribute.DIRECTORY;
  const attributes = fileAttributes === 0 ? {} : { attributes: fileAttributes & ~kept };
  return { times, freeze, thaw, ...attributes, now: timeOf(work) };
}

function checkTarget(value: { readonly rootDirectory: bigint; readonly name: string }): void {
  // MS-SMB2 3.3.5.21.1: RootDirectory has no meaning on the network.
  if (value.rootDirectory !== 0n) throw new Refusal(Status.INVALID_PARAMETER);
  if (value.name === "") throw new Refusal(Status.INVALID_PARAMETER);
}

// Names count from the share's root, with a separator in front or without.
function targetPath(name: string): string {
  return name.startsWith("\\") ? name.slice(1) : name;
}

function rename(
  work: Work,
  open: OpenedFile,
  value: { readonly rootDirectory: bigint; readonly name: string; readonly replace: boolean },
): Outcome {
  checkTarget(value);
  if ((open.grantedAccess & Access.DELETE) === 0) throw new Refusal(Status.ACCESS_DENIED);
  const options = { path: targetPath(value.name), replace: value.replace };
  return afterHandles(
    work,
    open,
    () => changing(work, (store) => store.rename(open.file, { ...options, now: timeOf(work) })),
  );
}

function setDisposition(work: Work, open: OpenedFile, deletePending: boolean): Outcome {
  const apply = () => changing(work, (store) => store.setDeletePending(open.file, deletePending));
  if (!deletePending) return apply();
  if ((open.grantedAccess & Access.DELETE) === 0) throw new Refusal(Status.ACCESS_DENIED);
  return afterHandles(work, open, apply);
}

// MS-FSA 2.1.4.12: renaming and deleting wait until others have given up cached handles.
function afterHandles(work: Work, open: OpenedFile, apply: () => Reply): Outcome {
  if (!breakHandles(work, open)) return apply();
  const { server, connection } = work;
  const caching = server.existingCaching(open.file.stream);
  if (caching === undefined) return apply();
  const retry = (now: number): Reply | null => {
    work.now = now;
    if (open.closed) return failure(Status.FILE_CLOSED);
    if (breakHandles(work, open)) {
      server.waitForBreak(caching, work, retry);
      return null;
    }
    try {
      return apply();
    } catch (error) {
      return outcomeOf(error);
    }
  };
  const pending = connection.defer(work, () => {
    server.stopWaiting(work);
    return failure(Status.CANCELLED);
  });
  server.waitForBreak(caching, work, retry);
  return pending;
}

function setSize(
  work: Work,
  open: OpenedFile,
  to: { readonly size: bigint; readonly allocation: boolean },
): Reply {
  const { size, allocation } = to;
  if (open.file.stream === undefined || size < 0n) throw new Refusal(Status.INVALID_PARAMETER);
  if ((open.grantedAccess & Access.FILE_WRITE_DATA) === 0) {
    throw new Refusal(Status.ACCESS_DENIED);
  }
  if (size > BigInt(MAX_FILE_SIZE)) throw new Refusal(Status.DISK_FULL);
  breakReaders(work, open);
  return changing(work, (store) => {
    if (allocation) store.setAllocation(open.file, Number(size), timeOf(work));
    else store.setSize(open.file, Number(size), timeOf(work));
  });
}

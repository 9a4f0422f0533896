/**
 * CHANGE_NOTIFY (MS-SMB2 3.3.5.19): changes are kept for an open from its first request on, and handed to the
 * requests that wait.
 *
 * @module
 */

import { Access, type ChangeAction } from "../store/mod.ts";
import {
  ChangeNotifyFlag,
  type ChangeNotifyRequest,
  encodeNotify,
  NotifyAction,
  Status,
} from "../wire/mod.ts";
import { Refusal } from "./errors.ts";
import { checkSize } from "./io.ts";
import { MAX_NOTIFY_BYTES } from "./limits.ts";
import type { Server } from "./server.ts";
import type { Open, OpenedFile, Watch } from "./state.ts";
import { failure, type Outcome, type Reply, reply, type Work } from "./work.ts";

const ACTIONS: Readonly<Record<ChangeAction, number>> = {
  added: NotifyAction.ADDED,
  removed: NotifyAction.REMOVED,
  modified: NotifyAction.MODIFIED,
  renamedOld: NotifyAction.RENAMED_OLD_NAME,
  renamedNew: NotifyAction.RENAMED_NEW_NAME,
  addedStream: NotifyAction.ADDED_STREAM,
  removedStream: NotifyAction.REMOVED_STREAM,
  modifiedStream: NotifyAction.MODIFIED_STREAM,
};

const ENTRY_OVERHEAD = 16;

/**
 * Handles CHANGE_NOTIFY.
 *
 * @param work The request.
 * @param body Its body.
 * @returns The answer, or null until something happens.
 */
export function handleChangeNotify(work: Work, body: ChangeNotifyRequest): Outcome {
  const open = work.openFile(body.fileId);
  checkSize(work, body.outputBufferLength);
  if (!open.file.node.isDirectory) throw new Refusal(Status.INVALID_PARAMETER);
  if ((open.grantedAccess & Access.FILE_READ_DATA) === 0) throw new Refusal(Status.ACCESS_DENIED);
  if (open.file.link.deletePending) throw new Refusal(Status.DELETE_PENDING);
  const watch = open.watch ?? startWatch(work.server, open, body);
  const ready = takeChanges(watch, body.outputBufferLength);
  if (ready !== null) return ready;
  const { connection } = work;
  const pending = connection.defer(work, () => {
    const index = watch.requests.indexOf(work);
    if (index >= 0) watch.requests.splice(index, 1);
    return failure(Status.CANCELLED);
  });
  notifyLengths.set(work, body.outputBufferLength);
  watch.requests.push(work);
  return pending;
}

/**
 * Keeps a change for an open.
 *
 * @param watch What it watches.
 * @param action What happened.
 * @param name Name relative to the watched directory.
 */
export function recordChange(watch: Watch, action: ChangeAction, name: string): void {
  if (watch.overflowed) return;
  const code = ACTIONS[action];
  const last = watch.pending.at(-1);
  // A file that is modified again before anybody asked has been modified, once.
  if (action === "modified" && last?.action === code && last.name === name) return;
  watch.bytes += ENTRY_OVERHEAD + name.length * 2;
  if (watch.bytes > watch.limit) {
    watch.overflowed = true;
    watch.pending = [];
    return;
  }
  watch.pending.push({ action: code, name });
}

/**
 * Answers the first request that waits, if there is something to tell.
 *
 * @param server The server.
 * @param open The open that watches.
 */
export function flushWatch(server: Server, open: Open): void {
  const { watch } = open;
  const [work] = watch?.requests ?? [];
  if (watch === undefined || work === undefined) return;
  const ready = takeChanges(watch, notifyLengths.get(work) ?? 0);
  if (ready === null) return;
  watch.requests.shift();
  server.complete(work, ready);
}

/** How much each waiting request can take. */
const notifyLengths = new WeakMap<Work, number>();

function startWatch(server: Server, open: OpenedFile, body: ChangeNotifyRequest): Watch {
  const watch: Watch = {
    filter: body.completionFilter,
    recursive: (body.flags & ChangeNotifyFlag.WATCH_TREE) !== 0,
    limit: Math.min(body.outputBufferLength, MAX_NOTIFY_BYTES),
    pending: [],
    bytes: 0,
    overflowed: false,
    requests: [],
  };
  open.watch = watch;
  const { node } = open.file;
  const opens = server.watchers.get(node);
  if (opens === undefined) server.watchers.set(node, new Set([open]));
  else opens.add(open);
  return watch;
}

function takeChanges(watch: Watch, maxLength: number): Reply | null {
  if (watch.pending.length === 0 && !watch.overflowed) return null;
  const entries = watch.pending;
  const overflowed = watch.overflowed;
  watch.pending = [];
  watch.bytes = 0;
  watch.overflowed = false;
  const { bytes, used } = encodeNotify(entries, { maxLength });
  // MS-SMB2 3.3.5.19: what does not fit is not told in part.
  if (overflowed || used < entries.length) {
    return reply({ output: new Uint8Array() }, Status.NOTIFY_ENUM_DIR);
  }
  return reply({ output: bytes });
}

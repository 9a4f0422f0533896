/**
 * LOCK (MS-SMB2 3.3.5.14).
 *
 * @module
 */

import type { LockRange, LockRequest as RangeLock } from "../store/mod.ts";
import { type LockElement, type LockRequest, Status } from "../wire/mod.ts";
import { breakReaders } from "./breaks.ts";
import { Refusal } from "./errors.ts";
import { storeOf } from "./io.ts";
import type { OpenedFile } from "./state.ts";
import { failure, type Outcome, reply, type Work } from "./work.ts";

const SHARED_LOCK = 0x01;
const EXCLUSIVE_LOCK = 0x02;
const UNLOCK = 0x04;
const FAIL_IMMEDIATELY = 0x10;
const END_OF_SPACE = 1n << 64n;

/**
 * Handles LOCK.
 *
 * @param work The request.
 * @param body Its body.
 * @returns The answer, or null while the lock is waited for.
 */
export function handleLock(work: Work, body: LockRequest): Outcome {
  const open = work.openFile(body.fileId);
  const [first] = body.locks;
  if (first === undefined) throw new Refusal(Status.INVALID_PARAMETER);
  if (open.file.stream === undefined) throw new Refusal(Status.INVALID_PARAMETER);
  return (first.flags & UNLOCK) !== 0
    ? unlockAll(work, open, body.locks)
    : lockAll(work, open, body.locks);
}

// MS-SMB2 3.3.5.14.1: what was unlocked before an error stays unlocked.
function unlockAll(work: Work, open: OpenedFile, elements: readonly LockElement[]): Outcome {
  const store = storeOf(work);
  try {
    // The kinds may not be mixed; Windows unlocks up to the first element that is not an unlock.
    for (const element of elements) {
      if (element.flags !== UNLOCK) throw new Refusal(Status.INVALID_PARAMETER);
      checkRange(element);
      store.unlock(open.file, element);
    }
  } finally {
    work.server.afterStore(store);
  }
  return reply({ reserved: 0 });
}

// MS-SMB2 3.3.5.14.2: all or none, and only a lone element may wait.
function lockAll(work: Work, open: OpenedFile, elements: readonly LockElement[]): Outcome {
  const requests = elements.map((element) => lockOf(element, elements.length));
  const store = storeOf(work);
  const [element] = elements;
  const [request] = requests;
  breakReaders(work, open);
  const waits = element !== undefined && (element.flags & FAIL_IMMEDIATELY) === 0;
  if (request === undefined || !waits) {
    try {
      store.lock(open.file, requests);
    } finally {
      work.server.afterStore(store);
    }
    return reply({ reserved: 0 });
  }
  const ticket = store.waitLock(open.file, request);
  if (!ticket.waiting) return reply({ reserved: 0 });
  const { server, connection } = work;
  const withdraw = () => {
    server.lockWaits.delete(ticket);
    open.lockWaits.delete(work);
    return store.cancelLock(open.file, ticket) ? failure(Status.CANCELLED) : null;
  };
  const pending = connection.defer(work, withdraw);
  server.lockWaits.set(ticket, work);
  open.lockWaits.add(work);
  return pending;
}

function lockOf(element: LockElement, count: number): RangeLock {
  const { flags, offset, length } = element;
  const kind = flags & ~FAIL_IMMEDIATELY;
  if (kind !== SHARED_LOCK && kind !== EXCLUSIVE_LOCK) throw new Refusal(Status.INVALID_PARAMETER);
  if (count > 1 && (flags & FAIL_IMMEDIATELY) === 0) throw new Refusal(Status.INVALID_PARAMETER);
  checkRange(element);
  return { offset, length, exclusive: kind === EXCLUSIVE_LOCK };
}

function checkRange(range: LockRange): void {
  if (range.length > 0n && range.offset + range.length > END_OF_SPACE) {
    throw new Refusal(Status.INVALID_LOCK_RANGE);
  }
}

/**
 * CREATE (MS-SMB2 3.3.5.9): the open itself, what it breaks, what it waits for, what it is granted.
 *
 * @module
 */

import {
  Access,
  type FileOpen,
  type Found,
  impliedAccess,
  sharingConflicts,
  type Stream,
} from "../store/mod.ts";
import { CreateOption, type CreateRequest, Status } from "../wire/mod.ts";
import { type CreateTerms, grantAccess } from "./access.ts";
import { leaseKeyOf } from "./breaks.ts";
import { Caching, type FileCaching, type Grant, grantable, validState } from "./caching.ts";
import { outcomeOf } from "./connection.ts";
import { createAnswer } from "./create_answer.ts";
import { type CreatePlan, makePlan } from "./create_plan.ts";
import { makeDurable, reclaim, replayed } from "./durable.ts";
import { Refusal } from "./errors.ts";
import { MAX_OPENS } from "./limits.ts";
import { openPipe } from "./pipe.ts";
import type { Open, OpenedFile } from "./state.ts";
import { failure, type Outcome, type Reply, reply, type Work } from "./work.ts";

const { READ, HANDLE, WRITE } = Caching;

// Opens for nothing but these disturb nobody's caching (MS-FSA 2.1.4.12).
const STAT_ACCESS = Access.FILE_READ_ATTRIBUTES | Access.FILE_WRITE_ATTRIBUTES | Access.SYNCHRONIZE;
const LEASE_STAT_ACCESS = STAT_ACCESS | Access.READ_CONTROL;

/**
 * Handles CREATE.
 *
 * @param work The request.
 * @param body Its body.
 * @returns The answer, or null while a break must be acknowledged first.
 */
export function handleCreate(work: Work, body: CreateRequest): Outcome {
  const session = work.validSession;
  const { share } = work.validTree;
  if (session.opens.size >= MAX_OPENS) throw new Refusal(Status.TOO_MANY_OPENED_FILES);
  if (share.store === undefined) return openPipe(work, body);
  const plan = makePlan(work, body, share.store);
  if ("wanted" in plan) return reclaim(work, plan);
  const repeated = replayed(work, plan);
  if (repeated !== undefined) return repeated;
  const step = attempt(work, plan);
  if (step.reply !== undefined) return step.reply;
  const { server, connection } = work;
  const retry = (now: number): Reply | null => {
    work.now = now;
    try {
      const next = attempt(work, plan);
      if (next.reply !== undefined) return next.reply;
      server.waitForBreak(next.caching, work, retry);
      return null;
    } catch (error) {
      return outcomeOf(error);
    }
  };
  const pending = connection.defer(work, () => {
    server.stopWaiting(work);
    return failure(Status.CANCELLED);
  });
  server.waitForBreak(step.caching, work, retry);
  return pending;
}

type Step =
  | { readonly reply: Reply; readonly caching?: undefined }
  | { readonly reply?: undefined; readonly caching: FileCaching<Open> };

function attempt(work: Work, plan: CreatePlan): Step {
  const { server } = work;
  const tree = work.validTree;
  const { store, terms, path } = plan;
  if (tree.session.trees.get(tree.id) !== tree) throw new Refusal(Status.NETWORK_NAME_DELETED);
  const found = store.find(path);
  const own = ownLease(work, plan, found);
  const node = found?.link.node;
  const limits = {
    maximal: tree.maximalAccess,
    attributes: node?.attributes ?? 0,
    isDirectory: node?.isDirectory ?? terms.kind === "directory",
  };
  const access = grantAccess(terms, limits);
  const writable = (tree.maximalAccess & Access.FILE_WRITE_DATA) !== 0;
  const changes = terms.disposition !== "open" && terms.disposition !== "openIf";
  if (!writable && (changes || found === undefined)) refuseChange(terms, found);
  const waiting = contend(work, { plan, found, access, own });
  if (waiting !== undefined) return { caching: waiting };
  const now = server.fileTime(work.now);
  try {
    const { open: file, action } = store.open({
      path,
      access,
      share: terms.share,
      disposition: terms.disposition,
      kind: terms.kind,
      attributes: terms.attributes,
      deleteOnClose: terms.deleteOnClose,
      eas: plan.eas,
      ...(plan.securityDescriptor === undefined
        ? {}
        : { securityDescriptor: plan.securityDescriptor }),
      allocationSize: plan.allocationSize,
      now,
    });
    const open = register(work, { file, access, plan });
    grantCaching(work, { open, file, plan, own });
    makeDurable(work, open, { asked: plan.durable, action });
    return { reply: reply(createAnswer(work, { open, plan, action })) };
  } finally {
    server.afterStore(store);
  }
}

// On a share that cannot be changed, nothing is created or overwritten; what is missing is just missing.
function refuseChange(terms: CreateTerms, found: Found | undefined): void {
  if (found === undefined && terms.disposition === "open") return;
  throw new Refusal(Status.ACCESS_DENIED);
}

/** Breaks what stands against the open; returns what to wait for. */
function contend(
  work: Work,
  attempt: {
    readonly plan: CreatePlan;
    readonly found: Found | undefined;
    readonly access: number;
    readonly own: Grant<Open> | undefined;
  },
): FileCaching<Open> | undefined {
  const { plan, found, access, own } = attempt;
  const { terms } = plan;
  const stream = found?.stream;
  const caching = work.server.existingCaching(stream);
  if (caching === undefined || stream === undefined || found === undefined) return undefined;
  // Opens that fail for another reason break nothing.
  if (terms.disposition === "create" || terms.kind === "directory") return undefined;
  if (found.link.deletePending || stream.deletePending) return undefined;
  const overwrites = terms.disposition !== "open" && terms.disposition !== "openIf";
  if (!overwrites && (access & ~STAT_ACCESS) === 0) return undefined;
  const shared = { access: access | impliedAccess(terms.disposition), share: terms.share };
  const conflict = sharingConflicts(found.link.node, stream, shared).length > 0;
  const effect = conflict
    ? { revoke: HANDLE, waitFor: HANDLE }
    : { revoke: overwrites ? READ | HANDLE | WRITE : WRITE, waitFor: WRITE };
  const wait = caching.contend({
    ...effect,
    ...(own === undefined ? {} : { own }),
    spareLeases: !overwrites && (access & ~LEASE_STAT_ACCESS) === 0,
  }, work.now);
  return wait ? caching : undefined;
}

/** The lease that the client holds already under the key it gives; a key belongs to one file (3.3.5.9.8). */
function ownLease(
  work: Work,
  plan: CreatePlan,
  found: Found | undefined,
): Grant<Open> | undefined {
  if (plan.lease === undefined) return undefined;
  const grant = work.server.leases.get(leaseKeyOf(plan.lease.identity));
  if (grant === undefined) return undefined;
  const same = found?.stream !== undefined &&
    work.server.existingCaching(found.stream) === grant.file;
  if (!same) throw new Refusal(Status.INVALID_PARAMETER);
  return grant;
}

function register(
  work: Work,
  made: { readonly file: FileOpen; readonly access: number; readonly plan: CreatePlan },
): OpenedFile {
  const { server } = work;
  const session = work.validSession;
  const tree = work.validTree;
  const open: OpenedFile = {
    fileId: server.newFileId(),
    session,
    tree,
    share: tree.share,
    file: made.file,
    pipe: undefined,
    grantedAccess: made.access,
    createOptions: made.plan.terms.options,
    allocationHint: made.plan.allocationSize,
    grant: undefined,
    watch: undefined,
    lockWaits: new Set(),
    position: 0n,
    mode: modeOf(made.plan.terms.options),
    resumeKey: undefined,
    durable: undefined,
    replayKey: undefined,
    closed: false,
  };
  session.opens.set(open.fileId.volatile, open);
  server.opens.set(made.file, open);
  work.chain.fileId = open.fileId;
  return open;
}

// MS-FSCC 2.4.31: the options that FileModeInformation tells.
function modeOf(options: number): number {
  const { WRITE_THROUGH, SEQUENTIAL_ONLY, NO_INTERMEDIATE_BUFFERING, DELETE_ON_CLOSE } =
    CreateOption;
  return options &
    (WRITE_THROUGH | SEQUENTIAL_ONLY | NO_INTERMEDIATE_BUFFERING | DELETE_ON_CLOSE |
      CreateOption.SYNCHRONOUS_IO_ALERT | CreateOption.SYNCHRONOUS_IO_NONALERT);
}

function grantCaching(
  work: Work,
  made: {
    readonly open: Open;
    readonly file: FileOpen;
    readonly plan: CreatePlan;
    readonly own: Grant<Open> | undefined;
  },
): void {
  const { open, file, plan, own } = made;
  const { server } = work;
  const { stream } = file;
  const requested = plan.lease?.state ?? plan.oplockRights;
  if (stream === undefined || !server.caching) return;
  if (plan.lease === undefined && requested === 0) return;
  const isLease = plan.lease !== undefined;
  const state = grantable(requested, otherUse(work, { file, stream, own }), isLease);
  const caching = server.cachingOf(stream);
  if (own !== undefined) {
    // More rights are had in full or not at all.
    caching.share(own, open, state === validState(requested) ? state : own.state);
    open.grant = own;
  } else if (plan.lease !== undefined) {
    const { identity, epoch } = plan.lease;
    open.grant = caching.grant(open, state, { identity, epoch });
    server.leases.set(leaseKeyOf(identity), open.grant);
  } else if (state !== 0) {
    open.grant = caching.grant(open, state);
  }
}

function otherUse(
  work: Work,
  mine: {
    readonly file: FileOpen;
    readonly stream: Stream;
    readonly own: Grant<Open> | undefined;
  },
): Parameters<typeof grantable>[1] {
  const use = {
    opened: false,
    oplock: false,
    writer: false,
    handleLease: false,
    locked: mine.stream.locks.size > 0,
  };
  for (const file of mine.file.node.opens) {
    if (file === mine.file || file.stream !== mine.stream) continue;
    const grant = work.server.opens.get(file)?.grant;
    if (grant !== undefined && grant === mine.own) continue;
    if ((file.access & ~LEASE_STAT_ACCESS) !== 0) use.opened = true;
    if (grant === undefined || grant.state === 0) continue;
    use.opened = true;
    if ((grant.state & WRITE) !== 0) use.writer = true;
    if (grant.lease === undefined) use.oplock = true;
    else if ((grant.state & HANDLE) !== 0) use.handleLease = true;
  }
  return use;
}

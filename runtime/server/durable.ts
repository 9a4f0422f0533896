/**
 * Durable opens: granted, given back to their client, and found again by a CREATE that is sent twice (MS-SMB2
 * 3.3.5.9.6, 3.3.5.9.7, 3.3.5.9.10, 3.3.5.9.12).
 *
 * @module
 */

import { type OpenAction, StoreError } from "../store/mod.ts";
import { HeaderFlags, Status } from "../wire/mod.ts";
import { Caching } from "./caching.ts";
import { createAnswer } from "./create_answer.ts";
import type { CreateWishes, ReclaimPlan } from "./create_plan.ts";
import type { DurableRequest } from "./durable_request.ts";
import { Refusal } from "./errors.ts";
import { sameUser } from "./session_setup.ts";
import type { OpenedFile } from "./state.ts";
import { type Reply, reply, type Work } from "./work.ts";

const DUPLICATE_OBJECTID = 0xc000022a;
const NO_GUID = "00000000-0000-0000-0000-000000000000";

/**
 * Makes an open durable where it was asked for and handles may be cached.
 *
 * @param work The CREATE.
 * @param open What it made, with its oplock or lease.
 * @param made What it asked for, and what it did.
 */
export function makeDurable(
  work: Work,
  open: OpenedFile,
  made: { readonly asked: DurableRequest | undefined; readonly action: OpenAction },
): void {
  const { asked, action } = made;
  if (asked === undefined) return;
  const { timeout, createGuid } = asked;
  if (createGuid !== undefined) {
    work.server.durables.rememberReplay(replayKeyOf(work, createGuid), { open, action });
  }
  const owner = work.validSession.identity;
  // Who has no account cannot prove to be the same again.
  if (owner?.kind !== "user" || ((open.grant?.state ?? 0) & Caching.HANDLE) === 0) return;
  open.durable = { createGuid, owner, timeout, deadline: Infinity };
}

/**
 * Gives an open back to its client.
 *
 * @param work The CREATE.
 * @param plan What it asks for.
 * @returns The answer.
 * @throws {Refusal} OBJECT_NAME_NOT_FOUND for an open that is not there, connected, or another one.
 */
export function reclaim(work: Work, plan: ReclaimPlan): Reply {
  const { server } = work;
  const { wanted } = plan;
  const tree = work.validTree;
  const open = server.durables.find(wanted.fileId.persistent, work.now) as OpenedFile | undefined;
  const { durable } = open ?? {};
  if (open === undefined || durable === undefined || open.share !== tree.share) throw notFound();
  const lease = open.grant?.lease;
  if (lease !== undefined && lease.clientGuid !== clientGuidOf(work)) throw notFound();
  // MS-SMB2 3.3.5.9.12. Version 1 knows no CreateGuid; to version 2, its opens have one of zeros, as in Samba.
  const { createGuid = NO_GUID } = durable;
  if (wanted.createGuid !== undefined && wanted.createGuid !== createGuid) throw notFound();
  // MS-SMB2 3.3.5.9.12: the same lease, or none as before.
  if (lease?.key !== plan.lease?.identity.key) throw notFound();
  // MS-SMB2 3.3.5.9.7: what was leased must still be called so, unless it goes anyway.
  if (lease !== undefined && !open.file.deleteOnClose && !leadsTo(plan, open)) {
    throw new Refusal(Status.INVALID_PARAMETER);
  }
  if (!sameUser(work.validSession.identity, durable.owner)) {
    throw new Refusal(Status.ACCESS_DENIED);
  }
  server.attachOpen(open, tree);
  server.durables.forgetReplay(open);
  work.chain.fileId = open.fileId;
  return reply(createAnswer(work, { open, plan, action: "opened" }));
}

/**
 * Answers a CREATE that was sent before with the open that it made then.
 *
 * @param work The CREATE.
 * @param plan What it asks for.
 * @returns The answer; undefined for a CREATE that is new.
 * @throws {Refusal} DUPLICATE_OBJECTID for a CreateGuid used twice, ACCESS_DENIED for another user or lease.
 */
export function replayed(work: Work, plan: CreateWishes): Reply | undefined {
  const { server } = work;
  const tree = work.validTree;
  const createGuid = plan.durable?.createGuid;
  if (createGuid === undefined) return undefined;
  const found = server.durables.findReplay(replayKeyOf(work, createGuid));
  if (found === undefined) return undefined;
  // MS-SMB2 3.3.5.9.10: the statuses of these checks.
  if ((work.header.flags & HeaderFlags.REPLAY_OPERATION) === 0) {
    throw new Refusal(DUPLICATE_OBJECTID);
  }
  const { action } = found;
  const open = found.open as OpenedFile;
  const owner = open.durable?.owner ?? open.session?.identity;
  const elsewhere = open.share !== tree.share || (open.tree ?? tree) !== tree;
  if (elsewhere || owner === undefined || !sameUser(work.validSession.identity, owner)) {
    throw new Refusal(Status.ACCESS_DENIED);
  }
  if (open.grant?.lease?.key !== plan.lease?.identity.key) throw new Refusal(Status.ACCESS_DENIED);
  if (open.session === undefined) server.attachOpen(open, tree);
  work.chain.fileId = open.fileId;
  // As Samba: a client that asks for another oplock this time is told that it has it.
  const oplockRights = plan.lease === undefined ? { oplockRights: plan.oplockRights } : {};
  return reply(createAnswer(work, { open, plan, action, ...oplockRights }));
}

function leadsTo(plan: CreateWishes, open: OpenedFile): boolean {
  try {
    const found = plan.store.find(plan.path);
    return found?.link === open.file.link && found.stream === open.file.stream;
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}

function replayKeyOf(work: Work, createGuid: string): string {
  return `${clientGuidOf(work)}:${createGuid}`;
}

function clientGuidOf(work: Work): string {
  return work.connection.negotiated?.clientGuid ?? "";
}

function notFound(): Refusal {
  return new Refusal(Status.OBJECT_NAME_NOT_FOUND);
}

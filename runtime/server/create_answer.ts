/**
 * How a CREATE of a file is answered (MS-SMB2 2.2.14).
 *
 * @module
 */

import type { OpenAction } from "../store/mod.ts";
import {
  type CreateResponse,
  type CreateResponseContext,
  LeaseFlags,
  type LeaseV1,
  type LeaseV2,
  OplockLevel,
  Status,
} from "../wire/mod.ts";
import { maximalAccess } from "./access.ts";
import { levelOfRights } from "./breaks.ts";
import { Caching, type Grant } from "./caching.ts";
import type { CreateWishes, LeaseRequest } from "./create_plan.ts";
import { attributesOf, sizesOf } from "./file_info.ts";
import type { Open, OpenedFile } from "./state.ts";
import type { Work } from "./work.ts";

const ACTIONS: Readonly<Record<OpenAction, number>> = {
  superseded: 0,
  opened: 1,
  created: 2,
  overwritten: 3,
};

/** An open, and the CREATE that is answered with it. */
export interface Made {
  readonly open: OpenedFile;
  readonly plan: CreateWishes;
  readonly action: OpenAction;
  /** The oplock to tell; the one that the open has unless given. */
  readonly oplockRights?: number;
}

/**
 * The answer to a CREATE that made, reclaimed or repeated an open.
 *
 * @param work The request.
 * @param made The open.
 * @returns The body.
 */
export function createAnswer(work: Work, made: Made): CreateResponse {
  const { open, plan, action } = made;
  const { file, grant } = open;
  const { node } = file;
  const lease = plan.lease !== undefined && grant !== undefined;
  const oplockRights = made.oplockRights ?? grant?.state ?? 0;
  return {
    oplockLevel: lease ? OplockLevel.LEASE : levelOfRights(oplockRights),
    flags: 0,
    createAction: ACTIONS[action],
    creationTime: node.times.creation,
    lastAccessTime: node.times.lastAccess,
    lastWriteTime: node.times.lastWrite,
    changeTime: node.times.change,
    ...sizesOf(file),
    fileAttributes: attributesOf(node),
    reserved: 0,
    fileId: open.fileId,
    contexts: answerContexts(work, made),
  };
}

function answerContexts(work: Work, made: Made): CreateResponseContext[] {
  const { open, plan } = made;
  const { file, durable } = open;
  const contexts: CreateResponseContext[] = [];
  if (plan.wantsMaximalAccess) {
    const limits = {
      maximal: work.validTree.maximalAccess,
      attributes: file.node.attributes,
      isDirectory: file.node.isDirectory,
    };
    const access = maximalAccess(limits);
    contexts.push({ kind: "MxAc", queryStatus: Status.SUCCESS, maximalAccess: access });
  }
  if (plan.wantsDiskId) {
    const { id } = file.node;
    const { volumeId } = work.server;
    contexts.push({ kind: "QFid", diskFileId: id, volumeId, reserved: new Uint8Array(16) });
  }
  if (plan.lease !== undefined && open.grant !== undefined) {
    contexts.push(leaseContext(plan.lease, open.grant));
  }
  const cached = made.oplockRights ?? open.grant?.state ?? 0;
  if (plan.durable !== undefined && durable !== undefined && (cached & Caching.HANDLE) !== 0) {
    // Nothing here outlives the server, so no handle is persistent.
    contexts.push(
      plan.durable.version === 1
        ? { kind: "DHnQ", reserved: new Uint8Array(8) }
        : { kind: "DH2Q", timeout: durable.timeout, flags: 0 },
    );
  }
  return contexts;
}

function leaseContext(request: LeaseRequest, grant: Grant<Open>): LeaseV1 | LeaseV2 {
  const breaking = grant.breakingTo === undefined ? 0 : LeaseFlags.BREAK_IN_PROGRESS;
  const shared = {
    kind: "RqLs",
    leaseKey: request.keyBytes,
    leaseState: grant.state,
    leaseDuration: 0n,
  } as const;
  // A lease answers in the form in which it was first asked for.
  if (grant.lease?.version !== 2) return { ...shared, version: 1, leaseFlags: breaking };
  const { parentKey } = request;
  const parent = parentKey === undefined ? 0 : LeaseFlags.PARENT_LEASE_KEY_SET;
  return {
    ...shared,
    version: 2,
    leaseFlags: breaking | parent,
    parentLeaseKey: parentKey ?? new Uint8Array(16),
    epoch: grant.epoch,
    reserved: 0,
  };
}

/**
 * What a CREATE of a file asks for in its body and contexts, kept in memory of its own (MS-SMB2 3.3.5.9).
 *
 * @module
 */

import type { ExtendedAttribute, FileStore } from "../store/mod.ts";
import {
  type CreateRequest,
  type CreateRequestContext,
  decodeExtendedAttributes,
  LeaseFlags,
  type LeaseV1,
  type LeaseV2,
  OplockLevel,
  Status,
} from "../wire/mod.ts";
import { type CreateTerms, createTerms } from "./access.ts";
import { hexOfBytes, rightsOfLevel } from "./breaks.ts";
import type { LeaseIdentity } from "./caching.ts";
import { durableOf, type DurableRequest, type Reclaim, reclaimOf } from "./durable_request.ts";
import { Refusal } from "./errors.ts";
import type { Work } from "./work.ts";

/** A lease that a CREATE asks for, in memory of its own. */
export interface LeaseRequest {
  readonly identity: LeaseIdentity;
  readonly state: number;
  readonly epoch: number;
  readonly keyBytes: Uint8Array;
  /** Undefined where the client gave none. */
  readonly parentKey: Uint8Array | undefined;
}

/** What the answer to a CREATE needs to know of it. */
export interface CreateWishes {
  readonly store: FileStore;
  readonly path: string;
  readonly oplockRights: number;
  readonly lease: LeaseRequest | undefined;
  readonly wantsMaximalAccess: boolean;
  readonly wantsDiskId: boolean;
  readonly durable: DurableRequest | undefined;
}

/** Everything a CREATE says, in memory of its own: it may have to wait. */
export interface CreatePlan extends CreateWishes {
  readonly terms: CreateTerms;
  readonly eas: readonly ExtendedAttribute[];
  readonly securityDescriptor: Uint8Array | undefined;
  readonly allocationSize: number;
}

/** What a CREATE says that wants an open back. */
export interface ReclaimPlan extends CreateWishes {
  readonly wanted: Reclaim;
}

/**
 * Checks a CREATE of a file and keeps what it asks for.
 *
 * @param work The request.
 * @param body Its body.
 * @param store The files of the share.
 * @returns What it asks for, in memory of its own.
 * @throws {Refusal} With the status of the first check that fails.
 */
export function makePlan(
  work: Work,
  body: CreateRequest,
  store: FileStore,
): CreatePlan | ReclaimPlan {
  const contexts = contextsOf(body);
  const wanted = reclaimOf(work, contexts);
  const shared = {
    store,
    oplockRights: rightsOfLevel(body.requestedOplockLevel),
    wantsMaximalAccess: contexts.MxAc !== undefined,
    wantsDiskId: contexts.QFid !== undefined,
  };
  if (wanted !== undefined) {
    // MS-SMB2 3.3.5.9.7, 3.3.5.9.12: nothing is looked up by its name, and what it says of a new open is not read.
    const lease = leaseRequest(work, contexts.RqLs);
    return { ...shared, path: body.name, lease, durable: undefined, wanted };
  }
  // MS-SMB2 3.3.5.9: a name never begins with a separator.
  if (body.name.startsWith("\\")) throw new Refusal(Status.INVALID_PARAMETER);
  const terms = createTerms(body);
  // There are no snapshots.
  if (contexts.TWrp !== undefined && contexts.TWrp.timestamp !== 0n) {
    throw new Refusal(Status.OBJECT_NAME_NOT_FOUND);
  }
  const allocation = contexts.AlSi?.allocationSize ?? 0n;
  if (allocation > BigInt(Number.MAX_SAFE_INTEGER)) throw new Refusal(Status.DISK_FULL);
  const isLease = body.requestedOplockLevel === OplockLevel.LEASE;
  return {
    ...shared,
    terms,
    // A directory may be named with a separator behind it.
    path: terms.kind === "file" ? body.name : body.name.replace(/(?<=[^\\])\\$/, ""),
    lease: isLease ? leaseRequest(work, contexts.RqLs) : undefined,
    durable: durableOf(work, contexts),
    eas: contexts.ExtA === undefined ? [] : ownedEas(contexts.ExtA.data),
    securityDescriptor: contexts.SecD?.data.slice(),
    allocationSize: Number(allocation),
  };
}

function ownedEas(data: Uint8Array): ExtendedAttribute[] {
  return decodeExtendedAttributes(data.slice());
}

function leaseRequest(
  work: Work,
  context: LeaseV1 | LeaseV2 | undefined,
): LeaseRequest | undefined {
  const { connection } = work;
  if (context === undefined || connection.dialect < 0x0210 || !work.server.caching) {
    return undefined;
  }
  // MS-SMB2 3.3.5.9.11: version 2 belongs to 3.x.
  if (context.version === 2 && connection.dialect < 0x0300) return undefined;
  const hasParent = context.version === 2 &&
    (context.leaseFlags & LeaseFlags.PARENT_LEASE_KEY_SET) !== 0;
  return {
    identity: {
      clientGuid: connection.negotiated?.clientGuid ?? "",
      key: hexOfBytes(context.leaseKey),
      version: context.version,
    },
    state: context.leaseState,
    epoch: context.version === 2 ? context.epoch : 0,
    keyBytes: context.leaseKey.slice(),
    parentKey: hasParent ? context.parentLeaseKey.slice() : undefined,
  };
}

/** The first context of every kind. */
export type ContextByKind = { [C in CreateRequestContext as C["kind"]]?: C };

function contextsOf({ contexts }: CreateRequest): ContextByKind {
  // MS-SMB2 2.2.13.2: names of contexts have at least four bytes.
  if (contexts.some((context) => context.kind === "raw" && context.name.length < 4)) {
    throw new Refusal(Status.INVALID_PARAMETER);
  }
  const found: Record<string, CreateRequestContext> = {};
  for (const context of contexts) found[context.kind] ??= context;
  return found as ContextByKind;
}

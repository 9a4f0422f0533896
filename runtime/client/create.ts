/** CREATE: its fields with an ordinary client's defaults, and the open that comes of it. */
import type { CreateRequest, CreateRequestContext } from "../wire/mod.ts";
import { type OpenState, ProtocolError, type Reply, type SuccessReply } from "../protocol/mod.ts";
import type { Link } from "./link.ts";
import { Open } from "./open.ts";
import type { RequestOptions } from "./options.ts";
import type { Tree } from "./tree.ts";

/** A lease to ask for (MS-SMB2 2.2.13.2.8, 2.2.13.2.10). */
export interface LeaseOptions {
  /** 16 bytes. */
  readonly key: Uint8Array;
  /** Bits of LeaseState. */
  readonly state: number;
  /** 2 unless told; 1 is all that dialect 2.1 has. */
  readonly version?: 1 | 2;
  /** Version 2: the lease key of the directory. */
  readonly parentKey?: Uint8Array;
  /** Version 2. */
  readonly epoch?: number;
}

/** How a file is opened: the fields of CREATE with an ordinary client's defaults. */
export interface CreateOptions
  extends Omit<RequestOptions, "accept">, Partial<Omit<CreateRequest, "name" | "contexts">> {
  /** Adds the context, and sets the oplock level to lease. */
  readonly lease?: LeaseOptions;
  readonly contexts?: readonly CreateRequestContext[];
}

const GENERIC_READ_FILE = 0x00120089;
const SHARE_ALL = 0x07;
const FILE_OPEN = 1;
const IMPERSONATION = 2;
const LEASE_LEVEL = 0xff;
/** Bit of lease flags: ParentLeaseKey is set (MS-SMB2 2.2.13.2.10). */
const PARENT_LEASE_KEY_SET = 0x00000004;

/** The body of a CREATE: opens an existing file for reading, sharing everything, unless told. */
export function createBody(name: string, options: CreateOptions): CreateRequest {
  const { lease } = options;
  const contexts = options.contexts ?? [];
  return {
    securityFlags: options.securityFlags ?? 0,
    requestedOplockLevel: options.requestedOplockLevel ?? (lease === undefined ? 0 : LEASE_LEVEL),
    impersonationLevel: options.impersonationLevel ?? IMPERSONATION,
    smbCreateFlags: options.smbCreateFlags ?? 0n,
    reserved: options.reserved ?? 0n,
    desiredAccess: options.desiredAccess ?? GENERIC_READ_FILE,
    fileAttributes: options.fileAttributes ?? 0,
    shareAccess: options.shareAccess ?? SHARE_ALL,
    createDisposition: options.createDisposition ?? FILE_OPEN,
    createOptions: options.createOptions ?? 0,
    name,
    contexts: lease === undefined ? contexts : [...contexts, leaseContext(lease)],
  };
}

function leaseContext(lease: LeaseOptions): CreateRequestContext {
  const { key, state, parentKey } = lease;
  const common = { kind: "RqLs", leaseKey: key, leaseState: state, leaseDuration: 0n } as const;
  if (lease.version === 1) return { ...common, version: 1, leaseFlags: 0 };
  return {
    ...common,
    version: 2,
    leaseFlags: parentKey === undefined ? 0 : PARENT_LEASE_KEY_SET,
    parentLeaseKey: parentKey ?? new Uint8Array(16),
    epoch: lease.epoch ?? 0,
    reserved: 0,
  };
}

/** The open that a CREATE reply made. */
export function openFrom(
  tree: Tree,
  made: { link: Link; name: string; reply: Reply<"CREATE">; state: OpenState | null },
): Open {
  const { link, name, reply, state } = made;
  if (state === null || reply.body === null) {
    throw new ProtocolError(`Cannot open ${JSON.stringify(name)}: the response has no file id`, {
      side: "remote",
    });
  }
  return new Open(tree, { link, name, state, reply: reply as SuccessReply<"CREATE"> });
}

/** The options of every request alone, without the fields of CREATE. */
export function requestTuning(options: CreateOptions): RequestOptions {
  const { flags, override, rawBody, signal, timeout, sign, related } = options;
  const { creditCharge, creditRequest, channelSequence, onInterim, encrypt } = options;
  return {
    ...(flags === undefined ? {} : { flags }),
    ...(override === undefined ? {} : { override }),
    ...(rawBody === undefined ? {} : { rawBody }),
    ...(signal === undefined ? {} : { signal }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(sign === undefined ? {} : { sign }),
    ...(encrypt === undefined ? {} : { encrypt }),
    ...(related === undefined ? {} : { related }),
    ...(onInterim === undefined ? {} : { onInterim }),
    ...(creditCharge === undefined ? {} : { creditCharge }),
    ...(creditRequest === undefined ? {} : { creditRequest }),
    ...(channelSequence === undefined ? {} : { channelSequence }),
  };
}

/** CREATE: its fields with an ordinary client's defaults, and the open that comes of it. */
import {
  type CreateRequest,
  type CreateRequestContext,
  DHANDLE_FLAG_PERSISTENT,
} from "../wire/mod.ts";
import {
  guidText,
  type OpenState,
  ProtocolError,
  type Reply,
  type SuccessReply,
} from "../protocol/mod.ts";
import { randomBytes } from "./authenticator.ts";
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
  /** Version 2; what is known of a lease that the client holds, otherwise 0, unless told. */
  readonly epoch?: number;
}

/** A handle that outlives its connection (MS-SMB2 2.2.13.2.3, 2.2.13.2.11). */
export interface DurableOptions {
  /** 2 unless told; 1 is all that dialects before 3.0 have. */
  readonly version?: 1 | 2;
  /** Version 2: milliseconds that the server keeps it; 0, its own choice, unless told. */
  readonly timeout?: number;
  /** Version 2: outlives the server too. */
  readonly persistent?: boolean;
  /** Version 2: GUID text; drawn at random unless told. */
  readonly createGuid?: string;
}

/** How a file is opened: the fields of CREATE with an ordinary client's defaults. */
export interface CreateOptions
  extends Omit<RequestOptions, "accept">, Partial<Omit<CreateRequest, "name" | "contexts">> {
  /** Adds the context, and sets the oplock level to lease. */
  readonly lease?: LeaseOptions;
  /** Adds the context of a durable handle; `true`: version 2 with the server's timeout. */
  readonly durable?: true | DurableOptions;
  readonly contexts?: readonly CreateRequestContext[];
  /**
   * Requests that lose their connection wait for {@linkcode Open.reconnect} and go out again then; otherwise, unless
   * told, they reject. To be had for handles that are durable or resilient.
   */
  readonly resume?: boolean;
}

const GENERIC_READ_FILE = 0x00120089;
const SHARE_ALL = 0x07;
const FILE_OPEN = 1;
const IMPERSONATION = 2;
const LEASE_LEVEL = 0xff;
/** Bit of lease flags: ParentLeaseKey is set (MS-SMB2 2.2.13.2.10). */
const PARENT_LEASE_KEY_SET = 0x00000004;

/** Where a CREATE takes what its caller does not say: a CreateGuid, and the epoch of a lease that is known. */
type CreateSource = Pick<Link, "random" | "engine">;

/** The body of a CREATE: opens an existing file for reading, sharing everything, unless told. */
export function createBody(
  name: string,
  options: CreateOptions,
  link: CreateSource | null = null,
): CreateRequest {
  const { lease, durable } = options;
  const contexts = options.contexts === undefined ? [] : [...options.contexts];
  if (lease !== undefined) {
    contexts.push(leaseContext(lease, link?.engine.leases.find(lease.key)?.epoch ?? 0));
  }
  if (durable !== undefined) contexts.push(durableContext(durable === true ? {} : durable, link));
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
    contexts,
  };
}

function durableContext(
  durable: DurableOptions,
  link: CreateSource | null,
): CreateRequestContext {
  if (durable.version === 1) return { kind: "DHnQ", reserved: new Uint8Array(16) };
  return {
    kind: "DH2Q",
    timeout: durable.timeout ?? 0,
    flags: durable.persistent === true ? DHANDLE_FLAG_PERSISTENT : 0,
    reserved: 0n,
    createGuid: durable.createGuid ?? guidText((link?.random ?? randomBytes)(16)),
  };
}

/** The context that asks for a lease; `epoch` is what is known of it. */
export function leaseContext(lease: LeaseOptions, epoch: number): CreateRequestContext {
  const { key, state, parentKey } = lease;
  const common = { kind: "RqLs", leaseKey: key, leaseState: state, leaseDuration: 0n } as const;
  if (lease.version === 1) return { ...common, version: 1, leaseFlags: 0 };
  return {
    ...common,
    version: 2,
    leaseFlags: parentKey === undefined ? 0 : PARENT_LEASE_KEY_SET,
    parentLeaseKey: parentKey ?? new Uint8Array(16),
    epoch: lease.epoch ?? epoch,
    reserved: 0,
  };
}

/** The open that a CREATE reply made. */
export function openFrom(tree: Tree, made: {
  readonly name: string;
  readonly body: CreateRequest;
  readonly options: CreateOptions;
  readonly reply: Reply<"CREATE">;
  readonly state: OpenState | null;
}): Open {
  const { name, body, options, reply, state } = made;
  if (state === null || reply.body === null) {
    throw new ProtocolError(`Cannot open ${JSON.stringify(name)}: the response has no file id`, {
      side: "remote",
    });
  }
  return new Open(tree, {
    name,
    request: body,
    state,
    reply: reply as SuccessReply<"CREATE">,
    resumes: options.resume === true,
  });
}

/** Of a CREATE without options. */
export const NO_CREATE_OPTIONS: CreateOptions = {};
const NO_TUNING: RequestOptions = {};

/** The options of every request alone, without the fields of CREATE. */
export function requestTuning(options: CreateOptions): RequestOptions {
  if (options === NO_CREATE_OPTIONS) return NO_TUNING;
  const { flags, override, rawBody, signal, timeout, sign, related } = options;
  const { creditCharge, creditRequest, channelSequence, onInterim, encrypt, via, owner } = options;
  const tuning: { -readonly [K in keyof RequestOptions]: RequestOptions[K] } = {};
  if (owner !== undefined) tuning.owner = owner;
  if (flags !== undefined) tuning.flags = flags;
  if (override !== undefined) tuning.override = override;
  if (rawBody !== undefined) tuning.rawBody = rawBody;
  if (signal !== undefined) tuning.signal = signal;
  if (timeout !== undefined) tuning.timeout = timeout;
  if (sign !== undefined) tuning.sign = sign;
  if (via !== undefined) tuning.via = via;
  if (encrypt !== undefined) tuning.encrypt = encrypt;
  if (related !== undefined) tuning.related = related;
  if (onInterim !== undefined) tuning.onInterim = onInterim;
  if (creditCharge !== undefined) tuning.creditCharge = creditCharge;
  if (creditRequest !== undefined) tuning.creditRequest = creditRequest;
  if (channelSequence !== undefined) tuning.channelSequence = channelSequence;
  return tuning;
}

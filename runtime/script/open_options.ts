/** What an open asks for, as a scenario writes it -> the client's CREATE. */
import type { CreateOptions } from "../client/mod.ts";
import { type CreateRequestContext, DHANDLE_FLAG_PERSISTENT } from "../wire/mod.ts";
import type { CreateContext, DurableOptions, LeaseOptions, OpenOptions } from "./api.ts";
import {
  accessMask,
  attributesMask,
  createOptionsMask,
  dispositionNumber,
  leaseStateBits,
  oplockLevel,
  shareMask,
} from "./names.ts";
import { guidText, type Run } from "./run.ts";
import type { ScriptFile } from "./file.ts";
import { duration } from "./units.ts";

/** LeaseFlags: ParentLeaseKey is set (MS-SMB2 2.2.13.2.10). */
const PARENT_LEASE_KEY_SET = 0x04;
const FILE_ATTRIBUTE_NORMAL = 0x80;
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const IMPERSONATION = 2;
const DISPOSITION_OPEN = 1;
const DISPOSITION_OVERWRITE = 4;
const OPLOCK_LEASE = 0xff;

/** A file that an open reconnects to was never open in this run: there is nothing to send. */
export class NothingToReconnect extends Error {
  override readonly name = "NothingToReconnect";
}

/** A CREATE to send, and what the file keeps of it. */
export interface OpenRequest {
  readonly create: CreateOptions;
  /** The key of the lease that is asked for. */
  readonly leaseKey: Uint8Array | null;
  /** CreateGuid of a DH2Q or DH2C context. */
  readonly createGuid: string | null;
}

/**
 * Translates the options of an open. Names of leases and GUIDs belong to `scope`, the client.
 *
 * @throws {RangeError} When a name is unknown.
 * @throws {NothingToReconnect} When an open to reconnect to has no file id.
 */
export function openRequest(run: Run, scope: string, options: OpenOptions): OpenRequest {
  const disposition = dispositionNumber(options.disposition ?? "open");
  const creates = disposition !== DISPOSITION_OPEN && disposition !== DISPOSITION_OVERWRITE;
  const createOptions = createOptionsMask(options.options ?? 0);
  const lease = leaseContext(run, scope, options.lease);
  const contexts = (options.contexts ?? []).map((context) =>
    createContext(run, scope, context, lease)
  ).filter((context) => context !== null);
  if (lease !== null && !contexts.includes(lease)) contexts.push(lease);
  if (options.durable !== undefined) {
    contexts.push(durableContext(run, options.durable === true ? {} : options.durable));
  }
  const guids = contexts.flatMap((context) =>
    context.kind === "DH2Q" || context.kind === "DH2C" ? [context.createGuid] : []
  );
  const attributes = options.attributes ??
    (creates && (createOptions & 1) === 0 ? FILE_ATTRIBUTE_NORMAL : 0);
  return {
    create: {
      desiredAccess: accessMask(options.access ?? "r"),
      shareAccess: shareMask(options.share ?? "rwd"),
      createDisposition: disposition,
      createOptions,
      fileAttributes: attributesMask(attributes),
      requestedOplockLevel: options.oplock === undefined
        ? (lease === null ? 0 : OPLOCK_LEASE)
        : oplockLevel(options.oplock),
      impersonationLevel: options.impersonation ?? IMPERSONATION,
      securityFlags: options.securityFlags ?? 0,
      smbCreateFlags: options.createFlags ?? 0n,
      contexts,
      ...options.resume === undefined ? {} : { resume: options.resume },
    },
    leaseKey: lease?.leaseKey ?? null,
    createGuid: guids[0] ?? null,
  };
}

function durableContext(run: Run, durable: DurableOptions): CreateRequestContext {
  if (durable.version === 1) return { kind: "DHnQ", reserved: new Uint8Array(16) };
  return {
    kind: "DH2Q",
    timeout: Math.round(duration(durable.timeout ?? 0) * 1000),
    flags: durable.persistent === true ? DHANDLE_FLAG_PERSISTENT : 0,
    reserved: 0n,
    createGuid: guidText(run.host.random(16)),
  };
}

type Lease = Extract<CreateRequestContext, { kind: "RqLs" }>;

function leaseContext(run: Run, scope: string, option: OpenOptions["lease"]): Lease | null {
  if (option === undefined) return null;
  const lease: LeaseOptions = typeof option === "object" ? option : { state: option };
  const leaseKey = lease.key === undefined
    ? run.host.random(16)
    : leaseKeyBytes(run, scope, lease.key);
  const common = {
    kind: "RqLs",
    leaseKey,
    leaseState: leaseStateBits(lease.state),
    leaseDuration: 0n,
  } as const;
  if (lease.version === 1) return { ...common, version: 1, leaseFlags: lease.flags ?? 0 };
  const parent = lease.parent === undefined ? null : leaseKeyBytes(run, scope, lease.parent);
  return {
    ...common,
    version: 2,
    leaseFlags: (lease.flags ?? 0) | (parent === null ? 0 : PARENT_LEASE_KEY_SET),
    parentLeaseKey: parent ?? new Uint8Array(16),
    epoch: lease.epoch ?? 0,
    reserved: 0,
  };
}

function leaseKeyBytes(run: Run, scope: string, key: string | Uint8Array): Uint8Array {
  if (typeof key === "string") return run.named(`${scope} lease`, key);
  if (key.length !== 16) {
    throw new RangeError(`Cannot use ${key.length} bytes as a lease key: 16 are needed`);
  }
  return key;
}

/** A name becomes a GUID of the run. */
function createGuidText(run: Run, scope: string, createGuid: string): string {
  return GUID.test(createGuid) ? createGuid : run.guid(`${scope} create`, createGuid);
}

function createContext(
  run: Run,
  scope: string,
  option: CreateContext,
  lease: Lease | null,
): CreateRequestContext | null {
  const context = typeof option === "string" ? { kind: option } : option;
  switch (context.kind) {
    case "RqLs":
      return lease;
    case "DHnQ":
      return { kind: "DHnQ", reserved: new Uint8Array(16) };
    case "DHnC":
      return { kind: "DHnC", fileId: reconnected(context.file).fileId };
    case "DH2Q": {
      const { timeout, flags, createGuid } = context as Extract<CreateContext, { kind: "DH2Q" }>;
      return {
        kind: "DH2Q",
        timeout: timeout ?? 0,
        flags: flags ?? 0,
        reserved: 0n,
        createGuid: createGuid === undefined
          ? guidText(run.host.random(16))
          : createGuidText(run, scope, createGuid),
      };
    }
    case "DH2C": {
      const open = reconnected(context.file);
      return {
        kind: "DH2C",
        fileId: open.fileId,
        createGuid: context.createGuid === undefined
          ? open.createGuid ?? "00000000-0000-0000-0000-000000000000"
          : createGuidText(run, scope, context.createGuid),
        flags: context.flags ?? 0,
      };
    }
    case "MxAc": {
      const { timestamp } = context as { timestamp?: bigint };
      return timestamp === undefined ? { kind: "MxAc" } : { kind: "MxAc", timestamp };
    }
    case "QFid":
      return { kind: "QFid" };
    case "AlSi":
      return { kind: "AlSi", allocationSize: BigInt(context.allocationSize) };
    case "TWrp":
      return { kind: "TWrp", timestamp: context.timestamp };
    case "ExtA":
    case "SecD":
    case "SVHDX":
      return { kind: context.kind, data: context.data };
    case "AppInstanceId":
      return { kind: "AppInstanceId", reserved: 0, appInstanceId: context.appInstanceId };
    case "AppInstanceVersion":
      return { kind: "AppInstanceVersion", high: context.high, low: context.low };
    case "AAPL": {
      const { requestBitmap, clientCapabilities } = context as Extract<
        CreateContext,
        { kind: "AAPL" }
      >;
      return {
        kind: "AAPL",
        query: {
          command: 1,
          reserved: 0,
          requestBitmap: requestBitmap ?? 7n,
          clientCapabilities: clientCapabilities ?? 0n,
        },
      };
    }
    case "raw":
      return {
        kind: "raw",
        name: typeof context.name === "string"
          ? new TextEncoder().encode(context.name)
          : context.name,
        data: context.data,
      };
    default:
      throw new RangeError(
        `Cannot use ${JSON.stringify((context as { kind: unknown }).kind)} as a create context: ` +
          `its kind is unknown, use "raw"`,
      );
  }
}

function reconnected(file: unknown) {
  const identity = (file as ScriptFile | undefined)?.identity ?? null;
  if (identity === null) {
    throw new NothingToReconnect("Cannot reconnect: the file was never open in this run");
  }
  return identity;
}

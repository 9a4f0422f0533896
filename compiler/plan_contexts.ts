/** Negotiate and create contexts as plan values: keys and GUIDs that a run draws anew become names. */
import {
  type CreateRequestContext,
  encodeFileId,
  type FileId,
  type NegotiateContext,
  Writer,
} from "../runtime/wire/mod.ts";
import type { LeaseNames } from "./names.ts";
import type { PlanCreateContext, PlanNegotiateContext } from "./plan.ts";

/** Plan form of NEGOTIATE contexts. */
export function negotiateContexts(contexts: readonly NegotiateContext[]): PlanNegotiateContext[] {
  return contexts.map((context): PlanNegotiateContext => {
    switch (context.kind) {
      case "preauthIntegrity":
        return {
          kind: context.kind,
          hashAlgorithms: [...context.hashAlgorithms],
          saltLength: context.salt.byteLength,
        };
      case "compression":
        return {
          kind: context.kind,
          flags: context.flags,
          algorithms: [...context.algorithms],
        };
      case "raw":
        return { kind: context.kind, type: context.type, data: context.data.toHex() };
      default:
        return context;
    }
  });
}

/** Plan form of CREATE contexts, in the order as sent. */
export function createContexts(
  contexts: readonly CreateRequestContext[],
  names: { readonly leases: LeaseNames; readonly fileOf: (id: FileId) => string | null },
): PlanCreateContext[] {
  const { leaseKeys, createGuids } = names.leases;
  return contexts.map((context): PlanCreateContext => {
    switch (context.kind) {
      case "RqLs":
        return {
          kind: "RqLs",
          version: context.version,
          key: leaseKeys.of(context.leaseKey.toHex()),
          state: context.leaseState,
          flags: context.leaseFlags,
          ...(context.version === 2 && (context.leaseFlags & PARENT_LEASE_KEY_SET) !== 0
            ? { parent: leaseKeys.of(context.parentLeaseKey.toHex()) }
            : {}),
          ...(context.version === 2 ? { epoch: context.epoch } : {}),
        };
      case "DHnQ":
      case "QFid":
        return { kind: context.kind };
      case "DHnC": {
        const file = names.fileOf(context.fileId);
        return file === null ? foreign(context) : { kind: "DHnC", file };
      }
      case "DH2Q":
        return {
          kind: "DH2Q",
          timeout: context.timeout,
          flags: context.flags,
          createGuid: createGuids.of(context.createGuid),
        };
      case "DH2C": {
        const file = names.fileOf(context.fileId);
        return file === null ? foreign(context) : {
          kind: "DH2C",
          file,
          createGuid: createGuids.of(context.createGuid),
          flags: context.flags,
        };
      }
      case "MxAc":
        return context.timestamp === undefined
          ? { kind: "MxAc" }
          : { kind: "MxAc", timestamp: String(context.timestamp) };
      case "AlSi":
        return { kind: "AlSi", allocationSize: String(context.allocationSize) };
      case "TWrp":
        return { kind: "TWrp", timestamp: String(context.timestamp) };
      case "ExtA":
      case "SecD":
      case "SVHDX":
        return { kind: context.kind, data: context.data.toHex() };
      case "AppInstanceId":
        return { kind: "AppInstanceId", appInstanceId: context.appInstanceId };
      case "AppInstanceVersion":
        return {
          kind: "AppInstanceVersion",
          high: String(context.high),
          low: String(context.low),
        };
      case "AAPL":
        return {
          kind: "AAPL",
          requestBitmap: String(context.query.requestBitmap),
          clientCapabilities: String(context.query.clientCapabilities),
        };
      case "raw":
        return { kind: "raw", name: context.name.toHex(), data: context.data.toHex() };
    }
  });
}

/** Lease flag: ParentLeaseKey means something (MS-SMB2 2.2.13.2.10). */
const PARENT_LEASE_KEY_SET = 0x04;

/** A reconnect to an open that is not this client's: no run can have its id, the recorded bytes are sent. */
function foreign(
  context: Extract<CreateRequestContext, { readonly kind: "DHnC" | "DH2C" }>,
): PlanCreateContext {
  const writer = new Writer();
  encodeFileId(writer, context.fileId);
  if (context.kind === "DH2C") {
    writer.guid(context.createGuid);
    writer.u32(context.flags);
  }
  const name = new TextEncoder().encode(context.kind).toHex();
  return { kind: "raw", name, data: writer.bytes().toHex() };
}

/** Break notifications and their acknowledgements (MS-SMB2 3.2.5.19, 2.2.24). */
import {
  Command,
  type FileId,
  type Header,
  isSuccess,
  type OplockBreakResponse,
} from "../wire/mod.ts";
import type { BreakNotice } from "./effects.ts";
import { ProtocolError } from "./errors.ts";
import type { RequestInput } from "./exchange.ts";
import type { LeaseTable } from "./lease_table.ts";
import type { Reply } from "./reply.ts";
import type { OpenState } from "./sessions.ts";

/** Oplock levels (MS-SMB2 2.2.13). */
export const OplockLevel = {
  NONE: 0x00,
  II: 0x01,
  EXCLUSIVE: 0x08,
  BATCH: 0x09,
  LEASE: 0xff,
} as const;

const ACK_REQUIRED = 0x01;

/** Reads a notification against what the client holds. */
export function breakNotice(
  body: OplockBreakResponse,
  context: {
    readonly leases: LeaseTable;
    readonly findOpen: (fileId: FileId) => OpenState | null;
    readonly now: number;
  },
): BreakNotice {
  const { leases, findOpen, now } = context;
  switch (body.kind) {
    case "oplock": {
      const open = findOpen(body.fileId);
      const from = open?.oplockLevel ?? null;
      // Level II goes without a word; the stronger ones wait for the acknowledgement (3.2.5.19.1).
      const ackRequired = from !== null && from !== OplockLevel.II && from !== OplockLevel.NONE;
      if (open !== null) open.oplockLevel = body.oplockLevel;
      return {
        kind: "oplock",
        from,
        to: body.oplockLevel,
        fileId: body.fileId,
        ackRequired,
        receivedAt: now,
        opens: open === null ? [] : [open],
        lease: null,
      };
    }
    case "leaseNotification": {
      const lease = leases.find(body.leaseKey);
      if (lease !== null) leases.broken(lease, body.newLeaseState, body.newEpoch);
      return {
        kind: "lease",
        from: body.currentLeaseState,
        to: body.newLeaseState,
        leaseKey: body.leaseKey.slice(),
        ackRequired: (body.flags & ACK_REQUIRED) !== 0,
        newEpoch: body.newEpoch,
        receivedAt: now,
        opens: lease === null ? [] : [...lease.opens],
        lease,
      };
    }
    case "lease":
      throw new ProtocolError(
        "Cannot accept OPLOCK_BREAK: a lease break response where a notification was due",
        { side: "remote" },
      );
  }
}

/** The acknowledgement to `state`; null when no open and no lease is left in whose name it could be sent. */
export function breakAcknowledgement(
  notice: BreakNotice,
  state: number,
): RequestInput<"OPLOCK_BREAK"> | null {
  if (notice.kind === "oplock") {
    const open = notice.opens[0];
    if (open === undefined || notice.fileId === undefined) return null;
    const body = {
      kind: "oplock",
      oplockLevel: state,
      reserved: 0,
      reserved2: 0,
      fileId: notice.fileId,
    } as const;
    return { command: "OPLOCK_BREAK", body, session: open.session, tree: open.tree };
  }
  const { lease, leaseKey } = notice;
  if (lease === null || leaseKey === undefined) return null;
  const owner = notice.opens[0] ?? lease;
  const body = {
    kind: "lease",
    reserved: 0,
    flags: 0,
    leaseKey,
    leaseState: state,
    leaseDuration: 0n,
  } as const;
  return { command: "OPLOCK_BREAK", body, session: owner.session, tree: owner.tree };
}

/**
 * What the server's answer to an acknowledgement will change (MS-SMB2 2.2.25): the state that it accepted counts, unless
 * another break has come meanwhile.
 */
export function onAcknowledged(notice: BreakNotice): (reply: Reply) => null {
  const { lease } = notice;
  const [open] = notice.opens;
  const leaseState = lease?.state;
  const oplockLevel = open?.oplockLevel;
  return (reply) => {
    const { body } = reply as Reply<"OPLOCK_BREAK">;
    if (body === null || !isSuccess(reply.status)) return null;
    if (body.kind === "lease" && lease?.state === leaseState && lease !== null) {
      lease.state = body.leaseState;
    }
    if (body.kind === "oplock" && open !== undefined && open.oplockLevel === oplockLevel) {
      open.oplockLevel = body.oplockLevel;
    }
    return null;
  };
}

/** Whether a message is a break notification (MS-SMB2 3.2.5.19): nothing asked for it. */
export function isBreakNotification(header: Header): boolean {
  return header.messageId === 0xffffffffffffffffn && header.command === Command.OPLOCK_BREAK;
}

/**
 * Oplock and lease breaks on the wire: notifications, acknowledgements (MS-SMB2 3.3.4.6, 3.3.4.7, 3.3.5.22), and what
 * file operations do to the caching of others (MS-FSA 2.1.4.12).
 *
 * @module
 */

import {
  Command,
  HeaderFlags,
  type LeaseBreak,
  LeaseBreakFlag,
  makeHeader,
  type OplockBreak,
  type OplockBreakRequest,
  type OplockBreakResponse,
  OplockLevel,
  Status,
} from "../wire/mod.ts";
import { type Break, Caching, type LeaseIdentity } from "./caching.ts";
import type { Connection } from "./connection.ts";
import { Refusal } from "./errors.ts";
import type { Open, OpenedFile } from "./state.ts";
import { type Reply, reply, type Work } from "./work.ts";

const { READ, HANDLE, WRITE } = Caching;

const NOTIFICATION_ID = 0xffff_ffff_ffff_ffffn;

/**
 * The caching rights of an oplock level.
 *
 * @param level The level.
 * @returns Rights; none for a level that is not an oplock.
 */
export function rightsOfLevel(level: number): number {
  switch (level) {
    case OplockLevel.II:
      return READ;
    case OplockLevel.EXCLUSIVE:
      return READ | WRITE;
    case OplockLevel.BATCH:
      return READ | WRITE | HANDLE;
    default:
      return 0;
  }
}

/**
 * The oplock level of caching rights.
 *
 * @param rights Rights of an oplock.
 * @returns The level.
 */
export function levelOfRights(rights: number): number {
  if ((rights & WRITE) === 0) return (rights & READ) === 0 ? OplockLevel.NONE : OplockLevel.II;
  return (rights & HANDLE) === 0 ? OplockLevel.EXCLUSIVE : OplockLevel.BATCH;
}

/**
 * The key under which a lease is found.
 *
 * @param lease The lease.
 * @returns Client and key.
 */
export function leaseKeyOf(lease: Pick<LeaseIdentity, "clientGuid" | "key">): string {
  return `${lease.clientGuid}:${lease.key}`;
}

/**
 * Sends the notification of a break.
 *
 * @param event The break.
 * @param connections All connections, the oldest first.
 */
export function announceBreak(event: Break<Open>, connections: Iterable<Connection>): void {
  const { grant } = event;
  const open = [...grant.holders].find(({ session }) => session !== undefined);
  if (open?.session === undefined) return;
  const connection = grant.lease?.version === 2
    ? oldestOf(grant.lease.clientGuid, connections) ?? open.session.connection
    : open.session.connection;
  const body: OplockBreakResponse = grant.lease === undefined
    ? {
      kind: "oplock",
      oplockLevel: levelOfRights(event.to),
      reserved: 0,
      reserved2: 0,
      fileId: open.fileId,
    }
    : {
      kind: "leaseNotification",
      newEpoch: grant.lease.version === 2 ? grant.epoch : 0,
      flags: event.ackRequired ? LeaseBreakFlag.ACK_REQUIRED : 0,
      leaseKey: bytesOfHex(grant.lease.key),
      currentLeaseState: event.from,
      newLeaseState: event.to,
      breakReason: 0,
      accessMaskHint: 0,
      shareMaskHint: 0,
    };
  // MS-SMB2 3.3.4.6, 3.3.4.7: neither session nor tree, all ones as message id, never signed.
  const header = makeHeader({
    command: Command.OPLOCK_BREAK,
    flags: HeaderFlags.SERVER_TO_REDIR,
    messageId: NOTIFICATION_ID,
  });
  connection.sendAll([{
    message: { kind: "response", command: "OPLOCK_BREAK", header, body },
    session: undefined,
    sign: false,
    encoded: undefined,
  }]);
}

// MS-SMB2 3.3.4.7: from 3.0 on, any connection of the client will do.
function oldestOf(
  clientGuid: string,
  connections: Iterable<Connection>,
): Connection | undefined {
  for (const connection of connections) {
    if (connection.negotiated?.clientGuid === clientGuid) return connection;
  }
  return undefined;
}

/**
 * Handles an acknowledgement.
 *
 * @param work The request.
 * @param body Its body.
 * @returns The answer.
 */
export function handleOplockBreak(work: Work, body: OplockBreakRequest): Reply {
  return body.kind === "lease" ? acknowledgeLease(work, body) : acknowledgeOplock(work, body);
}

function acknowledgeOplock(work: Work, body: OplockBreak): Reply {
  const open = work.open(body.fileId);
  const { grant } = open;
  if (body.oplockLevel === OplockLevel.LEASE) throw new Refusal(Status.INVALID_PARAMETER);
  if (grant === undefined || grant.lease !== undefined || grant.breakingTo === undefined) {
    // MS-SMB2 3.3.5.22.1: no break is under way.
    throw new Refusal(Status.INVALID_OPLOCK_PROTOCOL);
  }
  const rights = rightsOfLevel(body.oplockLevel);
  const { file } = grant;
  if (!file.acknowledge(grant, rights, work.now)) {
    file.acknowledge(grant, 0, work.now);
    open.grant = undefined;
    work.server.cachingChanged(file);
    throw new Refusal(Status.INVALID_OPLOCK_PROTOCOL);
  }
  if (grant.state === 0) open.grant = undefined;
  work.server.cachingChanged(file);
  return reply({ ...body, reserved: 0, reserved2: 0, oplockLevel: levelOfRights(grant.state) });
}

function acknowledgeLease(work: Work, body: LeaseBreak): Reply {
  const clientGuid = work.connection.negotiated?.clientGuid ?? "";
  const key = hexOfBytes(body.leaseKey);
  const grant = work.server.leases.get(leaseKeyOf({ clientGuid, key }));
  // MS-SMB2 3.3.5.22.2: the order and the statuses of these checks.
  if (grant === undefined) throw new Refusal(Status.OBJECT_NAME_NOT_FOUND);
  if (grant.breakingTo === undefined) throw new Refusal(Status.UNSUCCESSFUL);
  const { file } = grant;
  if (!file.acknowledge(grant, body.leaseState, work.now)) {
    throw new Refusal(Status.REQUEST_NOT_ACCEPTED);
  }
  work.server.cachingChanged(file);
  return reply({
    kind: "lease",
    reserved: 0,
    flags: 0,
    leaseKey: body.leaseKey.slice(),
    leaseState: body.leaseState,
    leaseDuration: 0n,
  });
}

/**
 * Takes the right to cache reads from all others, as writing, locking and changing the size do.
 *
 * @param work The request.
 * @param open The open that changes the file.
 */
export function breakReaders(work: Work, open: OpenedFile): void {
  const caching = work.server.existingCaching(open.file.stream);
  if (caching === undefined) return;
  const contention = { by: open, revoke: READ | HANDLE | WRITE, waitFor: 0 };
  caching.contend(contention, work.now);
}

/**
 * Takes the right to cache handles from all others, as renaming and deleting do.
 *
 * @param work The request.
 * @param open The open that renames or deletes.
 * @returns Whether the request must wait.
 */
export function breakHandles(work: Work, open: OpenedFile): boolean {
  const caching = work.server.existingCaching(open.file.stream);
  if (caching === undefined) return false;
  return caching.contend({ by: open, revoke: HANDLE, waitFor: HANDLE }, work.now);
}

/**
 * Hexadecimal text of bytes.
 *
 * @param bytes The bytes.
 * @returns Two lower-case digits a byte.
 */
export function hexOfBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOfHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(hex.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

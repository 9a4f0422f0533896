/**
 * The create contexts that ask for a durable open, or for one to be given back (MS-SMB2 3.3.5.9.6, 3.3.5.9.7,
 * 3.3.5.9.10, 3.3.5.9.12).
 *
 * @module
 */

import { type FileId, Status } from "../wire/mod.ts";
import type { ContextByKind } from "./create_plan.ts";
import { Refusal } from "./errors.ts";
import { DURABLE_TIMEOUT } from "./limits.ts";
import type { Work } from "./work.ts";

/** A durable open that a CREATE asks for. */
export interface DurableRequest {
  readonly version: 1 | 2;
  /** Milliseconds to keep it without a connection, within bounds. */
  readonly timeout: number;
  /** What the client calls its CREATE, in version 2. */
  readonly createGuid: string | undefined;
}

/** An open that a client wants back. */
export interface Reclaim {
  readonly fileId: FileId;
  /** What the client called the CREATE that made it, in version 2. */
  readonly createGuid: string | undefined;
}

/**
 * Finds out which open a CREATE wants back.
 *
 * @param work The request.
 * @param contexts Its contexts.
 * @returns The open; undefined for a CREATE that makes a new one.
 * @throws {Refusal} INVALID_PARAMETER for contexts that exclude each other.
 */
export function reclaimOf(work: Work, contexts: ContextByKind): Reclaim | undefined {
  const { DHnQ, DHnC } = contexts;
  const { DH2Q, DH2C } = secondVersion(work, contexts);
  // MS-SMB2 3.3.5.9.6, 3.3.5.9.7, 3.3.5.9.10, 3.3.5.9.12: only the two contexts of version 1 go together.
  const alone = DH2Q ?? DH2C;
  const others = [DHnQ, DHnC, DH2Q, DH2C].filter((it) => it !== undefined && it !== alone);
  if (alone !== undefined && others.length > 0) throw new Refusal(Status.INVALID_PARAMETER);
  if (DH2C !== undefined) return { fileId: DH2C.fileId, createGuid: DH2C.createGuid };
  return DHnC === undefined ? undefined : { fileId: DHnC.fileId, createGuid: undefined };
}

/**
 * Finds out whether a CREATE asks for a durable open.
 *
 * @param work The request.
 * @param contexts Its contexts.
 * @returns What it asks for; undefined when it does not.
 */
export function durableOf(work: Work, contexts: ContextByKind): DurableRequest | undefined {
  const { DH2Q } = secondVersion(work, contexts);
  if (DH2Q !== undefined) {
    const timeout = DH2Q.timeout === 0 ? DURABLE_TIMEOUT.default : DH2Q.timeout;
    const { createGuid } = DH2Q;
    return { version: 2, timeout: Math.min(timeout, DURABLE_TIMEOUT.most), createGuid };
  }
  if (contexts.DHnQ === undefined) return undefined;
  return { version: 1, timeout: DURABLE_TIMEOUT.default, createGuid: undefined };
}

// MS-SMB2 3.3.5.9.10, 3.3.5.9.12: version 2 belongs to 3.x.
function secondVersion(work: Work, contexts: ContextByKind): Pick<ContextByKind, "DH2Q" | "DH2C"> {
  return work.connection.dialect < 0x0300 ? {} : contexts;
}

/** Leases by their key (MS-SMB2 3.2.1.5: GlobalFileTable holds one lease key for each file). */
import {
  type CreateRequest,
  type CreateRequestContext,
  type CreateResponse,
  LeaseFlags,
} from "../wire/mod.ts";
import type { OpenState, SessionState, TreeState } from "./sessions.ts";
import { SparseMap } from "./sparse_map.ts";

/** One lease of this client. */
export interface LeaseEntry {
  readonly key: Uint8Array;
  readonly session: SessionState;
  readonly tree: TreeState | null;
  /** Bits of LeaseState. */
  state: number;
  /** File.LeaseEpoch of a version 2 lease; null while none is known. */
  epoch: number | null;
  /** ParentLeaseKey of a version 2 lease: the lease of the directory. */
  parentKey: Uint8Array | null;
  readonly opens: Set<OpenState>;
  /** CREATE requests on the way that name the key. */
  pending: number;
}

/**
 * The leases of one client: share it between the connections that share a ClientGuid, because the server may break a
 * lease on any of them.
 *
 * An entry exists from the moment a CREATE that names its key is sent, so that a break which overtakes the CREATE
 * response finds it.
 */
export class LeaseTable {
  readonly #entries = new SparseMap<string, LeaseEntry>();

  /** Number of leases known. */
  get size(): number {
    return this.#entries.size;
  }

  /** The lease of a key. */
  find(key: Uint8Array): LeaseEntry | null {
    return this.#entries.get(keyText(key)) ?? null;
  }

  /** Notes a CREATE on its way; null when it asks for no lease. */
  expect(
    body: CreateRequest,
    owner: { session: SessionState; tree: TreeState | null },
  ): LeaseEntry | null {
    const context = body.contexts.find((context) => context.kind === "RqLs");
    if (context === undefined) return null;
    const text = keyText(context.leaseKey);
    const known = this.#entries.get(text);
    if (known !== undefined) {
      known.pending++;
      return known;
    }
    const entry: LeaseEntry = {
      key: context.leaseKey.slice(),
      session: owner.session,
      tree: owner.tree,
      state: 0,
      epoch: null,
      parentKey: parentKeyOf(context),
      opens: new Set(),
      pending: 1,
    };
    this.#entries.set(text, entry);
    return entry;
  }

  /** A CREATE that `expect` noted was answered without an open. */
  giveUp(entry: LeaseEntry): void {
    entry.pending--;
    this.#dropUnused(entry);
  }

  /** A CREATE that `expect` noted was answered; the lease as granted, or null where the server granted none. */
  granted(entry: LeaseEntry, response: CreateResponse): LeaseEntry | null {
    const context = response.contexts.find((context) => context.kind === "RqLs");
    if (context === undefined || response.oplockLevel !== OPLOCK_LEVEL_LEASE) {
      this.giveUp(entry);
      return null;
    }
    entry.pending--;
    // A break that overtook this response knows better: its epoch is newer (MS-SMB2 2.2.14.2.11, 2.2.23.2).
    if (context.version === 2) {
      if (entry.epoch !== null && isNewer(entry.epoch, context.epoch)) return entry;
      entry.epoch = context.epoch;
    }
    entry.state = context.leaseState;
    return entry;
  }

  /** A break notification changes the lease, unless something newer is known. */
  broken(entry: LeaseEntry, state: number, epoch: number): void {
    if (epoch !== 0) {
      if (entry.epoch !== null && isNewer(entry.epoch, epoch)) return;
      entry.epoch = epoch;
    }
    entry.state = state;
  }

  /** An open ended. */
  released(open: OpenState): void {
    const entry = open.lease;
    if (entry === null) return;
    entry.opens.delete(open);
    this.#dropUnused(entry);
  }

  #dropUnused(entry: LeaseEntry): void {
    if (entry.opens.size === 0 && entry.pending <= 0) this.#entries.delete(keyText(entry.key));
  }
}

/** OplockLevel of a CREATE that asks for, or got, a lease (MS-SMB2 2.2.13). */
export const OPLOCK_LEVEL_LEASE = 0xff;

/** Whether epoch `a` is after `b`, in 16 bits that wrap around. */
function isNewer(a: number, b: number): boolean {
  const difference = (a - b) & 0xffff;
  return difference !== 0 && difference < 0x8000;
}

function parentKeyOf(context: Extract<CreateRequestContext, { kind: "RqLs" }>): Uint8Array | null {
  const isSet = context.version === 2 &&
    (context.leaseFlags & LeaseFlags.PARENT_LEASE_KEY_SET) !== 0;
  return isSet ? context.parentLeaseKey.slice() : null;
}

function keyText(key: Uint8Array): string {
  let text = "";
  for (const byte of key) text += byte.toString(16).padStart(2, "0");
  return text;
}

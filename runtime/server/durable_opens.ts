/**
 * The opens that wait for their client to come back, and the CREATEs that may be sent again (MS-SMB2 3.3.1.10:
 * Open.IsDurable, Open.IsReplayEligible). Pure: who closes what is the server's business, time is an argument.
 *
 * @module
 */

import type { OpenAction } from "../store/mod.ts";
import { Caching } from "./caching.ts";
import { MAX_DISCONNECTED } from "./limits.ts";
import type { Open } from "./state.ts";

/** An open by the CREATE that made it. */
export interface Replayable {
  readonly open: Open;
  /** What the CREATE did. */
  readonly action: OpenAction;
}

/**
 * Whether an open outlives its connection (MS-SMB2 3.3.7.1): it is durable, and its batch oplock or the handle caching
 * of its lease is held, with no break under way.
 *
 * @param open The open.
 * @returns Whether it is kept.
 */
export function isKept(open: Open): boolean {
  const { durable, grant } = open;
  return durable !== undefined && grant !== undefined && grant.breakingTo === undefined &&
    (grant.state & Caching.HANDLE) !== 0;
}

/** The opens of a server that are more than what their sessions know of them. */
export class DurableOpens {
  /** By the persistent part of the file id, in the order of their loss. */
  readonly #disconnected = new Map<bigint, Open>();
  readonly #replays = new Map<string, Replayable>();
  #nextDeadline = Infinity;

  /** Opens that wait for their client. */
  get size(): number {
    return this.#disconnected.size;
  }

  /** When the next open is overdue, in milliseconds; Infinity when none waits. */
  get nextDeadline(): number {
    return this.#nextDeadline;
  }

  /**
   * Keeps an open that has lost its connection.
   *
   * @param open The open.
   * @param now Milliseconds.
   * @returns The open that must be closed, where there are too many.
   */
  keep(open: Open, now: number): Open | undefined {
    const { durable } = open;
    if (durable === undefined) return open;
    durable.deadline = now + durable.timeout;
    this.#disconnected.set(open.fileId.persistent, open);
    this.#nextDeadline = Math.min(this.#nextDeadline, durable.deadline);
    if (this.#disconnected.size <= MAX_DISCONNECTED) return undefined;
    const [oldest] = this.#disconnected.values();
    return oldest;
  }

  /**
   * Finds an open that waits for its client.
   *
   * @param persistent The persistent part of its file id.
   * @param now Milliseconds.
   * @returns The open, unless it is overdue.
   */
  find(persistent: bigint, now: number): Open | undefined {
    const open = this.#disconnected.get(persistent);
    return open !== undefined && deadlineOf(open) > now ? open : undefined;
  }

  /**
   * The opens that nobody came back for.
   *
   * @param now Milliseconds.
   * @returns Those that are overdue; they stay until they are forgotten.
   */
  overdue(now: number): Open[] {
    if (this.#nextDeadline > now) return [];
    return [...this.#disconnected.values()].filter((open) => deadlineOf(open) <= now);
  }

  /**
   * Forgets an open that is closed.
   *
   * @param open The open.
   */
  forget(open: Open): void {
    this.forgetReplay(open);
    this.release(open);
  }

  /**
   * Takes notice that an open waits no longer.
   *
   * @param open The open.
   */
  release(open: Open): void {
    if (!this.#disconnected.delete(open.fileId.persistent)) return;
    if (deadlineOf(open) > this.#nextDeadline) return;
    this.#nextDeadline = Infinity;
    for (const other of this.#disconnected.values()) {
      this.#nextDeadline = Math.min(this.#nextDeadline, deadlineOf(other));
    }
  }

  /**
   * Keeps by what a CREATE is known when it comes again.
   *
   * @param key Client and CreateGuid.
   * @param made What it made.
   */
  rememberReplay(key: string, made: Replayable): void {
    made.open.replayKey = key;
    this.#replays.set(key, made);
  }

  /**
   * Finds what a CREATE made that comes again.
   *
   * @param key Client and CreateGuid.
   * @returns The open, while nothing was done with it.
   */
  findReplay(key: string): Replayable | undefined {
    return this.#replays.get(key);
  }

  /**
   * Takes notice that the client has had the answer to its CREATE.
   *
   * @param open The open.
   */
  forgetReplay(open: Open): void {
    if (open.replayKey === undefined) return;
    if (this.#replays.get(open.replayKey)?.open === open) this.#replays.delete(open.replayKey);
    open.replayKey = undefined;
  }
}

function deadlineOf(open: Open): number {
  return open.durable?.deadline ?? Infinity;
}

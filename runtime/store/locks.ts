/**
 * Byte-range locks of one stream: who holds which range, and who waits for it.
 *
 * @module
 */

import { StoreError } from "./errors.ts";
import { MAX_LOCKS } from "./limits.ts";

const END_OF_SPACE = 1n << 64n;

/** A range of bytes to lock. */
export interface LockRange {
  /** First byte, 0 to 2^64 - 1. */
  readonly offset: bigint;
  /** Number of bytes, 0 to 2^64 - 1; the last byte is at most 2^64 - 1. */
  readonly length: bigint;
}

/** A lock to take. */
export interface LockRequest extends LockRange {
  /** Whether nobody else may hold a lock there; otherwise shared. */
  readonly exclusive: boolean;
}

interface HeldLock<Owner> extends LockRequest {
  readonly owner: Owner;
}

/** A lock that waits for others to go. Identity is what counts: the same object comes back when granted. */
export interface LockTicket extends LockRequest {
  /** Whether it still waits. */
  readonly waiting: boolean;
}

interface Waiter<Owner> extends HeldLock<Owner> {
  waiting: boolean;
}

/**
 * The locks on one stream. Ranges conflict as in MS-FSA 2.1.4.10: an exclusive lock excludes every later one but
 * shared ones of its owner; shared ones go together. A range of no bytes conflicts only when it
 * lies strictly inside another.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const locks = new RangeLocks<string>();
 * locks.lock("alice", { offset: 0n, length: 10n, exclusive: true });
 * assertThrows(() => locks.lock("bob", { offset: 9n, length: 1n, exclusive: false }));
 * const ticket = locks.wait("bob", { offset: 9n, length: 1n, exclusive: false });
 * assertEquals(locks.unlock("alice", { offset: 0n, length: 10n }), [ticket]);
 * ```
 */
export class RangeLocks<Owner> {
  #held: HeldLock<Owner>[] = [];
  #waiting: Waiter<Owner>[] = [];

  /** Number of locks held. */
  get size(): number {
    return this.#held.length;
  }

  /** Number of locks that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Takes a lock at once.
   *
   * @param owner Who takes it.
   * @param request Which.
   * @throws {StoreError} `lockNotGranted`, `invalidArgument` for a range past 2^64, `noSpace`.
   */
  lock(owner: Owner, request: LockRequest): void {
    this.#check(request);
    if (this.#conflicts(owner, request)) {
      throw new StoreError("lockNotGranted", "Cannot lock a range: another lock is in the way");
    }
    this.#hold(owner, request);
  }

  /**
   * Takes a lock, or queues for it.
   *
   * @param owner Who takes it.
   * @param request Which.
   * @returns The ticket; `waiting` is false when the lock was free.
   * @throws {StoreError} `invalidArgument`, `noSpace`.
   */
  wait(owner: Owner, request: LockRequest): LockTicket {
    this.#check(request);
    const { offset, length, exclusive } = request;
    const waiter: Waiter<Owner> = { owner, offset, length, exclusive, waiting: true };
    if (this.#conflicts(owner, request)) {
      this.#waiting.push(waiter);
    } else {
      waiter.waiting = false;
      this.#hold(owner, request);
    }
    return waiter;
  }

  /**
   * Releases one lock of exactly this range.
   *
   * @param owner Who holds it.
   * @param range Which.
   * @returns The tickets that were granted by it, in order of arrival.
   * @throws {StoreError} `rangeNotLocked`.
   */
  unlock(owner: Owner, range: LockRange): LockTicket[] {
    const matching = this.#held.filter((lock) => isLock(lock, owner, range));
    // MS-FSA 2.1.5.9: of several, an exclusive one goes first.
    const released = matching.find((lock) => lock.exclusive) ?? matching[0];
    if (released === undefined) {
      throw new StoreError("rangeNotLocked", "Cannot unlock a range: it is not locked");
    }
    this.#held.splice(this.#held.indexOf(released), 1);
    return this.#grant();
  }

  /**
   * Whether the owner holds a lock of exactly this range.
   *
   * @param owner Who would hold it.
   * @param range Which.
   * @returns Whether it is held.
   */
  holds(owner: Owner, range: LockRange): boolean {
    return this.#held.some((lock) => isLock(lock, owner, range));
  }

  /**
   * Withdraws a waiting lock.
   *
   * @param ticket What {@linkcode wait} returned.
   * @returns Whether it still waited.
   */
  cancel(ticket: LockTicket): boolean {
    const waiter = this.#waiting.find((candidate) => candidate === ticket);
    if (waiter === undefined) return false;
    waiter.waiting = false;
    this.#waiting = this.#waiting.filter((candidate) => candidate.waiting);
    return true;
  }

  /**
   * Releases everything an owner holds or waits for.
   *
   * @param owner Who goes.
   * @returns The tickets of others that were granted by it.
   */
  release(owner: Owner): LockTicket[] {
    for (const waiter of this.#waiting) if (waiter.owner === owner) waiter.waiting = false;
    this.#waiting = this.#waiting.filter((waiter) => waiter.waiting);
    const before = this.#held.length;
    this.#held = this.#held.filter((lock) => lock.owner !== owner);
    return this.#held.length === before ? [] : this.#grant();
  }

  /**
   * Whether a lock forbids reading (MS-FSA 2.1.4.10): an exclusive lock of someone else.
   *
   * @param owner Who wants to read.
   * @param range What.
   * @returns Whether it is forbidden.
   */
  blocksRead(owner: Owner, range: LockRange): boolean {
    if (range.length === 0n) return false;
    return this.#held.some((lock) =>
      lock.exclusive && lock.owner !== owner && overlaps(lock, range)
    );
  }

  /**
   * Whether a lock forbids writing (MS-FSA 2.1.4.10): any lock of someone else, or a shared one of the
   * writer.
   *
   * @param owner Who wants to write.
   * @param range What.
   * @returns Whether it is forbidden.
   */
  blocksWrite(owner: Owner, range: LockRange): boolean {
    if (range.length === 0n) return false;
    return this.#held.some((lock) =>
      !(lock.exclusive && lock.owner === owner) && overlaps(lock, range)
    );
  }

  #check(range: LockRange): void {
    if (range.length > 0n && range.offset + range.length > END_OF_SPACE) {
      throw new StoreError("invalidArgument", "Cannot lock a range: it ends past 2^64");
    }
    if (this.#held.length + this.#waiting.length >= MAX_LOCKS) {
      throw new StoreError("noSpace", `Cannot lock a range: ${MAX_LOCKS} locks on one stream`);
    }
  }

  // MS-FSA 2.1.4.10: a shared lock may lie on an exclusive one of the same owner.
  #conflicts(owner: Owner, request: LockRequest): boolean {
    return this.#held.some((lock) =>
      (request.exclusive || (lock.exclusive && lock.owner !== owner)) && overlaps(lock, request)
    );
  }

  #hold(owner: Owner, request: LockRequest): void {
    const { offset, length, exclusive } = request;
    this.#held.push({ owner, offset, length, exclusive });
  }

  #grant(): LockTicket[] {
    const granted: LockTicket[] = [];
    for (const waiter of this.#waiting) {
      if (this.#conflicts(waiter.owner, waiter)) continue;
      waiter.waiting = false;
      this.#hold(waiter.owner, waiter);
      granted.push(waiter);
    }
    if (granted.length > 0) this.#waiting = this.#waiting.filter((waiter) => waiter.waiting);
    return granted;
  }
}

function isLock<Owner>(lock: HeldLock<Owner>, owner: Owner, range: LockRange): boolean {
  return lock.owner === owner && lock.offset === range.offset && lock.length === range.length;
}

function overlaps(a: LockRange, b: LockRange): boolean {
  return a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}

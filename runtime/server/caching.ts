/**
 * Who may cache which file: oplocks and leases, granted, broken and acknowledged (MS-SMB2 3.3.4.6, 3.3.4.7,
 * 3.3.5.22; MS-FSA 2.1.4.12, 2.1.5.18). Both are one thing here, a {@linkcode Grant}: an oplock is a grant of one
 * open, a lease one of all opens with the same key. Pure: breaks are handed to a callback, time is an argument.
 *
 * @module
 */

/** Caching rights, with the numbers of SMB2_LEASE_* (MS-SMB2 2.2.13.2.8). */
export const Caching = { NONE: 0, READ: 1, HANDLE: 2, WRITE: 4 } as const;

const { READ, HANDLE, WRITE } = Caching;

/** What identifies a lease. */
export interface LeaseIdentity {
  /** Connection.ClientGuid. */
  readonly clientGuid: string;
  /** LeaseKey, 32 hexadecimal digits. */
  readonly key: string;
  /** 1 or 2: which form of the create context asked for it. */
  readonly version: 1 | 2;
}

/** One oplock or lease. `Holder` is whatever the caller calls an open. */
export interface Grant<Holder> {
  /** The lease, or undefined for an oplock. */
  readonly lease: LeaseIdentity | undefined;
  /** Rights held. */
  state: number;
  /** Rights announced in a break that is not acknowledged yet. */
  breakingTo: number | undefined;
  /** Rights that may remain in the end; a further break follows when the announced ones are more. */
  required: number;
  /** When the acknowledgement is overdue, in the caller's milliseconds. */
  deadline: number;
  /** Counts changes of state, for leases of version 2. */
  epoch: number;
  /** Opens that share it; one for an oplock. */
  readonly holders: Set<Holder>;
  /** The file it belongs to. */
  readonly file: FileCaching<Holder>;
}

/** A break to announce. */
export interface Break<Holder> {
  /** Whose. */
  readonly grant: Grant<Holder>;
  /** Rights before. */
  readonly from: number;
  /** Rights that may be kept. */
  readonly to: number;
  /** Whether an acknowledgement is awaited. */
  readonly ackRequired: boolean;
}

/** What an operation does to the caching of others. */
export interface Contention<Holder> {
  /** The open that does it; its own grant is spared. Undefined for one that is only being made. */
  readonly by?: Holder;
  /** The grant that the new open belongs to; it is spared too. */
  readonly own?: Grant<Holder>;
  /** Whether leases are spared altogether. */
  readonly spareLeases?: boolean;
  /** Rights that others lose. */
  readonly revoke: number;
  /** The operation waits until those who hold any of these have acknowledged. */
  readonly waitFor: number;
}

/** How breaks are announced and how long they may take. */
export interface CachingOptions<Holder> {
  /** Called for every break, after the grant has changed; may release grants that nobody answers for. */
  readonly announce: (event: Break<Holder>) => void;
  /** Milliseconds to acknowledge. */
  readonly timeout: number;
}

/** The grants on one file (or stream). */
export class FileCaching<Holder> {
  readonly #options: CachingOptions<Holder>;
  readonly #grants = new Set<Grant<Holder>>();

  /** @param options How to announce breaks. */
  constructor(options: CachingOptions<Holder>) {
    this.#options = options;
  }

  /** The grants, in order of their making. */
  get grants(): ReadonlySet<Grant<Holder>> {
    return this.#grants;
  }

  /**
   * Grants an oplock or lease for the first time.
   *
   * @param holder The open.
   * @param state Rights, as {@linkcode grantable} allowed them.
   * @param lease The lease's identity, or undefined for an oplock; `epoch` as the client gave it.
   * @returns The grant.
   */
  grant(
    holder: Holder,
    state: number,
    lease?: { readonly identity: LeaseIdentity; readonly epoch: number },
  ): Grant<Holder> {
    const grant: Grant<Holder> = {
      lease: lease?.identity,
      state,
      breakingTo: undefined,
      required: state,
      deadline: 0,
      epoch: ((lease?.epoch ?? 0) + 1) & 0xffff,
      holders: new Set([holder]),
      file: this,
    };
    this.#grants.add(grant);
    return grant;
  }

  /**
   * Adds an open to a lease that exists, with more rights where they can be had: never fewer, and none while a break
   * is under way (MS-SMB2 3.3.5.9.8, 3.3.5.9.11).
   *
   * @param grant The lease.
   * @param holder The open.
   * @param state Rights to have then; those it has, or more.
   */
  share(grant: Grant<Holder>, holder: Holder, state: number): void {
    grant.holders.add(holder);
    if (grant.breakingTo !== undefined) return;
    if ((grant.state & ~state) !== 0 || grant.state === state) return;
    grant.state = state;
    grant.required = state;
    grant.epoch = (grant.epoch + 1) & 0xffff;
  }

  /**
   * Breaks what an operation contends with.
   *
   * @param contention What it revokes and waits for.
   * @param now Milliseconds.
   * @returns Whether the operation must wait for an acknowledgement.
   */
  contend(contention: Contention<Holder>, now: number): boolean {
    let wait = false;
    for (const grant of [...this.#grants]) {
      // What one break closed may have ended the next grant.
      if (!this.#grants.has(grant) || this.#spared(grant, contention)) continue;
      const held = grant.state;
      const breaking = grant.breakingTo !== undefined;
      if ((held & contention.revoke) !== 0) {
        this.#revoke(grant, contention.revoke, now);
        if (!this.#grants.has(grant)) continue;
        if (grant.breakingTo !== undefined && (held & contention.waitFor) !== 0) wait = true;
      } else if (breaking) {
        wait = true;
      }
    }
    return wait;
  }

  /**
   * Takes an acknowledgement.
   *
   * @param grant Whose.
   * @param state Rights that the client keeps.
   * @param now Milliseconds, for a break that follows at once.
   * @returns Whether it was acceptable: a break was under way, and the rights are among the announced ones.
   */
  acknowledge(grant: Grant<Holder>, state: number, now: number): boolean {
    if (grant.breakingTo === undefined || (state & ~grant.breakingTo) !== 0) return false;
    grant.breakingTo = undefined;
    grant.state = state;
    if (state === 0 && grant.lease === undefined) this.#grants.delete(grant);
    else if ((state & ~grant.required) !== 0) this.#step(grant, { now, continued: true });
    else grant.required = state;
    return true;
  }

  /**
   * Takes an open off its grant; the grant goes with its last one.
   *
   * @param grant The grant.
   * @param holder The open.
   * @returns Whether the grant is gone.
   */
  release(grant: Grant<Holder>, holder: Holder): boolean {
    grant.holders.delete(holder);
    if (grant.holders.size > 0) return false;
    return this.#grants.delete(grant);
  }

  /**
   * Ends breaks whose acknowledgement is overdue: nothing remains to the client (MS-SMB2 3.3.6.5).
   *
   * @param now Milliseconds.
   * @returns Whether there was any.
   */
  expire(now: number): boolean {
    let any = false;
    for (const grant of [...this.#grants]) {
      if (grant.breakingTo === undefined || grant.deadline > now) continue;
      grant.breakingTo = undefined;
      grant.state = 0;
      grant.required = 0;
      if (grant.lease === undefined) this.#grants.delete(grant);
      any = true;
    }
    return any;
  }

  /** The earliest deadline of a break under way; Infinity when there is none. */
  get nextDeadline(): number {
    let next = Infinity;
    for (const grant of this.#grants) {
      if (grant.breakingTo !== undefined) next = Math.min(next, grant.deadline);
    }
    return next;
  }

  // MS-FSA 2.1.4.12: operations spare the grant of their own key; level II oplocks have none.
  #spared(grant: Grant<Holder>, contention: Contention<Holder>): boolean {
    if (grant === contention.own) return true;
    if (grant.lease !== undefined && contention.spareLeases === true) return true;
    if (contention.by === undefined || !grant.holders.has(contention.by)) return false;
    return grant.lease !== undefined || (grant.state & WRITE) !== 0;
  }

  #revoke(grant: Grant<Holder>, rights: number, now: number): void {
    grant.required = remaining(grant.required, rights, grant.lease !== undefined);
    if (grant.breakingTo === undefined) this.#step(grant, { now, continued: false });
  }

  /** Announces the next step to what is required; a continued break is counted with its first step. */
  #step(grant: Grant<Holder>, how: { readonly now: number; readonly continued: boolean }): void {
    const from = grant.state;
    const to = grant.lease === undefined
      ? grant.required
      : nextStep(from, grant.required, how.continued);
    if (to === from) return;
    if (!how.continued) grant.epoch = (grant.epoch + 1) & 0xffff;
    // MS-SMB2 3.3.4.7: losing the right to read alone needs no acknowledgement; 3.3.4.6: nor does level II.
    const ackRequired = (from & (WRITE | HANDLE)) !== 0;
    if (ackRequired) {
      grant.breakingTo = to;
      grant.deadline = how.now + this.#options.timeout;
    } else {
      grant.state = to;
      if (to === 0 && grant.lease === undefined) this.#grants.delete(grant);
    }
    this.#options.announce({ grant, from, to, ackRequired });
  }
}

/**
 * What remains of a request once rights that mean nothing without others are dropped: R, RH, RW, RWH or nothing.
 *
 * @param state Rights asked for.
 * @returns Rights that can be granted.
 */
export function validState(state: number): number {
  const known = state & (READ | HANDLE | WRITE);
  return (known & READ) === 0 ? 0 : known;
}

/** How others have a file open, as far as it limits a grant. */
export interface OtherUse {
  /** Whether another client or key has it open for more than attributes. */
  readonly opened: boolean;
  /** Whether another open holds an oplock. */
  readonly oplock: boolean;
  /** Whether another oplock or lease has the right to write. */
  readonly writer: boolean;
  /** Whether another lease has the right to cache handles. */
  readonly handleLease: boolean;
  /** Whether byte ranges are locked. */
  readonly locked: boolean;
}

/**
 * Which rights of a request can be granted beside the use that others make of the file.
 *
 * @param requested Rights asked for.
 * @param use What others do.
 * @param isLease Whether a lease was asked for, or an oplock.
 * @returns Rights to grant.
 */
export function grantable(requested: number, use: OtherUse, isLease: boolean): number {
  let state = validState(requested);
  if (use.locked || use.writer) state = 0;
  if (use.opened) state &= ~WRITE;
  if (isLease && use.oplock) state &= ~HANDLE;
  if (!isLease) {
    if (use.handleLease) state = 0;
    // An oplock caches handles only together with writing (batch); level II is reading alone.
    if ((state & WRITE) === 0) state &= READ;
  }
  return state;
}

/** What is left after a loss. An oplock that loses anything falls to level II at least (MS-SMB2 3.3.4.6). */
function remaining(state: number, rights: number, isLease: boolean): number {
  const left = validState(state & ~rights);
  return isLease || left === state ? left : left & READ;
}

/** What to announce: all at once, or, where a break goes on after an acknowledgement, handles before reading. */
function nextStep(from: number, required: number, continued: boolean): number {
  const losesHandles = (from & ~required & HANDLE) !== 0;
  return continued && losesHandles ? from & ~HANDLE : required;
}

/** Breaks of leases and oplocks as the caller sees them. */
import type { FileId } from "../wire/mod.ts";
import type { BreakNotice } from "../protocol/mod.ts";

/** How an acknowledgement went. */
export interface Acknowledgement {
  /** Milliseconds of the connection's clock. */
  readonly sentAt: number;
  /** NTSTATUS of the server's answer. */
  readonly status: number;
}

/**
 * What a policy decides: `"acknowledge"` (as does returning nothing) acknowledges at once where the server requires it,
 * to the state it asked for; `{ state }` to another one; `"defer"` leaves it to a later `event.acknowledge()`;
 * `"never"` sends nothing.
 */
export type BreakReaction = "acknowledge" | "defer" | "never" | { readonly state: number };

/**
 * Called within the receive loop, before anything else happens on the connection. It must not throw: an exception
 * ends the connection.
 */
export type BreakPolicy = (event: BreakEvent) => BreakReaction | void;

/** One break notification (MS-SMB2 3.2.5.19). */
export interface BreakEvent {
  readonly kind: "lease" | "oplock";
  /** Bits of the lease state, or the oplock level, before; null when the open is not known. */
  readonly from: number | null;
  /** What the server asks for. */
  readonly to: number;
  /** Of a lease break: 16 bytes. */
  readonly leaseKey?: Uint8Array;
  /** Of an oplock break. */
  readonly fileId?: FileId;
  readonly ackRequired: boolean;
  /** Of a lease break in dialect 3.x. */
  readonly newEpoch?: number;
  /** Milliseconds of the connection's clock. */
  readonly receivedAt: number;
  /** The acknowledgement's outcome; null when none is sent or the connection ends before. Never rejects. */
  readonly acknowledged: Promise<Acknowledgement | null>;
  /** Acknowledges, to `state` in place of `to` when given. The first call counts. */
  acknowledge(state?: number): void;
  /**
   * Sends an acknowledgement however often it is called and whatever was decided before: servers must bear those that
   * are not due. Resolves to null when it cannot be sent, or the connection ends before the answer.
   */
  send(state?: number): Promise<Acknowledgement | null>;
}

/** The event of a notice; `send` transmits an acknowledgement and calls back with its outcome. */
export class NoticedBreak implements BreakEvent {
  readonly kind: "lease" | "oplock";
  readonly from: number | null;
  readonly to: number;
  readonly leaseKey?: Uint8Array;
  readonly fileId?: FileId;
  readonly ackRequired: boolean;
  readonly newEpoch?: number;
  readonly receivedAt: number;
  readonly acknowledged: Promise<Acknowledgement | null>;
  readonly #settle: (outcome: Acknowledgement | null) => void;
  readonly #send: (state: number, settle: (outcome: Acknowledgement | null) => void) => void;
  #decided = false;

  constructor(
    notice: BreakNotice,
    send: (state: number, settle: (outcome: Acknowledgement | null) => void) => void,
  ) {
    this.kind = notice.kind;
    this.from = notice.from;
    this.to = notice.to;
    if (notice.leaseKey !== undefined) this.leaseKey = notice.leaseKey;
    if (notice.fileId !== undefined) this.fileId = notice.fileId;
    this.ackRequired = notice.ackRequired;
    if (notice.newEpoch !== undefined) this.newEpoch = notice.newEpoch;
    this.receivedAt = notice.receivedAt;
    const { promise, resolve } = Promise.withResolvers<Acknowledgement | null>();
    this.acknowledged = promise;
    this.#settle = resolve;
    this.#send = send;
  }

  acknowledge(state: number = this.to): void {
    if (this.#decided) return;
    this.#decided = true;
    this.#send(state, this.#settle);
  }

  send(state: number = this.to): Promise<Acknowledgement | null> {
    if (!this.#decided) {
      this.acknowledge(state);
      return this.acknowledged;
    }
    const { promise, resolve } = Promise.withResolvers<Acknowledgement | null>();
    this.#send(state, resolve);
    return promise;
  }

  /** Carries out a policy's decision. */
  react(reaction: BreakReaction): void {
    if (reaction === "defer") return;
    if (typeof reaction === "object") return this.acknowledge(reaction.state);
    if (reaction === "acknowledge" && this.ackRequired) return this.acknowledge();
    if (this.#decided) return;
    this.giveUp();
  }

  /** No acknowledgement will be sent. */
  giveUp(): void {
    this.#decided = true;
    this.#settle(null);
  }
}

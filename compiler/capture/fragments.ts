/**
 * Fragments of IP packets put together (RFC 791 section 3.2, RFC 8200 section 4.5), in bounded memory.
 *
 * The first bytes seen for a place win, as for TCP. A packet whose fragments do not all come within half a minute of captured time is given
 * up and noted; so is the oldest where too many wait.
 *
 * @module
 */

import type { Cursor, Refusal } from "./cursor.ts";
import type { NoteBook } from "./notes.ts";
import type { Packet } from "./packet.ts";

/** One fragment, at the cursor of the layer that found it. */
export interface Fragment {
  /** Addresses, identification and protocol: the same for the fragments of one packet. */
  readonly key: string;
  /** Place of its payload in that of the whole packet, in bytes. */
  readonly offset: number;
  /** Whether others follow. */
  readonly more: boolean;
  /** First byte of its payload in the cursor's bytes. */
  readonly payloadAt: number;
  /** Whether SMB traffic may be lost with it. */
  readonly loss: boolean;
  /** The header of the whole packet for a payload of so many bytes; called with the fragment that completes it. */
  header(payloadBytes: number): Uint8Array;
}

/** Packets that may wait for fragments. */
const MAX_WAITING = 4096;
/** Bytes that may wait. */
const MAX_WAITING_BYTES = 0x1000000;
const MAX_PACKET = 0xffff;
const PATIENCE_SECONDS = 30;
/** Copies of a fragment from a mirror port come within that time; later the identification may be used anew. */
const COPY_SECONDS = 1;

const TOO_LONG: Refusal = {
  reason: "A fragment of an IP packet reaches beyond the longest packet there is",
  loss: true,
};
/** Not a refusal in itself: the packet is told of as a whole, with its last fragment or when it is given up. */
const INCOMPLETE = "incomplete";

const GIVEN_UP = "An IP packet was dropped, as not all of its fragments are in the capture";
const CONTRADICTION = "Fragments of an IP packet contradict each other, and the first were used";

interface Waiting {
  readonly frame: number;
  readonly seconds: number;
  readonly loss: boolean;
  buffer: Uint8Array;
  /** Sorted, disjoint ranges of known places, as pairs of start and end. */
  covered: number[];
  /** Known with the last fragment. */
  total: number | undefined;
  /** First place that the snap length cut off. */
  cutAt: number;
  done: boolean;
}

/** The fragments that wait for others of their packet. */
export class FragmentTable {
  readonly #notes: NoteBook;
  readonly #waiting = new Map<string, Waiting>();
  #bytes = 0;

  constructor(notes: NoteBook) {
    this.#notes = notes;
  }

  /** Takes a fragment; moves the cursor to the whole packet when it was the last one missing. */
  take(cursor: Cursor, fragment: Fragment, packet: Packet): Refusal | "whole" | "incomplete" {
    const known = cursor.end - fragment.payloadAt;
    const end = fragment.offset + known + cursor.missing;
    if (end > MAX_PACKET || known < 0) return TOO_LONG;
    this.#giveUpOld(packet.seconds);
    let waiting = this.#waiting.get(fragment.key);
    if (waiting?.done && Math.abs(packet.seconds - waiting.seconds) > COPY_SECONDS) {
      this.#waiting.delete(fragment.key);
      waiting = undefined;
    }
    if (waiting === undefined) {
      waiting = newWaiting(packet, fragment.loss);
      this.#waiting.set(fragment.key, waiting);
    }
    if (waiting.done) return INCOMPLETE;
    this.#fill(waiting, cursor, { fragment, end });
    if (!fragment.more) this.#total(waiting, end);
    const { total } = waiting;
    if (
      total === undefined || waiting.covered[0] !== 0 || (waiting.covered[1] ?? 0) < total
    ) {
      this.#giveUpMany();
      return INCOMPLETE;
    }
    const header = fragment.header(total);
    const knownTotal = Math.min(total, waiting.cutAt);
    cursor.bytes = new Uint8Array(header.length + knownTotal);
    cursor.bytes.set(header);
    cursor.bytes.set(waiting.buffer.subarray(0, knownTotal), header.length);
    cursor.offset = 0;
    cursor.end = cursor.bytes.length;
    cursor.missing = total - knownTotal;
    this.#bytes -= waiting.buffer.length;
    waiting.buffer = NO_BYTES;
    waiting.done = true;
    return "whole";
  }

  /** Nothing more comes: what waits is given up. */
  finish(): void {
    for (const [key, waiting] of this.#waiting) this.#giveUp(key, waiting);
  }

  /** Copies what is not known yet. */
  #fill(
    waiting: Waiting,
    cursor: Cursor,
    { fragment, end }: { readonly fragment: Fragment; readonly end: number },
  ): void {
    const { offset, payloadAt } = fragment;
    const bytes = cursor.bytes.subarray(payloadAt, cursor.end);
    this.#room(waiting, end);
    const { buffer, covered } = waiting;
    let contradicted = false;
    let at = offset;
    for (let pair = 0; pair <= covered.length && at < end; pair += 2) {
      const start = Math.min(covered[pair] ?? end, end);
      const stop = covered[pair + 1] ?? end;
      if (stop <= at) continue;
      if (start > at) {
        buffer.set(bytes.subarray(at - offset, start - offset), at);
        if (offset + bytes.length < start) {
          waiting.cutAt = Math.min(waiting.cutAt, Math.max(at, offset + bytes.length));
        }
        at = start;
      }
      const shared = Math.min(stop, offset + bytes.length, waiting.cutAt);
      for (; at < shared && !contradicted; at++) {
        contradicted = buffer[at] !== bytes[at - offset];
      }
      at = stop;
    }
    if (contradicted) this.#notes.add(CONTRADICTION, { frame: waiting.frame, loss: true });
    waiting.covered = withRange(covered, offset, end);
  }

  #total(waiting: Waiting, total: number): void {
    if (waiting.total !== undefined && waiting.total !== total) {
      this.#notes.add(CONTRADICTION, { frame: waiting.frame, loss: true });
    }
    waiting.total ??= total;
  }

  #room(waiting: Waiting, end: number): void {
    const before = waiting.buffer.length;
    if (before >= end) return;
    const grown = new Uint8Array(Math.min(MAX_PACKET, Math.max(end, 2 * before)));
    grown.set(waiting.buffer);
    waiting.buffer = grown;
    this.#bytes += grown.length - before;
  }

  #giveUpOld(seconds: number): void {
    for (const [key, waiting] of this.#waiting) {
      if (Math.abs(seconds - waiting.seconds) <= PATIENCE_SECONDS) return;
      this.#giveUp(key, waiting);
    }
  }

  #giveUpMany(): void {
    for (const [key, waiting] of this.#waiting) {
      if (this.#waiting.size <= MAX_WAITING && this.#bytes <= MAX_WAITING_BYTES) return;
      this.#giveUp(key, waiting);
    }
  }

  #giveUp(key: string, waiting: Waiting): void {
    this.#waiting.delete(key);
    this.#bytes -= waiting.buffer.length;
    if (waiting.done) return;
    this.#notes.add(GIVEN_UP, { frame: waiting.frame, loss: waiting.loss });
  }
}

const NO_BYTES = new Uint8Array(0);

function newWaiting(packet: Packet, loss: boolean): Waiting {
  return {
    frame: packet.frame,
    seconds: packet.seconds,
    loss,
    buffer: NO_BYTES,
    covered: [],
    total: undefined,
    cutAt: Infinity,
    done: false,
  };
}

/** Sorted, disjoint ranges with one more added. */
function withRange(ranges: readonly number[], start: number, end: number): number[] {
  const result: number[] = [];
  let [from, to] = [start, end];
  for (let pair = 0; pair < ranges.length; pair += 2) {
    const [left = 0, right = 0] = [ranges[pair], ranges[pair + 1]];
    if (right < from) {
      result.push(left, right);
    } else if (left > to) {
      result.push(from, to, ...ranges.slice(pair));
      return result;
    } else {
      from = Math.min(from, left);
      to = Math.max(to, right);
    }
  }
  result.push(from, to);
  return result;
}

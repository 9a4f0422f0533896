/**
 * Packets in the order in which they were captured: files of several queues or interfaces, and edited ones, have them out of order, and
 * an answer that stands before its request would be one without a request.
 *
 * Windows of packets are sorted by time, and once that was necessary some packets are kept for the next window. Only what is a
 * little out of place is moved: where the times of many packets are older than those before, the clock was set back, and the order
 * of the file counts. Frames keep the numbers that they have in the file.
 *
 * @module
 */

import type { NoteBook } from "./notes.ts";
import type { Packet, PacketSink } from "./packet.ts";

/** Packets that one may be moved past, and that are kept for the next window. */
const REACH = 128;
/** Bytes of packets that are kept: only packets that no network carries are that long together. */
const KEPT_BYTES = 0x1000000;

const STEPS_BACK = "A packet was captured before the one ahead of it in the file";

/** Sorts packets by time; see the module comment. */
export class PacketOrder {
  readonly #sink: PacketSink;
  readonly #notes: NoteBook;
  readonly #sorts: boolean;
  /** Packets of this window, as objects that are used again for the next one. */
  readonly #packets: Packet[] = [];
  #count = 0;
  /** Packets before this one are in order. */
  #sorted = 0;
  /** Where the packets begin among which others may be moved: the clock was set back there. */
  #barrier = 0;
  /** Whether this window has a packet that is older than the one before it. */
  #steps = false;
  /** Whether any packet had to be moved. */
  #disorder = false;

  /** Time of the latest packet, in whole seconds. */
  second = -Infinity;

  /** Without `sorts` packets stay in the order of the file, and are only looked at. */
  constructor(sink: PacketSink, options: { readonly notes: NoteBook; readonly sorts: boolean }) {
    this.#sink = sink;
    this.#notes = options.notes;
    this.#sorts = options.sorts;
  }

  /** Takes the next packet; what it points into must hold until the next flush. */
  add(packet: Packet): void {
    const index = this.#count++;
    const own = this.#packets[index];
    if (own === undefined) this.#packets.push({ ...packet });
    else copy(packet, own);
    if (packet.seconds > this.second) this.second = packet.seconds;
    const before = this.#packets[index - 1];
    if (before === undefined || nanosecondsBetween(before, packet) >= 0) return;
    this.#notes.add(STEPS_BACK, { frame: packet.frame, loss: false });
    this.#steps = this.#sorts;
  }

  /** Hands packets on; at the end of a window that is not the last some are kept, where order is not to be had otherwise. */
  flush(last: boolean): void {
    if (this.#steps) this.#sort(last);
    else this.#sorted = this.#count;
    const undecided = this.#sorted < this.#count;
    const kept = last || !(undecided || this.#disorder)
      ? 0
      : Math.min(this.#count, this.#count - this.#sorted + REACH);
    if (this.#bytesOfLast(kept) > KEPT_BYTES) return this.flush(true);
    this.#handOn(this.#count - kept);
    this.#steps = undecided && !last;
  }

  #bytesOfLast(kept: number): number {
    let bytes = 0;
    for (let index = this.#count - kept; index < this.#count; index++) {
      const { start, end } = this.#packets[index]!;
      bytes += end - start;
    }
    return bytes;
  }

  #handOn(count: number): void {
    const packets = this.#packets;
    for (let index = 0; index < count; index++) this.#sink(packets[index]!);
    const kept = this.#count - count;
    for (let index = 0; index < kept; index++) {
      const packet = packets[count + index]!;
      packets[count + index] = packets[index]!;
      packets[index] = packet;
      keep(packet);
    }
    this.#count = kept;
    this.#sorted = Math.max(0, this.#sorted - count);
    this.#barrier = Math.max(0, this.#barrier - count);
  }

  #sort(last: boolean): void {
    const packets = this.#packets;
    for (let index = Math.max(1, this.#sorted); index < this.#count; index++) {
      this.#sorted = index;
      const before = packets[index - 1]!;
      if (index === this.#barrier || nanosecondsBetween(before, packets[index]!) >= 0) continue;
      let later = index + 1;
      while (
        later < this.#count && later - index < REACH &&
        nanosecondsBetween(before, packets[later]!) < 0
      ) {
        later++;
      }
      if (later - index === REACH) this.#barrier = index;
      else if (later === this.#count && !last) return;
      else this.#move(index);
    }
    this.#sorted = this.#count;
  }

  /** Puts a packet where its time belongs, if that is near. */
  #move(index: number): void {
    const packets = this.#packets;
    const packet = packets[index]!;
    const nearest = Math.max(this.#barrier, index - REACH);
    let to = index;
    while (to > nearest && nanosecondsBetween(packets[to - 1]!, packet) < 0) to--;
    if (to > this.#barrier && nanosecondsBetween(packets[to - 1]!, packet) < 0) return;
    this.#disorder = true;
    packets.copyWithin(to + 1, to, index);
    packets[to] = packet;
  }
}

/** Negative when the second is older. */
function nanosecondsBetween(one: Packet, other: Packet): number {
  return (other.seconds - one.seconds) * 1e9 + other.nanoseconds - one.nanoseconds;
}

function copy(from: Packet, to: Packet): void {
  to.frame = from.frame;
  to.seconds = from.seconds;
  to.nanoseconds = from.nanoseconds;
  to.linkType = from.linkType;
  to.bytes = from.bytes;
  to.start = from.start;
  to.end = from.end;
  to.originalLength = from.originalLength;
}

/** Copies the bytes, which are about to be overwritten. */
function keep(packet: Packet): void {
  packet.bytes = packet.bytes.slice(packet.start, packet.end);
  packet.end -= packet.start;
  packet.start = 0;
}

/**
 * TCP (RFC 9293): from a TCP header to a segment, and the table that gives each pair of endpoints one object, so that
 * addresses become text once per conversation and not once per packet.
 *
 * @module
 */

import { uint16, uint32, uint8, wordOf } from "./bytes.ts";
import type { Cursor, Refusal } from "./cursor.ts";
import type { IpAddresses } from "./ip.ts";
import type { Packet } from "./packet.ts";

/** Flag bits of a TCP header. */
export const TCP_FLAG = { FIN: 0x01, SYN: 0x02, RST: 0x04, PSH: 0x08, ACK: 0x10 } as const;

/** One end of a conversation. */
export interface Endpoint {
  /** Text form of the address; IPv6 as RFC 5952 has it. */
  readonly address: string;
  readonly port: number;
}

/** One direction between two endpoints. The same object for every segment of that direction in a capture. */
export interface Flow {
  /** Dense number; a flow and its reverse have numbers 2n and 2n + 1. */
  readonly id: number;
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

const NO_BYTES = new Uint8Array(0);

/** Which packet of the capture, and when. */
export class Stamp {
  /** Position in the file, from 1. */
  readonly frame: number;
  readonly seconds: number;
  /** Nanoseconds beyond the seconds. */
  readonly nanoseconds: number;

  constructor(packet: Pick<Packet, "frame" | "seconds" | "nanoseconds">) {
    this.frame = packet.frame;
    this.seconds = packet.seconds;
    this.nanoseconds = packet.nanoseconds;
  }

  /** Nanoseconds since 1970. Made on demand: most segments are never asked. */
  get time(): bigint {
    return BigInt(this.seconds) * 1_000_000_000n + BigInt(this.nanoseconds);
  }
}

const NO_STAMP = new Stamp({ frame: 0, seconds: 0, nanoseconds: 0 });
const NOWHERE: Endpoint = { address: "", port: 0 };
const NO_FLOW: Flow = { id: 0, source: NOWHERE, destination: NOWHERE };

/**
 * One TCP segment. Decoding fills the same object again and again, so that a packet costs none: whoever keeps a segment
 * copies it.
 */
export class Segment {
  stamp: Stamp = NO_STAMP;
  flow: Flow = NO_FLOW;
  seq = 0;
  ack = 0;
  /** Bits of {@linkcode TCP_FLAG} and the other flags of the header. */
  flags = 0;
  /** Holds the payload from `start` to `end`, until the next segment. */
  bytes: Uint8Array = NO_BYTES;
  start = 0;
  end = 0;
  /** Payload bytes that the capture's snap length cut off, following `payload`. */
  cut = 0;

  /** A view that holds until the next segment. */
  get payload(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  /** A segment that lasts. */
  copy(): Segment {
    const bytes = this.payload.slice();
    return Object.assign(new Segment(), this, { bytes, start: 0, end: bytes.length });
  }
}

/** Conversations that are told apart; a capture of a port scan may hold more. */
const MAX_CONVERSATIONS = 500_000;
/** Conversations with the same hash; more of them are made up to be slow. */
const MAX_COLLISIONS = 64;

const CUT: Refusal = { reason: "A packet was cut inside its TCP header", loss: true };
const MALFORMED: Refusal = { reason: "A packet has a TCP header that cannot be true", loss: true };
const TOO_MANY: Refusal = { reason: "A packet belongs to one conversation too many", loss: true };

/** Reads TCP headers; one per capture, as it numbers the flows. */
export class SegmentReader {
  readonly #addresses: IpAddresses;
  readonly #flows = new FlowTable();
  readonly #segment = new Segment();

  /** The addresses are where the layer below says for each packet. */
  constructor(addresses: IpAddresses) {
    this.#addresses = addresses;
  }

  /** Lets go of what is known of a flow and its reverse. */
  forget(flow: Flow): void {
    this.#flows.forget(flow);
  }

  /** The segment whose header is at the cursor; the same object each time. */
  read(cursor: Cursor, packet: Packet): Segment | Refusal {
    const { bytes, offset, end } = cursor;
    if (end - offset < 20) return CUT;
    const headerBytes = (uint8(bytes, offset + 12) >> 4) * 4;
    const wholeBytes = end - offset + cursor.missing;
    if (headerBytes < 20 || headerBytes > wholeBytes) return MALFORMED;
    const flow = this.#flows.find(bytes, offset, this.#addresses);
    if (flow === undefined) return TOO_MANY;
    const segment = this.#segment;
    segment.stamp = new Stamp(packet);
    segment.flow = flow;
    segment.seq = uint32(bytes, offset + 4);
    segment.ack = uint32(bytes, offset + 8);
    segment.flags = uint16(bytes, offset + 12) & 0x0fff;
    segment.bytes = bytes;
    segment.start = Math.min(offset + headerBytes, end);
    segment.end = end;
    segment.cut = cursor.missing === 0 ? 0 : wholeBytes - headerBytes - (end - segment.start);
    return segment;
  }
}

class Conversation {
  /** First words of both addresses: all of IPv4 ones. */
  readonly one: number;
  readonly other: number;
  /** Source port in the upper half. */
  readonly ports: number;
  /** Both addresses of IPv6. */
  readonly words: Uint32Array | null;
  readonly hash: number;
  readonly forward: Flow;
  readonly backward: Flow;
  /** The one before it with the same hash. */
  next: Conversation | null;

  constructor(
    key: Uint32Array,
    options: { number: number; addressBytes: number; hash: number; next: Conversation | null },
  ) {
    const { number, addressBytes } = options;
    this.one = wordOf(key, 0);
    this.other = wordOf(key, 4);
    this.ports = wordOf(key, 8);
    this.words = addressBytes === 4 ? null : key.slice(0, 8);
    this.hash = options.hash;
    this.next = options.next;
    const source = { address: addressText(key, 0, addressBytes), port: this.ports >>> 16 };
    const destination = { address: addressText(key, 4, addressBytes), port: this.ports & 0xffff };
    this.forward = { id: number * 2, source, destination };
    this.backward = { id: number * 2 + 1, source: destination, destination: source };
  }

  /** The flow of this conversation that a key stands for, if either. */
  match(key: Uint32Array, addressBytes: number): Flow | undefined {
    const { words } = this;
    if ((words === null) !== (addressBytes === 4)) return undefined;
    const ports = key[8];
    if (
      ports === this.ports && this.one === key[0] && this.other === key[4] &&
      (words === null || sameWords(words, key, 0))
    ) {
      return this.forward;
    }
    if (
      ports === ((this.ports << 16) | (this.ports >>> 16)) >>> 0 && this.one === key[4] &&
      this.other === key[0] && (words === null || sameWords(words, key, 4))
    ) {
      return this.backward;
    }
    return undefined;
  }
}

/** Whether two pairs of addresses are equal, the second one turned by so many words. */
function sameWords(words: Uint32Array, key: Uint32Array, turn: number): boolean {
  for (let word = 0; word < 8; word++) if (words[word] !== key[word ^ turn]) return false;
  return true;
}

const FIRST_SLOTS = 1024;

/** Gives every pair of endpoints its two flows. */
export class FlowTable {
  /** Lists of conversations by hash. */
  #slots: (Conversation | null)[] = new Array(FIRST_SLOTS).fill(null);
  readonly #key = new Uint32Array(9);
  /** By number. */
  readonly #conversations: (Conversation | null)[] = [];
  /** Numbers of those that were forgotten. */
  readonly #free: number[] = [];
  #last: Conversation | undefined;

  /** The flow of the packet whose TCP header is at an offset; undefined when there are too many. */
  find(bytes: Uint8Array, offset: number, addresses: IpAddresses): Flow | undefined {
    const key = this.#key;
    const { addressBytes } = addresses;
    if (addressBytes === 4) {
      key[0] = uint32(bytes, addresses.sourceOffset);
      key[4] = uint32(bytes, addresses.destinationOffset);
    } else {
      for (let word = 0; word < 4; word++) {
        key[word] = uint32(bytes, addresses.sourceOffset + word * 4);
        key[word + 4] = uint32(bytes, addresses.destinationOffset + word * 4);
      }
    }
    key[8] = uint32(bytes, offset);
    return this.#last?.match(key, addressBytes) ?? this.#lookUp(key, addressBytes);
  }

  /** Lets go of a flow's conversation: another one may get its number. */
  forget({ id }: Flow): void {
    const forgotten = this.#conversations[id >>> 1];
    if (forgotten === undefined || forgotten === null) return;
    const slot = forgotten.hash & (this.#slots.length - 1);
    if (this.#slots[slot] === forgotten) this.#slots[slot] = forgotten.next;
    for (let before = this.#slots[slot]!; before !== null; before = before.next!) {
      if (before.next === forgotten) before.next = forgotten.next;
    }
    this.#conversations[id >>> 1] = null;
    this.#free.push(id >>> 1);
    if (this.#last === forgotten) this.#last = undefined;
  }

  #lookUp(key: Uint32Array, addressBytes: number): Flow | undefined {
    const hash = hashOf(key, addressBytes);
    const slot = hash & (this.#slots.length - 1);
    let inSlot = 0;
    for (let found = this.#slots[slot]!; found !== null; found = found.next!) {
      const flow = found.match(key, addressBytes);
      if (flow !== undefined) {
        this.#last = found;
        return flow;
      }
      inSlot++;
    }
    const count = this.#conversations.length - this.#free.length;
    if (count >= MAX_CONVERSATIONS || inSlot >= MAX_COLLISIONS) return undefined;
    const number = this.#free.pop() ?? this.#conversations.length;
    const next = this.#slots[slot]!;
    const conversation = new Conversation(key, { number, addressBytes, hash, next });
    this.#conversations[number] = conversation;
    this.#slots[slot] = conversation;
    this.#last = conversation;
    if (count >= this.#slots.length) this.#grow();
    return conversation.forward;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Array(4 * before.length).fill(null);
    for (const first of before) {
      for (let moved = first; moved !== null;) {
        const { next } = moved;
        const slot = moved.hash & (this.#slots.length - 1);
        moved.next = this.#slots[slot]!;
        this.#slots[slot] = moved;
        moved = next;
      }
    }
  }
}

/** The same for both directions. */
function hashOf(key: Uint32Array, addressBytes: number): number {
  const ports = wordOf(key, 8);
  let one = mixed(ports >>> 16, wordOf(key, 0));
  let other = mixed(ports & 0xffff, wordOf(key, 4));
  if (addressBytes === 16) {
    for (let word = 1; word < 4; word++) {
      one = mixed(one, wordOf(key, word));
      other = mixed(other, wordOf(key, word + 4));
    }
  }
  return mixed(one ^ other, one + other);
}

/** Each bit of both numbers reaches most bits of the result. */
function mixed(hash: number, word: number): number {
  let bits = Math.imul(hash ^ Math.imul(word, 0xcc9e2d51), 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

function addressText(key: Uint32Array, word: number, addressBytes: number): string {
  const first = wordOf(key, word);
  if (addressBytes === 4) {
    return `${first >>> 24}.${(first >>> 16) & 0xff}.${(first >>> 8) & 0xff}.${first & 0xff}`;
  }
  const groups: number[] = [];
  for (let index = word; index < word + 4; index++) {
    groups.push(wordOf(key, index) >>> 16, wordOf(key, index) & 0xffff);
  }
  return ipv6Text(groups);
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as "::". */
function ipv6Text(groups: readonly number[]): string {
  let runStart = 0;
  let runLength = 0;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > runLength) [runStart, runLength] = [start, length];
  }
  const hex = groups.map((group) => group.toString(16));
  if (runLength < 2) return hex.join(":");
  return `${hex.slice(0, runStart).join(":")}::${hex.slice(runStart + runLength).join(":")}`;
}

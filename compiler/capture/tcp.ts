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
  readonly addressBytes: number;
  /** Both addresses, then both ports, as 32-bit words. */
  readonly key: Uint32Array;
  readonly forward: Flow;
  readonly backward: Flow;

  constructor(key: Uint32Array, options: { number: number; addressBytes: number }) {
    this.key = key;
    this.addressBytes = options.addressBytes;
    const ports = wordOf(key, 8);
    const source = { address: addressText(key, 0, options.addressBytes), port: ports >>> 16 };
    const destination = {
      address: addressText(key, 4, options.addressBytes),
      port: ports & 0xffff,
    };
    this.forward = { id: options.number * 2, source, destination };
    this.backward = { id: options.number * 2 + 1, source: destination, destination: source };
  }

  /** The flow of this conversation that a key stands for, if either. */
  match(key: Uint32Array, addressBytes: number): Flow | undefined {
    if (addressBytes !== this.addressBytes) return undefined;
    const own = this.key;
    if (
      own[8] === key[8] && own[0] === key[0] && own[4] === key[4] && own[1] === key[1] &&
      own[2] === key[2] && own[3] === key[3] && own[5] === key[5] && own[6] === key[6] &&
      own[7] === key[7]
    ) {
      return this.forward;
    }
    const ports = wordOf(key, 8);
    if (
      own[8] === ((ports << 16) | (ports >>> 16)) >>> 0 && own[0] === key[4] &&
      own[4] === key[0] && own[1] === key[5] && own[2] === key[6] && own[3] === key[7] &&
      own[5] === key[1] && own[6] === key[2] && own[7] === key[3]
    ) {
      return this.backward;
    }
    return undefined;
  }
}

/** Gives every pair of endpoints its two flows. */
export class FlowTable {
  readonly #byHash = new Map<number, Conversation[]>();
  readonly #key = new Uint32Array(9);
  #count = 0;
  #last: Conversation | undefined;

  /** The flow of the packet whose TCP header is at an offset; undefined when there are too many. */
  find(bytes: Uint8Array, offset: number, addresses: IpAddresses): Flow | undefined {
    const key = this.#key;
    const { addressBytes } = addresses;
    if (addressBytes === 4) {
      key[0] = uint32(bytes, addresses.sourceOffset);
      key[4] = uint32(bytes, addresses.destinationOffset);
      key[1] =
        key[2] =
        key[3] =
        key[5] =
        key[6] =
        key[7] =
          0;
    } else {
      for (let word = 0; word < 4; word++) {
        key[word] = uint32(bytes, addresses.sourceOffset + word * 4);
        key[word + 4] = uint32(bytes, addresses.destinationOffset + word * 4);
      }
    }
    key[8] = uint32(bytes, offset);
    return this.#last?.match(key, addressBytes) ?? this.#lookUp(key, addressBytes);
  }

  #lookUp(key: Uint32Array, addressBytes: number): Flow | undefined {
    const hash = hashOf(key);
    let sameHash = this.#byHash.get(hash);
    if (sameHash === undefined) this.#byHash.set(hash, sameHash = []);
    for (const conversation of sameHash) {
      const flow = conversation.match(key, addressBytes);
      if (flow !== undefined) {
        this.#last = conversation;
        return flow;
      }
    }
    if (this.#count >= MAX_CONVERSATIONS || sameHash.length >= MAX_COLLISIONS) return undefined;
    const conversation = new Conversation(key.slice(), { number: this.#count++, addressBytes });
    sameHash.push(conversation);
    this.#last = conversation;
    return conversation.forward;
  }
}

/** The same for both directions, and small enough to be an integer inside the engine. */
function hashOf(key: Uint32Array): number {
  const ports = wordOf(key, 8);
  let one = ports >>> 16;
  let other = ports & 0xffff;
  for (let word = 0; word < 4; word++) {
    one = Math.imul(one ^ wordOf(key, word), 0x9e3779b1);
    one ^= one >>> 15;
    other = Math.imul(other ^ wordOf(key, word + 4), 0x9e3779b1);
    other ^= other >>> 15;
  }
  return (one + other) & 0x3fffffff;
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

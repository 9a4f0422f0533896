/**
 * Makes small capture files for tests, byte by byte from the formats' definitions, so that no blobs have to be kept and each
 * test shows what is in its file.
 *
 * @module
 */

import type { ByteInput, Capture, Segment } from "./mod.ts";
import { TCP_FLAG } from "./mod.ts";

/** A TCP segment to be put in a packet. */
export interface SegmentOptions {
  /** "address:port"; an IPv6 address in brackets and with all eight groups. */
  readonly from?: string;
  readonly to?: string;
  readonly seq?: number;
  readonly ack?: number;
  /** Letters out of "FSRPA". */
  readonly flags?: string;
  readonly payload?: Uint8Array | string;
}

/** A packet for a file. */
export interface PacketOptions {
  readonly bytes: Uint8Array;
  /** Nanoseconds since 1970; packet n is at n milliseconds unless told. */
  readonly time?: bigint;
  /** Length on the wire, when the file is to hold less. */
  readonly originalLength?: number;
}

/** Joins byte strings. */
export function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Big-endian numbers of the given width in bytes. */
export function big(width: 1 | 2 | 4, ...values: number[]): Uint8Array<ArrayBuffer> {
  return numbers(width, { values, littleEndian: false });
}

/** Little-endian numbers of the given width in bytes. */
export function little(width: 1 | 2 | 4, ...values: number[]): Uint8Array<ArrayBuffer> {
  return numbers(width, { values, littleEndian: true });
}

function numbers(
  width: 1 | 2 | 4,
  options: { values: number[]; littleEndian: boolean },
): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(width * options.values.length));
  options.values.forEach((value, index) => {
    if (width === 1) view.setUint8(index, value);
    else if (width === 2) view.setUint16(index * 2, value, options.littleEndian);
    else view.setUint32(index * 4, value, options.littleEndian);
  });
  return new Uint8Array(view.buffer);
}

/** The bytes of a text. */
export function text(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(value);
}

/** A TCP header and payload. */
export function tcp(options: SegmentOptions = {}): Uint8Array<ArrayBuffer> {
  const payload = typeof options.payload === "string"
    ? text(options.payload)
    : options.payload ?? new Uint8Array(0);
  const letters = { F: "FIN", S: "SYN", R: "RST", P: "PSH", A: "ACK" } as const;
  let flags = 0;
  for (const letter of options.flags ?? "A") flags |= TCP_FLAG[letters[letter as "F"]];
  return concat(
    big(2, portOf(options.from ?? "10.0.0.1:1000"), portOf(options.to ?? "10.0.0.2:445")),
    big(4, options.seq ?? 1, options.ack ?? 1),
    big(2, (5 << 12) | flags, 0xffff, 0, 0),
    payload,
  );
}

function portOf(endpoint: string): number {
  return Number(endpoint.slice(endpoint.lastIndexOf(":") + 1));
}

function addressOf(endpoint: string): Uint8Array<ArrayBuffer> {
  const address = endpoint.slice(0, endpoint.lastIndexOf(":"));
  return address.startsWith("[")
    ? big(2, ...address.slice(1, -1).split(":").map((group) => parseInt(group, 16)))
    : big(1, ...address.split(".").map(Number));
}

/** An IPv4 packet around a payload. */
export function ipv4(
  payload: Uint8Array,
  options: {
    from?: string;
    to?: string;
    protocol?: number;
    totalLength?: number;
    fragment?: number;
    options?: Uint8Array;
  } = {},
): Uint8Array<ArrayBuffer> {
  const extra = options.options ?? new Uint8Array(0);
  const headerBytes = 20 + extra.length;
  return concat(
    big(1, 0x40 | (headerBytes / 4), 0),
    big(2, options.totalLength ?? headerBytes + payload.length, 1, options.fragment ?? 0x4000),
    big(1, 64, options.protocol ?? 6),
    big(2, 0),
    addressOf(options.from ?? "10.0.0.1:1000"),
    addressOf(options.to ?? "10.0.0.2:445"),
    extra,
    payload,
  );
}

/** An IPv6 packet around a payload; extension headers belong to the payload. */
export function ipv6(
  payload: Uint8Array,
  options: { from?: string; to?: string; next?: number; payloadLength?: number } = {},
): Uint8Array<ArrayBuffer> {
  return concat(
    big(4, 0x60000000),
    big(2, options.payloadLength ?? payload.length),
    big(1, options.next ?? 6, 64),
    addressOf(options.from ?? "[fd00:0:0:0:0:0:0:1]:1000"),
    addressOf(options.to ?? "[fd00:0:0:0:0:0:0:2]:445"),
    payload,
  );
}

/** A TCP segment in IPv4. */
export function packet(options: SegmentOptions = {}): Uint8Array<ArrayBuffer> {
  return ipv4(tcp(options), {
    ...(options.from === undefined ? {} : { from: options.from }),
    ...(options.to === undefined ? {} : { to: options.to }),
  });
}

/** An Ethernet frame, with the given tags (EtherType and tag control each) before the type. */
export function ethernet(
  payload: Uint8Array,
  options: { type?: number; tags?: readonly [number, number][] } = {},
): Uint8Array<ArrayBuffer> {
  const tags = (options.tags ?? []).flat();
  return concat(new Uint8Array(12), big(2, ...tags, options.type ?? 0x0800), payload);
}

/** A classic capture file. */
export function pcapFile(
  packets: readonly (PacketOptions | Uint8Array)[],
  options: { magic?: number; bigEndian?: boolean; linkType?: number } = {},
): Uint8Array<ArrayBuffer> {
  const magic = options.magic ?? 0xa1b2c3d4;
  const order = options.bigEndian ? big : little;
  const unit = magic === 0xa1b23c4d ? 1n : 1000n;
  const parts: Uint8Array[] = [
    order(4, magic),
    order(2, 2, 4),
    order(4, 0, 0, 0x40000, options.linkType ?? 1),
  ];
  packets.forEach((given, index) => {
    const { bytes, time, originalLength } = asPacket(given, index);
    parts.push(
      order(
        4,
        Number(time / 1_000_000_000n),
        Number(time % 1_000_000_000n / unit),
        bytes.length,
        originalLength,
      ),
      magic === 0xa1b2cd34 ? new Uint8Array(8) : new Uint8Array(0),
      bytes,
    );
  });
  return concat(...parts);
}

function asPacket(given: PacketOptions | Uint8Array, index: number): Required<PacketOptions> {
  const options = given instanceof Uint8Array ? { bytes: given } : given;
  return {
    bytes: options.bytes,
    time: options.time ?? BigInt(index + 1) * 1_000_000n,
    originalLength: options.originalLength ?? options.bytes.length,
  };
}

/** A pcapng block: type, length, body padded to four bytes, length. */
export function block(
  type: number,
  body: Uint8Array,
  options: { bigEndian?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const order = options.bigEndian ? big : little;
  const padding = (4 - body.length % 4) % 4;
  const length = body.length + padding + 12;
  return concat(order(4, type, length), body, new Uint8Array(padding), order(4, length));
}

/** A section header block. */
export function section(options: { bigEndian?: boolean } = {}): Uint8Array<ArrayBuffer> {
  const order = options.bigEndian ? big : little;
  const body = concat(order(4, 0x1a2b3c4d), order(2, 1, 0), order(4, 0xffffffff, 0xffffffff));
  return block(0x0a0d0d0a, body, options);
}

/** An interface description block; options are code and value. */
export function interfaceBlock(
  options: {
    bigEndian?: boolean;
    linkType?: number;
    snapLength?: number;
    options?: readonly [number, Uint8Array][];
  } = {},
): Uint8Array<ArrayBuffer> {
  const order = options.bigEndian ? big : little;
  const body: Uint8Array[] = [
    order(2, options.linkType ?? 1, 0),
    order(4, options.snapLength ?? 0),
  ];
  for (const [code, value] of options.options ?? []) {
    const padding = new Uint8Array((4 - value.length % 4) % 4);
    body.push(order(2, code, value.length), value, padding);
  }
  return block(1, concat(...body), options);
}

/** An enhanced packet block with a timestamp in the interface's units. */
export function enhancedPacket(
  bytes: Uint8Array,
  options: { bigEndian?: boolean; interfaceId?: number; units?: bigint } = {},
): Uint8Array<ArrayBuffer> {
  const order = options.bigEndian ? big : little;
  const units = options.units ?? 0n;
  return block(
    6,
    concat(
      order(
        4,
        options.interfaceId ?? 0,
        Number(units >> 32n),
        Number(units & 0xffffffffn),
        bytes.length,
        bytes.length,
      ),
      bytes,
    ),
    options,
  );
}

/** An input that hands out bytes as they are asked for. */
export function inputOf(bytes: Uint8Array): ByteInput & { closed: boolean } {
  let at = 0;
  return {
    closed: false,
    read(into) {
      if (at >= bytes.length) return Promise.resolve(null);
      const count = Math.min(into.length, bytes.length - at);
      into.set(bytes.subarray(at, at + count));
      at += count;
      return Promise.resolve(count);
    },
    close() {
      this.closed = true;
    },
  };
}

/** All segments of a capture, with payloads copied. */
export async function allSegments(capture: Capture): Promise<Segment[]> {
  const all: Segment[] = [];
  for await (const _ of capture.segments((segment) => all.push(segment.copy())));
  return all;
}

/** A random number generator with a seed (mulberry32): the same numbers on every run. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Ways to carry an Ethernet frame with IPv4, by name: as link type and packets, which are one unless it is cut in fragments. */
export const CARRIERS: Readonly<
  Record<string, (frame: Uint8Array, number: number) => { linkType: number; packets: Uint8Array[] }>
> = {
  "Ethernet": (frame) => ({ linkType: 1, packets: [frame] }),
  "QinQ": (frame) => one(1, ethernet(frame.subarray(14), { tags: [[0x88a8, 5], [0x8100, 6]] })),
  "old QinQ": (frame) => one(1, ethernet(frame.subarray(14), { tags: [[0x9100, 5], [0x8100, 6]] })),
  "MPLS": (frame) =>
    one(1, ethernet(concat(big(4, 0x1000, 0x2100), frame.subarray(14)), { type: 0x8847 })),
  "PPPoE": (frame) => {
    const inner = frame.subarray(14);
    const header = big(2, 0x1100, 1, inner.length + 2, 0x0021);
    return one(1, ethernet(concat(header, inner), { type: 0x8864 }));
  },
  "PPP": (frame) => one(9, concat(big(2, 0xff03, 0x0021), frame.subarray(14))),
  "loopback": (frame) => one(0, concat(little(4, 2), frame.subarray(14))),
  "big-endian loopback": (frame) => one(108, concat(big(4, 2), frame.subarray(14))),
  "raw IPv4": (frame) => one(228, frame.subarray(14)),
  "Linux cooked": (frame) =>
    one(113, concat(new Uint8Array(14), big(2, 0x0800), frame.subarray(14))),
  "Linux cooked 2": (frame) =>
    one(
      276,
      concat(
        big(2, 0x0800),
        new Uint8Array(2),
        big(4, 1),
        big(2, 1),
        new Uint8Array(10),
        frame.subarray(14),
      ),
    ),
  "IP in IP": (frame) => one(101, tunnel(frame.subarray(14), 4)),
  "GRE": (frame) => one(101, tunnel(concat(big(2, 0, 0x0800), frame.subarray(14)), 47)),
  "GRE with key and sequence": (frame) =>
    one(101, tunnel(concat(big(2, 0x3000, 0x6558), big(4, 7, 8), frame), 47)),
  "ERSPAN I": (frame) => one(101, tunnel(concat(big(2, 0, 0x88be), frame), 47)),
  "ERSPAN II": (frame) =>
    one(101, tunnel(concat(big(2, 0x1000, 0x88be), big(4, 1, 0x10000000, 0), frame), 47)),
  "ERSPAN III": (frame) =>
    one(101, tunnel(concat(big(2, 0x1000, 0x22eb), big(4, 1, 0x20000000, 0, 0), frame), 47)),
  "VXLAN": (frame) => one(101, tunnel(udp(4789, concat(big(4, 0x08000000, 0x100), frame)), 17)),
  "Geneve": (frame) =>
    one(101, tunnel(udp(6081, concat(big(2, 0, 0x6558), big(4, 0x100), frame)), 17)),
  "IPv4 fragments": (frame, number) => fragments(frame, { number, size: 64, reversed: false }),
  "IPv4 fragments in reverse": (frame, number) =>
    fragments(frame, { number, size: 200, reversed: true }),
};

function one(linkType: number, bytes: Uint8Array): { linkType: number; packets: Uint8Array[] } {
  return { linkType, packets: [bytes] };
}

function tunnel(payload: Uint8Array, protocol: number): Uint8Array {
  return ipv4(payload, { from: "192.0.2.1:0", to: "192.0.2.2:0", protocol });
}

function udp(port: number, payload: Uint8Array): Uint8Array {
  return concat(big(2, 49152, port, payload.length + 8, 0), payload);
}

function fragments(
  frame: Uint8Array,
  options: { number: number; size: number; reversed: boolean },
): { linkType: number; packets: Uint8Array[] } {
  const payload = frame.subarray(34);
  const packets: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += options.size) {
    const part = payload.subarray(at, at + options.size);
    const more = at + options.size < payload.length ? 0x2000 : 0;
    const header = frame.slice(14, 34);
    header.set(big(2, 20 + part.length, options.number, more | (at / 8)), 2);
    packets.push(concat(header, part));
  }
  return { linkType: 101, packets: options.reversed ? packets.toReversed() : packets };
}

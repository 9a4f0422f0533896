/**
 * IPv4 (RFC 791) and IPv6 (RFC 8200): from an IP header to the TCP header in it, through tunnels if need be.
 *
 * The length in the IP header decides where a packet ends, because short Ethernet frames are padded. A length of zero comes from
 * segmentation offload, where the capture was taken before the card filled it in: the rest of the frame counts then.
 *
 * @module
 */

import { uint16, uint32, uint8 } from "./bytes.ts";
import type { Cursor, Refusal } from "./cursor.ts";
import type { Tunnel } from "./decode_as.ts";
import type { Fragment, FragmentTable } from "./fragments.ts";
import type { Packet } from "./packet.ts";
import { enterGre, enterUdpTunnel } from "./tunnel.ts";

/** Where the addresses of a TCP packet are. */
export interface IpAddresses {
  sourceOffset: number;
  destinationOffset: number;
  /** 4 or 16. */
  addressBytes: number;
}

/** Protocol numbers (IANA). */
const HOP_BY_HOP = 0;
const IPV4_IN_IP = 4;
const TCP = 6;
const UDP = 17;
const IPV6_IN_IP = 41;
const ROUTING = 43;
const FRAGMENT = 44;
const GRE = 47;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;

/** Tunnels in tunnels are followed this deep. */
const MAX_DEPTH = 4;
const MAX_EXTENSION_HEADERS = 16;

const CUT: Refusal = { reason: "A packet was cut inside its IP header", loss: true };
const MALFORMED: Refusal = { reason: "A packet has an IP header that cannot be true", loss: true };
const NOT_TCP: Refusal = { reason: "A packet is IP but not TCP", loss: false };
const FRAGMENT_NOT_TCP: Refusal = {
  reason: "A fragment of an IP packet that is not TCP",
  loss: false,
};
const DEEP: Refusal = { reason: "A packet has too many tunnels or extension headers", loss: true };

/** Carried in fragments, these may have TCP in them. */
const PUT_TOGETHER = new Set([
  IPV4_IN_IP,
  TCP,
  UDP,
  IPV6_IN_IP,
  GRE,
  AUTHENTICATION,
  DESTINATION_OPTIONS,
]);

/**
 * Moves the cursor from an IP header to the TCP header in it and fills in the addresses, or says why there is none:
 * "incomplete" for a fragment that waits for others.
 */
export function enterIp(
  cursor: Cursor,
  addresses: IpAddresses,
  options: {
    readonly fragments: FragmentTable;
    readonly tunnels: ReadonlyMap<number, Tunnel>;
    readonly packet: Packet;
  },
): Refusal | "incomplete" | undefined {
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    if (cursor.end <= cursor.offset) return CUT;
    const ipv6 = uint8(cursor.bytes, cursor.offset) >> 4 === 6;
    const protocol = ipv6 ? enterIpv6(cursor, addresses) : enterIpv4(cursor, addresses);
    if (typeof protocol !== "number") {
      if (!("key" in protocol)) return protocol;
      const result = options.fragments.take(cursor, protocol, options.packet);
      if (result !== "whole") return result;
      continue;
    }
    let refusal: Refusal | undefined;
    switch (protocol) {
      case TCP:
        return undefined;
      case IPV4_IN_IP:
      case IPV6_IN_IP:
        break;
      case GRE:
        refusal = enterGre(cursor);
        break;
      case UDP:
        refusal = enterUdpTunnel(cursor, options.tunnels);
        break;
      default:
        return NOT_TCP;
    }
    if (refusal !== undefined) return refusal;
  }
  return DEEP;
}

function enterIpv4(cursor: Cursor, addresses: IpAddresses): number | Fragment | Refusal {
  const { bytes, offset } = cursor;
  if (cursor.end - offset < 20) return CUT;
  const headerBytes = (uint8(bytes, offset) & 0x0f) * 4;
  const totalBytes = uint16(bytes, offset + 2);
  if (headerBytes < 20 || uint8(bytes, offset) >> 4 !== 4) return MALFORMED;
  if (totalBytes !== 0 && totalBytes < headerBytes) return MALFORMED;
  if (cursor.end - offset < headerBytes) return CUT;
  const protocol = uint8(bytes, offset + 9);
  addresses.sourceOffset = offset + 12;
  addresses.destinationOffset = offset + 16;
  addresses.addressBytes = 4;
  limit(cursor, totalBytes);
  // More-fragments flag or a fragment offset.
  if ((uint16(bytes, offset + 6) & 0x3fff) !== 0) return ipv4Fragment(cursor, headerBytes);
  cursor.offset = offset + headerBytes;
  return protocol === AUTHENTICATION ? enterAuthenticated(cursor) : protocol;
}

function ipv4Fragment({ bytes, offset }: Cursor, headerBytes: number): Fragment | Refusal {
  const protocol = uint8(bytes, offset + 9);
  if (!PUT_TOGETHER.has(protocol)) return FRAGMENT_NOT_TCP;
  const place = uint16(bytes, offset + 6);
  return {
    key: [protocol, uint16(bytes, offset + 4), ...bytes.subarray(offset + 12, offset + 20)].join(),
    offset: (place & 0x1fff) * 8,
    more: (place & 0x2000) !== 0,
    payloadAt: offset + headerBytes,
    loss: protocol !== UDP,
    header(payloadBytes) {
      const header = bytes.slice(offset, offset + headerBytes);
      const length = Math.min(headerBytes + payloadBytes, 0xffff);
      header.set([length >> 8, length & 0xff], 2);
      header.fill(0, 6, 8);
      return header;
    },
  };
}

/** The authentication header of IPsec (RFC 4302): what follows is not encrypted. */
function enterAuthenticated(cursor: Cursor): number | Refusal {
  const { bytes, offset } = cursor;
  if (cursor.end - offset < 8) return CUT;
  cursor.offset = offset + (uint8(bytes, offset + 1) + 2) * 4;
  return cursor.offset > cursor.end ? CUT : uint8(bytes, offset);
}

function enterIpv6(cursor: Cursor, addresses: IpAddresses): number | Fragment | Refusal {
  const { bytes, offset } = cursor;
  if (cursor.end - offset < 40) return CUT;
  const payloadBytes = uint16(bytes, offset + 4);
  let next = uint8(bytes, offset + 6);
  addresses.sourceOffset = offset + 8;
  addresses.destinationOffset = offset + 24;
  addresses.addressBytes = 16;
  // Zero stands for a jumbogram or for segmentation offload.
  limit(cursor, payloadBytes === 0 ? 0 : payloadBytes + 40);
  let at = offset + 40;
  for (let headers = 0; headers < MAX_EXTENSION_HEADERS; headers++) {
    switch (next) {
      case HOP_BY_HOP:
      case ROUTING:
      case DESTINATION_OPTIONS:
        if (cursor.end - at < 8) return CUT;
        next = uint8(bytes, at);
        at += (uint8(bytes, at + 1) + 1) * 8;
        break;
      case AUTHENTICATION:
        if (cursor.end - at < 8) return CUT;
        next = uint8(bytes, at);
        at += (uint8(bytes, at + 1) + 2) * 4;
        break;
      case FRAGMENT:
        if (cursor.end - at < 8) return CUT;
        // An atomic fragment (RFC 6946) is a whole packet.
        if ((uint16(bytes, at + 2) & 0xfff9) !== 0) return ipv6Fragment(cursor, at);
        next = uint8(bytes, at);
        at += 8;
        break;
      default:
        if (at > cursor.end) return CUT;
        cursor.offset = at;
        return next;
    }
  }
  return DEEP;
}

/** Takes padding off, or states what the snap length cut off; zero leaves the frame's own end. */
function limit(cursor: Cursor, totalBytes: number): void {
  if (totalBytes === 0) return;
  const end = cursor.offset + totalBytes;
  if (end <= cursor.end) {
    cursor.end = end;
    cursor.missing = 0;
  } else {
    cursor.missing = end - cursor.end;
  }
}

function ipv6Fragment({ bytes, offset }: Cursor, at: number): Fragment | Refusal {
  const protocol = uint8(bytes, at);
  if (!PUT_TOGETHER.has(protocol)) return FRAGMENT_NOT_TCP;
  const place = uint16(bytes, at + 2);
  return {
    key: [uint32(bytes, at + 4), ...bytes.subarray(offset + 8, offset + 40)].join(),
    offset: place & 0xfff8,
    more: (place & 1) !== 0,
    payloadAt: at + 8,
    loss: protocol !== UDP,
    header(payloadBytes) {
      // Extension headers before the fragment header say nothing of what follows, and are left out.
      const header = bytes.slice(offset, offset + 40);
      header.set([payloadBytes >> 8, payloadBytes & 0xff, protocol], 4);
      return header;
    },
  };
}

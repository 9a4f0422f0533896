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
import { enterEthernet, enterType } from "./link.ts";

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

const VXLAN_PORT = 4789;

/** Tunnels in tunnels are followed this deep. */
const MAX_DEPTH = 4;
const MAX_EXTENSION_HEADERS = 16;

const CUT: Refusal = { reason: "A packet was cut inside its IP header", loss: true };
const MALFORMED: Refusal = { reason: "A packet has an IP header that cannot be true", loss: true };
const FRAGMENTED: Refusal = {
  reason: "A fragment of an IP packet was dropped, as fragments are not put together",
  loss: true,
};
const NOT_TCP: Refusal = { reason: "A packet is IP but not TCP", loss: false };
const FRAGMENT_NOT_TCP: Refusal = {
  reason: "A fragment of an IP packet that is not TCP",
  loss: false,
};
const DEEP: Refusal = { reason: "A packet has too many tunnels or extension headers", loss: true };

/** Moves the cursor from an IP header to the TCP header in it, fills in the addresses, or says why there is none. */
export function enterIp(cursor: Cursor, addresses: IpAddresses): Refusal | undefined {
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    if (cursor.end <= cursor.offset) return CUT;
    const ipv6 = uint8(cursor.bytes, cursor.offset) >> 4 === 6;
    const protocol = ipv6 ? enterIpv6(cursor, addresses) : enterIpv4(cursor, addresses);
    if (typeof protocol !== "number") return protocol;
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
        refusal = enterVxlan(cursor);
        break;
      default:
        return NOT_TCP;
    }
    if (refusal !== undefined) return refusal;
  }
  return DEEP;
}

function enterIpv4(cursor: Cursor, addresses: IpAddresses): number | Refusal {
  const { bytes, offset } = cursor;
  if (cursor.end - offset < 20) return CUT;
  const headerBytes = (uint8(bytes, offset) & 0x0f) * 4;
  const totalBytes = uint16(bytes, offset + 2);
  if (headerBytes < 20 || uint8(bytes, offset) >> 4 !== 4) return MALFORMED;
  if (totalBytes !== 0 && totalBytes < headerBytes) return MALFORMED;
  if (cursor.end - offset < headerBytes) return CUT;
  const protocol = uint8(bytes, offset + 9);
  // More-fragments flag or a fragment offset.
  if ((uint16(bytes, offset + 6) & 0x3fff) !== 0) return fragment(protocol);
  addresses.sourceOffset = offset + 12;
  addresses.destinationOffset = offset + 16;
  addresses.addressBytes = 4;
  limit(cursor, totalBytes);
  cursor.offset = offset + headerBytes;
  return protocol;
}

function enterIpv6(cursor: Cursor, addresses: IpAddresses): number | Refusal {
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
        if ((uint16(bytes, at + 2) & 0xfff9) !== 0) return fragment(uint8(bytes, at));
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

function fragment(protocol: number): Refusal {
  return protocol === TCP ? FRAGMENTED : FRAGMENT_NOT_TCP;
}

/** Generic routing encapsulation (RFC 2784, RFC 2890) around IP or Ethernet. */
function enterGre(cursor: Cursor): Refusal | undefined {
  const { bytes, offset } = cursor;
  if (cursor.end - offset < 4) return CUT;
  const flags = uint16(bytes, offset);
  if ((flags & 0x0007) !== 0) return NOT_TCP;
  const optional = ((flags & 0x8000) !== 0 ? 4 : 0) + ((flags & 0x2000) !== 0 ? 4 : 0) +
    ((flags & 0x1000) !== 0 ? 4 : 0);
  const type = uint16(bytes, offset + 2);
  if (cursor.end - offset < 4 + optional) return CUT;
  cursor.offset += 4 + optional;
  return type === 0x6558 ? enterEthernet(cursor) : enterType(cursor, type);
}

/** VXLAN (RFC 7348): Ethernet frames in UDP; other UDP carries no SMB. */
function enterVxlan(cursor: Cursor): Refusal | undefined {
  const { bytes, offset } = cursor;
  if (cursor.end - offset < 16 || uint16(bytes, offset + 2) !== VXLAN_PORT) return NOT_TCP;
  // Only the flag that says a network identifier is present may be set.
  if (uint32(bytes, offset + 8) !== 0x08000000) return NOT_TCP;
  cursor.offset += 16;
  return enterEthernet(cursor);
}

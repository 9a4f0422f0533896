/**
 * Link layers: from the link type of a packet to the internet protocol in it. Link types are LINKTYPE_ numbers of tcpdump.org.
 *
 * @module
 */

import { fileUint32, uint16, uint8 } from "./bytes.ts";
import type { Cursor, Refusal } from "./cursor.ts";

const LINKTYPE_NULL = 0;
const LINKTYPE_ETHERNET = 1;
const LINKTYPE_PPP = 9;
const DLT_RAW = 12;
const DLT_RAW_OPENBSD = 14;
const LINKTYPE_PPP_HDLC = 50;
const LINKTYPE_PPP_ETHER = 51;
const LINKTYPE_RAW = 101;
const LINKTYPE_LOOP = 108;
const LINKTYPE_LINUX_SLL = 113;
const LINKTYPE_IPV4 = 228;
const LINKTYPE_IPV6 = 229;
const LINKTYPE_PKTAP = 258;
const LINKTYPE_LINUX_SLL2 = 276;

/** Frames of a wireless network, as captured in monitor mode: mostly encrypted, and cut differently. */
const LINKTYPES_80211: readonly number[] = [105, 119, 127, 163, 192];

/** PPP protocol numbers. */
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;

/** EtherTypes (IEEE 802 numbers). */
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_MPLS = 0x8847;
const ETHERTYPE_PPPOE_SESSION = 0x8864;
const ETHERTYPE_QINQ = 0x88a8;
const ETHERTYPE_QINQ_OLD = 0x9100;

/** Tags and labels stacked deeper than this are not followed. */
const MAX_TAGS = 8;

const CUT: Refusal = { reason: "A packet was cut inside its link-layer header", loss: true };
const NOT_IP: Refusal = { reason: "A packet is not IP", loss: false };
const NO_VERSION: Refusal = { reason: "A packet states no known IP version", loss: true };
const DEEP: Refusal = { reason: "A packet has too many VLAN tags or MPLS labels", loss: true };

const unsupported = new Map<number, Refusal>();

/** Moves the cursor to the IP header and returns undefined, or says why there is none. */
export function enterLink(cursor: Cursor, linkType: number): Refusal | undefined {
  switch (linkType) {
    case LINKTYPE_ETHERNET:
      return enterEthernet(cursor);
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
      // The family number differs between systems and byte orders; the version in the IP header does not.
      return skip(cursor, 4) ?? enterByVersion(cursor);
    case DLT_RAW:
    case DLT_RAW_OPENBSD:
    case LINKTYPE_RAW:
    case LINKTYPE_IPV4:
    case LINKTYPE_IPV6:
      return enterByVersion(cursor);
    case LINKTYPE_PPP:
    case LINKTYPE_PPP_HDLC:
      return enterPpp(cursor);
    case LINKTYPE_PPP_ETHER:
      return skip(cursor, 6) ?? enterPpp(cursor);
    case LINKTYPE_PKTAP:
      return enterPktap(cursor);
    case LINKTYPE_LINUX_SLL:
      return enterCooked(cursor, { headerBytes: 16, protocolAt: 14 });
    case LINKTYPE_LINUX_SLL2:
      return enterCooked(cursor, { headerBytes: 20, protocolAt: 0 });
    default:
      return unsupportedLink(linkType);
  }
}

/** The frame that a tunnel carries, which begins with an Ethernet header. */
export function enterEthernet(cursor: Cursor): Refusal | undefined {
  if (cursor.end - cursor.offset < 14) return CUT;
  const type = uint16(cursor.bytes, cursor.offset + 12);
  cursor.offset += 14;
  return enterType(cursor, type);
}

/** What follows an EtherType field. */
export function enterType(cursor: Cursor, etherType: number): Refusal | undefined {
  let type = etherType;
  for (let tags = 0; tags < MAX_TAGS; tags++) {
    switch (type) {
      case ETHERTYPE_IPV4:
      case ETHERTYPE_IPV6:
        return enterByVersion(cursor);
      case ETHERTYPE_VLAN:
      case ETHERTYPE_QINQ:
      case ETHERTYPE_QINQ_OLD:
        if (cursor.end - cursor.offset < 4) return CUT;
        type = uint16(cursor.bytes, cursor.offset + 2);
        cursor.offset += 4;
        break;
      case ETHERTYPE_PPPOE_SESSION:
        return skip(cursor, 6) ?? enterPpp(cursor);
      case ETHERTYPE_MPLS: {
        if (cursor.end - cursor.offset < 4) return CUT;
        const bottomOfStack = (uint8(cursor.bytes, cursor.offset + 2) & 1) !== 0;
        cursor.offset += 4;
        if (bottomOfStack) return enterByVersion(cursor);
        break;
      }
      default:
        return NOT_IP;
    }
  }
  return DEEP;
}

/** A PPP frame (RFC 1661), with or without address and control field, its protocol in two bytes or compressed to one. */
function enterPpp(cursor: Cursor): Refusal | undefined {
  if (cursor.end - cursor.offset < 4) return CUT;
  if (uint16(cursor.bytes, cursor.offset) === 0xff03) cursor.offset += 2;
  const compressed = (uint8(cursor.bytes, cursor.offset) & 1) !== 0;
  const protocol = compressed
    ? uint8(cursor.bytes, cursor.offset)
    : uint16(cursor.bytes, cursor.offset);
  cursor.offset += compressed ? 1 : 2;
  return protocol === PPP_IPV4 || protocol === PPP_IPV6 ? enterByVersion(cursor) : NOT_IP;
}

/** What tcpdump of macOS writes for several interfaces: its own header, with the length first and the link type in it. */
function enterPktap(cursor: Cursor): Refusal | undefined {
  if (cursor.end - cursor.offset < 12) return CUT;
  const headerBytes = fileUint32(cursor.bytes, cursor.offset, true);
  const linkType = fileUint32(cursor.bytes, cursor.offset + 8, true);
  if (headerBytes < 12 || linkType === LINKTYPE_PKTAP) return unsupportedLink(linkType);
  return skip(cursor, headerBytes) ?? enterLink(cursor, linkType);
}

function enterCooked(
  cursor: Cursor,
  options: { readonly headerBytes: number; readonly protocolAt: number },
): Refusal | undefined {
  if (cursor.end - cursor.offset < options.headerBytes) return CUT;
  const type = uint16(cursor.bytes, cursor.offset + options.protocolAt);
  cursor.offset += options.headerBytes;
  return enterType(cursor, type);
}

function enterByVersion(cursor: Cursor): Refusal | undefined {
  if (cursor.end <= cursor.offset) return CUT;
  const version = uint8(cursor.bytes, cursor.offset) >> 4;
  return version === 4 || version === 6 ? undefined : NO_VERSION;
}

function skip(cursor: Cursor, count: number): Refusal | undefined {
  if (cursor.end - cursor.offset < count) return CUT;
  cursor.offset += count;
  return undefined;
}

function unsupportedLink(linkType: number): Refusal {
  let refusal = unsupported.get(linkType);
  if (refusal === undefined) {
    const reason = LINKTYPES_80211.includes(linkType)
      ? "A packet is a frame of a wireless network (802.11), which is not read: capture on the wire or in the host"
      : `A packet has the unsupported link type ${linkType}`;
    refusal = { reason, loss: true };
    unsupported.set(linkType, refusal);
  }
  return refusal;
}

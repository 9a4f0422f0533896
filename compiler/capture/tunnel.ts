/**
 * Tunnels that mirrored and virtual networks put around packets: GRE with ERSPAN, VXLAN, Geneve.
 *
 * @module
 */

import { uint16, uint32, uint8 } from "./bytes.ts";
import type { Cursor, Refusal } from "./cursor.ts";
import type { Tunnel } from "./decode_as.ts";
import { enterEthernet, enterType } from "./link.ts";

/** Protocol types of GRE and Geneve besides EtherTypes. */
const TRANSPARENT_ETHERNET = 0x6558;
const ERSPAN = 0x88be;
const ERSPAN_III = 0x22eb;

/** Bits of a GRE header (RFC 2784, RFC 2890). */
const GRE_CHECKSUM = 0x8000;
const GRE_ROUTING = 0x4000;
const GRE_KEY = 0x2000;
const GRE_SEQUENCE = 0x1000;
const GRE_VERSION = 0x0007;

const NOT_TCP: Refusal = { reason: "A packet is IP but not TCP", loss: false };
const CUT: Refusal = { reason: "A packet was cut inside its tunnel header", loss: true };

/** Generic routing encapsulation around IP, Ethernet or a mirror session. */
export function enterGre(cursor: Cursor): Refusal | undefined {
  const { bytes, offset } = cursor;
  if (cursor.end - offset < 4) return CUT;
  const flags = uint16(bytes, offset);
  if ((flags & (GRE_VERSION | GRE_ROUTING)) !== 0) return NOT_TCP;
  const optional = ((flags & GRE_CHECKSUM) !== 0 ? 4 : 0) + ((flags & GRE_KEY) !== 0 ? 4 : 0) +
    ((flags & GRE_SEQUENCE) !== 0 ? 4 : 0);
  const type = uint16(bytes, offset + 2);
  if (cursor.end - offset < 4 + optional) return CUT;
  cursor.offset += 4 + optional;
  switch (type) {
    case TRANSPARENT_ETHERNET:
      return enterEthernet(cursor);
    case ERSPAN:
      // Type I has neither a sequence number nor a header.
      return (flags & GRE_SEQUENCE) === 0 ? enterEthernet(cursor) : enterErspan(cursor, 8);
    case ERSPAN_III:
      return enterErspan(cursor, 12);
    default:
      return enterType(cursor, type);
  }
}

/** Encapsulated remote switched port analyzer, types II and III (draft-foschiano-erspan). */
function enterErspan(cursor: Cursor, headerBytes: 8 | 12): Refusal | undefined {
  const { bytes, offset } = cursor;
  if (cursor.end - offset < headerBytes) return CUT;
  // The last bit of type III announces a sub-header of the platform.
  const more = headerBytes === 12 && (uint8(bytes, offset + 11) & 1) !== 0 ? 8 : 0;
  if (cursor.end - offset < headerBytes + more) return CUT;
  cursor.offset += headerBytes + more;
  return enterEthernet(cursor);
}

/** VXLAN (RFC 7348) and Geneve (RFC 8926); other UDP carries no SMB. */
export function enterUdpTunnel(
  cursor: Cursor,
  ports: ReadonlyMap<number, Tunnel>,
): Refusal | undefined {
  const { bytes, offset } = cursor;
  if (cursor.end - offset < 16) return NOT_TCP;
  const tunnel = ports.get(uint16(bytes, offset + 2));
  if (tunnel === "vxlan") {
    // The flag that says a network identifier is present.
    if ((uint32(bytes, offset + 8) & 0x08000000) === 0) return NOT_TCP;
    cursor.offset += 16;
    return enterEthernet(cursor);
  }
  if (tunnel !== "geneve" || uint8(bytes, offset + 8) >> 6 !== 0) return NOT_TCP;
  const headerBytes = 16 + (uint8(bytes, offset + 8) & 0x3f) * 4;
  const type = uint16(bytes, offset + 10);
  if (cursor.end - offset < headerBytes) return CUT;
  cursor.offset += headerBytes;
  return type === TRANSPARENT_ETHERNET ? enterEthernet(cursor) : enterType(cursor, type);
}

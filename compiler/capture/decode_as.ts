/**
 * What a user says of a capture that cannot be told from it: what frames of a private link type are, which UDP port a
 * tunnel has, and on which TCP ports SMB follows something else, such as the greeting of a proxy.
 *
 * @module
 */

/** What frames may be, by the link type that has them (LINKTYPE_ numbers of tcpdump.org). */
export const FRAMES = {
  ethernet: 1,
  ip: 101,
  loopback: 0,
  ppp: 9,
  sll: 113,
  sll2: 276,
} as const;

/** Tunnels in UDP. */
export type Tunnel = "geneve" | "vxlan";

/** What is said of a capture. */
export interface DecodeAs {
  /** What frames of a link type are, by its number. */
  readonly links?: ReadonlyMap<number, keyof typeof FRAMES>;
  /** The tunnel behind a UDP destination port. */
  readonly udpPorts?: ReadonlyMap<number, Tunnel>;
  /** Connections with one of these ports are searched for SMB whatever they begin with. */
  readonly tcpPorts?: ReadonlySet<number>;
}

/** Ports of tunnels: the registered ones, and what Linux used for VXLAN before there was one. */
const TUNNELS: ReadonlyMap<number, Tunnel> = new Map([
  [4789, "vxlan"],
  [8472, "vxlan"],
  [6081, "geneve"],
]);

/** All ports of tunnels in UDP. */
export function tunnelPorts({ udpPorts }: DecodeAs): ReadonlyMap<number, Tunnel> {
  return udpPorts === undefined ? TUNNELS : new Map([...TUNNELS, ...udpPorts]);
}

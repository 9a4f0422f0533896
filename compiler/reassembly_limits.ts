/** What putting segments in order may take. */
import type { Flow } from "./capture/mod.ts";
import type { Connection, StreamRepeat } from "./stream_events.ts";

/** Bounds on memory and waiting. */
export interface ReassemblyLimits {
  /** Bytes kept behind holes in one direction; 8 MiB unless told. */
  readonly directionBytes: number;
  /** Bytes kept behind holes in all directions; 64 MiB unless told. */
  readonly totalBytes: number;
  /**
   * Connections of which something is remembered, ended ones among them; 16 384 unless told. Of more, a quarter is let go: those
   * that ended the longest ago, then those that were silent for the longest time, which end with that.
   */
  readonly connections: number;
  /** Separate intervals kept in one direction; 4096 unless told. */
  readonly intervals: number;
  /** Segments of the connection after which an acknowledged hole is given up; 64 unless told. */
  readonly patienceSegments: number;
  /** Captured seconds after which an acknowledged hole is given up; 2 unless told. */
  readonly patienceSeconds: number;
  /**
   * What is earlier: `time`, unless told: the packet with the earlier time, and what an acknowledgement shows to have been there
   * before it; `file`: the packet with the lower number.
   */
  readonly order: "time" | "file";
  /** Told of payload that had been seen before: a retransmission, or a packet that was captured twice. */
  readonly repeated: (repeated: StreamRepeat) => void;
  /** Told of a connection of which nothing is remembered any more. */
  readonly forgotten: (forgotten: Forgotten) => void;
}

/** A connection of which nothing is remembered any more. */
export interface Forgotten {
  readonly connection: Connection;
  /** Its flow, unless another connection has that now. */
  readonly flow: Flow | null;
  /** It had not ended: it was given up as too many others came. */
  readonly open: boolean;
}

/** What holds unless told. */
export const DEFAULT_LIMITS: ReassemblyLimits = {
  directionBytes: 0x800000,
  totalBytes: 0x4000000,
  connections: 16_384,
  intervals: 4096,
  patienceSegments: 64,
  patienceSeconds: 2,
  order: "time",
  repeated: () => {},
  forgotten: () => {},
};

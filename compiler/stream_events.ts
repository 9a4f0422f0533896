/**
 * What reassembly delivers: connections and their directions, bytes in order, and what is missing, repeated or late.
 *
 * @module
 */

import type { Endpoint, Stamp } from "./capture/mod.ts";

/** A TCP connection in the capture. */
export interface Connection {
  /** Wireshark's tcp.stream. */
  readonly number: number;
  /** First packet. */
  readonly opened: Stamp;
  /** The latest packet so far. */
  readonly last: Stamp;
  /** Direction of the first packet, and the other one. */
  readonly directions: readonly [Direction, Direction];
}

/** One direction of a connection. */
export interface Direction {
  readonly connection: Connection;
  /** 0 for the direction of the connection's first packet, 1 for the other. */
  readonly index: 0 | 1;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  /** True once a SYN without ACK was seen: the source is the TCP client. */
  readonly initiator: boolean;
}

/** Bytes in order. */
export class StreamData {
  readonly kind = "data";
  readonly direction: Direction;
  /** Offset of the first byte in the direction, gaps included. */
  readonly position: number;
  /** Holds the bytes from `start` to `end`, until the call that delivers it returns. */
  readonly source: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** The packet with which these bytes, and all before them since the last gap, had been captured. */
  readonly completed: Stamp;
  /** The packet that carried these bytes. The same as `completed` unless it came out of order. */
  readonly carried: Stamp;

  constructor(
    options:
      & Pick<StreamData, "direction" | "position" | "source" | "start" | "end">
      & Pick<StreamData, "completed" | "carried">,
  ) {
    this.direction = options.direction;
    this.position = options.position;
    this.source = options.source;
    this.start = options.start;
    this.end = options.end;
    this.completed = options.completed;
    this.carried = options.carried;
  }

  /** A view that holds as long. */
  get bytes(): Uint8Array {
    return this.source.subarray(this.start, this.end);
  }

  /** Number of the packet that completed them. */
  get frame(): number {
    return this.completed.frame;
  }

  /** Its time, in nanoseconds since 1970. */
  get time(): bigint {
    return this.completed.time;
  }

  /** Number of the packet that carried them. */
  get firstFrame(): number {
    return this.carried.frame;
  }

  /** Its time, in nanoseconds since 1970. */
  get firstTime(): bigint {
    return this.carried.time;
  }
}

/** Bytes that the capture lacks. */
export interface StreamGap {
  readonly kind: "gap";
  readonly direction: Direction;
  readonly position: number;
  /** How many bytes, at least 1. */
  readonly missing: number;
  /**
   * "lost": the peer acknowledged them, or the connection or capture ended; "cut": beyond the snap length; "limit": given up
   * to bound memory; "jump": the sequence numbers went elsewhere, and the count is a guess.
   */
  readonly reason: "lost" | "cut" | "limit" | "jump";
  /** The packet at which it was declared. */
  readonly declared: Stamp;
}

/** The source of a direction that has not ended reset the connection, for the first time. Bytes may still follow that were on their way. */
export interface StreamReset {
  readonly kind: "reset";
  readonly direction: Direction;
  /** The packet with the RST. */
  readonly reset: Stamp;
}

/** No more bytes in this direction. */
export interface StreamEnd {
  readonly kind: "end";
  readonly direction: Direction;
  /**
   * "fin": all bytes before the FIN were delivered. The others are told when another connection takes the endpoints or the
   * capture ends, or when too many others came since: "rst" when either side had reset the connection, "reused" and
   * "capture" when neither side had ended it.
   */
  readonly reason: "fin" | "rst" | "reused" | "capture";
  /** The packet that ended it: with the FIN, the RST, the next SYN, or for "capture" the last one of the connection. */
  readonly ended: Stamp;
}

/** Payload after the end of its direction. It is not delivered: its place in the stream cannot be told. */
export interface StreamLate {
  readonly kind: "late";
  readonly direction: Direction;
  readonly bytes: number;
  /** The packet that carried it, or the one with which it was given up. */
  readonly seen: Stamp;
}

/** Payload that had been seen before, and is not delivered again. */
export interface StreamRepeat {
  readonly kind: "repeat";
  readonly direction: Direction;
  readonly bytes: number;
  /** The packet that carried it. */
  readonly seen: Stamp;
}

/** What reassembly delivers, per direction in the order of the stream. */
export type StreamEvent = StreamData | StreamGap | StreamReset | StreamEnd | StreamLate;

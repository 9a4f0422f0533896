/**
 * What is known of a connection while its segments are put in order: how far each direction has come, and what was captured
 * ahead of that.
 *
 * @module
 */

import { type Endpoint, type Flow, type Segment, type Stamp, TCP_FLAG } from "./capture/mod.ts";
import type { Held } from "./held_events.ts";
import type { Connection, Direction } from "./stream_events.ts";

/** What was captured ahead of order, or a part of it. */
export interface Interval {
  readonly start: number;
  readonly end: number;
  /** How far the other direction had come where the packet was sent. */
  readonly seen: number;
  /** Shorter than the interval when the capture cut the segment. */
  readonly bytes: Uint8Array;
  readonly stamp: Stamp;
}

/** A direction that is being put in order. */
export class DirectionState implements Direction {
  readonly connection: ConnectionState;
  readonly index: 0 | 1;
  readonly source: Endpoint;
  readonly destination: Endpoint;
  initiator = false;
  /** Initial sequence number, or the best guess at it; undefined until a packet tells. */
  initial: number | undefined;
  /** True once `next` is known. */
  started = false;
  /** Sequence number of the byte at `position`. */
  next = 0;
  position = 0;
  /** Sorted and disjoint, all beyond `position`. */
  intervals: Interval[] = [];
  keptBytes = 0;
  /** Position of the FIN, once seen. */
  finPosition: number | undefined;
  finStamp: Stamp | undefined;
  ended = false;
  /** The latest packet among those delivered since the last gap. */
  completed: Stamp | undefined;
  /** How far the peer's acknowledgements go beyond `position`; 0 when they do not. */
  acknowledged = 0;
  /** The position that the peer's latest packet acknowledges: older ones may come behind it, and one may be wrong. */
  lastAcknowledged = 0;
  /** When the peer was first seen to acknowledge beyond the present hole. */
  waitingSince: Stamp | undefined;
  waitingSegments = 0;

  constructor(connection: ConnectionState, options: { flow: Flow; index: 0 | 1 }) {
    this.connection = connection;
    this.index = options.index;
    this.source = options.flow.source;
    this.destination = options.flow.destination;
  }
}

/** A connection that is being put in order. */
export class ConnectionState implements Connection {
  readonly number: number;
  readonly opened: Stamp;
  /** The direction of the first packet. */
  readonly flow: Flow;
  readonly directions: readonly [DirectionState, DirectionState];
  last: Stamp;
  segments = 0;
  reset: Stamp | undefined;
  ignored = false;
  /** Events held back while an acknowledged hole is waited for; see Reassembler.#emit. */
  held: Held[] = [];
  /** The position of the other direction that the segment which is being taken acknowledges. */
  seen = 0;
  heldBytes = 0;

  get waiting(): boolean {
    return this.directions[0].waitingSince !== undefined ||
      this.directions[1].waitingSince !== undefined;
  }

  constructor(number: number, segment: Segment) {
    const { flow, stamp } = segment;
    const reverse: Flow = { id: flow.id ^ 1, source: flow.destination, destination: flow.source };
    this.number = number;
    this.opened = this.last = stamp;
    this.flow = flow;
    this.directions = [
      new DirectionState(this, { flow, index: 0 }),
      new DirectionState(this, { flow: reverse, index: 1 }),
    ];
  }
}

/** Whether a segment opens another connection on the same endpoints, as Wireshark decides it. */
export function startsAnew(current: ConnectionState, segment: Segment): boolean {
  if ((segment.flags & (TCP_FLAG.SYN | TCP_FLAG.ACK)) !== TCP_FLAG.SYN) return false;
  const own = current.directions[segment.flow.id === current.flow.id ? 0 : 1];
  if (own.initial === undefined) return false;
  return own.initial !== segment.seq;
}

/** Notes the initial sequence numbers that a packet tells of: its own, and the peer's through what it acknowledges. */
export function learnInitial(connection: ConnectionState, segment: Segment): void {
  const index = segment.flow.id === connection.flow.id ? 0 : 1;
  const own = connection.directions[index];
  const peer = connection.directions[1 - index] as DirectionState;
  const syn = (segment.flags & TCP_FLAG.SYN) !== 0;
  if (syn) own.initial = segment.seq;
  own.initial ??= (segment.seq - 1) >>> 0;
  if ((segment.flags & TCP_FLAG.ACK) !== 0) peer.initial ??= (segment.ack - 1) >>> 0;
}

/** Index of the first interval that reaches beyond a position. */
export function firstEndingAfter(intervals: readonly Interval[], position: number): number {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const interval = intervals[middle];
    if (interval !== undefined && interval.end <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * TCP segments to ordered bytes, per direction of each connection, with everything that is missing stated as a gap.
 *
 * Sequence numbers are unrolled into positions (bytes since the start of the direction), and what arrived ahead of order is kept as
 * sorted, disjoint intervals of positions. The first bytes seen for a position win. Nothing here reads files or clocks.
 *
 * A hole in the captured bytes is waited for, because packets may be captured out of order. It is given up, and declared as
 * a gap, when the peer has acknowledged what lies beyond it and {@linkcode ReassemblyLimits.patienceSegments} more segments of
 * the connection went by or {@linkcode ReassemblyLimits.patienceSeconds} passed, when too much is kept behind it, or at the end.
 *
 * Connections are numbered as Wireshark numbers tcp.stream: by their first packet, counting every pair of endpoints, and anew for a SYN on the
 * same endpoints with another initial sequence number.
 *
 * @module
 */

import { type Endpoint, type Flow, type Segment, type Stamp, TCP_FLAG } from "./capture/mod.ts";

/** A TCP connection in the capture. */
export interface Connection {
  /** Wireshark's tcp.stream. */
  readonly number: number;
  /** First packet. */
  readonly opened: Stamp;
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
  /** Told of a connection of which nothing is remembered any more; with its flow, unless another connection has that now. */
  readonly forgotten: (connection: Connection, flow: Flow | null) => void;
}

/** Counts of what was put aside without loss. */
export interface ReassemblyCounts {
  /** Payload bytes that had been seen before. */
  repeatedBytes: number;
  /** Payload bytes after the end of their direction. */
  bytesAfterEnd: number;
}

const DEFAULT_LIMITS: ReassemblyLimits = {
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

/**
 * A sequence number this far behind is no retransmission. Windows are at most 1 GiB (RFC 7323) and in practice a few MiB:
 * the endpoints were reused without the SYN having been captured.
 */
const JUMP_BACK = 0x4000000;

/** What was captured ahead of order, or a part of it. */
interface Interval {
  readonly start: number;
  readonly end: number;
  /** How far the other direction had come where the packet was sent. */
  readonly seen: number;
  /** Shorter than the interval when the capture cut the segment. */
  readonly bytes: Uint8Array;
  readonly stamp: Stamp;
}

/** Bytes that lie from `start` to `end`. */
type ByteRange = Pick<Segment, "bytes" | "start" | "end">;

class DirectionState implements Direction {
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

class ConnectionState implements Connection {
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

/** Puts segments in order; feed it every segment of a capture in file order, then finish it. */
export class Reassembler {
  /** Counts so far. */
  readonly counts: ReassemblyCounts = { repeatedBytes: 0, bytesAfterEnd: 0 };
  readonly #deliver: (event: StreamEvent) => void;
  readonly #limits: ReassemblyLimits;
  /** The present connection of each pair of flows. */
  readonly #current: (ConnectionState | undefined)[] = [];
  #remembered = 0;
  #connections = 0;
  #keptBytes = 0;

  /** Events are handed to `deliver` during `push` and `finish`. */
  constructor(
    deliver: (event: StreamEvent) => void,
    limits: Partial<ReassemblyLimits> = {},
  ) {
    this.#deliver = deliver;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** Connections seen so far; the next one gets this number. */
  get connections(): number {
    return this.#connections;
  }

  /** Bytes kept behind holes at present. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Number of the connection that a flow belongs to at present; undefined before its first segment. */
  streamNumber(flow: Flow): number | undefined {
    return this.#current[flow.id >>> 1]?.number;
  }

  /** Takes the next segment of the capture. */
  push(segment: Segment): void {
    const connection = this.#connectionOf(segment);
    const index = segment.flow.id === connection.flow.id ? 0 : 1;
    const own = connection.directions[index];
    const peer = connection.directions[1 - index] as DirectionState;
    connection.last = segment.stamp;
    connection.segments++;
    if (connection.ignored) return;
    const { flags } = segment;
    if ((flags & TCP_FLAG.SYN) !== 0) this.#synchronise(own, segment);
    connection.seen = peer.started && (flags & TCP_FLAG.ACK) !== 0
      ? peer.position + ((segment.ack - peer.next) | 0)
      : 0;
    if ((flags & (TCP_FLAG.ACK | TCP_FLAG.RST)) === TCP_FLAG.ACK) {
      this.#acknowledge(peer, segment);
    }
    if ((flags & TCP_FLAG.RST) !== 0) {
      this.#reset(own, segment);
    } else {
      if (segment.end - segment.start + segment.cut > 0) this.#accept(own, segment);
      if ((flags & TCP_FLAG.FIN) !== 0) this.#close(own, segment);
    }
    if (peer.waitingSince !== undefined) this.#loseHoleIfOverdue(peer, segment.stamp);
    if (own.waitingSince !== undefined) this.#loseHoleIfOverdue(own, segment.stamp);
    if (connection.held.length > 0) this.#release(connection);
  }

  /** Drops what is kept of a connection and delivers nothing more of it. */
  ignore(connection: Connection): void {
    if (!(connection instanceof ConnectionState)) return;
    connection.ignored = true;
    for (const direction of connection.directions) this.#dropIntervals(direction);
    this.#keptBytes -= connection.heldBytes;
    connection.held = [];
    connection.heldBytes = 0;
  }

  /** Ends all connections: the capture has no more segments. */
  finish(): void {
    const open = this.#current.filter((connection) => connection !== undefined)
      .sort((one, other) => one.number - other.number);
    for (const connection of open) this.#endBoth(connection, { reason: "capture" });
    this.#current.length = 0;
  }

  #connectionOf(segment: Segment): ConnectionState {
    const pair = segment.flow.id >>> 1;
    const current = this.#current[pair];
    if (current !== undefined && !startsAnew(current, segment)) {
      learnInitial(current, segment);
      return current;
    }
    if (current !== undefined) {
      this.#endBoth(current, { reason: "reused", ended: segment.stamp });
      this.#limits.forgotten(current, null);
    } else if (++this.#remembered > this.#limits.connections) {
      this.#forgetOldest();
    }
    const connection = new ConnectionState(this.#connections++, segment);
    learnInitial(connection, segment);
    this.#current[pair] = connection;
    return connection;
  }

  #forgetOldest(): void {
    const rank = ({ directions: [one, other] }: ConnectionState) =>
      one.ended && other.ended ? 0 : 1;
    const oldest = this.#current.filter((connection) => connection !== undefined)
      .sort((one, other) => rank(one) - rank(other) || one.last.frame - other.last.frame)
      .slice(0, Math.max(1, this.#limits.connections / 4));
    for (const connection of oldest) {
      this.#endBoth(connection, { reason: "capture" });
      this.#current[connection.flow.id >>> 1] = undefined;
      this.#limits.forgotten(connection, connection.flow);
    }
    this.#remembered -= oldest.length;
  }

  #synchronise(own: DirectionState, segment: Segment): void {
    if ((segment.flags & TCP_FLAG.ACK) === 0) own.initiator = true;
    if (own.started) return;
    own.started = true;
    own.next = (segment.seq + 1) >>> 0;
  }

  /** A segment of the peer says how much of this direction has arrived there. */
  #acknowledge(direction: DirectionState, segment: Segment): void {
    if (!direction.started || direction.ended) return;
    const beyond = (segment.ack - direction.next) | 0;
    // A FIN takes a sequence number but is no byte of the stream.
    const limit = direction.finPosition === undefined
      ? beyond
      : Math.min(beyond, direction.finPosition - direction.position);
    direction.lastAcknowledged = direction.position + limit;
    if (limit <= direction.acknowledged) return;
    direction.acknowledged = limit;
    if (direction.waitingSince === undefined) {
      direction.waitingSince = segment.stamp;
      direction.waitingSegments = direction.connection.segments;
    }
  }

  #loseHoleIfOverdue(direction: DirectionState, now: Stamp): void {
    const since = direction.waitingSince;
    if (since === undefined || direction.ended) return;
    const segments = direction.connection.segments - direction.waitingSegments;
    const seconds = now.seconds - since.seconds + (now.nanoseconds - since.nanoseconds) / 1e9;
    if (
      segments < this.#limits.patienceSegments && seconds < this.#limits.patienceSeconds
    ) {
      return;
    }
    const first = direction.intervals[0];
    const beyond = Math.min(
      direction.position + direction.acknowledged,
      direction.lastAcknowledged,
    );
    if (beyond <= direction.position) {
      direction.acknowledged = 0;
      direction.waitingSince = undefined;
      return;
    }
    this.#gap(direction, {
      to: first === undefined ? beyond : Math.min(beyond, first.start),
      reason: "lost",
      declared: now,
    });
    this.#drain(direction, now);
    this.#endIfComplete(direction);
  }

  #accept(own: DirectionState, segment: Segment): void {
    const length = segment.end - segment.start + segment.cut;
    const seq = (segment.flags & TCP_FLAG.SYN) === 0 ? segment.seq : (segment.seq + 1) >>> 0;
    if (own.ended) {
      const after = Math.min(length, Math.max(0, ((seq + length) - own.next) | 0));
      this.#late(own, { bytes: after, seen: segment.stamp });
      this.#repeated(own, { bytes: length - after, seen: segment.stamp });
      return;
    }
    if (!own.started) {
      own.started = true;
      own.next = seq;
    }
    let ahead = (seq - own.next) | 0;
    if (ahead === 0 && own.intervals.length === 0 && segment.cut === 0) {
      this.#data(own, segment, segment.stamp);
      this.#endIfComplete(own);
      return;
    }
    if (ahead < -JUMP_BACK) {
      this.#flush(own, segment.stamp);
      this.#gap(own, { to: own.position + 1, reason: "jump", declared: segment.stamp });
      own.next = seq;
      own.finPosition = undefined;
      ahead = 0;
    }
    this.#insert(own, own.position + ahead, segment);
    this.#keepWithinLimits(own, segment.stamp);
    this.#endIfComplete(own);
  }

  /** Adds the parts of a segment that are not known yet: delivers what is next in order, keeps the rest. */
  #insert(own: DirectionState, segmentStart: number, segment: Segment): void {
    const { payload } = segment;
    const end = segmentStart + payload.length + segment.cut;
    let start = Math.max(segmentStart, own.position);
    let index = firstEndingAfter(own.intervals, start);
    let used = 0;
    while (start < end && !own.connection.ignored) {
      const following = own.intervals[index];
      if (following !== undefined && following.start <= start) {
        start = following.end;
        index++;
        continue;
      }
      const partEnd = following === undefined ? end : Math.min(end, following.start);
      const bytes = payload.subarray(start - segmentStart, partEnd - segmentStart);
      used += partEnd - start;
      if (start === own.position) {
        const { seen } = own.connection;
        this.#deliverInterval(own, { start, end: partEnd, seen, bytes, stamp: segment.stamp });
        this.#drain(own, segment.stamp);
        index = 0;
      } else {
        const { seen } = own.connection;
        const kept = bytes.slice();
        const interval = { start, end: partEnd, seen, bytes: kept, stamp: segment.stamp };
        own.intervals.splice(index, 0, interval);
        own.keptBytes += bytes.length;
        this.#keptBytes += bytes.length;
        index++;
      }
      start = Math.max(partEnd, own.position);
    }
    this.#repeated(own, { bytes: end - segmentStart - used, seen: segment.stamp });
  }

  /** Delivers what is kept and now in order. */
  #drain(direction: DirectionState, declared: Stamp): void {
    const { intervals } = direction;
    let count = 0;
    let bytes = 0;
    let end = direction.position;
    for (let next = intervals[0]; next?.start === end; next = intervals[count]) {
      count++;
      bytes += next.bytes.length;
      end = next.end;
    }
    if (count === 0) return;
    direction.keptBytes -= bytes;
    this.#keptBytes -= bytes;
    for (const interval of intervals.splice(0, count)) {
      this.#deliverInterval(direction, interval, declared);
      if (direction.connection.ignored) return;
    }
  }

  #deliverInterval(direction: DirectionState, interval: Interval, declared = interval.stamp): void {
    const { bytes, stamp, seen } = interval;
    if (bytes.length > 0) {
      this.#data(direction, { bytes, start: 0, end: bytes.length }, stamp, seen);
    }
    if (direction.position < interval.end) {
      this.#gap(direction, { to: interval.end, reason: "cut", declared });
    }
  }

  #data(
    direction: DirectionState,
    range: ByteRange,
    carried: Stamp,
    seen = direction.connection.seen,
  ): void {
    const { bytes: source, start, end } = range;
    const { position } = direction;
    const before = direction.completed;
    const completed = before !== undefined && this.#isLater(before, carried) ? before : carried;
    direction.completed = completed;
    this.#advance(direction, end - start);
    if (direction.connection.ignored) return;
    const data = { direction, position, source, start, end, completed, carried };
    this.#emit(new StreamData(data), direction, seen);
  }

  #gap(
    direction: DirectionState,
    options: { to: number; reason: StreamGap["reason"]; declared: Stamp },
  ): void {
    const { position } = direction;
    const missing = options.to - position;
    this.#advance(direction, missing);
    direction.completed = undefined;
    if (direction.connection.ignored) return;
    const { reason, declared } = options;
    this.#emit({ kind: "gap", direction, position, missing, reason, declared }, direction);
  }

  /**
   * Delivers an event, or holds it back while the connection waits for an acknowledged hole: should the hole be given up, what
   * is kept behind it is older than what the peer sent meanwhile, and a request has to be delivered before its response.
   */
  #emit(event: StreamEvent, { connection }: DirectionState, needs = 0): void {
    if (connection.held.length === 0 && !connection.waiting) {
      this.#deliver(event);
      return;
    }
    if (event.kind !== "data") {
      connection.held.push({ event, needs });
      return;
    }
    const source = event.bytes.slice();
    const own = new StreamData({ ...event, source, start: 0, end: source.length });
    connection.held.push({ event: own, needs });
    connection.heldBytes += source.length;
    this.#keptBytes += source.length;
  }

  /** Delivers what is held, once nothing is waited for or too much is held. */
  #release(connection: ConnectionState): void {
    const { held } = connection;
    if (
      held.length === 0 || (connection.waiting &&
        connection.heldBytes <= this.#limits.directionBytes &&
        held.length <= this.#limits.intervals &&
        this.#keptBytes <= this.#limits.totalBytes)
    ) {
      return;
    }
    connection.held = [];
    this.#keptBytes -= connection.heldBytes;
    connection.heldBytes = 0;
    const byTime = this.#limits.order === "time";
    const ranked = ranksOf(
      held,
      (stamp) => byTime ? nanosecondsOf(stamp, connection) : stamp.frame,
    );
    for (const event of byTime ? inCausalOrder(ranked) : inRankedOrder(ranked)) {
      if (connection.ignored) return;
      this.#deliver(event);
    }
  }

  #isLater(one: Stamp, other: Stamp): boolean {
    if (this.#limits.order === "time") {
      if (one.seconds !== other.seconds) return one.seconds > other.seconds;
      if (one.nanoseconds !== other.nanoseconds) return one.nanoseconds > other.nanoseconds;
    }
    return one.frame > other.frame;
  }

  #advance(direction: DirectionState, count: number): void {
    direction.position += count;
    direction.next = (direction.next + count) >>> 0;
    if (direction.waitingSince === undefined) return;
    direction.acknowledged = Math.max(0, direction.acknowledged - count);
    const { connection } = direction;
    // Progress: what is still missing is another hole, and gets its own time.
    direction.waitingSince = direction.acknowledged === 0 ? undefined : connection.last;
    direction.waitingSegments = connection.segments;
  }

  /** Gives up holes until what is kept is within bounds. */
  #keepWithinLimits(direction: DirectionState, declared: Stamp): void {
    for (;;) {
      const first = direction.intervals[0];
      if (
        first === undefined ||
        (direction.keptBytes <= this.#limits.directionBytes &&
          this.#keptBytes <= this.#limits.totalBytes &&
          direction.intervals.length <= this.#limits.intervals)
      ) {
        return;
      }
      this.#gap(direction, { to: first.start, reason: "limit", declared });
      this.#drain(direction, declared);
    }
  }

  /** Delivers all that is kept, with the holes as gaps. */
  #flush(direction: DirectionState, declared: Stamp): void {
    for (let first = direction.intervals[0]; first !== undefined; first = direction.intervals[0]) {
      this.#gap(direction, { to: first.start, reason: "lost", declared });
      this.#drain(direction, declared);
    }
    if (direction.acknowledged > 0) {
      const to = direction.position + direction.acknowledged;
      this.#gap(direction, { to, reason: "lost", declared });
    }
    const { finPosition } = direction;
    if (finPosition !== undefined && finPosition > direction.position) {
      this.#gap(direction, { to: finPosition, reason: "lost", declared });
    }
  }

  #close(own: DirectionState, segment: Segment): void {
    if (own.ended || own.finPosition !== undefined) return;
    const syn = (segment.flags & TCP_FLAG.SYN) === 0 ? 0 : 1;
    const end = (segment.seq + syn + segment.end - segment.start + segment.cut) >>> 0;
    if (!own.started) {
      own.started = true;
      own.next = end;
    }
    const ahead = (end - own.next) | 0;
    if (ahead < 0) return;
    own.finPosition = own.position + ahead;
    own.finStamp = segment.stamp;
    this.#endIfComplete(own);
  }

  /** A RST is told but ends nothing yet: segments that were on their way, or captured in another order, still count. */
  #reset(own: DirectionState, segment: Segment): void {
    const { connection } = own;
    if (connection.reset !== undefined) return;
    connection.reset = segment.stamp;
    if (own.ended) return;
    this.#emit({ kind: "reset", direction: own, reset: segment.stamp }, own);
  }

  #endIfComplete(direction: DirectionState): void {
    if (direction.ended || direction.finPosition === undefined) return;
    if (direction.position < direction.finPosition) return;
    this.#end(direction, { reason: "fin", ended: direction.finStamp ?? direction.connection.last });
  }

  #endBoth(
    connection: ConnectionState,
    options: { reason: "reused" | "capture"; ended?: Stamp },
  ): void {
    for (const direction of connection.directions) {
      if (direction.ended) continue;
      const now = options.ended ?? connection.last;
      this.#flush(direction, now);
      this.#endIfComplete(direction);
      if (direction.ended) continue;
      if (connection.reset !== undefined) {
        this.#end(direction, { reason: "rst", ended: connection.reset });
      } else {
        this.#end(direction, { reason: options.reason, ended: now });
      }
    }
    this.#release(connection);
  }

  #end(direction: DirectionState, options: { reason: StreamEnd["reason"]; ended: Stamp }): void {
    direction.ended = true;
    direction.waitingSince = undefined;
    const after = direction.keptBytes;
    this.#dropIntervals(direction);
    if (!direction.connection.ignored) {
      this.#emit({ kind: "end", direction, ...options }, direction);
    }
    this.#late(direction, { bytes: after, seen: options.ended });
  }

  #late(direction: DirectionState, options: { bytes: number; seen: Stamp }): void {
    this.counts.bytesAfterEnd += options.bytes;
    if (options.bytes === 0 || direction.connection.ignored) return;
    this.#emit({ kind: "late", direction, ...options }, direction);
  }

  #repeated(direction: DirectionState, options: { bytes: number; seen: Stamp }): void {
    if (options.bytes <= 0) return;
    this.counts.repeatedBytes += options.bytes;
    if (direction.connection.ignored) return;
    this.#limits.repeated({ kind: "repeat", direction, ...options });
  }

  #dropIntervals(direction: DirectionState): void {
    for (const interval of direction.intervals) this.#keptBytes -= interval.bytes.length;
    direction.keptBytes = 0;
    direction.intervals = [];
  }
}

/** Whether a segment opens another connection on the same endpoints, as Wireshark decides it. */
function startsAnew(current: ConnectionState, segment: Segment): boolean {
  if ((segment.flags & (TCP_FLAG.SYN | TCP_FLAG.ACK)) !== TCP_FLAG.SYN) return false;
  const own = current.directions[segment.flow.id === current.flow.id ? 0 : 1];
  if (own.initial === undefined) return false;
  return own.initial !== segment.seq;
}

/** Notes the initial sequence numbers that a packet tells of: its own, and the peer's through what it acknowledges. */
function learnInitial(connection: ConnectionState, segment: Segment): void {
  const index = segment.flow.id === connection.flow.id ? 0 : 1;
  const own = connection.directions[index];
  const peer = connection.directions[1 - index] as DirectionState;
  const syn = (segment.flags & TCP_FLAG.SYN) !== 0;
  if (syn) own.initial = segment.seq;
  own.initial ??= (segment.seq - 1) >>> 0;
  if ((segment.flags & TCP_FLAG.ACK) !== 0) peer.initial ??= (segment.ack - 1) >>> 0;
}

/** An event that is held back, and how far the other direction had come where its packet was sent. */
interface Held {
  readonly event: StreamEvent;
  readonly needs: number;
}

interface Ranked extends Held {
  readonly rank: number;
}

/** Ranks events by the packet that completed each; within a direction the order stays. */
function ranksOf(held: readonly Held[], rankOf: (stamp: Stamp) => number): Ranked[] {
  const ranks: number[] = [];
  // A gap goes where the bytes after it go: the packet of its declaration came much later.
  const following: [number, number] = [-Infinity, -Infinity];
  for (const { event } of held.toReversed()) {
    const own = event.direction.index;
    if (event.kind !== "gap") following[own] = rankOf(stampOf(event));
    ranks.push(following[own]);
  }
  ranks.reverse();
  const latest: [number, number] = [-Infinity, -Infinity];
  return held.map((one, index) => {
    const own = one.event.direction.index;
    latest[own] = Math.max(latest[own], ranks[index] ?? -Infinity);
    return { ...one, rank: latest[own] };
  });
}

/** Merges both directions by rank. */
function inRankedOrder(ranked: readonly Ranked[]): StreamEvent[] {
  return ranked.toSorted((one, other) => one.rank - other.rank).map(({ event }) => event);
}

/** Merges both directions by rank, but what a packet acknowledges was there before it. */
function* inCausalOrder(ranked: readonly Ranked[]): Generator<StreamEvent> {
  const queues = [0, 1].map((index) =>
    ranked.filter(({ event }) => event.direction.index === index)
  );
  const next = [0, 0];
  const passed = queues.map(([first]) => first === undefined ? Infinity : startOf(first.event));
  for (;;) {
    const heads = queues.map((queue, index) => queue[next[index]!]);
    const [one, other] = heads;
    if (one === undefined && other === undefined) return;
    let index = one === undefined || (other !== undefined && other.rank < one.rank) ? 1 : 0;
    const waits = (side: number) =>
      heads[1 - side] !== undefined && heads[side]!.needs > passed[1 - side]!;
    if (waits(index) && !waits(1 - index)) index = 1 - index;
    const { event } = heads[index]!;
    if (event.kind === "data" || event.kind === "gap") {
      const length = event.kind === "gap" ? event.missing : event.end - event.start;
      passed[index] = event.position + length;
    }
    next[index]!++;
    yield event;
  }
}

/** Where the first event held of a direction begins; before anything where it has no place in the stream. */
function startOf(event: StreamEvent): number {
  return event.kind === "data" || event.kind === "gap" ? event.position : -1;
}

function stampOf(event: Exclude<StreamEvent, StreamGap>): Stamp {
  switch (event.kind) {
    case "data":
      return event.completed;
    case "reset":
      return event.reset;
    case "end":
      return event.ended;
    case "late":
      return event.seen;
  }
}

function nanosecondsOf(stamp: Stamp, { opened }: Connection): number {
  return (stamp.seconds - opened.seconds) * 1e9 + stamp.nanoseconds;
}

/** Index of the first interval that reaches beyond a position. */
function firstEndingAfter(intervals: readonly Interval[], position: number): number {
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

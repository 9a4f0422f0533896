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

import { type Flow, type Segment, type Stamp, TCP_FLAG } from "./capture/mod.ts";
import {
  ConnectionState,
  type DirectionState,
  firstEndingAfter,
  type Interval,
  learnInitial,
  startsAnew,
} from "./connection_state.ts";
import { inCausalOrder, inRankedOrder, nanosecondsOf, ranksOf } from "./held_events.ts";
import { DEFAULT_LIMITS, type ReassemblyLimits } from "./reassembly_limits.ts";
import {
  type Connection,
  StreamData,
  type StreamEnd,
  type StreamEvent,
  type StreamGap,
} from "./stream_events.ts";

/** Counts of what was put aside without loss. */
export interface ReassemblyCounts {
  /** Payload bytes that had been seen before. */
  repeatedBytes: number;
  /** Payload bytes after the end of their direction. */
  bytesAfterEnd: number;
}

/**
 * A sequence number this far behind is no retransmission. Windows are at most 1 GiB (RFC 7323) and in practice a few MiB:
 * the endpoints were reused without the SYN having been captured.
 */
const JUMP_BACK = 0x4000000;

/** Bytes that lie from `start` to `end`. */
type ByteRange = Pick<Segment, "bytes" | "start" | "end">;

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
      this.#limits.forgotten({ connection: current, flow: null, open: false });
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
      const { flow, reset, ignored } = connection;
      const open = rank(connection) === 1 && reset === undefined && !ignored;
      this.#endBoth(connection, { reason: "capture" });
      this.#current[flow.id >>> 1] = undefined;
      this.#limits.forgotten({ connection, flow, open });
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

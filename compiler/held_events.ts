/**
 * Events of a connection that were held back while a hole was waited for: both directions put in one order.
 *
 * @module
 */

import type { Stamp } from "./capture/mod.ts";
import type { Connection, StreamEvent, StreamGap } from "./stream_events.ts";

/** An event that is held back, and how far the other direction had come where its packet was sent. */
export interface Held {
  readonly event: StreamEvent;
  readonly needs: number;
}

/** An event with its place in time. */
export interface Ranked extends Held {
  readonly rank: number;
}

/** Ranks events by the packet that completed each; within a direction the order stays. */
export function ranksOf(held: readonly Held[], rankOf: (stamp: Stamp) => number): Ranked[] {
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
export function inRankedOrder(ranked: readonly Ranked[]): StreamEvent[] {
  return ranked.toSorted((one, other) => one.rank - other.rank).map(({ event }) => event);
}

/** Merges both directions by rank, but what a packet acknowledges was there before it. */
export function* inCausalOrder(ranked: readonly Ranked[]): Generator<StreamEvent> {
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

export function nanosecondsOf(stamp: Stamp, { opened }: Connection): number {
  return (stamp.seconds - opened.seconds) * 1e9 + stamp.nanoseconds;
}

/** Bytes that reassembly could not deliver, or had delivered before -> notes that say how many, and where. */
import type { CaptureNote } from "./capture/mod.ts";
import type { StreamGap, StreamLate, StreamRepeat } from "./stream_events.ts";

/** Frames that one note names. */
const FRAMES_KEPT = 64;

const REPEATED = "captured again, as retransmissions or copies, and used once";

const REASONS: Readonly<Record<StreamGap["reason"] | "late" | "repeat", string>> = {
  repeat: REPEATED,
  lost: "lost: the receiver acknowledged them, or the connection ended",
  cut: "cut off by the snap length",
  limit: "given up, as too many that follow them were waiting",
  jump: "at least: the sequence numbers went elsewhere",
  late: "dropped, as they came after the end of their connection",
};

interface Tally {
  bytes: number;
  count: number;
  readonly frames: number[];
}

/** Counts missing bytes by reason and connection: what carries no SMB loses nothing that counts. */
export class MissingBytes {
  /** Of connections that go on. */
  readonly #connections = new Map<number, Map<string, Tally>>();
  /** Of those that carried SMB and have ended. */
  readonly #sums = new Map<string, Tally>();

  /** Takes a gap, or payload that came too late or again. */
  add(event: StreamGap | StreamLate | StreamRepeat): void {
    const { number } = event.direction.connection;
    let tallies = this.#connections.get(number);
    if (tallies === undefined) this.#connections.set(number, tallies = new Map());
    const reason = REASONS[event.kind === "gap" ? event.reason : event.kind];
    let tally = tallies.get(reason);
    if (tally === undefined) tallies.set(reason, tally = { bytes: 0, count: 0, frames: [] });
    tally.bytes += event.kind === "gap" ? event.missing : event.bytes;
    tally.count++;
    if (tally.frames.length < FRAMES_KEPT) {
      tally.frames.push((event.kind === "gap" ? event.declared : event.seen).frame);
    }
  }

  /** Nothing more comes of a connection. */
  forget(connection: number, carriedSmb: boolean): void {
    const tallies = this.#connections.get(connection);
    if (tallies === undefined) return;
    this.#connections.delete(connection);
    if (!carriedSmb) return;
    for (const [reason, { bytes, count, frames }] of tallies) {
      let sum = this.#sums.get(reason);
      if (sum === undefined) this.#sums.set(reason, sum = { bytes: 0, count: 0, frames: [] });
      sum.bytes += bytes;
      sum.count += count;
      sum.frames.push(...frames.slice(0, FRAMES_KEPT - sum.frames.length));
    }
  }

  /** One note for each reason, of the connections that carried SMB. */
  notes(carriedSmb: (connection: number) => boolean): CaptureNote[] {
    for (const connection of this.#connections.keys()) {
      this.forget(connection, carriedSmb(connection));
    }
    return [...this.#sums].map(([reason, { bytes, count, frames }]) => ({
      reason: `${bytes} ${bytes === 1 ? "byte" : "bytes"} of SMB connections were ${reason}`,
      loss: reason !== REPEATED,
      count,
      frames: frames.toSorted((one, other) => one - other),
    }));
  }
}

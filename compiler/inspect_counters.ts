/** Counters of `inspect`: requests under way, breaks and their answers, reads and writes. */
import { ByAnswer } from "./answers.ts";
import type { AccessCount, BreakCount } from "./inspect_counts.ts";
import { SpreadCounter, Tally } from "./inspect_tables.ts";
import { fileNodeOf, LIVE_KEPT, Recent } from "./places.ts";
import type { BreakOperation, PlanOperation, ReadOperation, WriteOperation } from "./plan.ts";

/** Upper ends of the size classes. */
const SIZES = [512, 4096, 16_384, 65_536, 262_144, 1_048_576] as const;

const OPLOCKS = new Map([[0, "none"], [1, "II"], [8, "exclusive"], [9, "batch"], [255, "lease"]]);

/** Requests under way. Those that the server kept pending wait for others, and do not count. */
export class InFlight {
  readonly #waiting = new ByAnswer();
  #count = 0;
  #answeredAt: number | null = null;
  max = 0;
  maxAt: number | null = null;

  /** Takes the next operation; gives the seconds since the answer before, where nothing was under way. */
  take(operation: PlanOperation): number | null {
    for (
      let answered = this.#waiting.next(operation);
      answered !== null;
      answered = this.#waiting.next(operation)
    ) {
      this.#count--;
      this.#answeredAt = answered.answeredAt;
    }
    const thought = this.#count === 0 && this.#answeredAt !== null
      ? operation.at - this.#answeredAt
      : null;
    if (operation.answeredAt !== null && operation.frames.interim === undefined) {
      this.#waiting.add(operation);
      this.#count++;
      if (this.#count > this.max) {
        this.max = this.#count;
        this.maxAt = operation.at;
      }
    }
    return thought;
  }
}

/** Counts breaks and their answers. */
export class BreakCounter {
  readonly #delay = new SpreadCounter();
  readonly #kinds = new Tally();
  /** Breaks that want an answer, by their opens. */
  readonly #waiting = new Recent<string, BreakOperation[]>(LIVE_KEPT);
  #slowest: { readonly client: string; readonly frame: number; readonly delay: number } | null =
    null;
  #received = 0;
  #acknowledged = 0;
  #closed = 0;
  #wanted = 0;
  #refused = 0;

  received(operation: BreakOperation): void {
    const { breakKind, from, to, acknowledgedAfter, ackRequired, acknowledgeStatus } = operation;
    const text = breakKind === "lease" ? leaseText : oplockText;
    this.#received++;
    this.#kinds.add(`${breakKind} ${from === null ? "unknown" : text(from)} to ${text(to)}`);
    if (acknowledgedAfter !== null) {
      this.#acknowledged++;
      this.#answered(operation, acknowledgedAfter);
      if (acknowledgeStatus !== null && acknowledgeStatus !== 0) this.#refused++;
      return;
    }
    if (!ackRequired) return;
    this.#wanted++;
    const file = fileNodeOf(operation);
    if (file === null) return;
    this.#waiting.set(file, [...this.#waiting.get(file) ?? [], operation]);
  }

  #answered({ client, frames }: BreakOperation, delay: number): void {
    this.#delay.add(delay);
    if (this.#slowest !== null && this.#slowest.delay >= delay) return;
    this.#slowest = { client, frame: frames.request, delay };
  }

  closed(operation: PlanOperation): void {
    const file = fileNodeOf(operation)!;
    const waiting = this.#waiting.get(file);
    if (waiting === undefined) return;
    this.#waiting.delete(file);
    for (const broken of waiting) {
      this.#closed++;
      this.#answered(broken, operation.at - broken.at);
    }
  }

  get count(): BreakCount {
    return {
      received: this.#received,
      acknowledged: this.#acknowledged,
      closed: this.#closed,
      unanswered: this.#wanted - this.#closed,
      refused: this.#refused,
      delay: this.#delay.spread,
      kinds: this.#kinds.counts,
      slowest: this.#slowest === null
        ? null
        : { client: this.#slowest.client, frame: this.#slowest.frame },
    };
  }
}

/** Counts reads or writes. */
export class AccessCounter {
  readonly #next = new Recent<string, number>(LIVE_KEPT);
  readonly #sizes = SIZES.map(() => 0);
  #larger = 0;
  #count = 0;
  #bytes = 0;
  #sequential = 0;

  take(operation: ReadOperation | WriteOperation, asked: number, done: number): void {
    const file = fileNodeOf(operation)!;
    const offset = Number(operation.offset);
    this.#count++;
    this.#bytes += done;
    if (offset === (this.#next.get(file) ?? 0)) this.#sequential++;
    this.#next.set(file, offset + asked);
    const size = SIZES.findIndex((end) => asked <= end);
    if (size < 0) this.#larger++;
    else this.#sizes[size]!++;
  }

  closed(operation: PlanOperation): void {
    this.#next.delete(fileNodeOf(operation)!);
  }

  get count(): AccessCount {
    const sizes = SIZES.map((end, index) => [String(end), this.#sizes[index]!] as const);
    return {
      count: this.#count,
      bytes: this.#bytes,
      sequential: this.#sequential,
      sizes: Object.fromEntries(
        [...sizes, ["larger", this.#larger] as const].filter(([, count]) => count > 0),
      ),
    };
  }
}

/** `RWH`; `none` without any. */
export function leaseText(state: number): string {
  const letters = ((state & 1) === 0 ? "" : "R") + ((state & 4) === 0 ? "" : "W") +
    ((state & 2) === 0 ? "" : "H");
  return letters === "" ? "none" : letters;
}

/** Name of an oplock level; an unknown one in hexadecimal. */
export function oplockText(level: number): string {
  return OPLOCKS.get(level) ?? `0x${level.toString(16)}`;
}

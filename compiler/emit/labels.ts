/**
 * Operations are called by the frame of their request: `214`, and the second one of that frame `214.2`. What is only
 * implied gets what numbers are left. This takes a byte for each frame.
 */
import type { PlanOperation } from "../plan.ts";

/** Frames of one block. */
const BLOCK = 4096;

/** Counts to 254 in a byte; what is more is kept apart. */
const FULL = 0xff;

/** How often each frame was seen. */
export class FrameCounts {
  readonly #blocks = new Map<number, Uint8Array>();
  readonly #more = new Map<number, number>();

  of(frame: number): number {
    const count = this.#blocks.get(Math.floor(frame / BLOCK))?.[frame % BLOCK] ?? 0;
    return count === FULL ? this.#more.get(frame) ?? FULL : count;
  }

  /** The count with this time. */
  add(frame: number): number {
    const [block, index] = [Math.floor(frame / BLOCK), frame % BLOCK];
    let counts = this.#blocks.get(block);
    if (counts === undefined) this.#blocks.set(block, counts = new Uint8Array(BLOCK));
    const count = this.of(frame) + 1;
    counts[index] = Math.min(count, FULL);
    if (count >= FULL) this.#more.set(frame, count);
    return count;
  }
}

/** Whether the operation happened before the capture began. */
export function isImplied(operation: PlanOperation): boolean {
  return "implied" in operation && operation.implied === true;
}

/** Labels of operations, asked for in their order. */
export class FrameLabels {
  readonly #all: FrameCounts;
  readonly #seen = new FrameCounts();
  /** Of what is implied. */
  readonly #implied = new Map<number, number>();

  /** @param all Counts of all operations that are not implied. */
  constructor(all: FrameCounts) {
    this.#all = all;
  }

  /** The operation's label. */
  of(operation: PlanOperation): string {
    const frame = operation.frames.request;
    const number = isImplied(operation) ? this.#nextImplied(frame) : this.#seen.add(frame);
    return number === 1 ? String(frame) : `${frame}.${number}`;
  }

  #nextImplied(frame: number): number {
    const number = (this.#implied.get(frame) ?? this.#all.of(frame)) + 1;
    this.#implied.set(frame, number);
    return number;
  }
}

/**
 * Operations are called by the frame of their request: `214`, and the second one of that frame `214.2`. What is only
 * implied gets what numbers are left. This takes half a byte for each frame.
 */
import type { PlanOperation } from "../plan.ts";

/** Labels by operation: a number, or text in quotation marks. */
export type Labels = ReadonlyMap<number, string>;

/** Frames of one block. */
const BLOCK = 8192;

/** Counts to 14 in half a byte; what is more is kept apart. */
const FULL = 15;

/** How often each frame was seen. */
export class FrameCounts {
  readonly #blocks = new Map<number, Uint8Array>();
  readonly #more = new Map<number, number>();
  #number = -1;
  /** The block with that number: frames come one after the other. */
  #block: Uint8Array | undefined;

  of(frame: number): number {
    const block = this.#blockOf(Math.floor(frame / BLOCK));
    if (block === undefined) return 0;
    const index = frame % BLOCK;
    const count = (block[index >> 1]! >> 4 * (index & 1)) & FULL;
    return count === FULL ? this.#more.get(frame)! : count;
  }

  /** The count with this time. */
  add(frame: number): number {
    const number = Math.floor(frame / BLOCK);
    let block = this.#blockOf(number);
    if (block === undefined) {
      this.#blocks.set(number, block = this.#block = new Uint8Array(BLOCK / 2));
    }
    const count = this.of(frame) + 1;
    if (count >= FULL) this.#more.set(frame, count);
    if (count > FULL) return count;
    const index = frame % BLOCK;
    // One more is no carry: a count ends at 15.
    block[index >> 1]! += 1 << 4 * (index & 1);
    return count;
  }

  #blockOf(number: number): Uint8Array | undefined {
    if (number === this.#number) return this.#block;
    this.#number = number;
    return this.#block = this.#blocks.get(number);
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

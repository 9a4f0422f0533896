/** Long work without waits of its own: now and then others get a turn, so that it can be shown and interrupted. */

/** How far the work on the operations is, once the capture was read. */
export interface Work {
  readonly stage: "selecting" | "looking through" | "writing";
  readonly done: number;
  readonly of: number;
}

/** Operations between two turns. */
const OPERATIONS = 4096;

/** Counts operations, and lets others have their turn. */
export class Turns {
  readonly #of: number;
  readonly #signal: AbortSignal | undefined;
  readonly #work: ((work: Work) => void) | undefined;
  #stage: Work["stage"] = "looking through";
  #done = 0;
  #next = OPERATIONS;

  /** @param of Number of operations. */
  constructor(
    of: number,
    options: { readonly signal?: AbortSignal; readonly work?: (work: Work) => void },
  ) {
    this.#of = of;
    this.#signal = options.signal;
    this.#work = options.work;
  }

  /** Counts operations; whether others should have a turn. */
  isNext(stage: Work["stage"], operations = 1): boolean {
    if (stage !== this.#stage) {
      this.#stage = stage;
      this.#done = 0;
      this.#next = OPERATIONS;
    }
    this.#done += operations;
    return this.#done >= this.#next;
  }

  /**
   * Lets others have their turn.
   *
   * @throws {DOMException} When the work is to end.
   */
  async take(): Promise<void> {
    this.#next = this.#done + OPERATIONS;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#signal?.throwIfAborted();
    this.#work?.({ stage: this.#stage, done: Math.min(this.#done, this.#of), of: this.#of });
  }
}

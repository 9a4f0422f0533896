/** How a run stands while it goes on: what there was so far, how fast it is lately, and how late. */
import type { OperationRecord } from "./record.ts";

/** Seconds over which a rate is taken. */
const RECENT_S = 1;

/** How one scenario stands. */
export interface ScenarioProgress {
  /** Part of a suite; empty where the scenario is all of the run. */
  readonly name: string;
  readonly operations: number;
  /** Of them: not as expected. */
  readonly errors: number;
  /** Operations per second, lately. */
  readonly recent: number;
  /** The most that an operation was late, lately, in milliseconds; null when none had a time. */
  readonly lag: number | null;
}

/** How a run stands. */
export interface Progress {
  readonly divergences: number;
  /** Milliseconds from the origin to the last event. */
  readonly duration: number;
  /** In the order in which they sent their first operations. */
  readonly scenarios: readonly ScenarioProgress[];
}

/** Counts the operations of one scenario. */
export class Course {
  readonly #name: string;
  #operations = 0;
  #errors = 0;
  #recent = 0;
  /** The most that an operation was late since progress was told; -1 when none had a time. */
  #lag = -1;
  #shownLag = -1;
  #told = { operations: 0, duration: 0 };

  constructor(name: string) {
    this.#name = name;
  }

  add(record: OperationRecord): void {
    this.#operations++;
    if (!record.matched) this.#errors++;
    if (record.due === null || record.sentAt === null) return;
    this.#lag = Math.max(this.#lag, record.sentAt - record.due);
  }

  /** @param duration Milliseconds of the run; rate and lag are those of the last whole second of them. */
  progress(duration: number): ScenarioProgress {
    const elapsed = (duration - this.#told.duration) / 1000;
    if (elapsed >= RECENT_S) {
      this.#recent = (this.#operations - this.#told.operations) / elapsed;
      this.#told = { operations: this.#operations, duration };
      this.#shownLag = this.#lag;
      this.#lag = -1;
    }
    const lag = Math.max(this.#lag, this.#shownLag);
    return {
      name: this.#name,
      operations: this.#operations,
      errors: this.#errors,
      recent: this.#recent,
      lag: lag < 0 ? null : lag,
    };
  }
}

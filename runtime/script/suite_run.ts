/** The parts of a suite, side by side. */
import type { Clock } from "../schedule/mod.ts";
import type { LoadState, Runner } from "./runner.ts";

/** Runs that begin together. */
export class SuiteRun implements Runner {
  /** What the times of all parts count from. */
  zero = 0;
  readonly #runners: readonly Runner[];
  readonly #clock: Clock;

  constructor(runners: readonly Runner[], clock: Clock) {
    this.#runners = runners;
    this.#clock = clock;
  }

  get users(): number {
    return this.#runners.reduce((sum, { users }) => sum + users, 0);
  }

  get load(): LoadState | null {
    const loads = this.#runners.flatMap(({ load }) => load ?? []);
    if (loads.length === 0) return null;
    return {
      users: loads.reduce((sum, { users }) => sum + users, 0),
      dropped: loads.reduce((sum, { dropped }) => sum + dropped, 0),
    };
  }

  async play(): Promise<void> {
    const zero = this.zero = this.#clock.now();
    await Promise.all(this.#runners.map((runner) => runner.play(zero)));
  }

  stop(reason: string): void {
    for (const runner of this.#runners) runner.stop(reason);
  }

  async close(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.close()));
  }

  async tidy(): Promise<void> {
    for (const runner of this.#runners) await runner.tidy();
  }
}

/** The parts of a suite, side by side. */
import type { LoadState, Runner } from "./runner.ts";

/** Runs that begin together. */
export class SuiteRun implements Runner {
  readonly zero: number;
  readonly #runners: readonly Runner[];

  /** @param zero What the times of all parts count from. */
  constructor(runners: readonly Runner[], zero: number) {
    this.#runners = runners;
    this.zero = zero;
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
    await Promise.all(this.#runners.map((runner) => runner.play()));
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

/** Where the workers of a run wait for each other. */
import type { MadeName } from "../script/mod.ts";

/** Lets those who wait at a stage go on when all who are left wait there. */
export class Barrier {
  readonly #members: Set<number>;
  readonly #stages = new Map<string, Map<number, Arrival>>();

  constructor(members: Iterable<number>) {
    this.#members = new Set(members);
  }

  /** Waits for the others. @returns What all of them brought. */
  meet(member: number, stage: string, made: readonly MadeName[]): Promise<readonly MadeName[]> {
    const { promise, resolve } = Promise.withResolvers<readonly MadeName[]>();
    const arrivals = this.#stages.get(stage) ?? new Map<number, Arrival>();
    this.#stages.set(stage, arrivals);
    arrivals.set(member, { made, resolve });
    this.#look();
    return promise;
  }

  /** Nobody waits for a member any more: it has ended. */
  leave(member: number): void {
    this.#members.delete(member);
    this.#look();
  }

  #look(): void {
    for (const [stage, arrivals] of this.#stages) {
      if ([...this.#members].some((member) => !arrivals.has(member))) continue;
      this.#stages.delete(stage);
      const made = [...arrivals.values()].flatMap((arrival) => arrival.made);
      for (const { resolve } of arrivals.values()) resolve(made);
    }
  }
}

interface Arrival {
  readonly made: readonly MadeName[];
  readonly resolve: (made: readonly MadeName[]) => void;
}

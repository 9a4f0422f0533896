/** How much of what a capture has is in the plan: exchanges by command, those known in part, those dropped. */
import type { Exchange } from "./exchange.ts";

/** Exchanges of one command, or of all. */
export interface CoverageCounts {
  /** Exchanges in the capture. */
  readonly seen: number;
  /** Those of which the plan has an operation, or a part of one: rounds of a login, acknowledgements. */
  readonly emitted: number;
  /** Those of the emitted ones whose request is not wholly in the capture. */
  readonly partly: number;
  /** Those that the plan does not have; why, the notes tell. */
  readonly dropped: number;
}

/** All exchanges of a capture, and those of each command. */
export interface CoverageReport extends CoverageCounts {
  readonly commands: Readonly<Record<string, CoverageCounts>>;
}

type Counts = { -readonly [K in keyof CoverageCounts]: CoverageCounts[K] };

/** Counts exchanges. */
export class Coverage {
  readonly #commands = new Map<string, Counts>();

  /** An exchange was seen; it counts as emitted unless it is dropped. */
  seen(exchange: Exchange): void {
    this.#of(exchange).seen++;
  }

  /** An operation was made of it. */
  emitted(exchange: Exchange, partly: boolean): void {
    if (partly) this.#of(exchange).partly++;
  }

  /** It is not in the plan. */
  dropped(exchange: Exchange): void {
    this.#of(exchange).dropped++;
  }

  #of(exchange: Exchange): Counts {
    const name = exchange.kind === "break" ? `${exchange.command} notification` : exchange.command;
    let counts = this.#commands.get(name);
    if (counts === undefined) {
      this.#commands.set(name, counts = { seen: 0, emitted: 0, partly: 0, dropped: 0 });
    }
    return counts;
  }

  /** What was counted. */
  report(): CoverageReport {
    const all: Counts = { seen: 0, emitted: 0, partly: 0, dropped: 0 };
    const commands: Record<string, CoverageCounts> = {};
    for (const [name, { seen, partly, dropped }] of this.#commands) {
      const counts = { seen, emitted: seen - dropped, partly, dropped };
      commands[name] = counts;
      for (const key of ["seen", "emitted", "partly", "dropped"] as const) all[key] += counts[key];
    }
    return { ...all, commands };
  }
}

/**
 * How far the clients of a run are in their rows. Who waits for an operation of another client that is not among its
 * rows, because somebody took it out, would wait in vain: once every other client is past that moment, nobody is left to
 * send it.
 */
import type { OrderKey } from "../schedule/mod.ts";
import type { Run } from "./run.ts";

/** A client that plays rows. */
export interface Player {
  isUnderWay(id: number): boolean;
}

interface Wait {
  readonly player: Player;
  readonly seconds: number;
  readonly keys: readonly OrderKey[];
  readonly giveUp: () => void;
}

/** The players of a run. */
export class Progress {
  readonly #run: Run;
  /** Recorded second of the row that each player is at. */
  readonly #players = new Map<Player, number>();
  readonly #waits = new Set<Wait>();

  constructor(run: Run) {
    this.#run = run;
  }

  join(player: Player): void {
    this.#players.set(player, 0);
  }

  leave(player: Player): void {
    this.#players.delete(player);
    this.#look();
  }

  /** A player has come to a row of that recorded second. */
  moved(player: Player, seconds: number): void {
    this.#players.set(player, seconds);
    this.#look();
  }

  /** A player waits for others. `hopeless` resolves when nobody will send what it waits for; call `end` when it goes on. */
  wait(
    player: Player,
    seconds: number,
    keys: readonly OrderKey[],
  ): { readonly hopeless: Promise<void>; end(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wait: Wait = { player, seconds, keys, giveUp: resolve };
    this.#waits.add(wait);
    this.#look();
    return { hopeless: promise, end: () => void this.#waits.delete(wait) };
  }

  #look(): void {
    if (this.#waits.size === 0) return;
    // Clients that are no players may send anything.
    if (this.#run.clients > this.#players.size) return;
    for (const wait of this.#waits) if (!this.#hasHope(wait)) wait.giveUp();
  }

  #hasHope({ player, seconds, keys }: Wait): boolean {
    const lacking = keys.filter((key) => !this.#run.order.done(key)).map(idOf);
    if (lacking.length === 0) return true;
    for (const [other, at] of this.#players) {
      if (other === player) continue;
      if (at <= seconds || lacking.some((id) => other.isUnderWay(id))) return true;
    }
    return false;
  }
}

/** The operation that a key is about: itself, or its pending moment. */
function idOf(key: OrderKey): number {
  return typeof key === "string" ? -1 : key < 0 ? -1 - key : key;
}

const progresses = new WeakMap<Run, Progress>();

/** The progress of the run's players. */
export function progressOf(run: Run): Progress {
  let progress = progresses.get(run);
  if (progress === undefined) progresses.set(run, progress = new Progress(run));
  return progress;
}

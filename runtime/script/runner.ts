/** What carries a definition out: for one user, for many, or for the parts of a suite. */
import type { LoadRecord } from "../measure/mod.ts";

/** How a load stands, without what is common to all. */
export type LoadState = Pick<LoadRecord, "users" | "dropped">;

/** One way to carry a definition out. */
export interface Runner {
  /** Moment of the clock from which the records' times count; known once it plays. */
  readonly zero: number;
  /** Most users that it has at a time. */
  readonly users: number;
  /** How its load stands; null without one. */
  readonly load: LoadState | null;
  /**
   * Plays to the end. Rejects with what a scenario without load throws.
   *
   * @param zero What the records' times count from; the beginning unless given.
   */
  play(zero?: number): Promise<void>;
  /** Nothing is sent from now on. */
  stop(reason: string): void;
  /** Logs off and disconnects. */
  close(): Promise<void>;
  /** Removes what was made on the share. */
  tidy(): Promise<void>;
}

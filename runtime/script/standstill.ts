/**
 * Clients that hold each other up with the server in between: one waits for another's operation, and that other one for
 * a lock that the first has and gives up only later. In the capture the lock went another way.
 */

/** How long nothing may happen before the run goes on, in milliseconds: a lock is handed on within few of them. */
const PATIENCE_MS = 1000;

/** Commands that the server holds back until another client does something. */
export const HELD_BY_OTHERS: ReadonlySet<string> = new Set(["LOCK", "CHANGE_NOTIFY"]);

/** Watches for the moment at which no client can go on by itself. */
export class Standstill {
  readonly #deadline: (milliseconds: number, expire: () => void) => () => void;
  readonly #isStill: () => boolean;
  readonly #release: () => void;
  #cancel: (() => void) | null = null;

  /**
   * @param deadline Calls back after so many milliseconds, unless what it returns is called.
   * @param how Whether nothing can happen by itself, and what to do when that lasts.
   */
  constructor(
    deadline: (milliseconds: number, expire: () => void) => () => void,
    how: { readonly isStill: () => boolean; readonly release: () => void },
  ) {
    this.#deadline = deadline;
    this.#isStill = how.isStill;
    this.#release = how.release;
  }

  /** Something has happened. */
  changed(): void {
    this.#cancel?.();
    this.#cancel = this.#isStill()
      ? this.#deadline(PATIENCE_MS, () => {
        this.#cancel = null;
        if (this.#isStill()) this.#release();
      })
      : null;
  }
}

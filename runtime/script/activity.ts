/** What goes on in one scenario of a worker at the moment: counted where it happens, told while the run goes on. */

/** Counts of one scenario. */
export class Activity {
  /** Users at work. */
  users = 0;
  /** Iterations that nobody was free for. */
  dropped = 0;
  /** Operations without an end. */
  inFlight = 0;
  /** Breaks that wait for their acknowledgement. */
  breaksPending = 0;
}

/** The counts of all scenarios, by name; the only one of a run without a suite has none. */
export class Activities {
  readonly #all = new Map<string | undefined, Activity>();

  of(scenario: string | undefined): Activity {
    let activity = this.#all.get(scenario);
    if (activity === undefined) this.#all.set(scenario, activity = new Activity());
    return activity;
  }

  get all(): Iterable<[scenario: string | undefined, activity: Activity]> {
    return this.#all;
  }

  /** Operations without an end, of all scenarios. */
  get inFlight(): number {
    return this.#all.values().reduce((sum, { inFlight }) => sum + inFlight, 0);
  }
}

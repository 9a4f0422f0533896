/** A run by one user: what a scenario or replay is where nobody asked for load. */
import { capturedPlaces } from "./captured_places.ts";
import { Contents } from "./contents.ts";
import { Footprints } from "./footprints.ts";
import { Provisioner } from "./provision_run.ts";
import type { Runner } from "./runner.ts";
import { type UserParts, UserScope } from "./user_scope.ts";

/** The scenario once (or as often as `loop` says), by one user. */
export class SingleRun implements Runner {
  /** What the times of all rounds count from. */
  zero = 0;
  readonly #parts: UserParts;
  #scope: UserScope;
  #stopped: string | null = null;
  #provisioner: Provisioner | null;
  /** Whether the round has come to its end with all that was recorded. */
  #isWhole = false;

  readonly users = 1;
  readonly load = null;

  constructor(parts: UserParts) {
    this.#parts = parts;
    this.#scope = new UserScope(parts);
    this.#provisioner = this.#newProvisioner();
  }

  async play(zero?: number): Promise<void> {
    const { loop = 1 } = this.#parts.options;
    for (let round = 0; round < loop && this.#stopped === null; round++) {
      if (round > 0) {
        await this.#scope.close();
        await this.tidy();
        this.#scope = new UserScope(this.#parts);
        this.#provisioner = this.#newProvisioner();
      }
      this.#isWhole = false;
      await this.#provisioner?.prepare();
      if (this.#parts.options.provision?.mode === "only") return;
      this.#scope.run.begin(round === 0 ? zero : this.zero);
      if (round === 0) this.zero = this.#scope.run.origin;
      const { activity } = this.#scope.run;
      activity.users = 1;
      await Promise.race([this.#scope.play(), this.#scope.run.refusal]);
      activity.users = 0;
      this.#scope.tellOpenFiles();
      const { from, to } = this.#parts.options;
      this.#isWhole = this.#stopped === null && from === undefined && to === undefined;
    }
  }

  stop(reason: string): void {
    this.#stopped ??= reason;
    this.#scope.run.stop(reason);
    this.#provisioner?.stop();
  }

  close(): Promise<void> {
    return this.#scope.close();
  }

  /** Compares what the run left with what it shall leave, and removes what was provisioned and made. */
  async tidy(): Promise<void> {
    if (this.#isWhole) await this.#provisioner?.compare(this.#parts.definition.after);
    await this.#provisioner?.cleanUp();
    this.#provisioner = null;
  }

  #newProvisioner(): Provisioner | null {
    const { definition, host, options, commons, scenario } = this.#parts;
    // In a suite all scenarios are provisioned together.
    if (scenario !== undefined) return null;
    commons.contents = options.verify === true ? new Contents() : null;
    const isOff = options.dryRun === true || options.provision?.mode === "off";
    if (definition.provision === null || isOff) return null;
    commons.footprints = new Footprints();
    return new Provisioner({
      host,
      run: options,
      items: definition.provision,
      commons,
      footprints: commons.footprints,
      places: capturedPlaces(this.#scope.run),
    });
  }
}

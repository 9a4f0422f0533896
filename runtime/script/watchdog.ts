/** Looks whether a run still goes on: who waits for what, when nothing has been answered for a while. */
import type { Clock } from "../schedule/mod.ts";
import { type Linked, LinkedList } from "./linked_list.ts";

/** An operation without an end. */
export interface Outstanding extends Linked<Outstanding> {
  readonly client: string;
  readonly label: string | null;
  readonly command: string;
  readonly path: string;
  /** Moment of the clock at which it was made. */
  readonly since: number;
  /** The server said that it holds it back: it may take as long as it likes. */
  held: boolean;
}

/** How long nothing may be answered, in milliseconds. */
export const PATIENCE_MS = 30_000;

/** How often that is looked at. */
const LOOK_MS = 5_000;

/** Waiting clients and operations that are told of. */
const MAX_TOLD = 20;

/** Knows what is under way, and tells once of each time that nothing moves. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #tell: (dump: string) => void;
  readonly #operations = new LinkedList<Outstanding>();
  /** Clients that wait for others: their labels. */
  readonly #waits = new Map<
    string,
    { readonly labels: readonly string[]; readonly since: number }
  >();
  #movedAt: number;
  #told = false;
  #looking = false;

  constructor(clock: Clock, tell: (dump: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
    this.#movedAt = clock.now();
  }

  /** An operation begins. */
  began(operation: Outstanding): void {
    this.#operations.add(operation);
    if (!this.#looking) void this.#look();
  }

  /** It has ended. */
  ended(operation: Outstanding): void {
    this.#operations.remove(operation);
    this.#moved();
  }

  /** A client waits for operations of others. */
  waits(client: string, labels: readonly string[]): void {
    this.#waits.set(client, { labels, since: this.#clock.now() });
  }

  /** It goes on. */
  goesOn(client: string): void {
    this.#waits.delete(client);
    this.#moved();
  }

  #moved(): void {
    this.#movedAt = this.#clock.now();
    this.#told = false;
  }

  async #look(): Promise<void> {
    this.#looking = true;
    while (this.#operations.size > 0) {
      await this.#clock.rest(LOOK_MS);
      const now = this.#clock.now();
      if (this.#told || now - this.#movedAt < PATIENCE_MS) continue;
      const stuck = this.#operations.all().some(({ held, since }) =>
        !held && now - since >= PATIENCE_MS
      );
      if (!stuck) continue;
      this.#told = true;
      this.#tell(this.#dump(now));
    }
    this.#looking = false;
  }

  /** What each client waits for. */
  #dump(now: number): string {
    const seconds = (since: number) => `${((now - since) / 1000).toFixed(0)} s`;
    const lines = [
      ...this.#operations.all().map(({ client, label, command, path, since, held }) =>
        `  ${client}: ${
          [command, ...label === null ? [] : [`#${label}`], path].join(" ").trimEnd()
        }, ${held ? "pending" : "unanswered"} for ${seconds(since)}`
      ),
      ...[...this.#waits].map(([client, { labels, since }]) =>
        `  ${client}: waits for #${labels.join(" #")} for ${seconds(since)}`
      ),
    ];
    const more = lines.length - MAX_TOLD;
    return [
      `nothing has been answered for ${seconds(this.#movedAt)}:`,
      ...lines.slice(0, MAX_TOLD),
      ...more > 0 ? [`  and ${more} more`] : [],
    ].join("\n");
  }
}

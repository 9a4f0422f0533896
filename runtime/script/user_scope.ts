/** One user of a run: its clients, which stay from iteration to iteration, and one iteration of its scenario. */
import { WindowEnd } from "../schedule/mod.ts";
import type {
  Client,
  LoadUser,
  ParamsSchema,
  ReplayParams,
  ScenarioContext,
  User,
  UserOptions,
} from "./api.ts";
import { capturedPlaces } from "./captured_places.ts";
import { loginUser, ScriptClient } from "./client.ts";
import { ClientState } from "./client_state.ts";
import type { Commons } from "./commons.ts";
import { AbortedError, ScriptError } from "./errors.ts";
import type { RunHost, RunOptions } from "./host.ts";
import { Run } from "./run.ts";
import type { Definition } from "./scenario.ts";
import { duration } from "./units.ts";

type ReplayFunction = (client: Client, params: ReplayParams<undefined>) => Promise<void> | void;

/** What a user plays, and with what. */
export interface UserParts {
  readonly definition: Definition;
  readonly host: RunHost;
  readonly options: RunOptions;
  readonly commons: Commons;
  readonly params: Record<string, unknown>;
  /** Part of a suite that it belongs to. */
  readonly scenario?: string | undefined;
}

/** The one who plays where nobody asked for load. */
const ONLY: LoadUser = { number: 1, name: "", iteration: 0 };

/** Files left open that are named. */
const MAX_SHOWN = 5;

/** One user. */
export class UserScope {
  readonly run: Run;
  readonly #definition: Definition;
  readonly #params: Record<string, unknown>;
  readonly #states = new Map<string, ClientState>();
  readonly #users = new Map<string, User>();
  /** Under load: one of many, and clients are there again in its next iteration. */
  readonly #many: boolean;

  constructor(parts: UserParts, many = false) {
    const { definition, host, options, commons, scenario } = parts;
    this.#definition = definition;
    this.#params = parts.params;
    this.#many = many;
    const strict = definition.kind === "scenario";
    this.run = new Run(host, { ...options, commons, scenario, strict });
  }

  /** Plays the scenario, or all clients of the replay, once. */
  async play(user: LoadUser = ONLY, due: number | null = null): Promise<void> {
    if (this.#definition.kind === "scenario") await this.#scenario(user, due);
    else await this.#replay(user);
  }

  /** Logs off and disconnects what is left. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#states.values()].map((state) => state.close()));
  }

  /** Tells of files that are open still. A capture may end with open files; a scenario closes its own. */
  tellOpenFiles(): void {
    if (this.#definition.kind !== "scenario" || this.run.stopped !== null) return;
    for (const { name, files } of this.#states.values()) {
      const open = [...files].filter(({ isOpen }) => isOpen).map(({ path }) => path);
      if (open.length === 0) continue;
      const shown = open.slice(0, MAX_SHOWN).map((path) => JSON.stringify(path)).join(", ");
      this.run.host.violated?.(
        `${name} left ${open.length === 1 ? "a file" : `${open.length} files`} open: ${shown}${
          open.length > MAX_SHOWN ? ", ..." : ""
        }`,
      );
    }
  }

  async #scenario(user: LoadUser, due: number | null): Promise<void> {
    const { run } = this;
    let first = due;
    const context: ScenarioContext<ParamsSchema> = {
      params: this.#params,
      user,
      client: async (name?: string, options: UserOptions = {}) => {
        const made = await this.#client(user, name, options);
        // An iteration's own moment is that of its first operation.
        if (first !== null) this.#states.get(this.#nameOf(user, name))?.mark(null, first);
        first = null;
        return made;
      },
      check: (name, condition) => {
        run.host.checked?.(String(name), condition === true);
        return condition === true;
      },
      log: (message) => run.host.log(String(message)),
      abort: (reason = "the scenario ended the run") => {
        throw new AbortedError(String(reason));
      },
      sleep: (length) =>
        run.host.clock.until(run.host.clock.now() + run.timeline.pause(duration(length))),
    };
    await this.#definition.body?.(context);
  }

  #nameOf(user: LoadUser, name: string | undefined): string {
    if (!this.#many) return name ?? "";
    return name === undefined ? user.name : `${user.name}/${name}`;
  }

  async #client(user: LoadUser, given: string | undefined, options: UserOptions): Promise<User> {
    const name = this.#nameOf(user, given);
    if (typeof name !== "string" || name === "" || given === "") {
      throw new ScriptError("Cannot make a client: it has no name");
    }
    const known = this.#users.get(name);
    if (this.#many && known !== undefined && known.isConnected) return known;
    if (!this.#many && this.#states.has(name)) {
      throw new ScriptError(`Cannot make client "${name}": there is one already`);
    }
    const state = this.#state(name);
    const made = await loginUser(state, options);
    if (this.#many) this.#users.set(name, made);
    return made;
  }

  #state(name: string): ClientState {
    const state = new ClientState(this.run, name);
    state.breaks.policy = this.#definition.onBreak;
    const { own, root } = this.run.options;
    state.ownPaths = this.#definition.kind === "scenario" && (own !== undefined || root !== "");
    this.#states.set(name, state);
    return state;
  }

  async #replay(user: LoadUser): Promise<void> {
    const { run } = this;
    const { functions } = this.#definition;
    const params = {
      ...this.#params,
      ...capturedPlaces(run),
    } as ReplayParams<undefined>;
    const names = Object.keys(functions);
    run.clientsStart(names.length);
    // All are there before the first begins: time is idle only when everybody waits.
    const paces = names.map(() => run.pacing.join());
    await Promise.all(names.map(async (name, index) => {
      const state = this.#state(this.#nameOf(user, name));
      const pace = paces[index]!;
      state.pace = pace;
      try {
        await (functions[name] as ReplayFunction)(new ScriptClient(state), params);
      } catch (error) {
        if (!(error instanceof WindowEnd)) throw error;
      } finally {
        pace.end();
        run.clientEnds();
      }
    }));
  }
}

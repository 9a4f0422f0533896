/** `scenario` and `replay`: what a scenario file exports as default. */
import { z } from "zod";
import type {
  BreakPolicy,
  HandleSummary,
  Load,
  ParamsSchema,
  ReplayClient,
  ReplayFunctions,
  ReplayOptions,
  Scenario,
  ScenarioFunction,
  ScenarioOptions,
  SuiteOptions,
  ThresholdMap,
} from "./api.ts";
import { checkedNames, type NamedParams } from "./named_params.ts";
import { type ProvisionItem, provisionItems } from "./provision.ts";

/** Names that `replay` gives its functions beside the parameters. */
const RESERVED_PARAMS = ["share", "path"];

/** What a scenario file exports, for the runner. */
export class Definition implements Scenario {
  readonly kind: Scenario["kind"];
  readonly name: string;
  /** The scenarios of a suite, by name; none otherwise. */
  readonly parts: Readonly<Record<string, Definition>>;
  readonly params: ParamsSchema | null;
  /** The captured clients of a replay; none in a scenario. */
  readonly clients: Readonly<Record<string, ReplayClient>>;
  readonly functions: Readonly<Record<string, unknown>>;
  /** The function of a scenario. */
  readonly body: ScenarioFunction<ParamsSchema> | null;
  /** What clients do on breaks unless they say otherwise. */
  readonly onBreak: BreakPolicy;
  /** Many users; undefined where one is enough. */
  readonly load: Load | undefined;
  readonly thresholds: ThresholdMap | undefined;
  readonly handleSummary: HandleSummary | undefined;
  /** Users and folders of the capture that parameters stand for. */
  readonly users: NamedParams;
  readonly folders: NamedParams;
  /** What shares hold before it starts; null where it does not say. */
  readonly provision: readonly ProvisionItem[] | null;
  /** What they hold otherwise when it has ended. */
  readonly after: readonly ProvisionItem[];

  constructor(fields: {
    kind: Scenario["kind"];
    name: string;
    parts?: Readonly<Record<string, Definition>>;
    params: ParamsSchema | null;
    clients?: Readonly<Record<string, ReplayClient>>;
    functions?: Readonly<Record<string, unknown>>;
    body?: ScenarioFunction<ParamsSchema>;
    onBreak?: BreakPolicy | undefined;
    load?: Load | undefined;
    thresholds?: ThresholdMap | undefined;
    handleSummary?: HandleSummary | undefined;
    users?: NamedParams | undefined;
    folders?: NamedParams | undefined;
    provision?: unknown;
    after?: unknown;
  }) {
    this.kind = fields.kind;
    this.name = fields.name;
    this.parts = fields.parts ?? {};
    this.params = fields.params;
    this.clients = fields.clients ?? {};
    this.functions = fields.functions ?? {};
    this.body = fields.body ?? null;
    this.onBreak = fields.onBreak ?? "acknowledge";
    this.load = fields.load;
    this.thresholds = fields.thresholds;
    this.handleSummary = fields.handleSummary;
    this.users = checkedNames("user", fields.users, fields.params);
    this.folders = checkedNames("folder", fields.folders, fields.params);
    this.provision = fields.provision === undefined ? null : provisionItems(fields.provision);
    this.after = provisionItems(fields.after);
  }
}

/**
 * A hand-written scenario. An operation with a status that it did not expect throws, and ends the run.
 *
 * @param options Its name, and a zod object with its parameters.
 * @param run The scenario; `client("alice")` gives a user who is logged in.
 * @returns The value to export as default.
 * @throws {TypeError} When the options are not of that form.
 *
 * @example
 * ```ts
 * import { expect, scenario } from "smbench";
 *
 * const hello = scenario({ name: "hello" }, async ({ client }) => {
 *   const alice = await client("alice");
 *   await alice.writeFile("hello.txt", "hello");
 *   expect((await alice.stat("hello.txt")).size).toBe(5);
 * });
 * if (hello.kind !== "scenario") throw new Error();
 * ```
 */
export function scenario<P extends ParamsSchema | undefined = undefined>(
  options: ScenarioOptions<P>,
  run: ScenarioFunction<P>,
): Scenario {
  if (typeof options?.name !== "string" || options.name === "") {
    throw new TypeError("Cannot define a scenario: it has no name");
  }
  if (typeof run !== "function") {
    throw new TypeError(
      `Cannot define scenario "${options.name}": its second argument is no function`,
    );
  }
  return new Definition({
    kind: "scenario",
    name: options.name,
    params: checkedParams(options.params, []),
    body: run as ScenarioFunction<ParamsSchema>,
    onBreak: options.onBreak,
    load: options.load,
    thresholds: options.thresholds,
    handleSummary: options.handleSummary,
    provision: options.provision,
  });
}

/**
 * A scenario compiled from a capture: one function per captured client, all started at the same time. No operation
 * throws because of its status; what differs from `expect` is recorded, and reported when the run ends.
 *
 * @param options The capture's name, its clients, and a zod object with the parameters.
 * @param functions One function per client, of the client's name.
 * @returns The value to export as default.
 * @throws {TypeError} When a client has no function, or a function no client.
 *
 * @example
 * ```ts
 * import { replay } from "smbench";
 *
 * const customer = replay({ source: "customer.pcapng", clients: { a: { user: "jsmith" } } }, {
 *   async a(c, p) {
 *     await c.at(0, 12);
 *     const n1 = await c.connect({ dialects: ["3.1.1"] });
 *     const s1 = await n1.login({ user: "jsmith" });
 *     const t1 = await s1.tree(p.share("projects"));
 *     await c.at(0.104, 214);
 *     const f1 = await t1.open(p.path("reports\\Q1.xlsx"), { access: "r", expect: "OBJECT_NAME_NOT_FOUND" });
 *     await f1.close();
 *   },
 * });
 * if (customer.kind !== "replay") throw new Error();
 * ```
 */
export function replay<
  P extends ParamsSchema | undefined = undefined,
  const C extends Record<string, ReplayClient> = Record<string, ReplayClient>,
>(options: ReplayOptions<P, C>, functions: ReplayFunctions<P, C>): Scenario {
  if (typeof options?.source !== "string" || options.source === "") {
    throw new TypeError("Cannot define a replay: it has no source");
  }
  const name = options.name ?? options.source;
  const clients = Object.keys(options.clients ?? {});
  const named = Object.keys(functions ?? {});
  if (clients.length === 0) {
    throw new TypeError(`Cannot define replay "${name}": it has no clients`);
  }
  for (const client of clients) {
    if (typeof functions[client] !== "function") {
      throw new TypeError(`Cannot define replay "${name}": client "${client}" has no function`);
    }
  }
  for (const client of named) {
    if (!Object.hasOwn(options.clients, client)) {
      throw new TypeError(`Cannot define replay "${name}": function "${client}" has no client`);
    }
  }
  return new Definition({
    kind: "replay",
    name,
    params: checkedParams(options.params, RESERVED_PARAMS),
    clients: options.clients,
    functions,
    onBreak: options.onBreak,
    load: options.load,
    thresholds: options.thresholds,
    handleSummary: options.handleSummary,
    users: options.users,
    folders: options.folders,
    provision: options.provision,
    after: options.after,
  });
}

/**
 * Several scenarios in one run, each with its own `load`, over the same workers and to the same report.
 *
 * @param options The name of the whole, and its thresholds.
 * @param parts Scenarios and replays by name; the name is a tag of everything that they do.
 * @returns The value to export as default.
 * @throws {TypeError} When a part is no scenario.
 *
 * @example
 * ```ts
 * import { scenario, suite } from "smbench";
 *
 * const day = suite({ name: "a day", thresholds: { "smb_op_duration{scenario:readers}": "p(95)<50" } }, {
 *   readers: scenario({ name: "read", load: { executor: "constant-users", users: 20, duration: "1m" } }, async ({ client }) => {
 *     await (await client()).list();
 *   }),
 *   writers: scenario({
 *     name: "write",
 *     load: { executor: "constant-arrival-rate", rate: 5, duration: "1m", maxUsers: 10, startTime: "10s" },
 *   }, async ({ client, user }) => {
 *     await (await client()).writeFile(`${user.name}.txt`, "hello");
 *   }),
 * });
 * if (day.kind !== "suite") throw new Error();
 * ```
 */
export function suite(
  options: SuiteOptions,
  parts: Readonly<Record<string, Scenario>>,
): Scenario {
  if (typeof options?.name !== "string" || options.name === "") {
    throw new TypeError("Cannot define a suite: it has no name");
  }
  const definitions: Record<string, Definition> = {};
  const names = Object.keys(parts ?? {});
  if (names.length === 0) {
    throw new TypeError(`Cannot define suite "${options.name}": it has no scenarios`);
  }
  for (const name of names) {
    const part = parts[name];
    if (!(part instanceof Definition) || part.kind === "suite") {
      throw new TypeError(
        `Cannot define suite "${options.name}": part "${name}" is made by neither scenario() nor replay()`,
      );
    }
    if (!/^[\w-]+$/.test(name)) {
      throw new TypeError(
        `Cannot define suite "${options.name}": part "${name}" is no name of letters, digits, - and _`,
      );
    }
    definitions[name] = part;
  }
  return new Definition({
    kind: "suite",
    name: options.name,
    params: null,
    parts: definitions,
    thresholds: { ...options.thresholds, ...thresholdsOfParts(definitions) },
    handleSummary: options.handleSummary,
  });
}

/** What parts must keep, each for its own values. */
function thresholdsOfParts(parts: Readonly<Record<string, Definition>>): ThresholdMap {
  return Object.fromEntries(
    Object.entries(parts).flatMap(([name, { thresholds = {} }]) =>
      Object.entries(thresholds).map(([metric, threshold]) => {
        const [, bare = metric, tags] = /^([^{]*)(?:\{(.*)\})?$/.exec(metric) ?? [];
        const own = `scenario:${name}`;
        return [
          `${bare}{${tags === undefined || tags === "" ? own : `${tags},${own}`}}`,
          threshold,
        ];
      })
    ),
  );
}

function checkedParams(
  params: ParamsSchema | undefined,
  reserved: readonly string[],
): ParamsSchema | null {
  if (params === undefined) return null;
  if (!(params instanceof z.ZodObject)) {
    throw new TypeError(
      "Cannot define parameters: params is no zod object, as z.object({ ... }) makes one",
    );
  }
  for (const name of reserved) {
    if (Object.hasOwn(params.shape, name)) {
      throw new TypeError(`Cannot define parameter "${name}": replay uses that name itself`);
    }
  }
  return params;
}

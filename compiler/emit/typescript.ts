/**
 * Plan -> scenario text. One function per client, one statement per operation, recorded time, frame and outcome beside
 * each. An operation is awaited where the capture shows that its answer had arrived, so that overlap stays overlap.
 */
import { statusName } from "../../runtime/wire/mod.ts";
import type { CaptureNote } from "../capture/mod.ts";
import type { BreakOperation, CreateOperation, Plan, PlanClient, PlanOperation } from "../plan.ts";
import { breakPolicies, breakSummary } from "./breaks.ts";
import { call, type Code, comment, list, memberLine, object, quoted } from "./code.ts";
import { leaseText, oplockText } from "./options.ts";
import type { ProvisionText } from "./provision.ts";
import { ByteConstants, Statements } from "./statements.ts";

/** How write data is emitted. */
export interface EmitOptions {
  /** Path of the blob with that hash, relative to the scenario; undefined for synthetic data. */
  readonly blobPath?: (sha256: string) => string;
  readonly notes?: readonly CaptureNote[];
  /** What the shares held before; nothing unless given. */
  readonly provision?: ProvisionText;
  /** Version of the compiler, for the first line. */
  readonly version: string;
}

/** The whole text of a scenario file. */
export function emitScenario(plan: Plan, options: EmitOptions): string {
  const labels = frameLabels(plan.operations);
  const constants = new ByteConstants();
  const ofClient = Map.groupBy(plan.operations, ({ client }) => client);
  const bodies = plan.clients.map((client) =>
    clientFunction(client, ofClient.get(client.id) ?? [], { ...options, labels, constants })
  );
  const { provision } = options;
  const used = [...bodies.flatMap((body) => [...body.imports]), ...provision?.imports ?? []];
  const names = [...new Set(["replay", ...used])].sort();
  const blobs = bodies.flatMap((body) => [...body.blobs]);
  const lines = [
    ...headerComment(plan, options),
    `import { ${names.join(", ")} } from "smbench";`,
    ...(typeof provision?.importLine === "string" ? [provision.importLine] : []),
    "",
    ...constantLines(blobs, constants),
    "export default replay({",
    memberLine("  ", "source", quoted(plan.source.name)),
    ...(plan.clients.length === 0 ? ["  clients: {},", "}, {});", ""] : [
      "  clients: {",
      ...plan.clients.map((client) => clientLine(client)),
      "  },",
      ...(provision?.member ?? []),
      "}, {",
      ...bodies.flatMap(({ lines }, index) => index === 0 ? lines : ["", ...lines]),
      "});",
      "",
    ]),
  ];
  return lines.join("\n");
}

/** Frames are labels; the second operation of a frame is `"214.2"`. What is only implied gets what numbers are left. */
function frameLabels(operations: readonly PlanOperation[]): ReadonlyMap<number, string> {
  const seen = new Map<number, number>();
  const labels = new Map<number, string>();
  const implied = operations.filter(isImplied);
  for (const { id, frames } of [...operations.filter((one) => !isImplied(one)), ...implied]) {
    const count = (seen.get(frames.request) ?? 0) + 1;
    seen.set(frames.request, count);
    labels.set(id, count === 1 ? String(frames.request) : quoted(`${frames.request}.${count}`));
  }
  return labels;
}

function isImplied(operation: PlanOperation): boolean {
  return "implied" in operation && operation.implied === true;
}

function headerComment(plan: Plan, options: EmitOptions): string[] {
  const lines = [
    `// Compiled by smbench ${options.version} from ${comment(quoted(plan.source.name))}: ${
      plural(plan.operations.length, "operation")
    } of ${plural(plan.clients.length, "client")} in ${plan.source.seconds.toFixed(3)} s${
      plan.source.start === null ? "" : `, from ${plan.source.start}`
    }.`,
    "// A line reads: wait until the recorded second, label it with the capture's frame, send; the comment tells the",
    "// frame of the answer and the recorded outcome. Edit freely.",
    ...(plan.source.remarks ?? []).map((remark) => `// ${comment(remark)}`),
  ];
  const lost = (options.notes ?? []).filter((note) => note.loss);
  if (lost.length > 0) {
    lines.push("//", "// Not in this scenario:");
    for (const note of lost) lines.push(`// - ${comment(noteText(note))}`);
  }
  return lines;
}

/** A note as one line. */
export function noteText(note: CaptureNote): string {
  const { places } = note;
  const shown = places === undefined
    ? note.frames.slice(0, 8).map((frame) => `#${frame}`).join(" ")
    : note.frames.slice(0, 3).map((frame, index) => `#${frame} = ${places[index]}`).join(", ");
  const more = note.count > (places === undefined ? 8 : 3) && shown !== "" ? " ..." : "";
  return `${note.reason}: ${note.count} x${shown === "" ? "" : ` (${shown}${more})`}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function clientLine(client: PlanClient): string {
  const user = client.users[0];
  const value: Code = {
    kind: "object",
    members: [
      ...(user === undefined ? [] : [["user", quoted(user)] as const]),
      ["address", quoted(client.address)],
    ],
  };
  return memberLine("    ", client.id, value);
}

function constantLines(
  blobs: readonly (readonly [string, string])[],
  constants: ByteConstants,
): string[] {
  const lines = [
    ...[...new Map(blobs)].map(([name, path]) => call(`const ${name} = `, "blob", [quoted(path)])),
    ...constants.all.map(([name, digits]) => call(`const ${name} = `, "hex", [quoted(digits)])),
  ];
  return lines.length === 0 ? [] : [...lines, ""];
}

interface ClientBody {
  readonly lines: readonly string[];
  readonly imports: ReadonlySet<string>;
  /** Variable and path of each blob. */
  readonly blobs: ReadonlyMap<string, string>;
}

interface ClientOptions extends EmitOptions {
  readonly constants: ByteConstants;
  readonly labels: ReadonlyMap<number, string>;
}

function clientFunction(
  client: PlanClient,
  operations: readonly PlanOperation[],
  options: ClientOptions,
): ClientBody {
  const writer = new ClientWriter(operations, options);
  const statements = writer.write();
  const guid = client.clientGuid === null ? "" : `, ClientGuid ${client.clientGuid}`;
  const lines = [
    `  // ${comment(client.address)}${guid}, ${plural(client.operationCount, "operation")}`,
    `  async ${client.id}(c${writer.usesParams ? ", p" : ""}) {`,
    ...statements,
    "  },",
  ];
  return { lines, imports: writer.imports, blobs: writer.blobs };
}

const INDENT = "    ";

/** How long a script waits for a break that the capture had: beyond it the server does not break. */
const BREAK_TIMEOUT = "5s";

/** Writes the statements of one client, in the order in which its requests were sent. */
class ClientWriter {
  readonly imports: Set<string>;
  readonly blobs: Map<string, string>;
  readonly #operations: readonly PlanOperation[];
  readonly #statements: Statements;
  readonly #lines: string[] = [];
  /** Operations under way that a later statement awaits: their variable. */
  readonly #open = new Map<number, { variable: string; result: string | undefined }>();
  readonly #labels: ReadonlyMap<number, string>;

  constructor(operations: readonly PlanOperation[], options: ClientOptions) {
    this.#operations = operations;
    this.#labels = options.labels;
    this.#statements = new Statements(operations, {
      ...(options.blobPath === undefined ? {} : { blobPath: options.blobPath }),
      constants: options.constants,
      policies: breakPolicies(operations),
    });
    this.imports = this.#statements.imports;
    this.blobs = this.#statements.blobs;
  }

  get usesParams(): boolean {
    return this.#statements.usesParams;
  }

  write(): string[] {
    for (let index = 0; index < this.#operations.length;) {
      const chain = this.#chainAt(index);
      const next = this.#operations[index + chain.length];
      const answered = new Set(this.#isOneSided ? this.#all() : next?.after ?? this.#answered());
      this.#awaitEarlier(chain);
      if (chain.length > 1) this.#compound(chain, answered);
      else this.#single(chain[0]!, answered);
      index += chain.length;
    }
    this.#awaitRest();
    return this.#lines;
  }

  /** Only what the client sent was captured: its requests go one after the other. */
  get #isOneSided(): boolean {
    return !this.#operations.some(({ frames }) => frames.response !== undefined);
  }

  #all(): number[] {
    return this.#operations.map(({ id }) => id);
  }

  #answered(): number[] {
    return this.#operations.filter((operation) => operation.answeredAt !== null).map(({ id }) =>
      id
    );
  }

  /** The operations that were sent in one compound with the one at `index`. */
  #chainAt(index: number): PlanOperation[] {
    const first = this.#operations[index]!;
    const chain = [first];
    if (first.chain === undefined) return chain;
    for (let at = index + 1; at < this.#operations.length; at++) {
      const operation = this.#operations[at]!;
      if (operation.chain?.id !== first.chain.id) break;
      chain.push(operation);
    }
    return this.#statements.compoundable(chain) ? chain : [first];
  }

  /** Awaits what had been answered, and what the next statement needs (a damaged capture may hide the order). */
  #awaitEarlier(chain: readonly PlanOperation[]): void {
    for (const id of chain[0]?.after ?? []) this.#awaitOne(id);
    const needed = new Set(chain.flatMap((operation) => this.#statements.variablesOf(operation)));
    for (const [id, { result }] of [...this.#open]) {
      if (result !== undefined && needed.has(result)) this.#awaitOne(id);
    }
  }

  #awaitRest(): void {
    for (const operation of this.#operations) {
      if (operation.answeredAt !== null) this.#awaitOne(operation.id);
    }
  }

  #awaitOne(id: number): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    const target = open.result === undefined ? "" : `const ${open.result} = `;
    this.#lines.push(`${INDENT}${target}await ${open.variable};`);
  }

  #at(operation: PlanOperation, outcome: string): void {
    const after = [
      ...(operation.afterOthers ?? []).map((id) => this.#labels.get(id)!),
      ...(operation.afterPending ?? []).map((id) => pendingLabel(this.#labels.get(id)!)),
    ];
    this.#lines.push(
      call(`${INDENT}await `, "c.at", [
        secondsText(operation.at),
        this.#labels.get(operation.id)!,
        after.length === 0 ? undefined : object({ after: list(after) }),
      ]) + ` // ${comment(outcome)}`,
    );
  }

  #single(operation: PlanOperation, answered: ReadonlySet<number>): void {
    if (operation.kind === "break") {
      this.#lines.push(INDENT + this.#breakLine(operation));
      return;
    }
    this.#at(operation, outcomeText(operation));
    if (operation.kind === "cancel") {
      const target = this.#open.get(operation.target)?.variable;
      if (target !== undefined) this.#lines.push(`${INDENT}${target}.cancel();`);
      else this.#lines.push(`${INDENT}// CANCEL of an operation that was answered before`);
      return;
    }
    for (const line of this.#statements.declarations(operation)) this.#lines.push(INDENT + line);
    const { expression, args, result } = this.#statements.single(operation);
    if (operation.kind === "disconnect") {
      this.#lines.push(call(INDENT, expression, args));
      return;
    }
    const kept = this.#statements.isUsed(result) ? result : undefined;
    if (isImplied(operation) || answered.has(operation.id)) {
      const target = kept === undefined ? "await " : `const ${kept} = await `;
      this.#lines.push(call(INDENT + target, expression, args));
      return;
    }
    this.#start(operation, { expression, args, result: kept });
  }

  /** Waits for the break that the capture had here: what followed may have followed from it. */
  #breakLine(broken: BreakOperation): string {
    const summary = `// ${breakSummary(broken)}`;
    if (broken.file === null || !this.#statements.isUsed(broken.file)) return summary;
    const options = object({
      label: this.#labels.get(broken.id)!,
      timeout: quoted(BREAK_TIMEOUT),
    });
    const method = broken.breakKind === "lease" ? "leaseBreak" : "oplockBreak";
    return `${call("await ", `${broken.file}.${method}`, [options])} ${summary}`;
  }

  /** Sends without waiting; the answer is awaited where the capture had it. */
  #start(
    operation: PlanOperation,
    code: { expression: string; args: readonly (Code | undefined)[]; result: string | undefined },
  ): void {
    const awaited = operation.answeredAt !== null || code.result !== undefined ||
      this.#statements.isCancelled(operation.id);
    if (!awaited) {
      this.#lines.push(call(INDENT, code.expression, code.args));
      return;
    }
    const variable = `o${operation.id}`;
    this.#lines.push(call(`${INDENT}const ${variable} = `, code.expression, code.args));
    this.#open.set(operation.id, { variable, result: code.result });
  }

  #compound(chain: readonly PlanOperation[], answered: ReadonlySet<number>): void {
    const first = chain[0]!;
    this.#at(first, chain.map((member) => outcomeText(member)).join(" | "));
    for (const member of chain) {
      for (const line of this.#statements.declarations(member)) this.#lines.push(INDENT + line);
    }
    const variable = `k${first.id}`;
    const related = chain.slice(1).every((member) => member.chain?.related);
    this.#lines.push(
      call(`${INDENT}const ${variable} = `, `${this.#statements.treeOf(first)}.compound`, [
        related ? undefined : object({ related: "false" }),
      ]),
    );
    const whole = chain.every((member) => answered.has(member.id));
    for (const [index, member] of chain.entries()) {
      const code = this.#statements.member(member, {
        compound: variable,
        first: index === 0,
        related,
        label: index === 0 ? undefined : this.#labels.get(member.id)!,
      });
      const kept = this.#statements.isUsed(code.result) ? code.result : undefined;
      if (whole && kept === undefined) {
        this.#lines.push(call(INDENT, code.expression, code.args));
      } else {
        this.#start(member, { ...code, result: kept });
      }
    }
    this.#lines.push(`${INDENT}${whole ? "await " : ""}${variable}.send();`);
    if (whole) { for (const member of chain) this.#awaitOne(member.id); }
  }
}

/** The moment at which the server said that an operation is pending; labels of numbers become text. */
function pendingLabel(label: string): string {
  return quoted(`${label.replaceAll('"', "")} pending`);
}

/** Seconds with as many digits as they have, microseconds at most: finer than any timer. */
function secondsText(seconds: number): string {
  return String(Math.round(seconds * 1e6) / 1e6);
}

/** The recorded outcome: frame of the answer, status, grant, time taken. */
function outcomeText(operation: PlanOperation): string {
  const { frames, status, answeredAt } = operation;
  if (isImplied(operation)) return "before the capture began";
  if (operation.kind === "disconnect") return "the connection ended";
  if (operation.kind === "cancel") return "CANCEL";
  if (status === null || answeredAt === null) return "no answer in the capture";
  const parts = [`#${frames.response} ${statusName(status)}`];
  if (operation.kind === "create") parts.push(...grantText(operation));
  if (operation.kind === "read" && operation.returned !== null) {
    parts.push(`${operation.returned.length} bytes`);
  }
  if (frames.interim !== undefined) parts.push(`pending #${frames.interim}`);
  if (operation.incomplete !== undefined) parts.push(operation.incomplete);
  parts.push(`${durationText(answeredAt - operation.at)}`);
  return parts.join(", ");
}

const ACTIONS = ["superseded", "opened", "created", "overwritten"];

function grantText({ granted }: CreateOperation): string[] {
  if (granted === null) return [];
  const parts = [ACTIONS[granted.action] ?? `action ${granted.action}`];
  if (granted.lease !== null) parts.push(`lease ${leaseText(granted.lease) || "none"}`);
  else if (granted.oplock !== 0) parts.push(`oplock ${oplockText(granted.oplock)}`);
  return parts;
}

function durationText(seconds: number): string {
  const milliseconds = seconds * 1000;
  if (milliseconds < 10) return `${milliseconds.toFixed(2)} ms`;
  if (milliseconds < 10_000) return `${milliseconds.toFixed(0)} ms`;
  return `${seconds.toFixed(1)} s`;
}

/**
 * Plan -> scenario text. One function per client, one statement per operation, recorded time, frame and outcome beside
 * each. An operation is awaited where the capture shows that its answer had arrived, so that overlap stays overlap.
 */
import { statusName } from "../../runtime/wire/mod.ts";
import type { CaptureNote } from "../capture/mod.ts";
import type { CreateOperation, Plan, PlanClient, PlanOperation } from "../plan.ts";
import { breakPolicies, breakSummary } from "./breaks.ts";
import { call, type Code, comment, object, oneLine, quoted } from "./code.ts";
import { leaseText, oplockText } from "./options.ts";
import { Statements } from "./statements.ts";

/** How write data is emitted. */
export interface EmitOptions {
  /** Path of the blob with that hash, relative to the scenario; undefined for synthetic data. */
  readonly blobPath?: (sha256: string) => string;
  readonly notes?: readonly CaptureNote[];
  /** Version of the compiler, for the first line. */
  readonly version: string;
}

/** The whole text of a scenario file. */
export function emitScenario(plan: Plan, options: EmitOptions): string {
  const bodies = plan.clients.map((client) => clientFunction(plan, client, options));
  const used = bodies.flatMap((body) => [...body.imports]);
  const names = [...new Set(["replay", ...used])].sort();
  const blobs = bodies.flatMap((body) => [...body.blobs]);
  const lines = [
    ...headerComment(plan, options),
    `import { ${names.join(", ")} } from "smbench";`,
    "",
    ...blobLines(blobs),
    "export default replay({",
    `  source: ${quoted(plan.source.name)},`,
    "  clients: {",
    ...plan.clients.map((client) => clientLine(client)),
    "  },",
    "}, {",
    bodies.map((body) => body.text).join("\n\n"),
    "});",
    "",
  ];
  return lines.join("\n");
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
  const shown = note.frames.slice(0, 8).map((frame) => `#${frame}`).join(" ");
  const more = note.count > 8 && note.frames.length > 0 ? " ..." : "";
  return `${note.reason}: ${note.count} x${shown === "" ? "" : ` (${shown}${more})`}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function clientLine(client: PlanClient): string {
  const user = client.users[0];
  const value = object({
    user: user === undefined ? undefined : quoted(user),
    address: quoted(client.address),
  })!;
  return `    ${client.id}: ${oneLine(value)},`;
}

function blobLines(blobs: readonly (readonly [string, string])[]): string[] {
  const lines = new Map(blobs);
  if (lines.size === 0) return [];
  return [...lines].map(([name, path]) => `const ${name} = blob(${quoted(path)});`).concat("");
}

interface ClientBody {
  readonly text: string;
  readonly imports: ReadonlySet<string>;
  /** Variable and path of each blob. */
  readonly blobs: ReadonlyMap<string, string>;
}

function clientFunction(plan: Plan, client: PlanClient, options: EmitOptions): ClientBody {
  const operations = plan.operations.filter((operation) => operation.client === client.id);
  const writer = new ClientWriter(operations, options);
  const statements = writer.write();
  const guid = client.clientGuid === null ? "" : `, ClientGuid ${client.clientGuid}`;
  const lines = [
    `  // ${comment(client.address)}${guid}, ${plural(client.operationCount, "operation")}`,
    `  async ${client.id}(c${writer.usesParams ? ", p" : ""}) {`,
    ...statements,
    "  },",
  ];
  return { text: lines.join("\n"), imports: writer.imports, blobs: writer.blobs };
}

const INDENT = "    ";

/** Writes the statements of one client, in the order in which its requests were sent. */
class ClientWriter {
  readonly imports: Set<string>;
  readonly blobs: Map<string, string>;
  readonly #operations: readonly PlanOperation[];
  readonly #statements: Statements;
  readonly #lines: string[] = [];
  /** Operations under way that a later statement awaits: their variable. */
  readonly #open = new Map<number, { variable: string; result: string | undefined }>();
  readonly #labels = new Map<number, string>();

  constructor(operations: readonly PlanOperation[], options: EmitOptions) {
    this.#operations = operations;
    this.#statements = new Statements(operations, {
      ...(options.blobPath === undefined ? {} : { blobPath: options.blobPath }),
      policies: breakPolicies(operations),
    });
    this.imports = this.#statements.imports;
    this.blobs = this.#statements.blobs;
  }

  get usesParams(): boolean {
    return this.#statements.usesParams;
  }

  write(): string[] {
    this.#nameLabels();
    for (let index = 0; index < this.#operations.length;) {
      const chain = this.#chainAt(index);
      const next = this.#operations[index + chain.length];
      const answered = new Set(next?.after ?? this.#answered());
      this.#awaitEarlier(chain[0]!);
      if (chain.length > 1) this.#compound(chain, answered);
      else this.#single(chain[0]!, answered);
      index += chain.length;
    }
    this.#awaitRest();
    return this.#lines;
  }

  /** Frames are labels; the second operation of a frame is `"214.2"`. */
  #nameLabels(): void {
    const seen = new Map<number, number>();
    for (const { id, frames } of this.#operations) {
      const count = (seen.get(frames.request) ?? 0) + 1;
      seen.set(frames.request, count);
      this.#labels.set(
        id,
        count === 1 ? String(frames.request) : quoted(`${frames.request}.${count}`),
      );
    }
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

  #awaitEarlier(operation: PlanOperation): void {
    for (const id of operation.after) this.#awaitOne(id);
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
    const label = this.#labels.get(operation.id)!;
    this.#lines.push(
      `${INDENT}await c.at(${secondsText(operation.at)}, ${label}); // ${comment(outcome)}`,
    );
  }

  #single(operation: PlanOperation, answered: ReadonlySet<number>): void {
    if (operation.kind === "break") {
      this.#lines.push(`${INDENT}// #${operation.frames.request}: ${breakSummary(operation)}`);
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
    if (answered.has(operation.id)) {
      const target = kept === undefined ? "await " : `const ${kept} = await `;
      this.#lines.push(call(INDENT + target, expression, args));
      return;
    }
    this.#start(operation, { expression, args, result: kept });
  }

  /** Sends without waiting; the answer is awaited where the capture had it. */
  #start(
    operation: PlanOperation,
    code: { expression: string; args: readonly (Code | undefined)[]; result: string | undefined },
  ): void {
    const awaited = operation.answeredAt !== null || this.#statements.isCancelled(operation.id);
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

/** Seconds with as many digits as they have, microseconds at most: finer than any timer. */
function secondsText(seconds: number): string {
  return String(Math.round(seconds * 1e6) / 1e6);
}

/** The recorded outcome: frame of the answer, status, grant, time taken. */
function outcomeText(operation: PlanOperation): string {
  const { frames, status, answeredAt } = operation;
  if ("implied" in operation && operation.implied) return "before the capture began";
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

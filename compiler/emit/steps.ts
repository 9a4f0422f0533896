/**
 * Operations of one client -> steps, in the order in which its requests were sent. An operation is awaited where the
 * capture shows that its answer had arrived, so that overlap stays overlap.
 */
import type { BreakOperation, PlanOperation } from "../plan.ts";
import { breakPolicies, breakSummary } from "./breaks.ts";
import { type Code, list, object, quoted, slot, variable } from "./code.ts";
import { FrameCounts, FrameLabels, isImplied, type Labels } from "./labels.ts";
import { compoundNote, noteOf } from "./notes.ts";
import { type Constants, type Statement, Statements } from "./statements.ts";
import type { AtLine, ClientSteps, Line, Note, Step, VariableInfo } from "./step.ts";
import { momentName, verbOf } from "./verbs.ts";

/**
 * With `--causal` think times count from answers. An answer that took so many seconds is told to the run; of others it
 * takes what follows within that time to have followed at once (SOON in runtime/schedule/pacing.ts). Where that would be
 * wrong by more than ERROR, or by that part of a longer think time, they are told, too: timers are no better.
 */
const LONG = 0.005;
const ERROR = 0.0005;
const RELATIVE_ERROR = 0.1;

/** How long a script waits for a break that the capture had: beyond it the server does not break. */
const BREAK_TIMEOUT = "5s";

/** What a client does. */
export function stepsOf(
  operations: readonly PlanOperation[],
  options: { readonly labels: Labels; readonly constants: Constants },
): ClientSteps {
  return new StepMaker(operations, options).make();
}

/** Frames are labels; the second operation of a frame is `"214.2"`. */
export function frameLabels(operations: Iterable<PlanOperation>): Labels {
  const counts = new FrameCounts();
  for (const operation of operations) {
    if (!isImplied(operation)) counts.add(operation.frames.request);
  }
  const names = new FrameLabels(counts);
  const labels = new Map<number, string>();
  for (const operation of operations) {
    const name = names.of(operation);
    labels.set(operation.id, name.includes(".") ? quoted(name) : name);
  }
  return labels;
}

class StepMaker {
  readonly #operations: readonly PlanOperation[];
  readonly #statements: Statements;
  readonly #steps: Step[] = [];
  readonly #variables = new Map<string, VariableInfo>();
  /** Operations under way that a later step awaits: their variable. */
  readonly #open = new Map<
    number,
    { variable: string; result: string | undefined; isAnswered: boolean }
  >();
  /** The operation under way whose result a variable will be. */
  readonly #making = new Map<string, number>();
  readonly #labels: Labels;
  /** Index of the operation before which the client had the answer. */
  readonly #knownAt = new Map<number, number>();
  /** When the first operation was sent that an answer enabled, by the operation that was answered. */
  readonly #followedAt = new Map<number, number>();
  /** Only what the client sent was captured: its requests go one after the other. */
  readonly #isOneSided: boolean;

  constructor(
    operations: readonly PlanOperation[],
    options: { readonly labels: Labels; readonly constants: Constants },
  ) {
    this.#operations = operations;
    this.#labels = options.labels;
    for (const [index, { after, enabledBy, at }] of operations.entries()) {
      for (const id of after) this.#knownAt.set(id, index);
      if (typeof enabledBy !== "number" || this.#followedAt.has(enabledBy)) continue;
      this.#followedAt.set(enabledBy, at);
    }
    this.#isOneSided = !operations.some(({ frames }) => frames.response !== undefined);
    this.#statements = new Statements(operations, {
      constants: options.constants,
      labels: options.labels,
      policies: breakPolicies(operations),
    });
  }

  make(): ClientSteps {
    for (let index = 0; index < this.#operations.length;) {
      const chain = this.#chainAt(index);
      const next = this.#operations[index + chain.length];
      const isAnswered = this.#answered(next);
      this.#awaitEarlier(chain);
      for (const operation of chain) this.#describe(operation);
      if (chain.length > 1) this.#compound(chain, isAnswered);
      else this.#single(chain[0]!, isAnswered);
      index += chain.length;
    }
    for (const [id, { isAnswered }] of [...this.#open]) if (isAnswered) this.#awaitOne(id);
    return { steps: this.#steps, variables: this.#variables };
  }

  /** Whether an operation had been answered before the next one was sent. */
  #answered(next: PlanOperation | undefined): (operation: PlanOperation) => boolean {
    if (this.#isOneSided) return () => true;
    if (next === undefined) return ({ answeredAt }) => answeredAt !== null;
    const after = new Set(next.after);
    return ({ id }) => after.has(id);
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

  /** Remembers what variables stand for. */
  #describe(operation: PlanOperation): void {
    const add = (id: string, info: VariableInfo) => {
      if (!this.#variables.has(id)) this.#variables.set(id, info);
    };
    switch (operation.kind) {
      case "connect":
        return add(operation.connection, { kind: "connection", about: "" });
      case "login":
        return add(operation.session, {
          kind: "session",
          about: operation.mechanism === "anonymous" ? "anonymous" : operation.user ?? "",
        });
      case "tree":
        return add(operation.tree, { kind: "tree", about: operation.path });
      case "create":
        return add(operation.file, { kind: "file", about: operation.path });
      default:
        if ("file" in operation && operation.file !== null) {
          add(operation.file, { kind: "file", about: "unopened" });
        }
    }
  }

  /** What an operation is about, for the name of what waits for it. */
  #aboutOf(operation: PlanOperation): string {
    if ("file" in operation && operation.file !== null) {
      const about = this.#variables.get(operation.file)?.about ?? "";
      return about === "" ? "root" : about;
    }
    return "request";
  }

  /** Awaits what had been answered, and what the next step needs (a damaged capture may hide the order). */
  #awaitEarlier(chain: readonly PlanOperation[]): void {
    for (const id of chain[0]?.after ?? []) this.#awaitOne(id);
    for (const operation of chain) {
      for (const name of this.#statements.variablesOf(operation)) {
        const maker = this.#making.get(name);
        if (maker !== undefined) this.#awaitOne(maker);
      }
    }
  }

  #awaitOne(id: number): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    const { variable, result } = open;
    if (result !== undefined) this.#making.delete(result);
    const line: Line = {
      kind: "await",
      variable,
      ...result === undefined ? {} : { target: result },
    };
    this.#steps.push({ kind: "step", lines: [line], does: [] });
  }

  #at(operation: PlanOperation, note: Note): Line {
    const label = this.#labels.get(operation.id)!;
    const after = [
      ...(operation.afterOthers ?? []).map((id) => this.#labels.get(id)!),
      ...(operation.afterPending ?? []).map((id) => pendingLabel(this.#labels.get(id)!)),
    ];
    // Microseconds: finer than any timer.
    const seconds = Math.round(operation.at * 1e6) / 1e6;
    const { answeredAt, kind } = operation;
    const answer = answeredAt === null || kind === "break" ? null : answeredAt - operation.at;
    const moment = {
      seconds,
      label,
      after,
      ...answer !== null && this.#needsTook(operation, answer) ? { took: rounded(answer) } : {},
    };
    return {
      kind: "at",
      moment: slot("At", momentName(operation), momentCode(moment)),
      ...moment,
      answer,
      note,
    };
  }

  /** Whether the run has to be told how long an answer took. */
  #needsTook({ id, at }: PlanOperation, answer: number): boolean {
    if (answer >= LONG) return true;
    const followed = this.#followedAt.get(id);
    if (followed === undefined) return false;
    const gap = followed - at;
    const think = Math.max(0, gap - answer);
    const taken = gap < LONG ? 0 : gap;
    return Math.abs(taken - think) > Math.max(ERROR, RELATIVE_ERROR * think);
  }

  #single(operation: PlanOperation, isAnswered: (operation: PlanOperation) => boolean): void {
    if (operation.kind === "break") {
      this.#push([this.#breakLine(operation)], [operation]);
      return;
    }
    const at = this.#at(operation, noteOf(operation));
    if (operation.kind === "cancel") {
      const target = this.#open.get(operation.target)?.variable;
      const line: Line = target === undefined
        ? { kind: "comment", text: "CANCEL of an operation that was answered before" }
        : { kind: "call", wait: false, receiver: variable(target), method: "cancel", args: [] };
      this.#push([at, line], [operation]);
      return;
    }
    const declared = this.#statements.declarations(operation).map((statement) =>
      callLine(statement, { wait: false, target: statement.result })
    );
    const statement = this.#statements.single(operation);
    const kept = this.#statements.isUsed(statement.result) ? statement.result : undefined;
    const whole = isImplied(operation) || isAnswered(operation);
    const line = operation.kind === "disconnect"
      // Nobody waits for what comes last.
      ? callLine(statement, { wait: whole && this.#operations.at(-1) !== operation })
      : whole
      ? callLine(statement, { wait: true, target: kept, sends: operation })
      : this.#started(operation, statement, kept);
    this.#push([at, ...declared, line], [operation]);
  }

  /** Waits for the break that the capture had here: what followed may have followed from it. */
  #breakLine(broken: BreakOperation): Line {
    const text = breakSummary(broken);
    if (broken.file === null || !this.#statements.isUsed(broken.file)) {
      return { kind: "comment", text };
    }
    return {
      kind: "call",
      wait: true,
      receiver: variable(broken.file),
      method: broken.breakKind === "lease" ? "leaseBreak" : "oplockBreak",
      args: [
        object({
          label: slot("label", "label", this.#labels.get(broken.id)!),
          timeout: quoted(BREAK_TIMEOUT),
        })!,
      ],
      comment: text,
    };
  }

  /** Sends without waiting; the answer is awaited where the capture had it. */
  #started(
    operation: PlanOperation,
    statement: Statement,
    kept: string | undefined,
    chain: readonly PlanOperation[] = [operation],
  ): Line {
    const awaited = operation.answeredAt !== null || kept !== undefined ||
      this.#statements.isCancelled(operation.id);
    if (!awaited) return callLine(statement, { wait: false, sends: operation });
    const name = `o${operation.id}`;
    this.#variables.set(name, {
      kind: "pending",
      about: this.#aboutOf(operation),
      verb: verbOf(chain),
    });
    this.#open.set(operation.id, {
      variable: name,
      result: kept,
      isAnswered: operation.answeredAt !== null,
    });
    if (kept !== undefined) this.#making.set(kept, operation.id);
    return callLine(statement, { wait: false, target: name, sends: operation });
  }

  #compound(
    chain: readonly PlanOperation[],
    isAnswered: (operation: PlanOperation) => boolean,
  ): void {
    const first = chain[0]!;
    const lines: Line[] = [this.#at(first, compoundNote(chain))];
    for (const member of chain) {
      for (const statement of this.#statements.declarations(member)) {
        lines.push(callLine(statement, { wait: false, target: statement.result }));
      }
    }
    const name = `k${first.id}`;
    this.#variables.set(name, {
      kind: "compound",
      about: this.#aboutOf(first),
      verb: verbOf(chain),
    });
    const related = chain.slice(1).every((member) => member.chain?.related);
    lines.push({
      kind: "call",
      target: name,
      wait: false,
      receiver: variable(this.#statements.treeOf(first) ?? ""),
      method: "compound",
      args: [
        object({
          related: related ? undefined : "false",
          via: first.via === undefined ? undefined : variable(first.via),
        }),
      ].filter((arg) => arg !== undefined),
    });
    const whole = chain.every(isAnswered);
    const joint = whole || this.#isJoint(chain);
    const label = this.#labels.get(first.id)!;
    const started: number[] = [];
    for (const [index, member] of chain.entries()) {
      const own = this.#labels.get(member.id)!;
      const statement = this.#statements.member(member, {
        compound: name,
        tree: this.#statements.treeOf(first),
        before: chain[index - 1],
        related,
        label: own === memberLabel(label, index) ? undefined : own,
      });
      const kept = this.#statements.isUsed(statement.result) ? statement.result : undefined;
      if (joint && kept === undefined) {
        lines.push(callLine(statement, { wait: false, sends: member }));
      } else {
        lines.push(this.#started(member, statement, kept));
        started.push(member.id);
      }
    }
    const send: Statement = { receiver: variable(name), method: "send", args: [] };
    lines.push(
      joint && !whole
        ? this.#started(first, send, undefined, chain)
        : callLine(send, { wait: whole }),
    );
    this.#push(lines, chain);
    if (whole) { for (const id of started) this.#awaitOne(id); }
  }

  /** Whether the answers of a compound came before one and the same operation, and nothing needs one of them alone. */
  #isJoint(chain: readonly PlanOperation[]): boolean {
    const known = this.#knownAt.get(chain[0]!.id);
    return known !== undefined &&
      chain.every((member) =>
        this.#knownAt.get(member.id) === known && !this.#statements.isCancelled(member.id) &&
        !(member.kind === "create" && this.#statements.isUsed(member.file))
      );
  }

  #push(lines: readonly Line[], does: readonly PlanOperation[]): void {
    this.#steps.push({ kind: "step", lines, does });
  }
}

function callLine(
  { receiver, method, args }: Statement,
  how: {
    readonly wait: boolean;
    readonly target?: string | undefined;
    readonly sends?: PlanOperation;
  },
): Line {
  return {
    kind: "call",
    wait: how.wait,
    receiver,
    method,
    args: args.filter((arg): arg is Code => arg !== undefined),
    ...how.target === undefined ? {} : { target: how.target },
    ...how.sends === undefined ? {} : { sends: how.sends },
  };
}

/** How long an answer took, as scripts have it: to a tenth of a millisecond. */
export function rounded(answer: number): number {
  return Math.round(answer * 1e4) / 1e4;
}

/** `[seconds, label, { after, took }]` */
export function momentCode(
  { seconds, label, after, took }: Pick<AtLine, "seconds" | "label" | "after" | "took">,
): Code {
  const options = object({
    after: after.length === 0 ? undefined : list(after),
    took: took === undefined ? undefined : String(took),
  });
  return list([String(seconds), label, ...options === undefined ? [] : [options]]);
}

/** The label that a compound's member has by itself. */
function memberLabel(label: string, index: number): string {
  if (index === 0) return label;
  const [frame = "", place = "1"] = label.replaceAll('"', "").split(".");
  return quoted(`${frame}.${Number(place) + index}`);
}

/** The moment at which the server said that an operation is pending; labels of numbers become text. */
function pendingLabel(label: string): string {
  return quoted(`${label.replaceAll('"', "")} pending`);
}

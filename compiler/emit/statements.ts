/** One operation -> the call that sends it: receiver, method, arguments, and the variable for what it returns. */
import { ctlCodeName, informationClassName, statusName } from "../../runtime/wire/mod.ts";
import type {
  ConnectOperation,
  IoctlOperation,
  LockOperation,
  LoginOperation,
  PlanNegotiateContext,
  PlanOperation,
  PlanPayload,
  QueryInfoOperation,
  SetInfoOperation,
  TreeOperation,
} from "../plan.ts";
import { type Code, hexNumber, list, object, quoted } from "./code.ts";
import { dialectCode, hexCall, openOptions, operationOptions } from "./options.ts";
import { readableSetInfo } from "./set_info.ts";

/** A call to write. */
export interface CallCode {
  /** `t1.open`. */
  readonly expression: string;
  readonly args: readonly (Code | undefined)[];
  /** Variable for the result, where there is one. */
  readonly result?: string | undefined;
}

type Kind = PlanOperation["kind"];

/** Kinds that a compound of the scripting API can carry. */
const COMPOUND_KINDS: ReadonlySet<Kind> = new Set<Kind>([
  "create",
  "close",
  "flush",
  "read",
  "write",
  "lock",
  "ioctl",
  "queryDirectory",
  "changeNotify",
  "queryInfo",
  "setInfo",
]);

const STATUS_LOGON_FAILURE = 0xc000006d;
const FSCTL_VALIDATE_NEGOTIATE_INFO = 0x00140204;
const DEFAULT_OUTPUT = 65_536;
const RESUME_KEY_DIGITS = 48;

/** Makes the calls of one client. */
export class Statements {
  /** Functions of the scripting API that the calls use. */
  readonly imports = new Set<string>();
  /** Variable and path of each blob. */
  readonly blobs = new Map<string, string>();
  /** Whether `p` is used. */
  usesParams = false;
  readonly #blobPath: ((sha256: string) => string) | undefined;
  readonly #policies: ReadonlyMap<string, Code>;
  readonly #used = new Set<string>();
  readonly #cancelled = new Set<number>();
  readonly #declared = new Set<string>();
  readonly #treeOfFile = new Map<string, string>();
  readonly #seeds = new Map<string, number>();

  constructor(
    operations: readonly PlanOperation[],
    options: {
      readonly blobPath?: (sha256: string) => string;
      readonly policies: ReadonlyMap<string, Code>;
    },
  ) {
    this.#blobPath = options.blobPath;
    this.#policies = options.policies;
    for (const operation of operations) this.#note(operation);
  }

  /** Whether a later call works on that variable. */
  isUsed(variable: string | undefined): boolean {
    return variable !== undefined && this.#used.has(variable);
  }

  /** Whether a CANCEL names the operation. */
  isCancelled(id: number): boolean {
    return this.#cancelled.has(id);
  }

  /** Whether the compound can be written as one. */
  compoundable(chain: readonly PlanOperation[]): boolean {
    const trees = new Set(chain.map((operation) => this.treeOf(operation)));
    return trees.size === 1 && !trees.has(undefined) &&
      chain.every((operation) => COMPOUND_KINDS.has(operation.kind));
  }

  /** Variable of the tree that an operation works on. */
  treeOf(operation: PlanOperation): string | undefined {
    return "tree" in operation ? operation.tree : undefined;
  }

  /** Statements that must stand before the call: opens that the capture never saw open. */
  declarations(operation: PlanOperation): string[] {
    const file = "file" in operation && operation.kind !== "create" ? operation.file : null;
    if (file === null || file === undefined || operation.kind === "break") return [];
    if (this.#treeOfFile.has(file) || this.#declared.has(file)) return [];
    this.#declared.add(file);
    return [`const ${file} = ${this.treeOf(operation)}.unopened(${quoted(file)});`];
  }

  /** The call of an operation that is sent alone. */
  single(operation: PlanOperation): CallCode {
    switch (operation.kind) {
      case "connect":
        return {
          expression: "c.connect",
          args: [connectOptions(operation)],
          result: operation.connection,
        };
      case "login":
        return this.#login(operation);
      case "logoff":
        return { expression: `${operation.session}.logoff`, args: [this.#options(operation)] };
      case "tree":
        return this.#tree(operation);
      case "untree":
        return { expression: `${operation.tree}.disconnect`, args: [this.#options(operation)] };
      case "echo":
        return { expression: `${operation.connection}.echo`, args: [this.#options(operation)] };
      case "disconnect":
        return { expression: `${operation.connection}.disconnect`, args: [] };
      case "create":
        return this.#onFile(operation, operation.tree);
      case "ioctl":
        return this.#onFile(operation, operation.file ?? operation.tree);
      default:
        return this.#onFile(operation, "file" in operation ? operation.file ?? "" : "");
    }
  }

  /** The call that adds an operation to a compound. */
  member(
    operation: PlanOperation,
    place: {
      readonly compound: string;
      readonly first: boolean;
      readonly related: boolean;
      readonly label: string | undefined;
    },
  ): CallCode {
    const inherits = !place.first && operation.chain?.related === true;
    const file = "file" in operation && operation.kind !== "create" ? operation.file : null;
    const receiver = inherits || file === null || file === undefined
      ? place.compound
      : `${place.compound}.on(${file})`;
    return this.#onFile(operation, receiver, {
      label: place.label,
      related: inherits === place.related || place.first ? undefined : String(inherits),
    });
  }

  #note(operation: PlanOperation): void {
    if (operation.kind === "create") {
      this.#treeOfFile.set(operation.file, operation.tree);
      for (const context of operation.contexts) {
        if ((context.kind === "DHnC" || context.kind === "DH2C") && context.file !== null) {
          this.#used.add(context.file);
        }
      }
    }
    if (operation.kind === "cancel") this.#cancelled.add(operation.target);
    if (operation.kind === "ioctl" && operation.resumeKey !== undefined) {
      this.#used.add(operation.resumeKey);
    }
    const inherits = (operation.chain?.index ?? 0) > 0 && operation.chain?.related === true;
    if ("file" in operation && operation.kind !== "create" && operation.kind !== "break") {
      if (!inherits && operation.file !== null) this.#used.add(operation.file);
    }
    if (operation.kind !== "tree" && "tree" in operation) this.#used.add(operation.tree);
    if (operation.kind === "login") {
      this.#used.add(operation.connection);
      if (operation.again) this.#used.add(operation.session);
      if (operation.previous !== undefined) this.#used.add(operation.previous);
      if (operation.bind !== undefined) this.#used.add(operation.bind);
    }
    if (operation.kind === "logoff" || operation.kind === "tree") this.#used.add(operation.session);
    if (operation.kind === "echo" || operation.kind === "disconnect") {
      this.#used.add(operation.connection);
    }
  }

  #options(
    operation: PlanOperation,
    more: Record<string, Code | undefined> = {},
  ): Code | undefined {
    return object({ ...more, ...operationOptions(operation, expectedStatus(operation)) });
  }

  #login(operation: LoginOperation): CallCode {
    const credentials = operation.mechanism === "anonymous"
      ? quoted("anonymous")
      : operation.status === STATUS_LOGON_FAILURE
      ? quoted("wrong")
      : undefined;
    const options = this.#options(operation, {
      user: operation.user === null || operation.user === "" ? undefined : quoted(operation.user),
      credentials,
      securityMode: operation.implied || operation.securityMode === 1
        ? undefined
        : hexNumber(operation.securityMode, 2),
      capabilities: operation.implied || operation.capabilities === 0
        ? undefined
        : hexNumber(operation.capabilities),
      previous: operation.previous,
      bind: operation.bind,
    });
    if (operation.again) {
      return { expression: `${operation.session}.reauthenticate`, args: [options] };
    }
    return {
      expression: `${operation.connection}.login`,
      args: [options],
      result: operation.session,
    };
  }

  #tree(operation: TreeOperation): CallCode {
    const share = operation.path.slice(operation.path.lastIndexOf("\\") + 1);
    const flags = operation.flags === 0 ? undefined : hexNumber(operation.flags, 4);
    // A share that did not exist must not be mapped to one that does.
    const name = operation.status === 0 ? this.#param(`share(${quoted(share)})`) : quoted(share);
    return {
      expression: `${operation.session}.tree`,
      args: [name, this.#options(operation, { flags })],
      result: operation.tree,
    };
  }

  #onFile(
    operation: PlanOperation,
    receiver: string,
    more: Record<string, Code | undefined> = {},
  ): CallCode {
    switch (operation.kind) {
      case "create":
        return {
          expression: `${receiver}.open`,
          args: [
            this.#param(`path(${quoted(operation.path)})`),
            this.#options(operation, {
              ...openOptions(operation, (file) => this.#treeOfFile.has(file) ? file : undefined),
              onBreak: this.#policies.get(operation.file),
              ...more,
            }),
          ],
          result: operation.file,
        };
      case "close":
        return this.#method(operation, `${receiver}.close`, [], {
          attributes: (operation.flags & 1) === 0 ? undefined : "true",
          ...more,
        });
      case "flush":
        return this.#method(operation, `${receiver}.flush`, [], more);
      case "read":
        return this.#method(
          operation,
          `${receiver}.read`,
          [integer(operation.offset), String(operation.length)],
          {
            minimumCount: optional(operation.minimumCount, 0),
            flags: optional(operation.flags, 0),
            remainingBytes: optional(operation.remainingBytes, 0),
            padding: optional(operation.padding, 0x50),
            channel: optional(operation.channel, 0),
            ...more,
          },
        );
      case "write":
        return this.#method(
          operation,
          `${receiver}.write`,
          [integer(operation.offset), this.#data(operation.data, operation.id)],
          {
            flags: optional(operation.flags, 0),
            remainingBytes: optional(operation.remainingBytes, 0),
            channel: optional(operation.channel, 0),
            ...more,
          },
        );
      case "lock":
        return this.#method(operation, `${receiver}.lock`, [lockRanges(operation)], {
          lockSequence: optional(operation.lockSequence, 0),
          ...more,
        });
      case "ioctl":
        return this.#ioctl(operation, receiver, more);
      case "queryDirectory":
        return this.#method(operation, `${receiver}.queryDirectory`, [], {
          pattern: operation.pattern === "*" ? undefined : quoted(operation.pattern),
          class: operation.class === 37 ? undefined : classCode(1, operation.class),
          flags: operation.flags === 0 ? undefined : hexNumber(operation.flags, 2),
          index: optional(operation.index, 0),
          outputLength: optional(operation.outputLength, DEFAULT_OUTPUT),
          ...more,
        });
      case "changeNotify":
        return this.#method(operation, `${receiver}.changes`, [], {
          filter: operation.filter === 0x0fff ? undefined : hexNumber(operation.filter),
          recursive: operation.flags === 1 ? "true" : undefined,
          flags: operation.flags > 1 ? hexNumber(operation.flags, 4) : undefined,
          outputLength: optional(operation.outputLength, DEFAULT_OUTPUT),
          ...more,
        });
      case "queryInfo":
        return this.#method(operation, `${receiver}.queryInfo`, [], {
          ...selector(operation),
          outputLength: optional(operation.outputLength, DEFAULT_OUTPUT),
          flags: optional(operation.flags, 0),
          input: operation.input === "" ? undefined : this.#hex(operation.input),
          ...more,
        }, true);
      case "setInfo":
        return this.#setInfo(operation, receiver, more);
      default:
        throw new TypeError(`Cannot write a ${operation.kind} as a request on a file`);
    }
  }

  #method(
    operation: PlanOperation,
    expression: string,
    args: readonly Code[],
    more: Record<string, Code | undefined>,
    needsOptions = false,
  ): CallCode {
    const options = this.#options(operation, more) ?? (needsOptions ? "{}" : undefined);
    return { expression, args: [...args, options] };
  }

  #setInfo(
    operation: SetInfoOperation,
    receiver: string,
    more: Record<string, Code | undefined>,
  ): CallCode {
    const readable = receiver === operation.file ? readableSetInfo(operation) : null;
    if (readable !== null) {
      const args = readable.path === undefined
        ? readable.args
        : [this.#param(`path(${quoted(readable.path)})`)];
      return this.#method(operation, `${receiver}.${readable.method}`, args, {
        ...readable.options,
        ...more,
      });
    }
    return this.#method(operation, `${receiver}.setInfo`, [this.#hex(operation.input)], {
      ...selector(operation),
      ...more,
    }, true);
  }

  #ioctl(
    operation: IoctlOperation,
    receiver: string,
    more: Record<string, Code | undefined>,
  ): CallCode {
    const own = operation.code === FSCTL_VALIDATE_NEGOTIATE_INFO;
    const input = operation.input === "" || own
      ? undefined
      : operation.resumeKey === undefined
      ? this.#hex(operation.input)
      : this.#hex("00".repeat(RESUME_KEY_DIGITS / 2) + operation.input.slice(RESUME_KEY_DIGITS));
    return this.#method(operation, `${receiver}.ioctl`, [ctlCode(operation.code)], {
      input,
      resumeKey: operation.resumeKey,
      maxInput: optional(operation.maxInput, 0),
      maxOutput: optional(operation.maxOutput, DEFAULT_OUTPUT),
      flags: optional(operation.flags, 1),
      ...more,
    });
  }

  #data(payload: PlanPayload, id: number): Code {
    const { sha256, length } = payload;
    if (sha256 !== undefined && length > 0 && this.#blobPath !== undefined) {
      this.imports.add("blob");
      const variable = `blob${sha256.slice(0, 12)}`;
      this.blobs.set(variable, this.#blobPath(sha256));
      return variable;
    }
    this.imports.add("data");
    const key = sha256 ?? `#${id}`;
    let seed = this.#seeds.get(key);
    if (seed === undefined) this.#seeds.set(key, seed = this.#seeds.size + 1);
    return `data(${length}, ${seed})`;
  }

  #hex(digits: string): string {
    this.imports.add("hex");
    return hexCall(digits);
  }

  #param(call: string): string {
    this.usesParams = true;
    return `p.${call}`;
  }
}

/** The recorded status, where it is not success; an unknown one may be anything. */
function expectedStatus(operation: PlanOperation): string | undefined {
  if (operation.status === null) return "any";
  return operation.status === 0 ? undefined : statusName(operation.status);
}

function connectOptions(operation: ConnectOperation): Code | undefined {
  if (operation.implied) return undefined;
  const status = expectedStatus(operation);
  return object({
    smb1: operation.smb1 ? "true" : undefined,
    dialects: operation.dialects.length === 0
      ? undefined
      : list(operation.dialects.map(dialectCode)),
    securityMode: operation.securityMode === 1 ? undefined : hexNumber(operation.securityMode, 2),
    capabilities: hexNumber(operation.capabilities),
    contexts: operation.contexts.length === 0
      ? undefined
      : list(operation.contexts.map(negotiateContextCode)),
    expect: status === undefined ? undefined : quoted(status),
  });
}

function negotiateContextCode(context: PlanNegotiateContext): Code {
  const numbers = (values: readonly number[]) => list(values.map((value) => hexNumber(value, 4)));
  const kind = quoted(context.kind);
  switch (context.kind) {
    case "preauthIntegrity":
      return object({
        kind,
        hashAlgorithms: numbers(context.hashAlgorithms),
        saltLength: String(context.saltLength),
      })!;
    case "encryption":
      return object({ kind, ciphers: numbers(context.ciphers) })!;
    case "compression":
      return object({
        kind,
        flags: context.flags === 0 ? undefined : hexNumber(context.flags),
        algorithms: numbers(context.algorithms),
      })!;
    case "netname":
      // The captured server's name; the target's own is sent.
      return object({ kind })!;
    case "transport":
      return object({ kind, flags: hexNumber(context.flags) })!;
    case "rdmaTransform":
      return object({ kind, transforms: numbers(context.transforms) })!;
    case "signing":
      return object({ kind, algorithms: numbers(context.algorithms) })!;
    case "raw":
      return object({ kind, type: hexNumber(context.type, 4), data: hexCall(context.data) })!;
  }
}

/** Offsets beyond what a number holds exactly are bigint. */
function integer(text: string): string {
  return Number.isSafeInteger(Number(text)) ? text : `${text}n`;
}

function optional(value: number, usual: number): string | undefined {
  return value === usual ? undefined : String(value);
}

const LOCK_KINDS = new Map([[0x01, "shared"], [0x02, "exclusive"], [0x04, "unlock"]]);
const FAIL_IMMEDIATELY = 0x10;

function lockRanges(operation: LockOperation): Code {
  return list(operation.ranges.map((range) => {
    const kind = LOCK_KINDS.get(range.flags & ~FAIL_IMMEDIATELY);
    return object({
      offset: integer(range.offset),
      length: integer(range.length),
      kind: kind === undefined ? hexNumber(range.flags) : quoted(kind),
      failImmediately: kind !== undefined && (range.flags & FAIL_IMMEDIATELY) !== 0
        ? "true"
        : undefined,
    })!;
  }));
}

const INFO_TYPES = new Map([[2, "fileSystem"], [3, "security"], [4, "quota"]]);

function selector(
  operation: QueryInfoOperation | SetInfoOperation,
): Record<string, Code | undefined> {
  const { infoType } = operation;
  const type = INFO_TYPES.get(infoType);
  const classless = infoType === 3 || infoType === 4;
  return {
    type: infoType === 1 ? undefined : type === undefined ? String(infoType) : quoted(type),
    class: classless && operation.class === 0 ? undefined : classCode(infoType, operation.class),
    additional: operation.additional === 0 ? undefined : hexNumber(operation.additional),
  };
}

function classCode(infoType: number, number: number): string {
  const name = informationClassName(infoType, number);
  return /^[A-Za-z]+$/.test(name) ? quoted(name) : String(number);
}

function ctlCode(code: number): string {
  const name = ctlCodeName(code).replace(/^FSCTL_/, "");
  return /^[A-Z][A-Z0-9_]+$/.test(name) ? quoted(name) : hexNumber(code);
}

/** One operation -> the call that sends it: receiver, method, arguments, and the variable for what it returns. */
import {
  type IoctlOperation,
  type LoginOperation,
  OF_OTHERS,
  type PlanOperation,
  type PlanPayload,
  type SetInfoOperation,
  type TreeOperation,
} from "../plan.ts";
import { callOf, type Code, hexNumber, list, object, quoted, slot, variable } from "./code.ts";
import { connectOptions } from "./connect.ts";
import type { Labels } from "./labels.ts";
import {
  capabilitiesCode,
  changesCode,
  hexCall,
  openOptions,
  operationOptions,
  scanCode,
} from "./options.ts";
import { readableSetInfo } from "./set_info.ts";
import {
  classCode,
  ctlCode,
  expectedStatus,
  integer,
  lockRanges,
  optional,
  selector,
} from "./values.ts";

/** A call to write. */
export interface Statement {
  /** What the method belongs to. */
  readonly receiver: Code;
  readonly method: string;
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
const SIGNING_REQUIRED = 0x02;
const FSCTL_VALIDATE_NEGOTIATE_INFO = 0x00140204;
const DEFAULT_OUTPUT = 65_536;
const RESUME_KEY_DIGITS = 48;

/** Hexadecimal digits that may stand within a call. */
const INLINE_DIGITS = 32;

/** Bytes of a scenario: long ones have a constant, equal ones the same one, in all clients. */
export class Constants {
  /** Names of the functions that make bytes. */
  readonly imports = new Set<string>();
  /** Variable and path of each blob. */
  readonly blobs = new Map<string, string>();
  readonly #blobPath: ((sha256: string) => string) | undefined;
  readonly #names = new Map<string, string>();
  /** By hash of the content. */
  readonly #seeds = new Map<string, number>();

  constructor(blobPath?: (sha256: string) => string) {
    this.#blobPath = blobPath;
  }

  /** Short bytes stand where they are used, long ones get a name. */
  hex(digits: string): string {
    if (digits.length <= INLINE_DIGITS) {
      this.imports.add("hex");
      return hexCall(digits);
    }
    let name = this.#names.get(digits);
    if (name === undefined) this.#names.set(digits, name = `b${this.#names.size + 1}`);
    return `bytes.${name}`;
  }

  /** Written data: the captured bytes, or synthetic ones that are equal where those were. */
  data({ length, sha256, zeros }: PlanPayload, id: number): Code {
    if (sha256 !== undefined && length > 0 && this.#blobPath !== undefined) {
      const name = `blob${sha256.slice(0, 12)}`;
      this.blobs.set(name, this.#blobPath(sha256));
      return slot("Data", "content", name);
    }
    if (zeros?.[0]?.[1] === length) {
      return callOf("new Uint8Array", slot("number", "length", String(length)));
    }
    this.imports.add("data");
    const key = sha256 ?? `#${id}`;
    let seed = this.#seeds.get(key);
    if (seed === undefined) this.#seeds.set(key, seed = this.#seeds.size + 1);
    return callOf(
      "data",
      slot("number", "length", String(length)),
      slot("number", "seed", String(seed)),
      ...zeros === undefined ? [] : [list(zeros.map((range) => list(range.map(String))))],
    );
  }

  /** Names and digits in order of first use. */
  get all(): readonly (readonly [string, string])[] {
    return [...this.#names].map(([digits, name]) => [name, digits] as const);
  }
}

/** Makes the calls of one client. */
export class Statements {
  readonly #constants: Constants;
  readonly #labels: Labels;
  readonly #policies: ReadonlyMap<string, Code>;
  readonly #used = new Set<string>();
  readonly #cancelled = new Set<number>();
  /** By compound: the file of its latest request. */
  readonly #chains = new Map<number, string | null>();
  readonly #declared = new Set<string>();
  readonly #treeOfFile = new Map<string, string>();

  constructor(
    operations: readonly PlanOperation[],
    options: {
      readonly constants: Constants;
      readonly labels: Labels;
      readonly policies: ReadonlyMap<string, Code>;
    },
  ) {
    this.#constants = options.constants;
    this.#labels = options.labels;
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
    const via = chain[0]?.via;
    return chain.every((operation) =>
      COMPOUND_KINDS.has(operation.kind) && this.treeOf(operation) !== undefined &&
      operation.via === via
    );
  }

  /** Variable of the tree that an operation works on. */
  treeOf(operation: PlanOperation): string | undefined {
    return "tree" in operation ? operation.tree : undefined;
  }

  /** Variables that a call of the operation uses. */
  variablesOf(operation: PlanOperation): string[] {
    const names: string[] = [];
    if ("connection" in operation && operation.kind !== "connect") names.push(operation.connection);
    if ("session" in operation && (operation.kind !== "login" || operation.again)) {
      names.push(operation.session);
    }
    if ("tree" in operation && operation.kind !== "tree") names.push(operation.tree);
    names.push(...foreignNames(operation));
    if ("file" in operation && operation.kind !== "create" && operation.file !== null) {
      names.push(operation.file);
    }
    if (operation.kind === "login") {
      if (operation.previous !== undefined) names.push(operation.previous);
      if (operation.bind !== undefined) names.push(operation.bind);
    }
    if (operation.kind === "ioctl" && operation.resumeKey !== undefined) {
      names.push(operation.resumeKey);
    }
    if (operation.kind === "create") {
      for (const context of operation.contexts) {
        if (context.kind === "DHnC" || context.kind === "DH2C") {
          names.push(context.file);
        }
      }
    }
    return names.filter((name) => !name.startsWith(OF_OTHERS));
  }

  /** Whether the share of that file's open is known: else the capture never saw it open. */
  isOpened(file: string): boolean {
    return this.#treeOfFile.has(file);
  }

  /** Calls that must stand before the call: handles that the capture never saw open. */
  declarations(operation: PlanOperation): Statement[] {
    const file = "file" in operation && operation.kind !== "create" ? operation.file : null;
    if (file === null || file === undefined || operation.kind === "break") return [];
    if (this.#treeOfFile.has(file) || this.#declared.has(file)) return [];
    this.#declared.add(file);
    return [{
      receiver: variable(this.treeOf(operation) ?? ""),
      method: "unopened",
      args: [slot("string", "handle", quoted(file))],
      result: file,
    }];
  }

  /** The call of an operation that is sent alone. */
  single(operation: PlanOperation): Statement {
    switch (operation.kind) {
      case "connect":
        return {
          receiver: "c",
          method: "connect",
          args: [connectOptions(operation, (digits) => this.#constants.hex(digits))],
          result: operation.connection,
        };
      case "login":
        return this.#login(operation);
      case "logoff":
        return this.#method(operation, variable(operation.session), "logoff", []);
      case "tree":
        return this.#tree(operation);
      case "untree":
        return this.#method(operation, variable(operation.tree), "disconnect", []);
      case "echo":
        return this.#method(operation, variable(operation.connection), "echo", []);
      case "disconnect":
        return { receiver: variable(operation.connection), method: "disconnect", args: [] };
      case "create":
        return this.#onFile(operation, variable(operation.tree));
      case "ioctl":
        return this.#onFile(
          operation,
          operation.file === null ? variable(operation.tree) : fileCode(operation),
        );
      default:
        return this.#onFile(operation, fileCode(operation));
    }
  }

  /** The call that adds an operation to a compound. */
  member(
    operation: PlanOperation,
    place: {
      readonly compound: string;
      /** The share that the compound is made of. */
      readonly tree: string | undefined;
      /** The request before; undefined for the first one. */
      readonly before: PlanOperation | undefined;
      readonly related: boolean;
      readonly label: string | undefined;
    },
  ): Statement {
    const { before } = place;
    const file = operation.kind === "create" ? null : fileOf(operation);
    const compound = variable(place.compound);
    const isRelated = operation.chain?.related === true;
    const tree = this.treeOf(operation);
    const on = (code: Code): Code => ({ ...callOf("on", code), of: compound });
    const receiver = file === null
      ? tree === undefined || tree === place.tree ? compound : on(variable(tree))
      : before !== undefined && inherits(operation, fileOf(before))
      ? compound
      : on(fileCode(operation));
    // The whole compound takes a channel.
    const { via: _via, ...own } = operation;
    return this.#onFile(own as PlanOperation, receiver, {
      label: place.label === undefined ? undefined : slot("label", "label", place.label),
      related: isRelated === (place.related && before !== undefined)
        ? undefined
        : String(isRelated),
    });
  }

  #note(operation: PlanOperation): void {
    if (operation.kind === "create") {
      this.#treeOfFile.set(operation.file, operation.tree);
      for (const context of operation.contexts) {
        if (context.kind === "DHnC" || context.kind === "DH2C") {
          this.#used.add(context.file);
        }
      }
    }
    if (operation.kind === "break" && operation.file !== null) this.#used.add(operation.file);
    if (operation.kind === "cancel") this.#cancelled.add(operation.target);
    if (operation.kind === "ioctl" && operation.resumeKey !== undefined) {
      this.#used.add(operation.resumeKey);
    }
    const { chain } = operation;
    const before = chain === undefined ? undefined : this.#chains.get(chain.id);
    if (chain !== undefined) this.#chains.set(chain.id, fileOf(operation));
    if (operation.kind !== "create" && operation.kind !== "break") {
      const file = fileOf(operation);
      if (file !== null && (before === undefined || !inherits(operation, before))) {
        this.#used.add(file);
      }
    }
    if (operation.kind !== "tree" && "tree" in operation) this.#used.add(operation.tree);
    for (const name of foreignNames(operation)) this.#used.add(name);
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

  #login(operation: LoginOperation): Statement {
    const credentials = operation.mechanism === "anonymous"
      ? quoted("anonymous")
      : operation.status === STATUS_LOGON_FAILURE
      ? quoted("wrong")
      : undefined;
    const options = this.#options(operation, {
      user: operation.user === null || operation.user === ""
        ? undefined
        : slot("string", "user", quoted(operation.user)),
      credentials,
      securityMode: operation.implied || operation.securityMode === 1
        ? undefined
        : hexNumber(operation.securityMode, 2),
      capabilities: operation.implied || operation.capabilities === 0
        ? undefined
        : capabilitiesCode(operation.capabilities),
      previous: operation.previous === undefined
        ? undefined
        : this.#made(operation.previous, "session"),
      shared: operation.shared === true ? "true" : undefined,
      bind: operation.bind === undefined ? undefined : variable(operation.bind),
      signing: operation.signing && (operation.securityMode & SIGNING_REQUIRED) === 0
        ? quoted("required")
        : undefined,
      encryption: operation.encryption ? quoted("required") : undefined,
    });
    if (operation.again) {
      return { receiver: variable(operation.session), method: "reauthenticate", args: [options] };
    }
    return {
      receiver: variable(operation.connection),
      method: "login",
      args: [options],
      result: operation.session,
    };
  }

  #tree(operation: TreeOperation): Statement {
    const share = operation.path.slice(operation.path.lastIndexOf("\\") + 1);
    const flags = operation.flags === 0 ? undefined : hexNumber(operation.flags, 4);
    // A share that did not exist must not be mapped to one that does.
    const name = operation.status === 0 ? this.#mapped("share", share) : quoted(share);
    return {
      receiver: variable(operation.session),
      method: "tree",
      args: [name, this.#options(operation, { flags })],
      result: operation.tree,
    };
  }

  #onFile(
    operation: PlanOperation,
    receiver: Code,
    more: Record<string, Code | undefined> = {},
  ): Statement {
    switch (operation.kind) {
      case "create":
        return {
          receiver,
          method: "open",
          args: [
            this.#mapped("path", operation.path),
            this.#options(operation, {
              ...openOptions(operation, {
                hex: (digits) => this.#hex(digits),
                made: (name, kind) => this.#made(name, kind),
              }),
              onBreak: this.#policies.get(operation.file),
              ...more,
            }),
          ],
          result: operation.file,
        };
      case "close":
        return this.#method(operation, receiver, "close", [], {
          attributes: (operation.flags & 1) === 0 ? undefined : "true",
          ...more,
        });
      case "flush":
        return this.#method(operation, receiver, "flush", [], more);
      case "read":
        return this.#method(
          operation,
          receiver,
          "read",
          [
            slot("number", "offset", integer(operation.offset)),
            slot("number", "length", String(operation.length)),
          ],
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
          receiver,
          "write",
          [
            slot("number", "offset", integer(operation.offset)),
            this.#constants.data(operation.data, operation.id),
          ],
          {
            flags: optional(operation.flags, 0),
            remainingBytes: optional(operation.remainingBytes, 0),
            channel: optional(operation.channel, 0),
            ...more,
          },
        );
      case "lock":
        return this.#method(operation, receiver, "lock", [lockRanges(operation)], {
          lockSequence: optional(operation.lockSequence, 0),
          ...more,
        });
      case "ioctl":
        return this.#ioctl(operation, receiver, more);
      case "queryDirectory":
        return this.#method(operation, receiver, "queryDirectory", [], {
          pattern: operation.pattern === "*"
            ? undefined
            : slot("string", "pattern", quoted(operation.pattern)),
          class: operation.class === 37 ? undefined : classCode(1, operation.class),
          flags: operation.flags === 0 ? undefined : scanCode(operation.flags),
          index: optional(operation.index, 0),
          outputLength: optional(operation.outputLength, DEFAULT_OUTPUT),
          ...more,
        });
      case "changeNotify":
        return this.#method(operation, receiver, "changes", [], {
          filter: operation.filter === 0x0fff ? undefined : changesCode(operation.filter),
          recursive: operation.flags === 1 ? "true" : undefined,
          flags: operation.flags > 1 ? hexNumber(operation.flags, 4) : undefined,
          outputLength: optional(operation.outputLength, DEFAULT_OUTPUT),
          ...more,
        });
      case "queryInfo":
        return this.#method(operation, receiver, "queryInfo", [], {
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
    receiver: Code,
    method: string,
    args: readonly Code[],
    more: Record<string, Code | undefined> = {},
    needsOptions = false,
  ): Statement {
    const options = this.#options(operation, more) ?? (needsOptions ? "{}" : undefined);
    return { receiver, method, args: [...args, options] };
  }

  #setInfo(
    operation: SetInfoOperation,
    receiver: Code,
    more: Record<string, Code | undefined>,
  ): Statement {
    const readable = readableSetInfo(operation);
    if (readable !== null) {
      const args = readable.path === undefined
        ? readable.args
        : [this.#mapped("path", readable.path, "to")];
      return this.#method(operation, receiver, readable.method, args, {
        ...readable.options,
        ...more,
      });
    }
    return this.#method(operation, receiver, "setInfo", [this.#hex(operation.input)], {
      ...selector(operation),
      ...more,
    }, true);
  }

  #ioctl(
    operation: IoctlOperation,
    receiver: Code,
    more: Record<string, Code | undefined>,
  ): Statement {
    const own = operation.code === FSCTL_VALIDATE_NEGOTIATE_INFO;
    const input = operation.input === "" || own
      ? undefined
      : operation.resumeKey === undefined
      ? this.#hex(operation.input)
      : this.#hex("00".repeat(RESUME_KEY_DIGITS / 2) + operation.input.slice(RESUME_KEY_DIGITS));
    return this.#method(operation, receiver, "ioctl", [ctlCode(operation.code)], {
      input,
      resumeKey: operation.resumeKey === undefined ? undefined : variable(operation.resumeKey),
      maxInput: optional(operation.maxInput, 0),
      maxOutput: optional(operation.maxOutput, DEFAULT_OUTPUT),
      flags: optional(operation.flags, 1),
      ...more,
    });
  }

  /** A variable, or what an operation of another client made. */
  #made(name: string, kind: "file" | "session"): Code {
    if (!name.startsWith(OF_OTHERS)) return variable(name);
    const label = this.#labels.get(Number(name.slice(OF_OTHERS.length)));
    return callOf(`c.${kind}Of`, slot("label", "of", label ?? "0"));
  }

  #hex(digits: string): Code {
    return slot("Uint8Array", "input", this.#constants.hex(digits));
  }

  /** A name of the capture that the run maps to one of its target. */
  #mapped(name: "path" | "share", captured: string, hint: string = name): Code {
    return callOf(`p.${name}`, slot("string", hint, quoted(captured)));
  }
}

/** What the request's FileId is taken from; that of another connection's open goes out over this one. */
function fileCode(operation: PlanOperation): Code {
  const file = variable(fileOf(operation) ?? "");
  if (operation.ids?.file !== true || !("tree" in operation)) return file;
  return { ...callOf("unopened", file), of: variable(operation.tree) };
}

function fileOf(operation: PlanOperation): string | null {
  return "file" in operation ? operation.file : null;
}

/** Whether a related request means the file of the one before; one that names another file sends that one's id. */
function inherits(operation: PlanOperation, before: string | null): boolean {
  return operation.chain?.related === true && fileOf(operation) === before;
}

/** Trees and sessions that a request's header names besides what it works on, and the channel that it takes. */
function foreignNames({ ids, via }: PlanOperation): string[] {
  return [ids?.tree, ids?.session, via].filter((name) => name !== undefined && name !== null);
}

/** An operation of a capture, as a row has it -> the call of the scripting API that sends it. */
import type {
  Compound,
  ConnectOptions,
  CreateContext,
  Data,
  File,
  LeaseOptions,
  LoginOptions,
  NegotiateContextOption,
  OpenOptions,
  Operation,
  OperationOptions,
  Session,
  Tree,
} from "./api.ts";
import type { ClientState } from "./client_state.ts";
import { connect } from "./connection.ts";
import { data } from "./data.ts";
import { ScriptError } from "./errors.ts";
import { sharePath } from "./names.ts";
import { renamedInput } from "./row_rename.ts";
import type { RowNames } from "./row_names.ts";
import type { Smb2, Smb2Operation } from "./workload_smb2.ts";

/** Where a captured share and path are in this run. */
export interface Places {
  share(captured: string): string;
  path(captured: string): string;
}

/** A name of a kind. */
export type Need = readonly [kind: keyof RowNames, name: string];

/** An operation on a tree or file: what a compound can carry. */
export type OnTree = Extract<Smb2Operation, { kind: (typeof ON_TREE)[number] }>;

const ON_TREE = [
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
] as const;

/** Whether an operation can be in a compound. */
export function isOnTree(operation: Smb2Operation): operation is OnTree {
  return (ON_TREE as readonly string[]).includes(operation.kind);
}

const LOGON_FAILURE = 0xc000006d;
/** 3.1.1, the dialect that has negotiate contexts. */
const WITH_CONTEXTS = 0x0311;
const SIGNING_ENABLED = 0x01;
const SIGNING_REQUIRED = 0x02;
const VALIDATE_NEGOTIATE_INFO = 0x00140204;
const RESUME_KEY_LENGTH = 24;
const POSTQUERY_ATTRIBUTES = 0x01;
const DEFAULT_PADDING = 0x50;
/** What was never answered may end in any way. */
const UNANSWERED = ["any", "none"];

/** Ids that no server hands out, for requests that named unknown ones. */
const UNKNOWN_TREE_ID = 0x7ffffff1;
const UNKNOWN_SESSION_ID = 0x7ffffffffffffff1n;

/** Makes the calls of one client. */
export class RowCalls {
  readonly #state: ClientState;
  readonly #names: RowNames;
  readonly #places: Places;

  constructor(state: ClientState, names: RowNames, places: Places) {
    this.#state = state;
    this.#names = names;
    this.#places = places;
  }

  /** Names without whose things the request cannot be made. */
  needs(operation: Smb2Operation): readonly Need[] {
    const needs: Need[] = [];
    const { ids } = operation;
    if ("connection" in operation && operation.kind !== "connect") {
      needs.push(["connections", operation.connection]);
    }
    const logsIn = operation.kind === "login" && operation.again !== true;
    if ("session" in operation && !logsIn) needs.push(["sessions", operation.session]);
    if ("tree" in operation && operation.kind !== "tree") needs.push(["trees", operation.tree]);
    if ("file" in operation && operation.kind !== "create" && operation.file !== null) {
      needs.push(["files", operation.file]);
    }
    if (typeof ids?.tree === "string") needs.push(["trees", ids.tree]);
    for (const name of [ids?.session, operation.via]) {
      if (typeof name === "string") needs.push(["sessions", name]);
    }
    if (operation.kind === "login") {
      for (const name of [operation.previous, operation.bind]) {
        if (name !== undefined && !isOfOthers(name)) needs.push(["sessions", name]);
      }
    }
    if (operation.kind === "ioctl" && operation.resumeKey !== undefined) {
      needs.push(["files", operation.resumeKey]);
    }
    if (operation.kind === "create") {
      for (const context of operation.contexts ?? []) {
        if ("file" in context && !isOfOthers(context.file)) needs.push(["files", context.file]);
      }
    }
    return needs;
  }

  /** Sends an operation alone; null where there is nothing to wait for. */
  single(operation: Smb2Operation, blob: Data | null): Operation<unknown> | null {
    const { connections, sessions, trees } = this.#names;
    switch (operation.kind) {
      case "connect": {
        const made = connect(this.#state, connectOptions(operation));
        connections.make(operation.connection, made);
        return made;
      }
      case "login":
        return this.#login(operation);
      case "logoff": {
        const sent = this.#session(operation.session).logoff(this.#options(operation));
        sessions.end(operation.session);
        return sent;
      }
      case "tree":
        return this.#tree(operation);
      case "untree": {
        const sent = this.treeOf(operation.tree).disconnect(this.#options(operation));
        trees.end(operation.tree);
        return sent;
      }
      case "echo":
        return this.#required("connections", operation.connection).echo(this.#options(operation));
      case "cancel":
      case "break":
      case "disconnect":
        return null;
      default:
        return this.#onTree(operation, { on: null, blob });
    }
  }

  /** Ends a connection; resolves when the server has, too. */
  disconnect({ connection }: Smb2<"disconnect">): Promise<void> {
    const ended = this.#required("connections", connection).disconnect();
    this.#names.connections.end(connection);
    return ended;
  }

  /** Adds an operation to a compound; one that inherits its file uses that of the request before. */
  member(operation: OnTree, place: {
    readonly compound: Compound;
    /** The share that the compound is made of. */
    readonly tree: string;
    readonly inherits: boolean;
    readonly related: boolean | undefined;
    readonly blob: Data | null;
  }): Operation<unknown> {
    const { compound, tree, inherits, blob, related } = place;
    const named = operation.kind === "create" || operation.file === null ? null : operation.file;
    const receiver = named === null
      ? operation.tree === tree ? compound : compound.on(this.treeOf(operation.tree))
      : inherits
      ? compound
      : compound.on(this.#named(named, operation));
    const options = {
      ...related === undefined ? {} : { related },
    };
    return this.#onTree(operation, { on: receiver as Compound, blob, options });
  }

  /** The tree of that name. */
  treeOf(name: string): Tree {
    return this.#required("trees", name);
  }

  /** The open of that name; a file id that no open has where the rows never opened it. */
  fileOf(name: string, tree: string): File {
    const { files } = this.#names;
    const open = files.now(name);
    if (open !== undefined) return open;
    const unopened = this.treeOf(tree).unopened(name);
    files.set(name, unopened);
    return unopened;
  }

  /** The file of an operation; that of another connection lends its id. */
  #named(name: string, { tree, ids }: OnTree): File {
    const file = this.fileOf(name, tree);
    return ids?.file === true ? this.treeOf(tree).unopened(file) : file;
  }

  /** A session of this client, or what another client's login made. */
  #replaced(name: string): Session | undefined {
    return isOfOthers(name)
      ? this.#state.run.sharedBy(name.slice(1)) as Session | undefined
      : this.#session(name);
  }

  /** An open of this client, or what another client's operation made. */
  #reclaimed(name: string, tree: string): File | undefined {
    return isOfOthers(name)
      ? this.#state.run.sharedBy(name.slice(1)) as File | undefined
      : this.fileOf(name, tree);
  }

  #session(name: string): Session {
    return this.#required("sessions", name);
  }

  #required<K extends "connections" | "sessions" | "trees">(
    kind: K,
    name: string,
  ): NonNullable<ReturnType<RowNames[K]["now"]>> {
    const thing = this.#names[kind].now(name);
    if (thing === undefined) throw new ScriptError(`Cannot send: nothing made ${name} before`);
    return thing as NonNullable<ReturnType<RowNames[K]["now"]>>;
  }

  /** The channel that an operation takes, where it is not its session's own. */
  channelOf({ via }: Smb2Operation): { via?: Session } {
    return via === undefined ? {} : { via: this.#session(via) };
  }

  /** Header fields that a row states, and the status that it expects. */
  #options(operation: Smb2Operation): OperationOptions {
    const { status, header, ids } = operation;
    return {
      ...status === null
        ? { expect: UNANSWERED }
        : status === undefined || status === 0
        ? {}
        : { expect: status },
      ...header?.channelSequence === undefined ? {} : { channelSequence: header.channelSequence },
      ...header?.replay === true ? { replay: true } : {},
      ...header?.dfs === true ? { dfs: true } : {},
      ...this.channelOf(operation),
      ...ids === undefined ? {} : { raw: { header: this.#foreignIds(ids) } },
    };
  }

  #foreignIds(ids: NonNullable<Smb2Operation["ids"]>) {
    const { tree, session } = ids;
    return {
      ...tree === undefined
        ? {}
        : { treeId: tree === null ? UNKNOWN_TREE_ID : this.treeOf(tree).id },
      ...session === undefined
        ? {}
        : { sessionId: session === null ? UNKNOWN_SESSION_ID : this.#session(session).id },
    };
  }

  #login(operation: Smb2<"login">): Operation<unknown> {
    const { securityMode, capabilities, implied, user } = operation;
    const credentials = operation.mechanism === "anonymous"
      ? "anonymous"
      : operation.status === LOGON_FAILURE
      ? "wrong"
      : undefined;
    const options: LoginOptions = {
      ...this.#options(operation),
      ...typeof user === "string" && user !== "" ? { user } : {},
      ...credentials === undefined ? {} : { credentials },
      ...implied === true || securityMode === SIGNING_ENABLED ? {} : { securityMode },
      ...implied === true || capabilities === 0 ? {} : { capabilities },
      ...operation.previous === undefined ? {} : { previous: this.#replaced(operation.previous) },
      ...operation.shared === true ? { shared: true } : {},
      ...operation.bind === undefined ? {} : { bind: this.#session(operation.bind) },
      ...operation.signing === true && (securityMode & SIGNING_REQUIRED) === 0
        ? { signing: "required" }
        : {},
      ...operation.encryption === true ? { encryption: "required" } : {},
    };
    if (operation.again === true) return this.#session(operation.session).reauthenticate(options);
    const made = this.#required("connections", operation.connection).login(options);
    this.#names.sessions.make(operation.session, made);
    return made;
  }

  #tree(operation: Smb2<"tree">): Operation<unknown> {
    const share = operation.path.slice(operation.path.lastIndexOf("\\") + 1);
    const worked = operation.status === undefined || operation.status === 0;
    const made = this.#session(operation.session).tree(
      // A share that did not exist must not be mapped to one that does.
      worked ? this.#places.share(share) : share,
      {
        ...this.#options(operation),
        ...(operation.flags ?? 0) === 0 ? {} : { flags: operation.flags as number },
      },
    );
    this.#names.trees.make(operation.tree, made);
    return made;
  }

  #onTree(operation: OnTree, how: {
    /** The compound that it goes into; null where it goes alone. */
    readonly on: Compound | null;
    readonly blob: Data | null;
    readonly options?: OperationOptions;
  }): Operation<unknown> {
    const { on } = how;
    const options = how.options === undefined
      ? this.#options(operation)
      : { ...this.#options(operation), ...how.options };
    if (operation.kind === "create") {
      const made = (on ?? this.treeOf(operation.tree)).open(
        this.#places.path(operation.path),
        { ...options, ...this.#openOptions(operation) },
      );
      const { files } = this.#names;
      files.make(operation.file, made);
      // What is not open is worked on seldom, and is often never closed.
      made.then((file) => file.isOpen || files.end(operation.file), () => {});
      return made;
    }
    if (operation.kind === "ioctl" && operation.file === null) {
      return (on ?? this.treeOf(operation.tree)).ioctl(
        operation.code,
        this.#ioctlOptions(operation, options),
      );
    }
    const file = on ?? this.#named(operation.file as string, operation);
    switch (operation.kind) {
      case "close": {
        const attributes = ((operation.flags ?? 0) & POSTQUERY_ATTRIBUTES) !== 0;
        const sent = file.close({ ...options, attributes });
        this.#names.files.end(operation.file);
        return sent;
      }
      case "flush":
        return file.flush(options);
      case "read":
        return file.read(integer(operation.offset), operation.length, {
          ...options,
          minimumCount: operation.minimumCount ?? 0,
          flags: operation.flags ?? 0,
          remainingBytes: operation.remainingBytes ?? 0,
          padding: operation.padding ?? DEFAULT_PADDING,
          channel: operation.channel ?? 0,
        });
      case "write": {
        const { length, sha256, zeros } = operation.data;
        const bytes = how.blob ?? data(length, sha256 ?? `#${operation.id}`, zeros);
        return file.write(integer(operation.offset), bytes, {
          ...options,
          flags: operation.flags ?? 0,
          remainingBytes: operation.remainingBytes ?? 0,
          channel: operation.channel ?? 0,
        });
      }
      case "lock":
        return file.lock(
          operation.ranges.map((range) => ({
            offset: integer(range.offset),
            length: integer(range.length),
            kind: range.flags,
          })),
          { ...options, lockSequence: operation.lockSequence ?? 0 },
        );
      case "ioctl":
        return file.ioctl(operation.code, this.#ioctlOptions(operation, options));
      case "queryDirectory":
        return file.queryDirectory({
          ...options,
          class: operation.class,
          flags: operation.flags ?? 0,
          index: operation.index ?? 0,
          pattern: operation.pattern,
          outputLength: operation.outputLength,
        });
      case "changeNotify":
        return file.changes({
          ...options,
          flags: operation.flags ?? 0,
          filter: operation.filter,
          outputLength: operation.outputLength,
        });
      case "queryInfo":
        return file.queryInfo({
          ...options,
          type: operation.infoType,
          class: operation.class,
          additional: operation.additional ?? 0,
          flags: operation.flags ?? 0,
          outputLength: operation.outputLength,
          ...(operation.input ?? "") === "" ? {} : { input: bytesOf(operation.input as string) },
        });
      case "setInfo":
        return file.setInfo(
          renamedInput(operation, (path) => sharePath(this.#places.path(path))),
          {
            ...options,
            type: operation.infoType,
            class: operation.class,
            additional: operation.additional ?? 0,
          },
        );
    }
  }

  #ioctlOptions(operation: Smb2<"ioctl">, options: OperationOptions) {
    const { resumeKey, input = "" } = operation;
    const own = input === "" || operation.code === VALIDATE_NEGOTIATE_INFO;
    const bytes = own ? undefined : bytesOf(input);
    if (resumeKey !== undefined) bytes?.fill(0, 0, RESUME_KEY_LENGTH);
    return {
      ...options,
      ...bytes === undefined ? {} : { input: bytes },
      ...resumeKey === undefined ? {} : { resumeKey: this.fileOf(resumeKey, operation.tree) },
      maxInput: operation.maxInput ?? 0,
      maxOutput: operation.maxOutput,
      flags: operation.flags ?? 1,
    };
  }

  #openOptions(operation: Smb2<"create">): OpenOptions {
    const { contexts = [], onBreak } = operation;
    const lease = contexts.find((context) => context.kind === "RqLs");
    return {
      access: operation.access,
      share: operation.share ?? 7,
      disposition: operation.disposition ?? 1,
      options: operation.options ?? 0,
      attributes: operation.attributes ?? 0,
      oplock: operation.oplock ?? 0,
      impersonation: operation.impersonation ?? 2,
      securityFlags: operation.securityFlags ?? 0,
      ...lease === undefined ? {} : { lease: leaseOptions(lease) },
      ...contexts.length === 0
        ? {}
        : { contexts: contexts.map((context) => this.#context(context, operation.tree)) },
      ...onBreak === undefined ? {} : { onBreak: breakPolicy(onBreak) },
      ...sharePath(operation.path) === operation.path ? {} : { separators: "kept" },
      ...operation.shared === true ? { shared: true } : {},
    };
  }

  #context(context: RowContext, tree: string): CreateContext {
    switch (context.kind) {
      case "RqLs":
      case "DHnQ":
      case "QFid":
        return context.kind;
      case "MxAc":
        return context.timestamp === undefined
          ? "MxAc"
          : { kind: "MxAc", timestamp: BigInt(context.timestamp) };
      case "DHnC":
        return { kind: "DHnC", file: this.#reclaimed(context.file, tree) };
      case "DH2C":
        return {
          kind: "DH2C",
          file: this.#reclaimed(context.file, tree),
          flags: context.flags,
        };
      case "DH2Q":
      case "AppInstanceId":
        return context;
      case "AlSi":
        return { kind: "AlSi", allocationSize: BigInt(context.allocationSize) };
      case "TWrp":
        return { kind: "TWrp", timestamp: BigInt(context.timestamp) };
      case "ExtA":
      case "SecD":
      case "SVHDX":
        return { kind: context.kind, data: bytesOf(context.data) };
      case "AppInstanceVersion":
        return {
          kind: "AppInstanceVersion",
          high: BigInt(context.high),
          low: BigInt(context.low),
        };
      case "AAPL":
        return {
          kind: "AAPL",
          requestBitmap: BigInt(context.requestBitmap),
          clientCapabilities: BigInt(context.clientCapabilities),
        };
      case "raw":
        return { kind: "raw", name: bytesOf(context.name), data: bytesOf(context.data) };
    }
  }
}

type RowContext = NonNullable<Smb2<"create">["contexts"]>[number];

function connectOptions(operation: Smb2<"connect">): ConnectOptions {
  if (operation.implied === true) return {};
  const { dialects, securityMode, contexts = [], status, incomplete } = operation;
  return {
    ...operation.smb1 === true ? { smb1: true } : {},
    ...dialects.length === 0 ? {} : { dialects },
    ...securityMode === SIGNING_ENABLED ? {} : { securityMode },
    capabilities: operation.capabilities,
    ...dialects.includes(WITH_CONTEXTS) && (contexts.length > 0 || incomplete === undefined)
      ? { contexts: contexts.map(negotiateContext) }
      : {},
    ...status === null ? { expect: UNANSWERED } : status === undefined ? {} : { expect: status },
  };
}

function negotiateContext(
  context: NonNullable<Smb2<"connect">["contexts"]>[number],
): NegotiateContextOption {
  switch (context.kind) {
    case "netname":
      // The captured server's name; the target's own is sent.
      return { kind: "netname" };
    case "raw":
      return { kind: "raw", type: context.type, data: bytesOf(context.data) };
    default:
      return context;
  }
}

function leaseOptions(lease: Extract<RowContext, { kind: "RqLs" }>): LeaseOptions {
  return {
    state: lease.state,
    key: lease.key,
    version: lease.version,
    flags: lease.flags,
    ...lease.parent === undefined ? {} : { parent: lease.parent },
    ...lease.epoch === undefined ? {} : { epoch: lease.epoch },
  };
}

function breakPolicy(policy: NonNullable<Smb2<"create">["onBreak"]>) {
  if (policy === "withhold") return policy;
  return {
    ...policy.delay === undefined ? {} : { delay: policy.delay },
    ...policy.to === undefined ? {} : { to: policy.to },
  };
}

/** Offsets beyond what a number holds exactly are bigint. */
function integer(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

function bytesOf(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(digits);
}

/** Whether a name is that of what another client's operation made. */
function isOfOthers(name: string): boolean {
  return name.startsWith("@");
}

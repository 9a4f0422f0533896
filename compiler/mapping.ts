/**
 * Other names in a plan: servers, shares, users, domains and paths, wherever its operations name them. Who gives the
 * names (a user's map, or pseudonyms) is not known here.
 */
import {
  FSCTL_DFS_GET_REFERRALS,
  FSCTL_DFS_GET_REFERRALS_EX,
  FSCTL_PIPE_WAIT,
  FSCTL_SET_REPARSE_POINT,
  type Rename,
  renameInDfsRequest,
  renameInDfsRequestEx,
  renameInPipeWait,
  renameInReparsePoint,
  renameInTarget,
} from "./name_bodies.ts";
import { type Place, Places, plainPath, treeNames } from "./places.ts";
import type {
  ConnectOperation,
  CreateOperation,
  IoctlOperation,
  PlanClient,
  PlanOperation,
  QueryDirectoryOperation,
  SetInfoOperation,
} from "./plan.ts";
import type { PlanSource } from "./plan_source.ts";

/** Gives other names; what has none keeps its own. */
export interface Names {
  /** Host name or address, without port. */
  readonly server: Rename;
  readonly share: Rename;
  readonly user: Rename;
  readonly domain: Rename;
  /** Path below a share. */
  readonly path: Rename;
  /** Name of a pipe. */
  readonly pipe?: Rename;
  /** Pattern of a QUERY_DIRECTORY. */
  readonly pattern?: Rename;
  /** Where a link leads that names no server; what `path` says of the place unless given. */
  readonly link?: Rename;
}

/** A plan with other names. */
export function mapped(plan: PlanSource, names: Names): PlanSource {
  return {
    source: plan.source,
    count: plan.count,
    clients: plan.clients.map((client) => mappedClient(client, names)),
    *operations() {
      const mapping = new Mapping(names);
      for (const operation of plan.operations()) yield mapping.operation(operation);
    },
  };
}

function mappedClient(client: PlanClient, names: Names): PlanClient {
  return { ...client, users: client.users.map((user) => names.user(user)) };
}

/** Replaces the names of operations, in their order. */
export class Mapping {
  readonly #names: Names;
  readonly #places = new Places();

  constructor(names: Names) {
    this.#names = names;
  }

  /** The operation with other names. */
  operation(operation: PlanOperation): PlanOperation {
    const place = this.#places.of(operation);
    switch (operation.kind) {
      case "connect":
        return this.#connect(operation);
      case "login": {
        const { user, domain } = operation;
        return {
          ...operation,
          user: user === null ? null : this.#names.user(user),
          domain: domain === null ? null : this.#names.domain(domain),
        };
      }
      case "tree":
        return { ...operation, path: this.#unc(operation.path) };
      case "create":
        return { ...operation, path: this.#createPath(operation, place) };
      case "queryDirectory":
        return this.#queryDirectory(operation, place);
      case "setInfo":
        return this.#setInfo(operation, place);
      case "ioctl":
        return this.#ioctl(operation, place);
      default:
        return operation;
    }
  }

  #connect(operation: ConnectOperation): ConnectOperation {
    const { server, contexts } = operation;
    const at = server.lastIndexOf(":");
    return {
      ...operation,
      server: `${this.#names.server(server.slice(0, at))}${server.slice(at)}`,
      contexts: contexts.map((context) =>
        context.kind === "netname"
          ? { ...context, netName: this.#names.server(context.netName) }
          : context
      ),
    };
  }

  /** `\\host\share`, or `\host\share\path` as DFS has it. */
  #unc(text: string): string {
    let index = 0;
    const rest: string[] = [];
    const head = text.replace(/[^\\/]+/g, (name) => {
      index++;
      if (index === 1) return this.#names.server(name);
      if (index === 2) return this.#names.share(name);
      rest.push(name);
      return name;
    });
    if (rest.length === 0) return head;
    const path = rest.join("\\");
    return `${head.slice(0, head.length - path.length)}${this.#names.path(path)}`;
  }

  /** A path below a share; one that nothing changes stays as it was written. */
  #below(place: Place): Rename {
    if (place.share?.toUpperCase() === "IPC$") return this.#names.pipe ?? ((name) => name);
    return (path) => {
      const plain = plainPath(path);
      const renamed = this.#names.path(plain);
      return renamed === plain ? path : path.replace(plain, () => renamed);
    };
  }

  #createPath(operation: CreateOperation, place: Place): string {
    const { path, header } = operation;
    const { host, share } = treeNames(path);
    // With SMB2_FLAGS_DFS_OPERATIONS the path begins with server and share (MS-SMB2 2.2.13).
    const isDfs = header?.dfs === true && host !== "" &&
      share.toLowerCase().split("\\")[0] === place.share?.toLowerCase();
    return isDfs ? this.#unc(path) : this.#below(place)(path);
  }

  #queryDirectory(operation: QueryDirectoryOperation, place: Place): QueryDirectoryOperation {
    const { pattern, entries } = operation;
    const folder = place.path ?? "";
    const below = this.#below(place);
    const own = folder === "" ? "" : below(folder).toLowerCase();
    return {
      ...operation,
      pattern: this.#names.pattern?.(pattern) ?? pattern,
      ...(entries === undefined ? {} : {
        entries: entries.flatMap((entry) => {
          const path = below(folder === "" ? entry.name : `${folder}\\${entry.name}`);
          const end = path.lastIndexOf("\\");
          // What goes to another folder is no longer listed in this one.
          if (path.slice(0, Math.max(0, end)).toLowerCase() !== own) return [];
          return [{ ...entry, name: path.slice(end + 1) }];
        }),
      }),
    };
  }

  #setInfo(operation: SetInfoOperation, place: Place): SetInfoOperation {
    if (operation.infoType !== 1 || !NAMING.has(operation.class)) return operation;
    const below = this.#below(place);
    // A stream is renamed to a name that begins with a colon.
    const rename: Rename = (name) =>
      name.startsWith(":") ? streamOf(below(`${place.path ?? ""}${name}`)) : below(name);
    return { ...operation, input: renameInTarget(operation.input, rename) };
  }

  #ioctl(operation: IoctlOperation, place: Place): IoctlOperation {
    const { code, input } = operation;
    const unc: Rename = (path) => this.#unc(path);
    switch (code) {
      case FSCTL_DFS_GET_REFERRALS:
        return { ...operation, input: renameInDfsRequest(input, unc) };
      case FSCTL_DFS_GET_REFERRALS_EX:
        return { ...operation, input: renameInDfsRequestEx(input, unc) };
      case FSCTL_PIPE_WAIT:
        return {
          ...operation,
          input: renameInPipeWait(input, this.#names.pipe ?? ((name) => name)),
        };
      case FSCTL_SET_REPARSE_POINT: {
        const link: Rename = (target) => this.#linkTarget(target, place);
        return { ...operation, input: renameInReparsePoint(input, link) ?? input };
      }
      default:
        return operation;
    }
  }

  /** What a link leads to: a share's path by its full name, or a path from the link's own folder. */
  #linkTarget(target: string, place: Place): string {
    const full = /^(\\\?\?\\UNC\\|\\\\)(?=[^\\?])/i.exec(target)?.[0];
    if (full !== undefined) return full + this.#unc(target.slice(full.length));
    if (this.#names.link !== undefined) return this.#names.link(target);
    if (/^[\\/]|^\w:/.test(target) || place.path === null) return target;
    const folder = parentOf(place.path);
    const renamed = this.#names.path(resolved(folder, target));
    const from = parentOf(this.#names.path(place.path));
    return renamed === resolved(folder, target) && from === folder
      ? target
      : relative(from, renamed);
  }
}

/** FileRenameInformation, FileLinkInformation, and their extended forms (MS-FSCC 2.4). */
const NAMING: ReadonlySet<number> = new Set([10, 11, 65, 72]);

function streamOf(path: string): string {
  return path.slice(path.indexOf(":", path.lastIndexOf("\\") + 1));
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("\\"), 0));
}

function resolved(folder: string, target: string): string {
  const names = folder.split("\\");
  for (const name of target.split(/[\\/]/)) {
    if (name === "..") names.pop();
    else if (name !== "." && name !== "") names.push(name);
  }
  return names.filter((name) => name !== "").join("\\");
}

function relative(folder: string, path: string): string {
  const from = folder.split("\\").filter((name) => name !== "");
  const to = path.split("\\");
  let same = 0;
  while (same < from.length && same < to.length - 1 && from[same] === to[same]) same++;
  return [...from.slice(same).map(() => ".."), ...to.slice(same)].join("\\");
}

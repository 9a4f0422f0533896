/** What a script declares as parameters: users and folders of the capture, and sizes of what is read and written in a row. */
import type { PlanOperation } from "../plan.ts";
import { memberLine, object, quoted, WIDTH, widthOf } from "./code.ts";
import type { SizeParameter } from "./module.ts";
import { identifier, wordsOf } from "./naming.ts";

/** More users or folders are not what somebody would give one by one. */
const MOST_USERS = 8;
const MOST_FOLDERS = 4;

/** A parameter for a name of the capture. */
export interface NameParameter {
  readonly name: string;
  readonly captured: string;
}

/** Parameters of a script. */
export interface Parameters {
  readonly users: readonly NameParameter[];
  readonly folders: readonly NameParameter[];
  readonly sizes: readonly SizeParameter[];
}

/** Names that `p` has already. */
const TAKEN = ["share", "path"];

/** The parameters of operations; those of sizes are known. */
export function parametersOf(
  operations: Iterable<PlanOperation>,
  sizes: readonly SizeParameter[],
): Parameters {
  const users = new Map<string, string>();
  const pipes = new Set<string>();
  const paths = new Map<string, readonly string[]>();
  for (const operation of operations) {
    if (operation.kind === "login" && (operation.user ?? "") !== "" && operation.status === 0) {
      const user = operation.user!;
      if (!users.has(user.toLowerCase())) users.set(user.toLowerCase(), user);
    } else if (operation.kind === "tree") {
      const key = `${operation.client} ${operation.tree}`;
      if (/\\IPC\$$/i.test(operation.path)) pipes.add(key);
      else pipes.delete(key);
    } else if (
      operation.kind === "create" && operation.granted !== null &&
      !pipes.has(`${operation.client} ${operation.tree}`) &&
      paths.size < MOST_PATHS
    ) {
      paths.set(operation.path.toLowerCase(), operation.path.split("\\"));
    }
  }
  const taken = new Set([...TAKEN, ...sizes.map(({ name }) => name)]);
  const fresh = (wanted: string): string => {
    let name = wanted;
    for (let number = 2; taken.has(name); number++) name = `${wanted}${number}`;
    taken.add(name);
    return name;
  };
  const one = users.size === 1;
  return {
    users: users.size > MOST_USERS ? [] : [...users.values()].map((captured) => ({
      name: fresh(one ? "user" : identifier(wordsOf(captured)) ?? "user"),
      captured,
    })),
    folders: foldersOf([...paths.values()]).map((captured) => ({
      name: fresh(
        `${identifier(wordsOf(captured.slice(captured.lastIndexOf("\\") + 1))) ?? ""}Folder`,
      ),
      captured,
    })),
    sizes,
  };
}

/** Paths that are looked at. */
const MOST_PATHS = 10_000;

/** The folders in which all is done that is not done in the root; none where they are many. */
function foldersOf(paths: readonly (readonly string[])[]): string[] {
  const directories = new Set<string>();
  for (const path of paths) {
    for (let length = 1; length < path.length; length++) {
      directories.add(path.slice(0, length).join("\\").toLowerCase());
    }
  }
  const common = new Map<string, readonly string[]>();
  for (const path of paths) {
    const isDirectory = directories.has(path.join("\\").toLowerCase());
    const folder = isDirectory ? path : path.slice(0, -1);
    const [top] = folder;
    if (top === undefined || folder.some((part) => !isPlain(part))) continue;
    const known = common.get(top.toLowerCase()) ?? folder;
    let same = 0;
    while (known[same]?.toLowerCase() === folder[same]?.toLowerCase() && same < known.length) {
      same++;
    }
    common.set(top.toLowerCase(), known.slice(0, same));
  }
  return common.size > MOST_FOLDERS ? [] : [...common.values()].map((parts) => parts.join("\\"));
}

function isPlain(part: string): boolean {
  return part !== "" && part !== "." && part !== ".." && !/[*?:/<>"|\p{Cc}]/u.test(part);
}

/** Whether a script declares any. */
export function hasParameters({ users, folders, sizes }: Parameters): boolean {
  return users.length + folders.length + sizes.length > 0;
}

/** The declaration of `params`. */
export function paramsLines(parameters: Parameters): string[] {
  if (!hasParameters(parameters)) return [];
  const { users, folders, sizes } = parameters;
  return [
    "/** `smbench run --set name=value`; the pace is told by --speed, --causal and --max-idle. */",
    "const params = z.object({",
    ...users.flatMap(({ name, captured }) => textLines(name, captured, "account of --users-csv")),
    ...folders.flatMap(({ name, captured }) => textLines(name, captured, "place of that folder")),
    ...sizes.flatMap(({ name, kind, size }) => {
      const type = `number().int().min(1).default(${size})`;
      return lines(name, type, `bytes of each ${kind.toUpperCase()} in a row`);
    }),
    "});",
    "",
  ];
}

function textLines(name: string, captured: string, about: string): string[] {
  const type = `string().default(${quoted(captured)})`;
  if (widthOf(`  ${name}: z.${type}`) <= WIDTH) return lines(name, type, about);
  return [
    `  ${name}: z.string().default(`,
    `    ${quoted(captured)},`,
    "  )",
    `    .describe(${quoted(about)}),`,
  ];
}

function lines(name: string, type: string, about: string): string[] {
  const described = `.describe(${quoted(about)}),`;
  const start = `  ${name}: z.${type}`;
  return widthOf(start) + described.length <= WIDTH
    ? [start + described]
    : [start, `    ${described}`];
}

/** The members of the replay's options that tell what they stand for. */
export function paramsMembers(parameters: Parameters): string[] {
  if (!hasParameters(parameters)) return [];
  const member = (name: string, list: readonly NameParameter[]) => {
    const names = object(
      Object.fromEntries(list.map(({ name, captured }) => [name, quoted(captured)])),
    );
    return names === undefined ? [] : [memberLine("  ", name, names)];
  };
  return [
    "  params,",
    ...member("users", parameters.users),
    ...member("folders", parameters.folders),
  ];
}

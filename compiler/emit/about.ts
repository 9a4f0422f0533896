/** What nodes are about, in words: names of functions and tables, and the comments above them. */
import type { Block, FunctionShape, Loop, Node } from "../fold_shape.ts";
import type { PlanOperation } from "../plan.ts";
import { comment } from "./code.ts";
import { capital, fingerprint, identifier, nounOf, plural, wordsOf } from "./naming.ts";
import { verbOf } from "./verbs.ts";

/** More commands are not listed. */
const MOST_COMMANDS = 10;

/** All operations of nodes. */
function operationsOf(nodes: readonly Node[]): PlanOperation[] {
  return nodes.flatMap((node): readonly PlanOperation[] => {
    if (node.kind === "step") return node.does;
    if (node.kind === "function") return operationsOf(node.block.nodes);
    return node.blocks.flatMap((block) => operationsOf(block.nodes));
  });
}

function pathsOf(operations: readonly PlanOperation[]): string[] {
  return operations.flatMap((operation) => operation.kind === "create" ? [operation.path] : []);
}

/** What a table is called: by what its rows are for. */
export function tableName({ blocks }: Loop): string {
  const operations = blocks.flatMap(({ nodes }) => operationsOf(nodes));
  const paths = pathsOf(operations);
  const verb = verbOf(operations);
  return paths.length === 0
    ? plural(verb)
    : `${plural(nounOfAll(operations, paths))}To${capital(verb)}`;
}

/** What a function is called: by what it does. */
export function functionName({ blocks }: FunctionShape): string {
  const own = operationsOf(blocks[0]!.nodes);
  const verb = verbOf(own);
  if (own[0]?.kind === "connect") {
    return own.some(({ kind }) => kind === "create") ? "work" : "logOn";
  }
  const all = blocks.flatMap(({ nodes }) => operationsOf(nodes));
  const noun = nounOfAll(all, pathsOf(all));
  // A loop alone works on many.
  const [node, ...more] = blocks[0]!.nodes;
  const isLoop = more.length === 0 && node?.kind === "loop";
  return `${verb}${capital(isLoop ? plural(noun) : noun)}`;
}

/** What the paths name: folders, where nothing else is opened; files of a folder, where all are in one. */
function nounOfAll(operations: readonly PlanOperation[], paths: readonly string[]): string {
  const noun = nounOf(paths);
  if (noun !== "file") return noun;
  const listed = new Set(
    operations.flatMap((operation) =>
      operation.kind === "queryDirectory" || operation.kind === "changeNotify"
        ? [`${operation.client} ${operation.file}`]
        : []
    ),
  );
  const isFolders = operations.every((operation) =>
    operation.kind !== "create" || (operation.options & DIRECTORY_FILE) !== 0 ||
    ((operation.granted?.attributes ?? 0) & DIRECTORY) !== 0 ||
    listed.has(`${operation.client} ${operation.file}`)
  );
  if (isFolders) return "folder";
  const [folder, ...others] = new Set(paths.map(folderOf));
  const word = folder === undefined || others.length > 0 || paths.length < 2
    ? null
    : identifier(wordsOf(folder.slice(folder.lastIndexOf("\\") + 1)));
  return word === null || word.startsWith("file") ? noun : `${word}File`;
}

const DIRECTORY_FILE = 0x01;
const DIRECTORY = 0x10;

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("\\")));
}

/** More paths have nothing in common that could be told. */
const MOST_PATHS = 3;

/** What paths have in common; some few alone. */
function patternOf(paths: readonly string[]): string {
  const pattern = fingerprint(paths);
  if (pattern.replaceAll(/[*.\\]/g, "") !== "") return pattern;
  const different = [...new Set(paths)].map((path) => path === "" ? "the root" : path);
  return different.length <= MOST_PATHS ? different.join(", ") : `${different.length} paths`;
}

/** What calls of a function have in common: on what, and the requests. */
export function aboutText(blocks: readonly Block[]): string {
  const paths = blocks.flatMap(({ nodes }) => pathsOf(operationsOf(nodes)));
  const commands = onceThrough(blocks[0]!.nodes).map(commandOf);
  const told: string[] = [];
  for (const command of commands) {
    if (told.at(-1) !== command) told.push(command);
  }
  const pattern = paths.length === 0 ? "" : `${patternOf(paths)}: `;
  const shown = told.length <= MOST_COMMANDS
    ? told.join(", ")
    : `${commands.length} requests, from ${told[0]} to ${told.at(-1)}`;
  return comment(`${pattern}${shown}`);
}

/** What a function does, each loop of it once. */
function onceThrough(nodes: readonly Node[]): PlanOperation[] {
  return nodes.flatMap((node) =>
    node.kind === "loop" ? onceThrough(node.blocks[0]!.nodes) : operationsOf([node])
  );
}

function commandOf({ kind }: PlanOperation): string {
  switch (kind) {
    case "connect":
      return "NEGOTIATE";
    case "login":
      return "SESSION_SETUP";
    case "tree":
      return "TREE_CONNECT";
    case "untree":
      return "TREE_DISCONNECT";
    default:
      return kind.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  }
}

/** What nodes are about, in words: names of functions and tables, and the comments above them. */
import type { Block, FunctionShape, Loop, Node } from "../fold_shape.ts";
import type { PlanOperation } from "../plan.ts";
import { comment } from "./code.ts";
import { capital, fingerprint, nounOf, plural } from "./naming.ts";
import { verbOf } from "./verbs.ts";

/** More commands are not listed. */
const MOST_COMMANDS = 12;

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
  const paths = blocks.flatMap(({ nodes }) => pathsOf(operationsOf(nodes)));
  return `${verb}${capital(nounOfAll(own, paths))}`;
}

/** What the paths name: folders, where nothing else is opened. */
function nounOfAll(operations: readonly PlanOperation[], paths: readonly string[]): string {
  const noun = nounOf(paths);
  const isFolders = noun === "file" &&
    operations.every((operation) =>
      operation.kind !== "create" || (operation.options & DIRECTORY_FILE) !== 0
    );
  return isFolders ? "folder" : noun;
}

const DIRECTORY_FILE = 0x01;

/** What calls of a function have in common: on what, and the requests. */
export function aboutText(blocks: readonly Block[]): string {
  const paths = blocks.flatMap(({ nodes }) => pathsOf(operationsOf(nodes)));
  const commands = operationsOf(blocks[0]!.nodes).map(commandOf);
  const told: string[] = [];
  for (const command of commands) {
    if (told.at(-1) !== command) told.push(command);
  }
  const pattern = paths.length === 0 ? "" : `${fingerprint(paths)}: `;
  const shown = told.length <= MOST_COMMANDS ? told : [...told.slice(0, MOST_COMMANDS), "..."];
  return comment(`${pattern}${shown.join(", ")}`);
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

/** What was done, in a word: for names of functions, tables and requests under way. */
import type { PlanOperation, SetInfoOperation } from "../plan.ts";

const FILE_RENAME = 10;
const FILE_DISPOSITION = 13;
const FILE_DISPOSITION_EX = 64;
const FILE_RENAME_EX = 65;
const FILE_END_OF_FILE = 20;
const DIRECTORY_FILE = 0x01;
const FILE_OPEN = 1;
const DELETE_ON_CLOSE = 0x1000;
const FSCTL_PIPE_TRANSCEIVE = 0x0011c017;
const COPY_CHUNKS: readonly number[] = [0x001440f2, 0x001480f2];

/** Of several, the first of these says best what was done. */
const TELLING = [
  "logOn",
  "copy",
  "rename",
  "delete",
  "write",
  "truncate",
  "read",
  "list",
  "watch",
  "call",
  "lock",
  "unlock",
  "set",
  "make",
  "create",
  "query",
  "control",
  "flush",
  "echo",
  "open",
  "close",
  "connect",
  "disconnect",
  "logOff",
  "cancel",
];

/** The word that says best what the operations did. */
export function verbOf(operations: readonly PlanOperation[]): string {
  let best = TELLING.length;
  for (const operation of operations) {
    const rank = TELLING.indexOf(verb(operation));
    if (rank >= 0 && rank < best) best = rank;
  }
  return TELLING[best] ?? "do";
}

/** What the moment of an operation is called. */
export function momentName(operation: PlanOperation): string {
  if (operation.kind === "create") return "open";
  const word = verb(operation);
  return word === "delete" ? "remove" : word === "" ? "moment" : word;
}

function verb(operation: PlanOperation): string {
  switch (operation.kind) {
    case "connect":
    case "tree":
      return "connect";
    case "login":
      return "logOn";
    case "logoff":
      return "logOff";
    case "untree":
    case "disconnect":
      return "disconnect";
    case "create":
      if ((operation.options & DELETE_ON_CLOSE) !== 0) return "delete";
      if (operation.disposition === FILE_OPEN) return "open";
      return (operation.options & DIRECTORY_FILE) !== 0 ? "make" : "create";
    case "queryDirectory":
      return "list";
    case "changeNotify":
      return "watch";
    case "queryInfo":
      return "query";
    case "setInfo":
      return setVerb(operation);
    case "ioctl":
      if (operation.code === FSCTL_PIPE_TRANSCEIVE) return "call";
      return COPY_CHUNKS.includes(operation.code) ? "copy" : "control";
    case "lock":
      return operation.ranges.every(({ flags }) => (flags & 0x04) !== 0) ? "unlock" : "lock";
    case "break":
      return "";
    default:
      return operation.kind;
  }
}

function setVerb({ infoType, class: number }: SetInfoOperation): string {
  if (infoType !== 1) return "set";
  if (number === FILE_RENAME || number === FILE_RENAME_EX) return "rename";
  if (number === FILE_DISPOSITION || number === FILE_DISPOSITION_EX) return "delete";
  return number === FILE_END_OF_FILE ? "truncate" : "set";
}

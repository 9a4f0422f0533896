/** The SMB2 command that each kind of operation is. */
import type { PlanOperation } from "./plan.ts";

const COMMANDS: Readonly<Record<PlanOperation["kind"], string>> = {
  connect: "NEGOTIATE",
  login: "SESSION_SETUP",
  logoff: "LOGOFF",
  tree: "TREE_CONNECT",
  untree: "TREE_DISCONNECT",
  create: "CREATE",
  close: "CLOSE",
  flush: "FLUSH",
  read: "READ",
  write: "WRITE",
  lock: "LOCK",
  ioctl: "IOCTL",
  queryDirectory: "QUERY_DIRECTORY",
  changeNotify: "CHANGE_NOTIFY",
  queryInfo: "QUERY_INFO",
  setInfo: "SET_INFO",
  echo: "ECHO",
  cancel: "CANCEL",
  break: "OPLOCK_BREAK",
  disconnect: "DISCONNECT",
};

/** The command's name; `DISCONNECT` for the end of a connection, which is none. */
export function commandOf({ kind }: Pick<PlanOperation, "kind">): string {
  return COMMANDS[kind];
}

/** Names of all commands that operations may have. */
export const COMMAND_NAMES: readonly string[] = Object.values(COMMANDS);

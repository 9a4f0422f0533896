/**
 * The one table of handlers.
 *
 * @module
 */

import type { CommandName, RequestBodies } from "../wire/mod.ts";
import { Status } from "../wire/mod.ts";
import { handleOplockBreak } from "./breaks.ts";
import { handleClose } from "./close.ts";
import { handleCreate } from "./create.ts";
import { Refusal } from "./errors.ts";
import { handleQueryDirectory } from "./directory.ts";
import { handleFlush, handleRead, handleWrite } from "./io.ts";
import { handleIoctl } from "./ioctl.ts";
import { handleLock } from "./lock.ts";
import { handleNegotiate } from "./negotiate.ts";
import { handleChangeNotify } from "./notify.ts";
import { handleQueryInfo } from "./query_info.ts";
import { handleLogoff, handleSessionSetup } from "./session_setup.ts";
import { handleSetInfo } from "./set_info.ts";
import { handleTreeConnect, handleTreeDisconnect } from "./tree.ts";
import { type Handler, type Outcome, reply, type Work } from "./work.ts";

const HANDLERS: { readonly [C in CommandName]: Handler<C> } = {
  NEGOTIATE: handleNegotiate,
  SESSION_SETUP: handleSessionSetup,
  LOGOFF: handleLogoff,
  TREE_CONNECT: handleTreeConnect,
  TREE_DISCONNECT: handleTreeDisconnect,
  CREATE: handleCreate,
  CLOSE: handleClose,
  FLUSH: handleFlush,
  READ: handleRead,
  WRITE: handleWrite,
  LOCK: handleLock,
  IOCTL: handleIoctl,
  // CANCEL never gets here: it has no answer, and the connection deals with it.
  CANCEL: () => {
    throw new Refusal(Status.INVALID_PARAMETER);
  },
  ECHO: () => reply({ reserved: 0 }),
  QUERY_DIRECTORY: handleQueryDirectory,
  CHANGE_NOTIFY: handleChangeNotify,
  QUERY_INFO: handleQueryInfo,
  SET_INFO: handleSetInfo,
  OPLOCK_BREAK: handleOplockBreak,
};

/**
 * Hands a request to its handler.
 *
 * @param work The request.
 * @param command Its command.
 * @param body Its body.
 * @returns The answer, or null when it comes later.
 */
export function dispatch<C extends CommandName>(
  work: Work,
  command: C,
  body: RequestBodies[C],
): Outcome {
  const handler: Handler<C> = HANDLERS[command];
  return handler(work, body);
}

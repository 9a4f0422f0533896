/** Requests that are sent again because their connection was lost (MS-SMB2 3.2.4.1, 3.2.7.1, 3.3.5.2.10). */
import { type FileId, fileIdText, HeaderFlags, type RequestBodies } from "../wire/mod.ts";
import type { RequestInput } from "./exchange.ts";
import { Dialect } from "./negotiation.ts";
import type { SessionState, TreeState } from "./sessions.ts";

/** Where a request goes the second time. */
export interface ReplayTarget {
  readonly session: SessionState;
  readonly tree: TreeState | null;
  readonly dialect: number;
  /** Of an open that was established again: its file id before and now. */
  readonly fileId?: { readonly from: FileId; readonly to: FileId };
}

/** What the server has to know as a repetition: it changes something (MS-SMB2 3.3.5.2.10). */
const MARKED: ReadonlySet<string> = new Set(["WRITE", "SET_INFO", "IOCTL", "CREATE"]);

/** Requests that end or set up what they speak of; a second one would mean something else. */
const NEVER: ReadonlySet<string> = new Set(["NEGOTIATE", "SESSION_SETUP", "LOGOFF", "CANCEL"]);

/** Whether a request may be sent a second time. A CREATE is known again by its CreateGuid alone (MS-SMB2 3.2.7.1). */
export function isReplayable(input: RequestInput): boolean {
  if (NEVER.has(input.command)) return false;
  if (input.command !== "CREATE") return true;
  const { contexts } = input.body as RequestBodies["CREATE"];
  return contexts.some((context) => context.kind === "DH2Q");
}

/** The request as it is sent again. */
export function replayOf(input: RequestInput, target: ReplayTarget): RequestInput {
  const marked = target.dialect >= Dialect.SMB_3_0 && MARKED.has(input.command);
  const flags = (input.flags ?? 0) | (marked ? HeaderFlags.REPLAY_OPERATION : 0);
  return {
    ...input,
    ...(flags === 0 ? {} : { flags }),
    body: movedBody(input.body, target.fileId),
    session: target.session,
    tree: target.tree,
  };
}

function movedBody(
  body: RequestInput["body"],
  moved: ReplayTarget["fileId"],
): RequestInput["body"] {
  if (moved === undefined || !("fileId" in body)) return body;
  return fileIdText(body.fileId) === fileIdText(moved.from)
    ? { ...body, fileId: moved.to } as RequestInput["body"]
    : body;
}

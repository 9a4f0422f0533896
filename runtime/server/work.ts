/**
 * One request on its way to an answer, and what handlers say about it.
 *
 * @module
 */

import type { CommandName, Header, RequestBodies, ResponseBodies } from "../wire/mod.ts";
import { Status } from "../wire/mod.ts";
import type { Chain, Connection } from "./connection.ts";
import { Refusal } from "./errors.ts";
import type { Server } from "./server.ts";
import type { Open, OpenedFile, Session, TreeConnect } from "./state.ts";

/** An answer. */
export interface Reply {
  /** NTSTATUS. */
  readonly status: number;
  /** The command's own body; undefined for an ERROR body. */
  readonly body?: ResponseBodies[Exclude<CommandName, "CANCEL">];
  /** ErrorData of an ERROR body. */
  readonly errorData?: Uint8Array;
  /** Whether to sign even though nothing else demands it. */
  readonly sign?: boolean;
  /** Called with the encoded message, after signing. */
  readonly encoded?: (bytes: Uint8Array) => void;
}

/** What a handler gives: an answer, or null when it will come later through `Server.complete`. */
export type Outcome = Reply | null;

/** One request. */
export class Work {
  readonly server: Server;
  readonly connection: Connection;
  readonly header: Header;
  readonly command: CommandName;
  /** The chain that it is part of. */
  readonly chain: Chain;
  /** Milliseconds since 1970 when it was taken up. */
  now: number;
  /** The request as it was received. */
  readonly bytes: Uint8Array;
  session: Session | undefined;
  tree: TreeConnect | undefined;
  /** Ids of the answer; a SESSION_SETUP and a TREE_CONNECT change them. */
  sessionId: bigint;
  treeId: number;
  /** Set while the answer is to come later. */
  asyncId: bigint | undefined;
  /** Withdraws what waits: gives the answer, or null when it is too late. */
  cancel: (() => Reply | null) | undefined;

  constructor(fields: {
    readonly server: Server;
    readonly connection: Connection;
    readonly header: Header;
    readonly command: CommandName;
    readonly chain: Chain;
    readonly bytes: Uint8Array;
    readonly now: number;
  }) {
    this.server = fields.server;
    this.connection = fields.connection;
    this.header = fields.header;
    this.command = fields.command;
    this.chain = fields.chain;
    this.bytes = fields.bytes;
    this.now = fields.now;
    this.sessionId = fields.header.sessionId;
    this.treeId = fields.header.treeId;
  }

  /** The session, which the dispatcher has verified for every command that needs one. */
  get validSession(): Session {
    if (this.session === undefined) throw new Refusal(Status.USER_SESSION_DELETED);
    return this.session;
  }

  /** The tree connect, which the dispatcher has verified for every command that needs one. */
  get validTree(): TreeConnect {
    if (this.tree === undefined) throw new Refusal(Status.NETWORK_NAME_DELETED);
    return this.tree;
  }

  /**
   * Finds the open that a request names (MS-SMB2 3.3.5.x); in a related chain, the one before.
   *
   * @param fileId As the request has it.
   * @returns The open.
   */
  open(fileId: { readonly persistent: bigint; readonly volatile: bigint }): Open {
    const id = this.chain.fileIdFor(this, fileId);
    const open = this.validSession.opens.get(id.volatile);
    if (open === undefined || open.fileId.persistent !== id.persistent) {
      throw new Refusal(Status.FILE_CLOSED);
    }
    // MS-SMB2 3.3.5.2.11: the open must belong to the tree connect of the request.
    if (open.tree !== this.tree) throw new Refusal(Status.FILE_CLOSED);
    // MS-SMB2 3.3.5.21, 3.3.5.22.1: a client that uses an open has had the answer to its CREATE.
    this.server.durables.forgetReplay(open);
    return open;
  }

  /**
   * The same for a command that works on files and directories only.
   *
   * @param fileId As the request has it.
   * @returns The open.
   */
  openFile(fileId: { readonly persistent: bigint; readonly volatile: bigint }): OpenedFile {
    const open = this.open(fileId);
    if (open.file === undefined) throw new Refusal(Status.INVALID_DEVICE_REQUEST);
    return open as OpenedFile;
  }
}

/** A handler of one command. */
export type Handler<C extends CommandName> = (work: Work, body: RequestBodies[C]) => Outcome;

/**
 * An answer with the command's own body.
 *
 * @param body The body.
 * @param status NTSTATUS; SUCCESS unless given.
 * @returns The answer.
 */
export function reply(
  body: ResponseBodies[Exclude<CommandName, "CANCEL">],
  status: number = Status.SUCCESS,
): Reply {
  return { status, body };
}

/**
 * An answer that is an error.
 *
 * @param status NTSTATUS.
 * @returns The answer.
 */
export function failure(status: number): Reply {
  return { status };
}

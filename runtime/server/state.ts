/**
 * The abstract data model of the server (MS-SMB2 3.3.1): Session, TreeConnect, Open and what hangs on them.
 *
 * @module
 */

import type { AcceptorContext, Identity, PreauthHash, Signer } from "../security/mod.ts";
import type { FileNode, FileOpen, FileStore } from "../store/mod.ts";
import type { FileId } from "../wire/mod.ts";
import type { Grant } from "./caching.ts";
import type { Pipe } from "./pipe.ts";
import type { Connection } from "./connection.ts";
import type { Work } from "./work.ts";

/** A share as the server keeps it. */
export interface Share {
  readonly name: string;
  readonly comment: string;
  readonly readOnly: boolean;
  readonly guests: boolean;
  /** Undefined for IPC$. */
  readonly store: FileStore | undefined;
}

/** Session (MS-SMB2 3.3.1.8). */
export interface Session {
  readonly id: bigint;
  readonly connection: Connection;
  state: "inProgress" | "valid";
  /** The authentication under way. */
  acceptor: AcceptorContext | undefined;
  /** Hash of NEGOTIATE and SESSION_SETUP messages, while a 3.1.1 authentication is under way. */
  preauthHash: PreauthHash | undefined;
  identity: Identity | undefined;
  signer: Signer | undefined;
  signingRequired: boolean;
  readonly trees: Map<number, TreeConnect>;
  readonly opens: Map<bigint, Open>;
  nextTreeId: number;
}

/** TreeConnect (MS-SMB2 3.3.1.9). */
export interface TreeConnect {
  readonly id: number;
  readonly session: Session;
  readonly share: Share;
  /** Rights that the share leaves. */
  readonly maximalAccess: number;
}

/** A watched directory: what was asked for once and holds as long as the open. */
export interface Watch {
  readonly filter: number;
  readonly recursive: boolean;
  /** Size of the first buffer; later changes are kept up to it. */
  readonly limit: number;
  /** Changes not yet told. */
  pending: { readonly action: number; readonly name: string }[];
  /** Bytes that they take. */
  bytes: number;
  /** Whether more happened than fits. */
  overflowed: boolean;
  /** Requests that wait, in order. */
  readonly requests: Work[];
}

/** What is known of an open that outlives its connection. */
export interface Durable {
  /** What the client called its CREATE, in version 2. */
  readonly createGuid: string | undefined;
  /** Who may have it back. */
  readonly owner: Identity;
  /** Milliseconds that it is kept without a connection. */
  readonly timeout: number;
  /** When it is closed unless it is reclaimed; Infinity while it is connected. */
  deadline: number;
}

/** Open (MS-SMB2 3.3.1.10). */
export interface Open {
  /** Its volatile part changes when the open is reclaimed. */
  fileId: FileId;
  /** Undefined while the open waits for its client to come back. */
  session: Session | undefined;
  /** Undefined like the session. */
  tree: TreeConnect | undefined;
  readonly share: Share;
  /** The use of a file; undefined for a pipe. */
  readonly file: FileOpen | undefined;
  /** The pipe; undefined for a file. */
  readonly pipe: Pipe | undefined;
  readonly grantedAccess: number;
  readonly createOptions: number;
  readonly allocationHint: number;
  /** Oplock or lease. */
  grant: Grant<Open> | undefined;
  watch: Watch | undefined;
  /** Requests that wait for byte-range locks. */
  readonly lockWaits: Set<Work>;
  /** Offset after the last read or write, for FilePositionInformation. */
  position: bigint;
  /** FileModeInformation. */
  mode: number;
  /** Key for server-side copy, made when asked for. */
  resumeKey: Uint8Array | undefined;
  /** Set where the open outlives its connection. */
  durable: Durable | undefined;
  /** Set while a repetition of the CREATE is answered with this open. */
  replayKey: string | undefined;
  closed: boolean;
}

/** An open of a file, for the code that deals with files only. */
export type OpenedFile = Open & { readonly file: FileOpen };

/** A directory that has watchers. */
export type Watchers = Map<FileNode, Set<Open>>;

/** What the client remembers of sessions, tree connects and opens (MS-SMB2 3.2.1.3, 3.2.1.4, 3.2.1.6). */
import type { PreauthHash, Signer } from "../security/mod.ts";
import type {
  CreateResponse,
  FileId,
  SessionSetupResponse,
  TreeConnectResponse,
} from "../wire/mod.ts";
import type { LeaseEntry } from "./lease_table.ts";
import type { Reply } from "./reply.ts";

/** How a session treats signatures. */
export type SigningMode =
  /** Every request is signed, and every response has to be. */
  | "required"
  /** Signed when the server requires it. */
  | "enabled"
  /** Never signed, whatever the server requires, but for TREE_CONNECT of 3.1.1. */
  | "off";

/**
 * `authenticating`: tokens go back and forth. `finishing`: the server accepted, keys are not derived yet. `valid`:
 * usable. `loggedOff` and `failed` are final.
 */
export type SessionPhase = "authenticating" | "finishing" | "valid" | "loggedOff" | "failed";

/** One session (MS-SMB2 3.2.1.3). Written by the engine alone. */
export interface SessionState {
  phase: SessionPhase;
  sessionId: bigint;
  readonly user: string;
  readonly signing: SigningMode;
  readonly securityMode: number;
  readonly previousSessionId: bigint;
  signingRequired: boolean;
  /** Null until keys are derived, and for guests and anonymous users, who have none. */
  signer: Signer | null;
  sessionKey: Uint8Array | null;
  isGuest: boolean;
  isAnonymous: boolean;
  preauthHash: PreauthHash;
  readonly replies: Reply<"SESSION_SETUP">[];
  /** The successful response until its signature is verified. */
  final: { readonly body: SessionSetupResponse; readonly message: Uint8Array } | null;
}

/** One tree connect (MS-SMB2 3.2.1.4). Written by the engine alone. */
export interface TreeState {
  readonly session: SessionState;
  /** `\\server\share`. */
  readonly path: string;
  treeId: number;
  connected: boolean;
  response: TreeConnectResponse | null;
}

/** One open (MS-SMB2 3.2.1.6). Written by the engine alone. */
export interface OpenState {
  readonly fileId: FileId;
  readonly session: SessionState;
  readonly tree: TreeState | null;
  readonly response: CreateResponse;
  /** As granted, then as broken. */
  oplockLevel: number;
  /** Present when the open holds a lease. */
  readonly lease: LeaseEntry | null;
  closed: boolean;
}

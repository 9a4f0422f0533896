/** What the client remembers of sessions, tree connects and opens (MS-SMB2 3.2.1.3, 3.2.1.4, 3.2.1.6). */
import type { PreauthHash, Signer } from "../security/mod.ts";
import type {
  CreateResponse,
  FileId,
  SessionSetupResponse,
  TreeConnectResponse,
} from "../wire/mod.ts";
import type { LeaseEntry } from "./lease_table.ts";
import { OpenTable } from "./open_table.ts";
import type { Reply } from "./reply.ts";
import type { SessionCipher } from "./session_cipher.ts";

/** How a session treats signatures. */
export type SigningMode =
  /** Every request is signed, and every response has to be. */
  | "required"
  /** Signed when the server requires it. */
  | "enabled"
  /** Never signed, whatever the server requires, but for TREE_CONNECT of 3.1.1. */
  | "off";

/** How a session treats encryption. */
export type EncryptionMode =
  /** Everything behind SESSION_SETUP is encrypted; a login without a cipher fails. */
  | "required"
  /** Encrypted where the server asks for it, for the session or for a share. */
  | "enabled"
  /** Never encrypted, whatever the server asks for. */
  | "off";

/**
 * `authenticating`: tokens go back and forth. `finishing`: the server accepted, keys are not derived yet. `valid`:
 * usable. `reauthenticating`: usable, while tokens go back and forth again. `loggedOff` and `failed` are final.
 */
export type SessionPhase =
  | "authenticating"
  | "finishing"
  | "valid"
  | "reauthenticating"
  | "loggedOff"
  | "failed";

/** What a session is on all of its channels (MS-SMB2 3.2.1.3). */
export class SharedSession {
  sessionId = 0n;
  /** Session.SigningKey: that of the first channel; null without a key. */
  signingKey: Uint8Array | null = null;
  /** Session.EncryptionKey and Session.DecryptionKey; null where no cipher was negotiated. */
  cipher: SessionCipher | null = null;
  /** Session.EncryptData: the server asked for it, or the client insists. */
  encryptData = false;
  /** Session.ChannelSequence: counts lost channels, in 16 bits (MS-SMB2 3.2.7.1). */
  channelSequence = 0;
  /** Session.ChannelList: what lives of it. */
  readonly channels = new Set<SessionState>();
  /** Session.TreeConnectTable. */
  readonly trees = new Set<TreeState>();
  /** Session.OpenTable. */
  readonly opens = new OpenTable();
}

/** One session on one connection: a channel. Written by the engine alone. */
export interface SessionState {
  readonly shared: SharedSession;
  phase: SessionPhase;
  sessionId: bigint;
  readonly user: string;
  readonly signing: SigningMode;
  readonly encryption: EncryptionMode;
  /** Whether this channel joined a session that another connection set up. */
  readonly isBinding: boolean;
  readonly securityMode: number;
  readonly previousSessionId: bigint;
  signingRequired: boolean;
  /** Channel.SigningKey at work. Null until keys are derived, and for guests and anonymous users, who have none. */
  signer: Signer | null;
  /** The signer's key where it computes AES-128-GMAC, which others may do as well; null otherwise. */
  gmacKey: Uint8Array | null;
  sessionKey: Uint8Array | null;
  isGuest: boolean;
  isAnonymous: boolean;
  preauthHash: PreauthHash;
  replies: readonly Reply<"SESSION_SETUP">[];
  /** Capabilities of its SESSION_SETUP requests. */
  readonly capabilities: number;
  /** Whether the server has accepted the renewed authentication that is under way. */
  isConfirmed: boolean;
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
  /** TreeConnect.EncryptData: the share asks for it. */
  encryptData: boolean;
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
  /** What the shell keeps with it: who hears of its breaks. */
  watcher: unknown;
}

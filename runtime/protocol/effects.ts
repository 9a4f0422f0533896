/** What an engine asks its shell to do: the closed list. */
import type { FileId, Message, NegotiateResponse } from "../wire/mod.ts";
import type { Exchange } from "./exchange.ts";
import type { LeaseEntry } from "./lease_table.ts";
import type { CodeJob } from "./long_signature.ts";
import type { Reply, SuccessReply } from "./reply.ts";
import type { OpenJob, SealJob } from "./session_cipher.ts";
import type { SessionKeyRecord } from "./session_setup.ts";
import type { OpenState, SessionState, TreeState } from "./sessions.ts";

/** What NEGOTIATE settled (MS-SMB2 3.2.5.2). */
export interface Negotiated {
  /** Such as 0x0311. */
  readonly dialect: number;
  readonly response: NegotiateResponse;
  readonly reply: SuccessReply<"NEGOTIATE">;
  /** From SMB2_SIGNING_CAPABILITIES; absent where the server named none. */
  readonly signingAlgorithm?: number;
  /** Connection.CipherId; absent where nothing can be encrypted. */
  readonly cipherId?: number;
  /** Connection.CompressionIds and SupportsChainedCompression; absent where nothing is compressed. */
  readonly compression?: { readonly algorithms: readonly number[]; readonly chained: boolean };
  /** Connection.SupportsMultiCredit: the server has LARGE_MTU and the dialect is not 2.0.2. */
  readonly supportsMultiCredit: boolean;
}

/** A break notification (MS-SMB2 3.2.5.19). */
export interface BreakNotice {
  readonly kind: "lease" | "oplock";
  /** Lease state bits, or oplock level, before; null when the open is not known (any more). */
  readonly from: number | null;
  readonly to: number;
  readonly leaseKey?: Uint8Array;
  readonly fileId?: FileId;
  /** ACK_REQUIRED of a lease break; for an oplock break, whether it was exclusive or batch (3.2.5.19.1). */
  readonly ackRequired: boolean;
  readonly newEpoch?: number;
  readonly receivedAt: number;
  /** The opens that it concerns. */
  readonly opens: readonly OpenState[];
  readonly lease: LeaseEntry | null;
}

/** Performed in order. */
export type Effect =
  /** Hand the chunks to the transport as one write. */
  | { readonly kind: "write"; readonly chunks: readonly Uint8Array[] }
  /** The same for a frame that the shell encrypts; nothing else may be written before it. */
  | { readonly kind: "writeSealed"; readonly job: SealJob }
  /** The same for a message whose code goes into the Signature field of `head`, a part of `chunks`. */
  | {
    readonly kind: "writeSigned";
    readonly job: CodeJob;
    readonly head: Uint8Array;
    readonly chunks: readonly Uint8Array[];
  }
  /** Decrypt, then call `opened` with the same `id`; what was received meanwhile waits. */
  | { readonly kind: "open"; readonly id: number; readonly job: OpenJob }
  /** Compute the code and compare it, then call `verified` with the same `id`; what was received meanwhile waits. */
  | {
    readonly kind: "verify";
    readonly id: number;
    readonly job: CodeJob;
    readonly signature: Uint8Array;
  }
  /** A message went out or came in; for observers. */
  | { readonly kind: "sent"; readonly message: Message; readonly at: number }
  | { readonly kind: "received"; readonly message: Message; readonly at: number }
  /** The final response of a request; `open` when it was a CREATE that succeeded. */
  | {
    readonly kind: "replied";
    readonly exchange: Exchange;
    readonly reply: Reply;
    readonly open: OpenState | null;
  }
  /** The server answered with STATUS_PENDING; the final response will follow (MS-SMB2 3.2.5.1.5). */
  | { readonly kind: "interim"; readonly exchange: Exchange }
  /** A request that will have no answer. */
  | { readonly kind: "rejected"; readonly exchange: Exchange; readonly error: Error }
  /** A request whose deadline passed; CANCEL was sent. */
  | { readonly kind: "timedOut"; readonly exchange: Exchange }
  /** A request that was cancelled before it was sent. */
  | { readonly kind: "withdrawn"; readonly exchange: Exchange }
  | { readonly kind: "negotiated"; readonly negotiated: Negotiated }
  /** Ask the session's mechanism for its next token, then call `authenticated`. */
  | {
    readonly kind: "authenticate";
    readonly session: SessionState;
    readonly token: Uint8Array | null;
  }
  /** `keys`: those of a new session or channel; null where it has none, or keeps those it had. */
  | {
    readonly kind: "sessionEstablished";
    readonly session: SessionState;
    readonly keys: SessionKeyRecord | null;
  }
  | { readonly kind: "sessionFailed"; readonly session: SessionState; readonly error: Error }
  | {
    readonly kind: "treeConnected";
    readonly tree: TreeState;
    readonly reply: SuccessReply<"TREE_CONNECT">;
  }
  | { readonly kind: "treeFailed"; readonly tree: TreeState; readonly error: Error }
  /** An open ended with its CLOSE, its tree or its session. */
  | { readonly kind: "openClosed"; readonly open: OpenState }
  /** An open ended with the last connection of its session. */
  | { readonly kind: "openLost"; readonly open: OpenState }
  | { readonly kind: "broke"; readonly notice: BreakNotice }
  /** The connection is over; nothing follows. Null: it was closed on purpose. */
  | { readonly kind: "ended"; readonly error: Error | null };

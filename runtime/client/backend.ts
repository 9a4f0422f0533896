/**
 * What runs a scenario's requests: the surface of the native client that scripts use, as interfaces that another client
 * can stand behind. The native classes fit them as they are.
 */
import type { CommandName, CreateResponse, RequestBodies } from "../wire/mod.ts";
import type { NegotiateOptions, Reply, SuccessReply } from "../protocol/mod.ts";
import type { Transport } from "../transport/mod.ts";
import type { Authenticator } from "./authenticator.ts";
import type { BreakPolicy } from "./break_event.ts";
import type { Chain } from "./chain.ts";
import {
  Connection,
  type NegotiateResult,
  type NetworkFaults,
  type SessionSetupOptions,
} from "./connection.ts";
import type { CreateOptions } from "./create.ts";
import type { FileRequests, IoctlFields } from "./file_requests.ts";
import type { ConnectionOptions } from "./link.ts";
import type { Answer, RequestOptions } from "./options.ts";
import type { Durability, ReconnectOptions } from "./open.ts";
import type { RecoveryOptions, Session, TreeOptions } from "./session.ts";
import type { Tree } from "./tree.ts";
import type { OperationDescription } from "./marsaud/unsupported.ts";

/** Something that a back end has no way to do. Nothing was sent. */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";
  readonly command: string;
  /** Why, without the command. */
  readonly reason: string;

  constructor({ command, reason }: { readonly command: string; readonly reason: string }) {
    super(`Cannot send ${command} with @marsaud/smb2: ${reason}`);
    this.command = command;
    this.reason = reason;
  }
}

/** A client that scenarios can run with. */
export interface Backend {
  readonly name: "native" | "marsaud";
  /** Takes over an open transport. */
  connect(transport: Transport, options?: ConnectionOptions): BackendConnection;
  /** Why an operation cannot be carried out; null when it can. */
  unsupported(operation: OperationDescription): string | null;
  /** Why a command is not sent though nothing is lost by it: such an operation is skipped. Null for the others. */
  leftOut(command: CommandName): string | null;
}

/** See {@linkcode Connection}. */
export interface BackendConnection {
  readonly remote: string;
  /** Settles once: null after `close`, otherwise why the connection ended. Never rejects. */
  readonly disconnected: Promise<Error | null>;
  onBreak: BreakPolicy | null;
  negotiate(options?: NegotiateOptions): Promise<NegotiateResult>;
  session(authenticator: Authenticator, options?: SessionSetupOptions): Promise<BackendSession>;
  echo<O extends RequestOptions = RequestOptions>(options?: O): Promise<Answer<"ECHO", O>>;
  close(): void;
  /** Absent where it is not told when the server has closed the connection. */
  leave?(limit: number): Promise<void>;
  /** How often a request had to wait for credits; absent where that is not known. */
  readonly creditStalls?: number;
  /** The cipher of encrypted sessions; null, or absent, where there is none. */
  readonly cipher?: number | null;
  /** Absent where the back end cannot make faults. */
  readonly net?: NetworkFaults;
  /** Absent where sessions have one connection each. */
  bind?(
    session: Session,
    authenticator: Authenticator,
    options?: Omit<SessionSetupOptions, keyof RecoveryOptions | "previousSessionId">,
  ): Promise<BackendSession>;
}

/** See `Session`. */
export interface BackendSession {
  readonly id: bigint;
  readonly isGuest: boolean;
  readonly isAnonymous: boolean;
  /** Every SESSION_SETUP response, in order. */
  readonly replies: readonly Reply<"SESSION_SETUP">[];
  /** Absent where sessions have one connection each. */
  readonly channelSequence?: number;
  /** Absent where a session is authenticated once. */
  reauthenticate?(authenticator: Authenticator): Promise<void>;
  tree(path: string, options?: TreeOptions): Promise<BackendTree>;
  logoff<O extends RequestOptions = RequestOptions>(options?: O): Promise<Answer<"LOGOFF", O>>;
}

/** See `Tree`. */
export interface BackendTree {
  readonly path: string;
  readonly id: number;
  readonly reply: SuccessReply<"TREE_CONNECT">;
  /** False where the dialect is one in which the server hangs up on FSCTL_VALIDATE_NEGOTIATE_INFO. */
  readonly mayValidateNegotiate?: boolean;
  create(name: string, options?: CreateOptions): Promise<BackendOpen>;
  compound(options?: { related?: boolean; via?: Session }): Chain;
  request<C extends CommandName, O extends RequestOptions = RequestOptions>(
    command: C,
    body: RequestBodies[C],
    options?: O,
  ): Promise<Answer<C, O>>;
  ioctl<O extends RequestOptions = RequestOptions>(
    fields: IoctlFields,
    options?: O,
  ): Promise<Answer<"IOCTL", O>>;
  validateNegotiate<O extends RequestOptions = RequestOptions>(
    options?: O,
  ): Promise<Answer<"IOCTL", O>>;
  disconnect<O extends RequestOptions = RequestOptions>(
    options?: O,
  ): Promise<Answer<"TREE_DISCONNECT", O>>;
}

/** See `Open`. */
export interface BackendOpen extends FileRequests {
  readonly name: string;
  readonly reply: SuccessReply<"CREATE">;
  readonly response: CreateResponse;
  /** What the back end did otherwise than asked, without harm in ordinary use; absent when nothing. */
  readonly differences?: readonly string[];
  readonly oplockLevel: number;
  readonly leaseState: number;
  /** Absent where no open outlives its connection, as are the others. */
  readonly durability?: Durability;
  resilient?<O extends RequestOptions = RequestOptions>(
    timeout: number,
    options?: O,
  ): Promise<Answer<"IOCTL", O>>;
  reconnect?(tree: Tree, options?: ReconnectOptions): Promise<SuccessReply<"CREATE">>;
}

/** The project's own client. */
export const nativeBackend: Backend = {
  name: "native",
  connect: (transport, options) => Connection.connect(transport, options),
  unsupported: () => null,
  leftOut: () => null,
};

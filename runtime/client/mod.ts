/**
 * Transport + protocol engine -> promises: connections, sessions, trees and opens whose methods send at once, in call
 * order, and answer with the server's reply. Knows no schedule, no script and no password: who the user is comes in
 * as an `Authenticator`.
 *
 * @module
 */
import type {
  CommandName,
  CreateRequest,
  CreateRequestContext,
  CreateResponse,
  FileId,
  LockElement,
  Message,
  NegotiateContext,
  NegotiateResponse,
  RequestBodies,
} from "../wire/mod.ts";
import type { Transport, TransportError } from "../transport/mod.ts";
import type { Reply, SuccessReply } from "../protocol/mod.ts";
import type { Answer, RequestOptions } from "./options.ts";

export type { Answer, RequestOptions } from "./options.ts";
export type { Reply, SuccessReply } from "../protocol/mod.ts";

/** Proves who the user is; may live on the other side of a worker boundary. */
export interface Authenticator {
  /** Such as `ntlm`, `guest`, `anonymous`. */
  readonly mechanism: string;
  readonly user: string;
  start(): AuthenticationExchange;
}

/** One run of an authentication mechanism. */
export interface AuthenticationExchange {
  /** Takes the server's token (null to begin) and gives the next; `sessionKey` once it is known. */
  step(
    token: Uint8Array | null,
  ): Promise<{ token: Uint8Array | null; done: boolean; sessionKey: Uint8Array | null }>;
}

export interface ConnectionOptions {
  now?: () => number;
  random?: (length: number) => Uint8Array;
  observer?: Observer;
  /** Credits to hold; 512 unless told. */
  credits?: number;
}

export interface NegotiateOptions {
  dialects?: readonly number[];
  /** GUID text. */
  clientGuid?: string;
  securityMode?: number;
  capabilities?: number;
  ciphers?: readonly number[];
  signingAlgorithms?: readonly number[];
  /** Replaces the computed negotiate contexts. */
  contexts?: readonly NegotiateContext[];
  /** Start with an SMB1 NEGOTIATE (MS-SMB2 3.2.4.2.2.1). */
  smb1?: boolean;
}

export interface NegotiateResult {
  readonly dialect: number;
  readonly response: NegotiateResponse;
  readonly reply: SuccessReply<"NEGOTIATE">;
}

export interface SessionOptions extends RequestOptions {
  signing?: "required" | "enabled" | "off";
  previousSessionId?: bigint;
}

export interface TreeOptions extends RequestOptions {
  flags?: number;
  /** VALIDATE_NEGOTIATE_INFO after the connect; by default in dialects 3.0 and 3.0.2 on signed sessions. */
  validateNegotiate?: boolean;
}

export interface CreateOptions extends RequestOptions, Partial<Omit<CreateRequest, "name">> {
  /** A lease to ask for: adds the context and sets the oplock level 0xFF. */
  lease?: {
    key: Uint8Array;
    state: number;
    version?: 1 | 2;
    parentKey?: Uint8Array;
    epoch?: number;
    flags?: number;
  };
  contexts?: readonly CreateRequestContext[];
}

export interface Observer {
  sent?(message: Message, at: number): void;
  received?(message: Message, at: number): void;
  broke?(event: BreakEvent): void;
}

export interface BreakEvent {
  readonly kind: "lease" | "oplock";
  /** Lease state bits, or oplock levels. */
  readonly from: number;
  readonly to: number;
  readonly leaseKey?: Uint8Array;
  readonly fileId?: FileId;
  readonly ackRequired: boolean;
  readonly newEpoch?: number;
  readonly receivedAt: number;
  /** Settles with the acknowledgement's outcome; null when none was sent. Never rejects. */
  readonly acknowledged: Promise<{ sentAt: number; status: number } | null>;
  /** Acknowledges, to `state` in place of `to` when given; for policies that return `"defer"`. */
  acknowledge(state?: number): void;
}

/** `"acknowledge"` (also void): at once, where required. `"defer"`: the policy calls `event.acknowledge()`. `"never"`: not at all. */
export type BreakReaction = "acknowledge" | "defer" | "never" | { readonly state: number };
export type BreakPolicy = (event: BreakEvent) => BreakReaction | void;

/** One message for `Connection.send`. */
export interface RequestSpec<C extends CommandName = CommandName> extends RequestOptions {
  readonly command: C;
  readonly body: RequestBodies[C];
  readonly session?: Session;
  readonly tree?: Tree;
}

export declare class Connection {
  static connect(transport: Transport, options?: ConnectionOptions): Connection;
  onBreak: BreakPolicy | null;
  readonly disconnected: Promise<Error | null>;
  readonly dialect: number;
  readonly maxReadSize: number;
  readonly maxWriteSize: number;
  readonly maxTransactSize: number;
  readonly credits: number;
  readonly creditStalls: number;
  readonly remote: string;
  negotiate(options?: NegotiateOptions): Promise<NegotiateResult>;
  session(authenticator: Authenticator, options?: SessionOptions): Promise<Session>;
  echo<O extends RequestOptions = RequestOptions>(options?: O): Promise<Answer<"ECHO", O>>;
  send(requests: readonly RequestSpec[], options?: { related?: boolean }): Promise<Reply>[];
  close(): void;
}

export declare class Session {
  readonly connection: Connection;
  readonly id: bigint;
  readonly isGuest: boolean;
  readonly isAnonymous: boolean;
  /** Whether requests of this session are signed. */
  readonly signs: boolean;
  readonly replies: readonly Reply<"SESSION_SETUP">[];
  tree(path: string, options?: TreeOptions): Promise<Tree>;
  logoff<O extends RequestOptions = RequestOptions>(options?: O): Promise<Answer<"LOGOFF", O>>;
}

export declare class Tree {
  readonly session: Session;
  readonly path: string;
  readonly id: number;
  readonly shareType: number;
  readonly shareFlags: number;
  readonly capabilities: number;
  readonly maximalAccess: number;
  readonly reply: SuccessReply<"TREE_CONNECT">;
  create(name: string, options?: CreateOptions): Promise<Open>;
  compound(options?: { related?: boolean }): Chain;
  validateNegotiate(options?: RequestOptions): Promise<SuccessReply<"IOCTL">>;
  /** FSCTL without a file (file id all ones). */
  ioctl<O extends RequestOptions = RequestOptions>(
    request: IoctlFields,
    options?: O,
  ): Promise<Answer<"IOCTL", O>>;
  request<C extends CommandName, O extends RequestOptions = RequestOptions>(
    command: C,
    body: RequestBodies[C],
    options?: O,
  ): Promise<Answer<C, O>>;
  disconnect<O extends RequestOptions = RequestOptions>(
    options?: O,
  ): Promise<Answer<"TREE_DISCONNECT", O>>;
}

export interface IoctlFields {
  ctlCode: number;
  input?: Uint8Array;
  output?: Uint8Array;
  maxInputResponse?: number;
  maxOutputResponse?: number;
  flags?: number;
}

/** The requests that a file id takes: of an open, or of the file of the request before in a related chain. */
export declare abstract class FileRequests {
  abstract readonly fileId: FileId;
  read<O extends RequestOptions = RequestOptions>(
    offset: number | bigint,
    length: number,
    options?: O & Partial<Omit<RequestBodies["READ"], "offset" | "length" | "fileId" | "flags">> & {
      readFlags?: number;
    },
  ): Promise<Answer<"READ", O>>;
  write<O extends RequestOptions = RequestOptions>(
    offset: number | bigint,
    data: Uint8Array,
    options?: O & { writeFlags?: number; channel?: number; remainingBytes?: number },
  ): Promise<Answer<"WRITE", O>>;
  flush<O extends RequestOptions = RequestOptions>(options?: O): Promise<Answer<"FLUSH", O>>;
  close<O extends RequestOptions = RequestOptions>(
    options?: O & { postQueryAttributes?: boolean },
  ): Promise<Answer<"CLOSE", O>>;
  queryInfo<O extends RequestOptions = RequestOptions>(
    request: Partial<Omit<RequestBodies["QUERY_INFO"], "fileId">> & { fileInfoClass: number },
    options?: O,
  ): Promise<Answer<"QUERY_INFO", O>>;
  setInfo<O extends RequestOptions = RequestOptions>(
    request: Partial<Omit<RequestBodies["SET_INFO"], "fileId">> & {
      fileInfoClass: number;
      input: Uint8Array;
    },
    options?: O,
  ): Promise<Answer<"SET_INFO", O>>;
  queryDirectory<O extends RequestOptions = RequestOptions>(
    request?: Partial<Omit<RequestBodies["QUERY_DIRECTORY"], "fileId">>,
    options?: O,
  ): Promise<Answer<"QUERY_DIRECTORY", O>>;
  ioctl<O extends RequestOptions = RequestOptions>(
    request: IoctlFields,
    options?: O,
  ): Promise<Answer<"IOCTL", O>>;
  lock<O extends RequestOptions = RequestOptions>(
    locks: readonly (Pick<LockElement, "flags"> & {
      offset: number | bigint;
      length: number | bigint;
    })[],
    options?: O & { lockSequence?: number },
  ): Promise<Answer<"LOCK", O>>;
  notify<O extends RequestOptions = RequestOptions>(
    request?: Partial<Omit<RequestBodies["CHANGE_NOTIFY"], "fileId">>,
    options?: O,
  ): Promise<Answer<"CHANGE_NOTIFY", O>>;
}

export declare class Open extends FileRequests {
  readonly tree: Tree;
  readonly name: string;
  readonly fileId: FileId;
  readonly response: CreateResponse;
  readonly reply: SuccessReply<"CREATE">;
  /** As granted, then as broken. */
  readonly oplockLevel: number;
  readonly leaseKey: Uint8Array | null;
  readonly leaseState: number;
  readonly closed: boolean;
  /** The next break of this open's oplock or lease; breaks that arrived unasked are kept, in order. */
  nextBreak(): Promise<BreakEvent>;
  /** Reads everything (or `length` bytes from `offset`), several requests in flight, split by MaxReadSize. */
  readAll(options?: { offset?: number; length?: number; inFlight?: number }): Promise<Uint8Array>;
  writeAll(data: Uint8Array, options?: { offset?: number; inFlight?: number }): Promise<void>;
}

/** Messages collected for one compounded frame; each promise settles as outside a chain. */
export declare class Chain {
  /** The file of the request before (related chains). */
  readonly file: FileRequests;
  /** Requests on an open, sent within this chain. */
  on(open: FileRequests): FileRequests;
  create(name: string, options?: CreateOptions): Promise<Open>;
  request<C extends CommandName, O extends RequestOptions = RequestOptions>(
    command: C,
    body: RequestBodies[C],
    options?: O,
  ): Promise<Answer<C, O>>;
  /** Sends the chain in one frame. */
  send(): void;
}

/** A response whose status the caller did not expect. */
export declare class StatusError extends Error {
  readonly command: string;
  readonly status: number;
  readonly statusName: string;
  readonly path: string;
  readonly reply: Reply;
}

export type { Transport, TransportError };

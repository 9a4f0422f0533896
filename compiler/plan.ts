/**
 * The plan: what a capture's clients did, as plain JSON-serialisable values. Emitters turn it into a scenario or a
 * workload; the comparison sets it beside a run. Names (`n1`, `s1`, `t1`, `f1`) stand for what the server numbers anew
 * in every run: connections, sessions, tree connects and opens. 64-bit numbers are text in decimal, bytes hexadecimal.
 */

/** All operations of a capture. */
export interface Plan {
  readonly version: 1;
  readonly source: {
    /** File name of the capture. */
    readonly name: string;
    /** Time of the first SMB message, ISO 8601; null in an empty plan. */
    readonly start: string | null;
    /** Seconds from the first to the last message. */
    readonly seconds: number;
    /** `order` where the capture's times cannot be true: an operation's are then its frame's place, a microsecond each. */
    readonly timing?: "order";
    /** Sentences for whoever reads the scenario: what was selected, that names are pseudonyms. */
    readonly remarks?: readonly string[];
  };
  readonly clients: readonly PlanClient[];
  /** In the order in which the requests were sent. */
  readonly operations: readonly PlanOperation[];
}

/** One captured client: what shares an address and a ClientGuid. */
export interface PlanClient {
  /** An identifier: `smbuser`, `client2`. */
  readonly id: string;
  readonly address: string;
  /** Null where no NEGOTIATE of it was captured. */
  readonly clientGuid: string | null;
  /** Users that logged in, in order; names only. */
  readonly users: readonly string[];
  readonly operationCount: number;
}

/** Where an operation is in the capture. */
export interface Frames {
  readonly request: number;
  /** First frame of a request that spans several. */
  readonly first?: number;
  readonly interim?: number;
  readonly response?: number;
}

/** Before the id of an operation of another client: the open or session that this one made. */
export const OF_OTHERS = "@";

/**
 * Ids in a request's header that are not those of what it works on: the name of another tree or session, or null for an
 * id that nothing in the capture had.
 */
export interface ForeignIds {
  readonly tree?: string | null;
  readonly session?: string | null;
  /** The file is an open of another connection: its FileId goes out here, on `tree`. */
  readonly file?: true;
}

/** Facts that every operation has. */
export interface OperationBase {
  /** Index of the (first) exchange: unique, in capture order. */
  readonly id: number;
  readonly client: string;
  /** Seconds from the plan's start to the first byte of the request. */
  readonly at: number;
  /** Seconds to the final response; null when none was captured. */
  readonly answeredAt: number | null;
  /** Seconds to the response that said that the operation is pending; absent where none did. */
  readonly pendingAt?: number;
  readonly frames: Frames;
  /** NTSTATUS of the final response; null when none was captured. */
  readonly status: number | null;
  /** Operations of the same client that had been answered before this one was sent, and not before an earlier one. */
  readonly after: readonly number[];
  /**
   * The one of the operations before it whose answer (of a break: whose coming) enabled it; null at the client's start.
   * The client's think time is what passed since then.
   */
  readonly enabledBy?: number | null;
  /** Operations of other clients on the same path that had been answered before, where their order matters. */
  readonly afterOthers?: readonly number[];
  /** Operations of other clients that were pending, and waited for something that this one may bring about. */
  readonly afterPending?: readonly number[];
  /** Place in a compound. */
  readonly chain?: { readonly id: number; readonly index: number; readonly related: boolean };
  /** Header fields that are not what the runtime would choose. */
  readonly header?: {
    readonly creditCharge?: number;
    readonly credits?: number;
    readonly channelSequence?: number;
    readonly replay?: boolean;
    readonly dfs?: boolean;
  };
  /** What its header names besides. */
  readonly ids?: ForeignIds;
  /** Session of the channel that it was sent on, where that is not its session's own connection. */
  readonly via?: string;
  /** A CANCEL names it. */
  readonly cancelled?: boolean;
  /** Why the operation is known only in part. */
  readonly incomplete?: string;
}

/** NEGOTIATE on a new connection; `implied` when the capture starts after it. */
export interface ConnectOperation extends OperationBase {
  readonly kind: "connect";
  readonly connection: string;
  readonly implied?: boolean;
  readonly server: string;
  /** Started with an SMB1 multi-protocol NEGOTIATE. */
  readonly smb1?: boolean;
  readonly dialects: readonly number[];
  readonly securityMode: number;
  readonly capabilities: number;
  readonly contexts: readonly PlanNegotiateContext[];
  /** Dialect that the server chose; null when unknown. */
  readonly dialect: number | null;
}

/** A negotiate context; what a run draws anew (salt) is told by its length. */
export type PlanNegotiateContext =
  | {
    readonly kind: "preauthIntegrity";
    readonly hashAlgorithms: readonly number[];
    readonly saltLength: number;
  }
  | { readonly kind: "encryption"; readonly ciphers: readonly number[] }
  | { readonly kind: "compression"; readonly flags: number; readonly algorithms: readonly number[] }
  | { readonly kind: "netname"; readonly netName: string }
  | { readonly kind: "transport"; readonly flags: number }
  | { readonly kind: "rdmaTransform"; readonly transforms: readonly number[] }
  | { readonly kind: "signing"; readonly algorithms: readonly number[] }
  | { readonly kind: "raw"; readonly type: number; readonly data: string };

/** SESSION_SETUP, all rounds. */
export interface LoginOperation extends OperationBase {
  readonly kind: "login";
  readonly connection: string;
  readonly session: string;
  readonly implied?: boolean;
  readonly user: string | null;
  readonly domain: string | null;
  readonly mechanism: "ntlm" | "kerberos" | "anonymous" | "unknown";
  readonly securityMode: number;
  readonly capabilities: number;
  /** The session authenticates again. */
  readonly again?: boolean;
  /** Session that PreviousSessionId names. */
  readonly previous?: string;
  /** Another client names the session. */
  readonly shared?: true;
  /** Session of another connection that this one joins. */
  readonly bind?: string;
  /** Signed requests followed, other than those that are always signed. */
  readonly signing: boolean;
  /** Encrypted requests followed, to shares that do not ask for it. */
  readonly encryption: boolean;
}

/** LOGOFF. */
export interface LogoffOperation extends OperationBase {
  readonly kind: "logoff";
  readonly session: string;
}

/** TREE_CONNECT. */
export interface TreeOperation extends OperationBase {
  readonly kind: "tree";
  readonly session: string;
  readonly tree: string;
  readonly implied?: boolean;
  /** `\\server\share`. */
  readonly path: string;
  readonly flags: number;
  /** 1 disk, 2 pipe, 3 print; null when unknown. */
  readonly shareType: number | null;
}

/** TREE_DISCONNECT. */
export interface UntreeOperation extends OperationBase {
  readonly kind: "untree";
  readonly tree: string;
}

/** A create context; lease keys and GUIDs are names, equal where the capture's were equal. */
export type PlanCreateContext =
  | {
    readonly kind: "RqLs";
    readonly version: 1 | 2;
    readonly key: string;
    readonly state: number;
    readonly flags: number;
    readonly parent?: string;
    readonly epoch?: number;
  }
  | { readonly kind: "DHnQ" }
  /** Reconnects to an open of the same client. */
  /** The file's name, or behind `OF_OTHERS` the id of another client's CREATE. */
  | { readonly kind: "DHnC"; readonly file: string }
  | {
    readonly kind: "DH2Q";
    readonly timeout: number;
    readonly flags: number;
    readonly createGuid: string;
  }
  | {
    readonly kind: "DH2C";
    readonly file: string;
    readonly createGuid: string;
    readonly flags: number;
  }
  | { readonly kind: "MxAc"; readonly timestamp?: string }
  | { readonly kind: "QFid" }
  | { readonly kind: "AlSi"; readonly allocationSize: string }
  | { readonly kind: "TWrp"; readonly timestamp: string }
  | { readonly kind: "ExtA" | "SecD" | "SVHDX"; readonly data: string }
  | { readonly kind: "AppInstanceId"; readonly appInstanceId: string }
  | { readonly kind: "AppInstanceVersion"; readonly high: string; readonly low: string }
  | { readonly kind: "AAPL"; readonly requestBitmap: string; readonly clientCapabilities: string }
  | { readonly kind: "raw"; readonly name: string; readonly data: string };

/** CREATE. */
export interface CreateOperation extends OperationBase {
  readonly kind: "create";
  readonly tree: string;
  /** Name of the open that it makes, also when it failed in the capture. */
  readonly file: string;
  readonly path: string;
  readonly access: number;
  readonly share: number;
  readonly disposition: number;
  readonly options: number;
  readonly attributes: number;
  readonly impersonation: number;
  readonly securityFlags: number;
  readonly oplock: number;
  readonly contexts: readonly PlanCreateContext[];
  /** What the server granted; null when it failed. */
  readonly granted: {
    readonly oplock: number;
    /** Lease state; null without a lease. */
    readonly lease: number | null;
    readonly action: number;
    readonly size: string;
    readonly attributes?: number;
    readonly allocation?: string;
    /** LastWriteTime, a FILETIME. */
    readonly modified?: string;
  } | null;
  /** Whether a later operation names the open. */
  readonly used?: boolean;
  /** Another client names it. */
  readonly shared?: true;
  /** What breaks its lease or oplock got, the first 16; each is an operation, too. */
  readonly breaks?: readonly PlanBreak[];
}

/** What an answer told about a file: its state before the capture is inferred from it. */
export interface PlanFacts {
  readonly size?: string;
  readonly allocation?: string;
  readonly attributes?: number;
  readonly directory?: boolean;
  /** LastWriteTime, a FILETIME. */
  readonly modified?: string;
  /** Named streams, without `:` and type. */
  readonly streams?: readonly { readonly name: string; readonly size: string }[];
  /** Extended attributes: names, and lengths of values. */
  readonly eas?: readonly { readonly name: string; readonly length: number }[];
}

/** An entry that a directory listing returned. */
export interface PlanDirectoryEntry extends Pick<PlanFacts, "size" | "attributes"> {
  readonly name: string;
}

/** What an operation on an open works on. */
export interface OnFile extends OperationBase {
  readonly tree: string;
  /** Name of the open. */
  readonly file: string;
}

/** CLOSE. */
export interface CloseOperation extends OnFile {
  readonly kind: "close";
  readonly flags: number;
  /** What the answer told, where it was asked for. */
  readonly told?: PlanFacts;
}

/** FLUSH. */
export interface FlushOperation extends OnFile {
  readonly kind: "flush";
}

/** READ. */
export interface ReadOperation extends OnFile {
  readonly kind: "read";
  readonly offset: string;
  readonly length: number;
  readonly minimumCount: number;
  readonly flags: number;
  readonly padding: number;
  readonly remainingBytes: number;
  readonly channel: number;
  /** Bytes that the server returned, and their SHA-256 where data was kept. */
  readonly returned: PlanPayload | null;
}

/** Bytes that were written or read. */
export interface PlanPayload {
  readonly length: number;
  readonly sha256?: string;
  /** Of read data: a number for each 4096 bytes, equal where they are equal, 0 where all are zero. */
  readonly blocks?: readonly number[];
  /** Of written data: ranges that are zeros, in whole blocks, or all of it. */
  readonly zeros?: readonly (readonly [offset: number, length: number])[];
}

/** WRITE. */
export interface WriteOperation extends OnFile {
  readonly kind: "write";
  readonly offset: string;
  readonly flags: number;
  readonly remainingBytes: number;
  readonly channel: number;
  readonly data: PlanPayload;
}

/** LOCK. */
export interface LockOperation extends OnFile {
  readonly kind: "lock";
  readonly lockSequence: number;
  readonly ranges: readonly {
    readonly offset: string;
    readonly length: string;
    readonly flags: number;
  }[];
}

/** IOCTL; `file` is null on FileId all ones. */
export interface IoctlOperation extends OperationBase {
  readonly kind: "ioctl";
  readonly tree: string;
  readonly file: string | null;
  readonly code: number;
  readonly flags: number;
  /** Hexadecimal. */
  readonly input: string;
  /** The open whose resume key the first 24 bytes of the input are. */
  readonly resumeKey?: string;
  readonly maxInput: number;
  readonly maxOutput: number;
  readonly returnedLength: number | null;
}

/** QUERY_DIRECTORY. */
export interface QueryDirectoryOperation extends OnFile {
  readonly kind: "queryDirectory";
  readonly class: number;
  readonly flags: number;
  readonly index: number;
  readonly pattern: string;
  readonly outputLength: number;
  readonly returnedLength: number | null;
  /** What the answer listed, without `.` and `..`. */
  readonly entries?: readonly PlanDirectoryEntry[];
}

/** CHANGE_NOTIFY. */
export interface ChangeNotifyOperation extends OnFile {
  readonly kind: "changeNotify";
  readonly flags: number;
  readonly filter: number;
  readonly outputLength: number;
}

/** QUERY_INFO. */
export interface QueryInfoOperation extends OnFile {
  readonly kind: "queryInfo";
  readonly infoType: number;
  readonly class: number;
  readonly additional: number;
  readonly flags: number;
  readonly outputLength: number;
  readonly input: string;
  readonly returnedLength: number | null;
  /** What the answer told about the file. */
  readonly told?: PlanFacts;
}

/** SET_INFO. */
export interface SetInfoOperation extends OnFile {
  readonly kind: "setInfo";
  readonly infoType: number;
  readonly class: number;
  readonly additional: number;
  readonly input: string;
}

/** ECHO. */
export interface EchoOperation extends OperationBase {
  readonly kind: "echo";
  readonly connection: string;
}

/** CANCEL of another operation. */
export interface CancelOperation extends OperationBase {
  readonly kind: "cancel";
  /** Id of the operation. */
  readonly target: number;
}

/** A lease or oplock break that the client received, with its acknowledgement. */
export interface BreakOperation extends OperationBase, PlanBreak {
  readonly kind: "break";
  readonly breakKind: "lease" | "oplock";
  /** Open that it concerns; null when the capture does not tell. */
  readonly file: string | null;
}

/** What a break asked for, and what the client answered. */
export interface PlanBreak {
  /** Lease states or oplock levels. */
  readonly from: number | null;
  readonly to: number;
  readonly ackRequired: boolean;
  /** Seconds from the notification to the acknowledgement; null when the client sent none. */
  readonly acknowledgedAfter: number | null;
  /** State or level that the client acknowledged. */
  readonly acknowledgedTo: number | null;
  /** Status of the answer to the acknowledgement. */
  readonly acknowledgeStatus: number | null;
}

/** The TCP connection ended. */
export interface DisconnectOperation extends OperationBase {
  readonly kind: "disconnect";
  readonly connection: string;
}

/** One thing that a client did, or that happened to it. */
export type PlanOperation =
  | ConnectOperation
  | LoginOperation
  | LogoffOperation
  | TreeOperation
  | UntreeOperation
  | CreateOperation
  | CloseOperation
  | FlushOperation
  | ReadOperation
  | WriteOperation
  | LockOperation
  | IoctlOperation
  | QueryDirectoryOperation
  | ChangeNotifyOperation
  | QueryInfoOperation
  | SetInfoOperation
  | EchoOperation
  | CancelOperation
  | BreakOperation
  | DisconnectOperation;

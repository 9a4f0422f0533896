/**
 * What a scenario sees: every type of the scripting API. The file imports nothing but zod's types, so that it is also,
 * word for word, the declaration file that `smbench` writes beside a scenario outside the checkout.
 *
 * Units, everywhere: a number that is a time is in seconds, a number that is a length or an offset is in bytes. A
 * string carries its unit: `"500ms"`, `"64k"`.
 *
 * @module
 */
import type { z } from "zod";

/** A length of time: seconds, or text with a unit (`us`, `ms`, `s`, `m`, `h`), as in `"1.5s"`. */
export type Duration = number | string;

/** A number of bytes: a number, or text with a unit (`k`, `m`, `g`, `t`, in powers of 1024), as in `"64k"`. */
export type Size = number | string;

/** Where an operation comes from: the number of the capture's frame, or any text (`"214.2"`, the second one in it). */
export type Label = number | string;

/** A recorded moment, as {@linkcode Client.at} takes it: `await c.at(...moment)`. */
export type At = readonly [
  seconds: number,
  label?: Label,
  options?: { readonly after?: readonly Label[]; readonly took?: number },
];

/** Moments one after the other: a list, or how many of them, `interval` seconds and `labelStep` labels apart. */
export type Moments = readonly At[] | {
  readonly start: number;
  readonly count: number;
  readonly interval: number;
  readonly label?: number;
  /** 1. */
  readonly labelStep?: number;
  /** Of each, or on the average; see {@linkcode Client.at}. */
  readonly took?: number;
};

/** Bytes to send: as they are, UTF-8 text, or the content of a file of the scenario's folder. */
export type Data = Uint8Array | string | BlobReference;

/** A file beside the scenario, named by {@linkcode blob}; its bytes come from the host. */
export interface BlobReference {
  /** Relative to the scenario's folder, with `/`. */
  readonly path: string;
}

/**
 * The status that an operation shall have: a name of MS-ERREF without `STATUS_`, its number, several of them, or
 * `"any"`. Also `"none"`: no response at all, because the connection ends or the time is up; the operation then resolves
 * to the empty value of its type. `["any", "none"]` takes whatever comes of it: the capture does not tell.
 */
export type ExpectedStatus = string | number | readonly (string | number)[];

/** What every operation accepts. */
export interface OperationOptions {
  /**
   * The status that counts as right; `"SUCCESS"` unless given. In a scenario another one throws; in a replay it is
   * recorded as a mismatch, with its label.
   */
  readonly expect?: ExpectedStatus;
  /** Where the operation comes from, instead of the label that `at()` gave. */
  readonly label?: Label;
  /** How long to wait for the final response; the run's own limit (60 s) unless given. */
  readonly timeout?: Duration;
  /** CreditRequest of the header (MS-SMB2 2.2.1.2). */
  readonly credits?: number;
  /** CreditCharge of the header, where it shall not be what the length asks for. */
  readonly creditCharge?: number;
  /** ChannelSequence of the header, dialects 3.x. */
  readonly channelSequence?: number;
  /** Set SMB2_FLAGS_REPLAY_OPERATION. */
  readonly replay?: boolean;
  /** Set SMB2_FLAGS_DFS_OPERATIONS. */
  readonly dfs?: boolean;
  /**
   * In a compound: whether the request uses the file of the one before it, in place of what its whole compound says
   * (SMB2_FLAGS_RELATED_OPERATIONS).
   */
  readonly related?: boolean;
  /** Sign (or do not sign) this request, whatever the session's rules say. */
  readonly sign?: boolean;
  /** Encrypt (or do not encrypt) this request, whatever session and share ask for. */
  readonly encrypt?: boolean;
  /**
   * The channel that the request takes: a session that joined the one of the file or share (`bind`), or that one itself.
   * Unless given, that on which file or share were made, or another one where that is lost.
   */
  readonly via?: Session;
  /** What to send in place of what a client would send, illegal values included. */
  readonly raw?: RawRequest;
  /** A name for thresholds and outputs: `smb_op_duration{tag:save}`. */
  readonly tag?: string;
}

/**
 * Fields of the header, and the bytes of the body, that go out as given. The client still pairs the answer by its
 * MessageId. NEGOTIATE and SESSION_SETUP do not take it: see {@linkcode Connection.sendRaw}.
 */
export interface RawRequest {
  readonly header?: RawHeader;
  /** The body behind the header, StructureSize first, in place of the encoded one. */
  readonly body?: Uint8Array;
}

/** Fields of the SMB2 header (MS-SMB2 2.2.1.2) as they go on the wire; the others are computed. */
export interface RawHeader {
  readonly creditCharge?: number;
  /** ChannelSequence and the reserved bits beside it, dialects 3.x; Status otherwise. */
  readonly status?: number;
  readonly command?: number;
  readonly credits?: number;
  readonly flags?: number;
  readonly messageId?: bigint;
  /** With SMB2_FLAGS_ASYNC_COMMAND, in place of `reserved` and `treeId`. */
  readonly asyncId?: bigint;
  readonly reserved?: number;
  readonly treeId?: number;
  readonly sessionId?: bigint;
  /** 16 bytes; sent unchanged where the request is not signed. */
  readonly signature?: Uint8Array;
}

/** How an operation went; never a rejection. */
export interface Outcome {
  /** `"SUCCESS"`, `"OBJECT_NAME_NOT_FOUND"`, ...; empty when no response came. */
  readonly status: string;
  /** NTSTATUS; null when no response came. */
  readonly code: number | null;
  /** Whether the status is an expected one. */
  readonly matched: boolean;
  /** Why the operation was not sent. */
  readonly skipped?: string;
  /** Why there is no response: timed out, connection lost. */
  readonly error?: string;
  /** Seconds between the request and the final response. */
  readonly duration: number;
}

/**
 * An operation under way: a promise of its result, sent when it was made, not when it is awaited. In a replay it never
 * rejects; what it resolves to after a failure is the empty value of its type (no bytes, an empty list, a file that is
 * not open).
 */
export interface Operation<T> extends Promise<T> {
  /** How it went; never rejects, in a scenario neither. */
  readonly outcome: Promise<Outcome>;
  /** Resolves to true when the server sends an interim response (STATUS_PENDING), to false when the final one comes first. */
  readonly pending: Promise<boolean>;
  /** Sends CANCEL for the request (MS-SMB2 3.2.4.24); the operation then ends as the server decides. */
  cancel(options?: { readonly label?: Label }): void;
}

// ---------------------------------------------------------------------------------------------- names

/**
 * DesiredAccess. `"r"` = 0x00120089, `"w"` = 0x00120116, `"x"` = 0x001200A0, `"d"` = 0x00110080 (delete, attributes,
 * synchronize), and their unions in any order (`"rw"`, `"rwd"`); `"all"` = 0x001F01FF; `"max"` = MAXIMUM_ALLOWED; names
 * of single bits in a list (`["FILE_READ_DATA", "DELETE"]`); or the mask (MS-SMB2 2.2.13.1).
 */
export type Access = number | string | readonly string[];

/** ShareAccess: any of the letters `r`, `w`, `d`, or `""` for none, or the mask. */
export type Share = number | string;

/** CreateDisposition (MS-SMB2 2.2.13). */
export type Disposition =
  | number
  | "supersede"
  | "open"
  | "create"
  | "openIf"
  | "overwrite"
  | "overwriteIf";

/** One bit of CreateOptions (MS-SMB2 2.2.13). */
export type CreateOption =
  | "directory"
  | "writeThrough"
  | "sequentialOnly"
  | "noIntermediateBuffering"
  | "syncIoAlert"
  | "syncIoNonAlert"
  | "nonDirectory"
  | "completeIfOplocked"
  | "noEaKnowledge"
  | "randomAccess"
  | "deleteOnClose"
  | "openByFileId"
  | "openForBackupIntent"
  | "noCompression"
  | "openRequiringOplock"
  | "disallowExclusive"
  | "reserveOpfilter"
  | "openReparsePoint"
  | "openNoRecall"
  | "openForFreeSpaceQuery";

/** One bit of FileAttributes (MS-FSCC 2.6). */
export type FileAttribute =
  | "readOnly"
  | "hidden"
  | "system"
  | "directory"
  | "archive"
  | "normal"
  | "temporary"
  | "sparse"
  | "reparsePoint"
  | "compressed"
  | "offline"
  | "notContentIndexed"
  | "encrypted";

/** RequestedOplockLevel (MS-SMB2 2.2.13); `"lease"` follows from a lease. */
export type Oplock = number | "none" | "II" | "exclusive" | "batch" | "lease";

/** A lease state: letters `R`, `W`, `H` in any order, `""` for none; or the mask (MS-SMB2 2.2.13.2.8). */
export type LeaseStateText = number | string;

/** A lease to ask for. */
export interface LeaseOptions {
  readonly state: LeaseStateText;
  /**
   * Which lease: opens with equal keys share one. A name, from which the run makes 16 bytes that differ between runs
   * and clients' users, or the bytes. Without it the file has a lease of its own.
   */
  readonly key?: string | Uint8Array;
  /** ParentLeaseKey, a key as above; version 2 only. */
  readonly parent?: string | Uint8Array;
  /** 1 or 2; 2 unless the dialect is older than 3.0. */
  readonly version?: 1 | 2;
  /** Epoch, version 2 only. */
  readonly epoch?: number;
  /** LeaseFlags as they go on the wire; PARENT_LEASE_KEY_SET (0x04) follows from `parent`. */
  readonly flags?: number;
}

/**
 * What to do when the server breaks the lease or oplock of a file.
 * - `"acknowledge"`: answer at once with what the server offers, where it asks for an answer (the default).
 * - `"close"`: close the file instead of acknowledging.
 * - `"withhold"`: never answer; the script may call `acknowledge()` on the break itself.
 * - `{ delay, to, flush }`: acknowledge after that time, to that state (what the server offers, unless given); with
 *   `flush` the server has answered a FLUSH before.
 * - a function: called at once; it acknowledges with `event.acknowledge()`, or does not.
 */
export type BreakPolicy =
  | "acknowledge"
  | "close"
  | "withhold"
  | { readonly delay?: Duration; readonly to?: LeaseStateText | Oplock; readonly flush?: boolean }
  | ((event: Break, file: File) => void | Promise<void>);

/** A create context (MS-SMB2 2.2.13.2): a name alone, its fields, or any other one by its bytes. */
export type CreateContext =
  /** `"RqLs"` marks the place of the lease among the contexts; without it the lease comes last. */
  | "DHnQ"
  | "DH2Q"
  | "MxAc"
  | "QFid"
  | "RqLs"
  | "AAPL"
  | { readonly kind: "DHnQ" }
  /** The open to reconnect to: its file id of this run is sent. */
  | { readonly kind: "DHnC"; readonly file: File | undefined }
  | {
    readonly kind: "DH2Q";
    /** Milliseconds, as on the wire; 0 lets the server choose. */
    readonly timeout?: number;
    /** 0x00000002 = persistent. */
    readonly flags?: number;
    /** A name, from which the run makes a GUID, or GUID text; a new one without it. */
    readonly createGuid?: string;
  }
  | {
    /** File id and CreateGuid of that open are sent. */
    readonly kind: "DH2C";
    readonly file: File | undefined;
    readonly flags?: number;
    /** In place of the CreateGuid of that open, as in a DH2Q. */
    readonly createGuid?: string;
  }
  | { readonly kind: "MxAc"; readonly timestamp?: bigint }
  | { readonly kind: "QFid" }
  | { readonly kind: "AlSi"; readonly allocationSize: bigint | number }
  /** FILETIME of the snapshot. */
  | { readonly kind: "TWrp"; readonly timestamp: bigint }
  | { readonly kind: "ExtA"; readonly data: Uint8Array }
  | { readonly kind: "SecD"; readonly data: Uint8Array }
  | { readonly kind: "AppInstanceId"; readonly appInstanceId: string }
  | { readonly kind: "AppInstanceVersion"; readonly high: bigint; readonly low: bigint }
  | { readonly kind: "SVHDX"; readonly data: Uint8Array }
  | {
    readonly kind: "AAPL";
    readonly requestBitmap?: bigint;
    readonly clientCapabilities?: bigint;
  }
  /** `name` is text of 4 characters, or 16 bytes. */
  | { readonly kind: "raw"; readonly name: string | Uint8Array; readonly data: Uint8Array };

/** A negotiate context by its number and bytes (MS-SMB2 2.2.3.1), or one of the known ones by name. */
export type NegotiateContextOption =
  | {
    readonly kind: "preauthIntegrity";
    readonly hashAlgorithms?: readonly ("SHA-512" | number)[];
    readonly saltLength?: number;
  }
  | { readonly kind: "encryption"; readonly ciphers: readonly (CipherName | number)[] }
  | {
    readonly kind: "compression";
    readonly flags?: number;
    readonly algorithms: readonly (CompressionName | number)[];
  }
  /** Without a name, the target's own is sent. */
  | { readonly kind: "netname"; readonly netName?: string }
  | { readonly kind: "transport"; readonly flags: number }
  | { readonly kind: "rdmaTransform"; readonly transforms: readonly number[] }
  | { readonly kind: "signing"; readonly algorithms: readonly (SigningAlgorithmName | number)[] }
  | { readonly kind: "raw"; readonly type: number; readonly data: Uint8Array };

// ------------------------------------------------------------------------------ connection to tree

/** A bit of the capabilities of a connection (MS-SMB2 2.2.3). */
export type CapabilityName =
  | "dfs"
  | "leasing"
  | "largeMtu"
  | "multiChannel"
  | "persistentHandles"
  | "directoryLeasing"
  | "encryption"
  | "notifications";

/** Options of {@linkcode Client.connect}: NEGOTIATE (MS-SMB2 2.2.3). */
export interface ConnectOptions extends OperationOptions {
  /** Dialects to offer: `"3.1.1"`, `"2.0.2"`, ... or their numbers; all from 2.0.2 to 3.1.1 unless given. */
  readonly dialects?: readonly (string | number)[];
  /** Connections with equal names have equal ClientGuids; the client's name unless given. */
  readonly clientGuid?: string;
  /** SecurityMode: 0x01 signing enabled, 0x02 signing required. */
  readonly securityMode?: number;
  /** Capabilities by name, or their mask. */
  readonly capabilities?: number | readonly CapabilityName[];
  /** Negotiate contexts in the order to send, 3.1.1 only. */
  readonly contexts?: readonly NegotiateContextOption[];
  /** Start with an SMB1 multi-protocol NEGOTIATE (MS-SMB2 3.2.4.2.2.1). */
  readonly smb1?: boolean;
  /** Ciphers to offer, best first, where `contexts` does not say; `[]` offers none, which 3.1.1 then has not. */
  readonly ciphers?: readonly (CipherName | number)[];
  /** Signing algorithms to offer, best first, where `contexts` does not say; `[]` leaves the choice to the dialect. */
  readonly signingAlgorithms?: readonly (SigningAlgorithmName | number)[];
  /** Compression to offer, where `contexts` does not say; none unless given. */
  readonly compression?: CompressionOptions;
  /** Tell the server its name, where `contexts` does not say; false unless given. */
  readonly netname?: boolean;
  /** `false`: connects and sends nothing. Such a connection takes {@linkcode Connection.sendRaw} alone. */
  readonly negotiate?: boolean;
}

/** A cipher (MS-SMB2 2.2.3.1.2). */
export type CipherName = "AES-128-CCM" | "AES-128-GCM" | "AES-256-CCM" | "AES-256-GCM";

/** A signing algorithm (MS-SMB2 2.2.3.1.7). */
export type SigningAlgorithmName = "HMAC-SHA256" | "AES-CMAC" | "AES-GMAC";

/** A compression algorithm (MS-SMB2 2.2.3.1.3). */
export type CompressionName = "LZNT1" | "LZ77" | "LZ77+Huffman" | "Pattern_V1" | "LZ4";

/** Compression to offer. */
export interface CompressionOptions {
  /** Best first. */
  readonly algorithms: readonly (CompressionName | number)[];
  /** Messages of several parts, which Pattern_V1 needs; false unless given. */
  readonly chained?: boolean;
}

/** What the server chose. */
export interface Negotiated {
  /** 0x0202 to 0x0311; 0 when the connection failed. */
  readonly dialect: number;
  readonly maxTransactSize: number;
  readonly maxReadSize: number;
  readonly maxWriteSize: number;
  /** Capabilities mask of the server. */
  readonly capabilities: number;
  /** The cipher of encrypted sessions; null where there is none. */
  readonly cipher: string | null;
}

/** Options of {@linkcode Connection.login}: SESSION_SETUP, as many as it takes (MS-SMB2 2.2.5). */
export interface LoginOptions extends OperationOptions {
  /**
   * The user as recorded. The run logs in as the user of the command line; with `--users-csv`, and without load, as this
   * one where the file has it.
   */
  readonly user?: string;
  /**
   * `"run"`: user and password of the run (the default). `"anonymous"`: none. `"guest"`: the user `guest` without
   * password. `"wrong"`: the user with a password that is not his, for a recorded LOGON_FAILURE.
   */
  readonly credentials?: "run" | "anonymous" | "guest" | "wrong";
  /** SecurityMode of the session: 0x01 signing enabled, 0x02 required. */
  readonly securityMode?: number;
  /** Capabilities of the request: `["dfs"]`, or a mask. */
  readonly capabilities?: number | readonly CapabilityName[];
  /** The session that this one replaces: PreviousSessionId. */
  readonly previous?: Session | undefined;
  /** Other clients of the run may name the session: {@linkcode Client.sessionOf}. */
  readonly shared?: boolean;
  /** The session of another connection that this connection joins (SMB2_SESSION_FLAG_BINDING). */
  readonly bind?: Session;
  /** `"enabled"`: as the server asks (the default, but for a `securityMode` that requires it); `"off"`: never. */
  readonly signing?: "required" | "enabled" | "off";
  /** `"enabled"`: where server or share ask for it (the default); `"required"`: everything; `"off"`: never. */
  readonly encryption?: "required" | "enabled" | "off";
  /** Requests in flight on a lost channel go out again on another one; true unless given. */
  readonly failover?: boolean;
  /** Authenticates again when the session has expired, and repeats the request; false unless given. */
  readonly renew?: boolean;
}

/** Options of {@linkcode Session.tree}: TREE_CONNECT (MS-SMB2 2.2.9). */
export interface TreeOptions extends OperationOptions {
  /** Flags of the request, 3.1.1 only. */
  readonly flags?: number;
}

/**
 * Faults of the network, made within the client. Bytes count from the call on, both ends of the connection live until
 * it is said to end, and nothing else on the machine notices.
 */
export interface NetworkFaults {
  /** Holds back what arrives (`"rx"`), what is sent (`"tx"`), or both, until `resume()`. */
  stall(direction?: "rx" | "tx" | "both"): void;
  /** Delays everything in the direction by that time; `0` ends it. */
  delay(time: Duration, direction?: "rx" | "tx" | "both"): void;
  /** What is sent vanishes and nothing arrives any more, while the connection looks alive. */
  halfOpen(): void;
  /** Ends the connection after so many more bytes were sent (`"tx"`, unless given) or received. */
  dropAfter(bytes: Size, direction?: "rx" | "tx"): void;
  /** Ends the connection in place of the next request of that command (`"WRITE"`), or of any: it does not arrive. */
  dropBefore(command?: string): void;
  /** Ends the connection now, without a word. */
  drop(): void;
  /** Ends `stall` and `delay`, and forgets `dropAfter` and `dropBefore`. */
  resume(): void;
}

/** Options of {@linkcode Connection.sendRaw}. */
export interface SendRawOptions extends Pick<OperationOptions, "expect" | "label" | "timeout"> {
  /** Puts the length of direct TCP before the bytes; true unless given. Without it the bytes are the stream. */
  readonly framed?: boolean;
  /** `false`: does not wait for an answer. */
  readonly answer?: boolean;
}

/** What a server answered to {@linkcode Connection.sendRaw}. */
export interface RawAnswer {
  /** The frame without its length; empty where none was awaited. */
  readonly bytes: Uint8Array;
  /** Of its first message: the status, `""` where it is no message (encrypted, for example). */
  readonly status: string;
  /** `"NEGOTIATE"`, ... */
  readonly command: string;
  readonly messageId: bigint;
  /** The first message with its fields; null where it cannot be decoded. */
  readonly message: unknown;
}

/** One TCP connection, negotiated. */
export interface Connection {
  /** Faults of this connection's network. */
  readonly net: NetworkFaults;
  /** What the server chose. */
  readonly negotiated: Negotiated;
  /** Logs in. */
  login(options?: LoginOptions): Operation<Session>;
  /** ECHO. */
  echo(options?: OperationOptions): Operation<void>;
  /**
   * Sends bytes as one frame, beside the client's own requests and without its knowledge: no signature, no encryption,
   * no credits, and no faults of `net`. Resolves to the next frame with the MessageId of the bytes (or to the next
   * frame, where they have none), interim responses apart; any status is right unless `expect` says otherwise. A
   * MessageId that the client itself comes to use later makes the server drop the connection: take one far ahead.
   * To change a request that the client sends, use `raw` of its options.
   */
  sendRaw(bytes: Uint8Array, options?: SendRawOptions): Operation<RawAnswer>;
  /**
   * Closes the TCP connection, without a word to the server. Resolves when the server has closed it, too, or a second
   * later; what was open there may be closed a moment after that.
   */
  disconnect(): Promise<void>;
  /** Resolves with the reason when the connection ends, whoever ends it. */
  disconnected(): Promise<string>;
}

/** A user's session on a connection: one of its channels, where it has several. */
export interface Session {
  /** SessionId in this run; 0n when the login did not succeed. */
  readonly id: bigint;
  /** How many channels of this session were lost (Session.ChannelSequence). */
  readonly channelSequence: number;
  /**
   * Connects to a share: its name, or `\\server\share`; the target's unless given. `replay`'s `p.share()` gives the
   * name on the target.
   */
  tree(share?: string, options?: TreeOptions): Operation<Tree>;
  /** Authenticates again on the same session. */
  reauthenticate(options?: LoginOptions): Operation<void>;
  /** LOGOFF. */
  logoff(options?: OperationOptions): Operation<void>;
}

// -------------------------------------------------------------------------------------- tree and file

/** A handle that outlives its connection (MS-SMB2 2.2.13.2.3, 2.2.13.2.11). */
export interface DurableOptions {
  /** 2 unless given; 1 is all that dialects before 3.0 have. */
  readonly version?: 1 | 2;
  /** How long the server keeps it, version 2; its own choice unless given. */
  readonly timeout?: Duration;
  /** Outlives the server too, version 2; false unless given. */
  readonly persistent?: boolean;
}

/** Options of an open: CREATE (MS-SMB2 2.2.13). Every field that is not given has the value that its comment names. */
export interface OpenOptions extends OperationOptions {
  /** `"r"`. */
  readonly access?: Access;
  /** `"rwd"`. */
  readonly share?: Share;
  /** `"open"`. */
  readonly disposition?: Disposition;
  /** None. */
  readonly options?: number | readonly CreateOption[];
  /** `["normal"]` when the disposition may create a file, else none. */
  readonly attributes?: number | readonly FileAttribute[];
  /** `"none"`, or `"lease"` with a lease. */
  readonly oplock?: Oplock;
  /** No lease. The state alone asks for a lease of this file's own. */
  readonly lease?: LeaseStateText | LeaseOptions;
  /** None. In the order to send. */
  readonly contexts?: readonly CreateContext[];
  /** ImpersonationLevel: 2 (impersonation). */
  readonly impersonation?: number;
  /** SecurityFlags: 0. */
  readonly securityFlags?: number;
  /** SmbCreateFlags: 0. */
  readonly createFlags?: bigint;
  /** Other clients of the run may name the open: {@linkcode Client.fileOf}. */
  readonly shared?: boolean;
  /** `"kept"`: `/`, and separators at either end of the path, are sent as they are. */
  readonly separators?: "kept";
  /** What to do when the server breaks the lease or oplock: the client's policy. */
  readonly onBreak?: BreakPolicy;
  /** Asks for a handle that outlives its connection; `contexts` say the same byte by byte. */
  readonly durable?: true | DurableOptions;
  /**
   * Requests that lose their connection wait for {@linkcode File.reconnect}, which sends them again; they fail unless
   * given.
   */
  readonly resume?: boolean;
  /** The recorded grant, `"RWH"` or an oplock: another one counts as a divergence. */
  readonly expectGrant?: LeaseStateText | Oplock;
}

/** A part of a security descriptor (MS-SMB2 2.2.37, 2.2.39). */
export type SecurityPart =
  | "owner"
  | "group"
  | "dacl"
  | "sacl"
  | "label"
  | "attribute"
  | "scope"
  | "backup";

/** Which information to query or set: MS-FSCC class names (`"FileStandardInformation"`) or numbers. */
export interface InfoSelector {
  /** `"file"`, `"fileSystem"`, `"security"`, `"quota"` or 1 to 4; `"file"` unless given. */
  readonly type?: "file" | "fileSystem" | "security" | "quota" | number;
  /** Class; 0 for security and quota. */
  readonly class?: number | string;
  /** AdditionalInformation: the parts of a security descriptor by name, or a mask. */
  readonly additional?: number | readonly SecurityPart[];
}

/** Options of {@linkcode File.queryInfo} (MS-SMB2 2.2.37). */
export interface QueryInfoOptions extends OperationOptions, InfoSelector {
  /** OutputBufferLength; 65536 unless given. */
  readonly outputLength?: number;
  readonly flags?: number;
  readonly input?: Uint8Array;
}

/**
 * A time that a file is given: ISO 8601 in UTC, with up to seven digits of a second. -1: the server leaves it alone from
 * now on, whatever is done through this handle; -2: it does no longer (MS-FSCC 2.4.7).
 */
export type FileTime = string | -1 | -2;

/** What {@linkcode File.setBasic} sets; what is not given stays. */
export interface BasicInfo {
  readonly created?: FileTime;
  readonly accessed?: FileTime;
  readonly modified?: FileTime;
  readonly changed?: FileTime;
  readonly attributes?: number | readonly FileAttribute[];
}

/** Options of {@linkcode File.setInfo} (MS-SMB2 2.2.39). */
export interface SetInfoOptions extends OperationOptions, InfoSelector {}

/** Options of {@linkcode File.queryDirectory} (MS-SMB2 2.2.33). */
export interface QueryDirectoryOptions extends OperationOptions {
  /** `"*"`. */
  readonly pattern?: string;
  /** FileIdBothDirectoryInformation (37). */
  readonly class?: number | string;
  /** Where to begin and how much to tell, by name or as a mask. */
  readonly flags?: number | readonly ("restart" | "singleEntry" | "indexSpecified" | "reopen")[];
  readonly index?: number;
  /** OutputBufferLength; 65536 unless given. */
  readonly outputLength?: number;
}

/** Options of an IOCTL (MS-SMB2 2.2.31). */
export interface IoctlOptions extends OperationOptions {
  /** Input bytes; for VALIDATE_NEGOTIATE_INFO without input the right ones of this connection are sent. */
  readonly input?: Data;
  /** The first 24 bytes of the input become the resume key that this file got from SRV_REQUEST_RESUME_KEY. */
  readonly resumeKey?: File;
  readonly maxInput?: number;
  /** MaxOutputResponse; 65536 unless given. */
  readonly maxOutput?: number;
  /** 1 (an FSCTL). */
  readonly flags?: number;
}

/** Options of {@linkcode File.read} (MS-SMB2 2.2.19). */
export interface ReadOptions extends OperationOptions {
  readonly minimumCount?: number;
  readonly flags?: number;
  readonly remainingBytes?: number;
  /** 0x50. */
  readonly padding?: number;
  readonly channel?: number;
}

/** Options of {@linkcode File.write} (MS-SMB2 2.2.21). */
export interface WriteOptions extends OperationOptions {
  /** 0x01 write through, 0x02 unbuffered. */
  readonly flags?: number;
  readonly remainingBytes?: number;
  readonly channel?: number;
}

/** One range of a LOCK (MS-SMB2 2.2.26.1). */
export interface LockRange {
  readonly offset: number | bigint;
  readonly length: number | bigint;
  /** `"shared"`, `"exclusive"`, `"unlock"`, or the flags. */
  readonly kind: "shared" | "exclusive" | "unlock" | number;
  /** Fail at once instead of waiting; false unless given. */
  readonly failImmediately?: boolean;
}

/** Options of {@linkcode File.lock}. */
export interface LockOptions extends OperationOptions {
  /**
   * The 32 bits of LockSequenceNumber and LockSequenceIndex. Unless given, 0 in a replay; in a scenario the client counts
   * where the server knows repetitions by it, and 0 elsewhere.
   */
  readonly lockSequence?: number;
}

/** A kind of change (MS-SMB2 2.2.35). */
export type ChangeKind =
  | "fileName"
  | "dirName"
  | "attributes"
  | "size"
  | "lastWrite"
  | "lastAccess"
  | "creation"
  | "ea"
  | "security"
  | "streamName"
  | "streamSize"
  | "streamWrite";

/** Options of {@linkcode File.changes}: CHANGE_NOTIFY (MS-SMB2 2.2.35). */
export interface NotifyOptions extends OperationOptions {
  /** CompletionFilter: kinds of change, or a mask; every kind (0xFFF) unless given. */
  readonly filter?: number | readonly ChangeKind[];
  /** Watch everything below the directory too. */
  readonly recursive?: boolean;
  /** Flags as on the wire, instead of `recursive`. */
  readonly flags?: number;
  readonly outputLength?: number;
}

/** Options of {@linkcode File.close} (MS-SMB2 2.2.15). */
export interface CloseOptions extends OperationOptions {
  /** Ask for the attributes (SMB2_CLOSE_FLAG_POSTQUERY_ATTRIB). */
  readonly attributes?: boolean;
}

/** Answer to {@linkcode File.queryInfo}. */
export interface InfoResult {
  /** The bytes, as the server sent them. */
  readonly bytes: Uint8Array;
  /** The fields, where the class is known; else null. */
  readonly value: unknown;
}

/** One entry of a directory. */
export interface DirectoryEntry {
  readonly name: string;
  /** EndOfFile in bytes; 0 where the class does not carry it. */
  readonly size: number;
  /** FileAttributes. */
  readonly attributes: number;
  readonly directory: boolean;
}

/** One change of a watched directory (MS-FSCC 2.7.1). */
export interface Change {
  readonly action:
    | "added"
    | "removed"
    | "modified"
    | "renamedFrom"
    | "renamedTo"
    | "addedStream"
    | "removedStream"
    | "modifiedStream"
    | number;
  readonly name: string;
}

/** A break that the server sent (MS-SMB2 2.2.23). */
export interface Break {
  readonly kind: "lease" | "oplock";
  /** `"RWH"` order always R, W, H; an oplock by its name. What the client had. */
  readonly from: string;
  /** What the server offers. */
  readonly to: string;
  /** Whether the server waits for an answer. */
  readonly ackRequired: boolean;
  /** NewEpoch of a version 2 lease. */
  readonly epoch?: number;
  /**
   * Acknowledges now, to what the server offers or to `to`; for the policy `"withhold"`. Each call sends one
   * acknowledgement, also where none is due: the server says what it thinks of it.
   */
  acknowledge(
    options?: OperationOptions & { readonly to?: LeaseStateText | Oplock },
  ): Operation<void>;
}

/** A lease as the answer to an open describes it (MS-SMB2 2.2.14.2.10, 2.2.14.2.11). */
export interface GrantedLease {
  readonly version: 1 | 2;
  /** Letters in the order R, W, H; `""` for none. */
  readonly state: string;
  /** 16 bytes. */
  readonly key: Uint8Array;
  /** LeaseFlags: 0x02 a break is in progress, 0x04 `parent` is set. */
  readonly flags: number;
  /** Version 2 only. */
  readonly epoch?: number;
  /** ParentLeaseKey, 16 bytes; version 2 only. */
  readonly parent?: Uint8Array;
}

/** Attributes and sizes of a file. */
export interface FileStat {
  /** EndOfFile in bytes. */
  readonly size: number;
  /** AllocationSize in bytes. */
  readonly allocation: number;
  readonly attributes: number;
  readonly directory: boolean;
  readonly created: Date;
  readonly modified: Date;
}

// ------------------------------------------------------------------------------- FSCTLs of files and shares

/** One range of {@linkcode FileControls.copyChunk} (MS-SMB2 2.2.31.1.1). */
export interface CopyRange {
  /** Offset in the source. */
  readonly from: number | bigint;
  /** Offset in the target. */
  readonly to: number | bigint;
  readonly length: Size;
}

/**
 * What a server-side copy did. With the status INVALID_PARAMETER, what the server allows in one request (MS-SMB2
 * 2.2.32.1): how many ranges, the length of one, and of all.
 */
export interface CopyResult {
  readonly chunks: number;
  /** Bytes of a range that was copied in part. */
  readonly chunkBytes: number;
  readonly bytes: number;
}

/** A range of a file. */
export interface ByteRange {
  readonly offset: number | bigint;
  readonly length: number | bigint;
}

/** Previous versions of a file or share (MS-SMB2 2.2.32.2). */
export interface SnapshotList {
  /** Such as `"@GMT-2024.01.31-12.00.00"`; empty where `maxOutput` did not suffice for all. */
  readonly names: readonly string[];
  /** How many there are. */
  readonly total: number;
  /** Bytes that all names take. */
  readonly size: number;
}

/** What {@linkcode FileControls.offloadRead} gives: a stand-in for data. */
export interface OffloadToken {
  /** 512 bytes. */
  readonly token: Uint8Array;
  /** Bytes that the token stands for. */
  readonly length: number;
  /** 0x01 = everything behind it is zero up to the end of the file. */
  readonly flags: number;
}

/** A reparse point (MS-FSCC 2.1.2). */
export interface ReparsePoint {
  /** Such as 0xA000000C, a symbolic link. */
  readonly tag: number;
  /** DataBuffer. */
  readonly data: Uint8Array;
}

/** Integrity streams of ReFS. */
export interface Integrity {
  /** 0 none, 2 CRC64; 0xFFFF in a change keeps what is there. */
  readonly checksumAlgorithm: number;
  /** 0x01 = errors are not enforced. */
  readonly flags: number;
  /** Bytes that have one checksum. */
  readonly checksumChunkSize: number;
  /** Bytes. */
  readonly clusterSize: number;
}

/** The object id of a file (MS-FSCC 2.1.3). */
export interface ObjectId {
  /** GUID text. */
  readonly id: string;
  /** 48 bytes. */
  readonly extended: Uint8Array;
}

/** What {@linkcode FileControls.peek} sees in a pipe (MS-FSCC 2.3.46). */
export interface PipePeek {
  /** 3 = connected, 4 = closing. */
  readonly state: number;
  /** Bytes to read. */
  readonly available: number;
  readonly messages: number;
  /** Bytes of the first message. */
  readonly messageLength: number;
  /** The first of these bytes, which stay in the pipe. */
  readonly data: Uint8Array;
}

/** An interface of the server (MS-SMB2 2.2.32.5). */
export interface NetworkInterface {
  readonly index: number;
  /** Receive side scaling. */
  readonly rss: boolean;
  readonly rdma: boolean;
  /** Bits per second. */
  readonly speed: number;
  /** Such as `"192.0.2.1"`; null where it is neither IPv4 nor IPv6. */
  readonly address: string | null;
}

/** Where a DFS path leads (MS-DFSC 2.2.4). */
export interface DfsReferral {
  /** Characters of the requested path that the targets stand for. */
  readonly consumed: number;
  /** 0x01 referral servers, 0x02 storage servers, 0x04 target failback. */
  readonly flags: number;
  /** Most preferred first. */
  readonly targets: readonly DfsReferralTarget[];
}

/** One target of a referral (MS-DFSC 2.2.5). */
export interface DfsReferralTarget {
  readonly version: number;
  /** 1 = root targets, 0 = others. */
  readonly serverType: number;
  /** 0x02 = a list of names, 0x04 = the first of a set of targets. */
  readonly flags: number;
  /** Seconds for which the referral may be kept. */
  readonly timeToLive: number;
  /** The path that was asked for; of a list of names, the special name. */
  readonly path: string;
  /** `\\server\share...`; of a list of names, each name. */
  readonly targets: readonly string[];
}

/** What a path comes to after its DFS links. */
export interface DfsLocation {
  /** `\\server\share\path` of the last target. */
  readonly unc: string;
  /** The share of the run's target to connect to. */
  readonly share: string;
  /** The path within it. */
  readonly path: string;
  /** How many referrals led there; 0 when the path is no link. */
  readonly hops: number;
}

/** A share of the server, as its Server service lists it (MS-SRVS 3.1.4.8). */
export interface ShareInfo {
  readonly name: string;
  readonly kind: "disk" | "printer" | "device" | "ipc" | number;
  /** Reserved for administration, such as `IPC$` and `C$`. */
  readonly special: boolean;
  readonly temporary: boolean;
  readonly comment: string;
}

/**
 * FSCTLs of a file, each one request. `ioctl` takes any other one, by number and bytes. An answer that does not have
 * the form of its FSCTL rejects in a scenario with a `WireError`.
 */
export interface FileControls {
  /** SRV_REQUEST_RESUME_KEY: 24 bytes, which this file keeps for copies from it (MS-SMB2 2.2.32.3). */
  requestResumeKey(options?: OperationOptions): Operation<Uint8Array>;
  /**
   * SRV_COPYCHUNK into this file from another one, whose resume key was requested before; `write` sends
   * SRV_COPYCHUNK_WRITE, which does not need read access to this file (MS-SMB2 2.2.31.1).
   */
  copyChunk(
    from: File,
    ranges: readonly CopyRange[],
    options?: OperationOptions & { readonly write?: boolean },
  ): Operation<CopyResult>;
  /** SRV_ENUMERATE_SNAPSHOTS; with `maxOutput` 16 the answer tells the size alone. */
  snapshots(
    options?: OperationOptions & { readonly maxOutput?: number },
  ): Operation<SnapshotList>;
  /** QUERY_ALLOCATED_RANGES: the parts of a range that are not holes (MS-FSCC 2.3.51). */
  allocatedRanges(
    offset: number | bigint,
    length: number | bigint,
    options?: OperationOptions & { readonly maxOutput?: number },
  ): Operation<ByteRange[]>;
  /** SET_ZERO_DATA from one offset up to another (MS-FSCC 2.3.85). */
  zeroData(
    from: number | bigint,
    to: number | bigint,
    options?: OperationOptions,
  ): Operation<void>;
  /** SET_SPARSE; true unless given (MS-FSCC 2.3.83). */
  setSparse(sparse?: boolean, options?: OperationOptions): Operation<void>;
  /** FILE_LEVEL_TRIM; resolves to the number of ranges that the server took. */
  trim(
    ranges: readonly ByteRange[],
    options?: OperationOptions & { readonly key?: number },
  ): Operation<number>;
  /** OFFLOAD_READ. `timeToLive` of the token in milliseconds, 0 = the server's choice. */
  offloadRead(
    offset: number | bigint,
    length: number | bigint,
    options?: OperationOptions & { readonly timeToLive?: number },
  ): Operation<OffloadToken>;
  /** OFFLOAD_WRITE; resolves to the bytes written. `tokenOffset` skips bytes of the token. */
  offloadWrite(
    token: Uint8Array,
    range: ByteRange & { readonly tokenOffset?: number | bigint },
    options?: OperationOptions,
  ): Operation<number>;
  /** GET_REPARSE_POINT of a file opened with `openReparsePoint`. */
  reparsePoint(options?: OperationOptions): Operation<ReparsePoint>;
  /** SET_REPARSE_POINT. */
  setReparsePoint(point: ReparsePoint, options?: OperationOptions): Operation<void>;
  /** DELETE_REPARSE_POINT; the tag must be that of the file. */
  deleteReparsePoint(tag: number, options?: OperationOptions): Operation<void>;
  /** DUPLICATE_EXTENTS_TO_FILE, or its _EX form when `flags` are given (MS-FSCC 2.3.7, 2.3.9). */
  duplicateExtents(
    from: File,
    range: CopyRange,
    options?: OperationOptions & { readonly flags?: number },
  ): Operation<void>;
  /** GET_INTEGRITY_INFORMATION. */
  integrity(options?: OperationOptions): Operation<Integrity>;
  /** SET_INTEGRITY_INFORMATION. */
  setIntegrity(
    integrity: Pick<Integrity, "checksumAlgorithm"> & { readonly flags?: number },
    options?: OperationOptions,
  ): Operation<void>;
  /** GET_COMPRESSION: 0 none, 1 default, 2 LZNT1. */
  compression(options?: OperationOptions): Operation<number>;
  /** SET_COMPRESSION. */
  setCompression(state: number, options?: OperationOptions): Operation<void>;
  /** CREATE_OR_GET_OBJECT_ID, or GET_OBJECT_ID with `create: false`. */
  objectId(
    options?: OperationOptions & { readonly create?: boolean },
  ): Operation<ObjectId>;
  /** PIPE_TRANSCEIVE: writes a message to this pipe and reads the answer. */
  transceive(
    data: Uint8Array,
    options?: OperationOptions & { readonly maxOutput?: number },
  ): Operation<Uint8Array>;
  /** PIPE_PEEK. */
  peek(options?: OperationOptions & { readonly maxOutput?: number }): Operation<PipePeek>;
}

/** FSCTLs of a share, each one request on no file. */
export interface TreeControls {
  /** QUERY_NETWORK_INTERFACE_INFO: where further channels may go. */
  networkInterfaces(options?: OperationOptions): Operation<NetworkInterface[]>;
  /** VALIDATE_NEGOTIATE_INFO with what this connection offered; a wrong answer ends the connection. */
  validateNegotiate(options?: OperationOptions): Operation<void>;
  /** PIPE_WAIT: until the pipe of that name can be opened, on `IPC$`. Without `wait` as long as the server likes. */
  waitPipe(
    name: string,
    options?: OperationOptions & { readonly wait?: Duration },
  ): Operation<void>;
  /** DFS_GET_REFERRALS for `\\server\share\path`, entries up to version 4 unless `maxLevel` is given. */
  dfsReferral(
    path: string,
    options?: OperationOptions & { readonly maxLevel?: number; readonly maxOutput?: number },
  ): Operation<DfsReferral>;
}

/** What a CREATE asked for and what came of it: a file, a directory, or a pipe. */
export interface File extends AsyncDisposable, FileControls {
  /** Relative to the share, `\` between components. */
  readonly path: string;
  /** Whether the open succeeded and the file is not closed. */
  readonly isOpen: boolean;
  /** Lease state (`"RWH"`) or oplock (`"batch"`) in force; `""` or `"none"` without. */
  readonly granted: string;
  /** The lease as the answer to the open described it; null without one. What came later is in `granted`. */
  readonly lease: GrantedLease | null;
  /** What the server keeps of this open when the connection is lost. */
  readonly durability: "none" | "resilient" | "durable" | "durable2" | "persistent";
  /** The breaks of this file so far, oldest first, those that `leaseBreak()` and `oplockBreak()` gave included. */
  readonly breaks: readonly Break[];
  /** CreateAction: 0 superseded, 1 opened, 2 created, 3 overwritten; -1 when not open. */
  readonly action: number;
  /** Size when it was opened. */
  readonly size: number;

  /** READ. */
  read(offset: number | bigint, length: Size, options?: ReadOptions): Operation<Uint8Array>;
  /** WRITE; resolves to the count that the server reports. */
  write(offset: number | bigint, data: Data, options?: WriteOptions): Operation<number>;
  /** FLUSH. */
  flush(options?: OperationOptions): Operation<void>;
  /** CLOSE. */
  close(options?: CloseOptions): Operation<void>;
  /** QUERY_INFO. */
  queryInfo(options: QueryInfoOptions): Operation<InfoResult>;
  /** SET_INFO with the bytes of the class. */
  setInfo(input: Uint8Array, options: SetInfoOptions): Operation<void>;
  /** QUERY_DIRECTORY, once: a part of the entries. */
  queryDirectory(options?: QueryDirectoryOptions): Operation<DirectoryEntry[]>;
  /** IOCTL; `code` is a number or a name without `FSCTL_`. */
  ioctl(code: number | string, options?: IoctlOptions): Operation<Uint8Array>;
  /** LOCK, several ranges in one request. */
  lock(ranges: readonly LockRange[], options?: LockOptions): Operation<void>;
  /** CHANGE_NOTIFY: the next changes below this directory. */
  changes(options?: NotifyOptions): Operation<Change[]>;

  /** SET_INFO FileRenameInformation; `to` is relative to the share. */
  rename(to: string, options?: OperationOptions & { readonly replace?: boolean }): Operation<void>;
  /** SET_INFO FileLinkInformation: another name of the file, relative to the share. */
  link(to: string, options?: OperationOptions & { readonly replace?: boolean }): Operation<void>;
  /** SET_INFO FileBasicInformation: times and attributes. */
  setBasic(info: BasicInfo, options?: OperationOptions): Operation<void>;
  /** SET_INFO FileEndOfFileInformation. */
  truncate(size: Size, options?: OperationOptions): Operation<void>;
  /** SET_INFO FileDispositionInformation: the file goes when its last handle is closed. */
  delete(options?: OperationOptions): Operation<void>;
  /** QUERY_INFO FileNetworkOpenInformation. */
  stat(options?: OperationOptions): Operation<FileStat>;

  /** FSCTL_LMR_REQUEST_RESILIENCY: the server keeps the open for that time when the connection is lost. */
  resilient(time: Duration, options?: OperationOptions): Operation<void>;
  /**
   * Establishes the open again on a new connection's share, after its own was lost (MS-SMB2 3.2.4.4), and sends what
   * waited for it (`resume`).
   */
  reconnect(tree: Tree, options?: OperationOptions): Operation<void>;

  /**
   * The next lease break of this file, or the first one nobody asked for yet. Rejects after `timeout` (the run's
   * limit unless given); a replay then records that it is missing, and goes on with a break whose states are empty.
   */
  leaseBreak(options?: { readonly timeout?: Duration; readonly label?: Label }): Promise<Break>;
  /** The next oplock break, in the same way. */
  oplockBreak(options?: { readonly timeout?: Duration; readonly label?: Label }): Promise<Break>;
}

/** A connected share. */
export interface Tree extends TreeControls {
  /** TreeId in this run; 0 when the share did not connect. */
  readonly id: number;
  /** Opens or creates. `path` is relative to the share; `/` and `\` both separate; `""` is the root. */
  open(path: string, options?: OpenOptions): Operation<File>;
  /** IOCTL on no file (FileId all ones), such as DFS_GET_REFERRALS. */
  ioctl(code: number | string, options?: IoctlOptions): Operation<Uint8Array>;
  /** Several requests in one transmission (MS-SMB2 3.2.4.1.4), on the channel `via` as in {@linkcode OperationOptions}. */
  compound(options?: { readonly related?: boolean; readonly via?: Session }): Compound;
  /** TREE_DISCONNECT. */
  disconnect(options?: OperationOptions): Operation<void>;
  /**
   * FLUSH, CLOSE, ... on a handle that the capture never opened or had closed: a file id that no open of this run has. A
   * name of the form `"ffffffffffffffff:ffffffffffffffff"` is the id itself, persistent and volatile half. Of a file that
   * another connection opened, its id goes out over this one.
   */
  unopened(handle: string | File): File;
}

/** Requests of a compound on one file; each call adds one. See {@linkcode File} for the meaning. */
export interface CompoundFile {
  read(
    offset: number | bigint,
    length: Size,
    options?: ReadOptions,
  ): Operation<Uint8Array>;
  write(offset: number | bigint, data: Data, options?: WriteOptions): Operation<number>;
  flush(options?: OperationOptions): Operation<void>;
  close(options?: CloseOptions): Operation<void>;
  queryInfo(options: QueryInfoOptions): Operation<InfoResult>;
  setInfo(input: Uint8Array, options: SetInfoOptions): Operation<void>;
  rename(to: string, options?: OperationOptions & { readonly replace?: boolean }): Operation<void>;
  link(to: string, options?: OperationOptions & { readonly replace?: boolean }): Operation<void>;
  setBasic(info: BasicInfo, options?: OperationOptions): Operation<void>;
  truncate(size: Size, options?: OperationOptions): Operation<void>;
  delete(options?: OperationOptions): Operation<void>;
  queryDirectory(options?: QueryDirectoryOptions): Operation<DirectoryEntry[]>;
  ioctl(code: number | string, options?: IoctlOptions): Operation<Uint8Array>;
  lock(ranges: readonly LockRange[], options?: LockOptions): Operation<void>;
  changes(options?: NotifyOptions): Operation<Change[]>;
}

/** Requests of a compound on another share than its own; each call adds one. See {@linkcode Tree} for the meaning. */
export interface CompoundTree {
  open(path: string, options?: OpenOptions): Operation<File>;
  /** On FileId all ones. */
  ioctl(code: number | string, options?: IoctlOptions): Operation<Uint8Array>;
}

/**
 * Requests that go in one transmission. Calls collect; `send()` sends. In a related chain (the default) every request
 * but the first uses the file of the one before it. The first request of a compound labelled 214 has that label, the
 * next ones have `"214.2"`, `"214.3"`, ...
 */
export interface Compound extends CompoundFile {
  /** Adds a CREATE. */
  open(path: string, options?: OpenOptions): Operation<File>;
  /** Adds requests on this open file, instead of the one before, and on its share; FSCTLs by name, too. */
  on(file: File): CompoundFile & FileControls;
  /** Adds requests on another share of the connection, in whatever session; the compound's own is `tree.compound()`'s. */
  on(tree: Tree): CompoundTree;
  /** Requests on the file of the one before, as the compound's own methods add them; FSCTLs by name, too. */
  readonly file: CompoundFile & FileControls;
  /** Sends the chain; resolves when every request has its response. */
  send(): Operation<void>;
}

// ------------------------------------------------------------------------------------------- clients

/** A file of rows beside the scenario, named by {@linkcode rows}: an operation of the capture a line. */
export interface RowsReference {
  /** `customer.data/alice.jsonl`: relative to the scenario, with `/`. */
  readonly path: string;
}

/** Where a captured share and path are; {@linkcode ReplayParams} has both. */
export interface CapturedPlaces {
  share(captured: string): string;
  path(captured: string): string;
}

/** One client of a replay: its connections, and its clock. */
export interface Client {
  /** `"a"`, `"b"`, ... or the name given to `client()`. */
  readonly name: string;
  /** Connects and negotiates. */
  connect(options?: ConnectOptions): Operation<Connection>;
  /** The `shared` open that the operation of that label made, of whatever client: for its durable reconnect. */
  fileOf(label: Label): File | undefined;
  /** The `shared` session that the login of that label made; undefined where it has not. */
  sessionOf(label: Label): Session | undefined;
  /**
   * Waits until the recorded time: `seconds` after the start of the capture, divided by `--speed`; with `--asap` it
   * waits for nothing. Labels the next operation (or compound). `after` names labels (of other clients too) whose operations
   * had been answered before: it waits for them at any speed. `"214 pending"` names the moment when the server says
   * that the operation of label 214 is pending (or answers it): a watch or a lock that others must not overtake. `took`
   * tells how many seconds after `seconds` its answer came: with `--causal` what follows keeps its think time after the
   * answer, so that a faster server shortens the run. Without `took` it came within 5 ms, and what follows within 5 ms
   * followed it at once.
   */
  at(
    seconds: number,
    label?: Label,
    options?: { readonly after?: readonly Label[]; readonly took?: number },
  ): Promise<void>;
  /** Like `at()` for one moment after the other: yields the number of each, from 0. */
  times(moments: Moments): AsyncIterable<number>;
  /** Like `at()`, `count` times, `interval` seconds apart: yields 0 to `count - 1`. */
  times(
    start: number,
    count: number,
    interval: number,
    options?: { readonly label?: number; readonly labelStep?: number },
  ): AsyncIterable<number>;
  /**
   * Sends one request at each moment without waiting for the answers of those before it: of the one `inFlight` places
   * before alone, where that is given. Resolves when all are answered.
   */
  overlapped(
    moments: Moments,
    send: (i: number) => PromiseLike<unknown>,
    options?: { readonly inFlight?: number },
  ): Promise<void>;
  /** Waits. Scaled by `--speed`; no wait with `--asap`. */
  sleep(duration: Duration): Promise<void>;
  /**
   * Plays the rows of a captured client: their connections, logins, files and data, in recorded order, at recorded
   * times and with the recorded overlap. It keeps order with clients that play other rows of the capture. `places` says
   * where captured shares and paths are, as the parameters of a replay do; the run's own mapping unless given.
   */
  play(rows: RowsReference, places?: CapturedPlaces): Promise<void>;
  /** What to do on breaks of files that have no policy of their own. */
  onBreak: BreakPolicy;
}

/** Options of `client()` in a scenario. */
export interface UserOptions {
  readonly connect?: ConnectOptions;
  readonly login?: LoginOptions;
  /** Share to connect to; the target's unless given. */
  readonly share?: string;
  readonly onBreak?: BreakPolicy;
}

/** A client of a scenario: connected, logged in, with the target's share at hand. */
export interface User extends Client, AsyncDisposable {
  readonly connection: Connection;
  readonly session: Session;
  readonly tree: Tree;
  /** Whether the session can be used: it has a connection. */
  readonly isConnected: boolean;
  /** Opens on the user's tree. */
  open(path: string, options?: OpenOptions): Operation<File>;
  /** Several requests in one transmission, on the user's tree. */
  compound(options?: { readonly related?: boolean }): Compound;
  /** Creates a directory; one that is there already is an error, unless `expect` allows it. */
  mkdir(path: string, options?: OperationOptions): Promise<void>;
  /** Deletes a file or an empty directory. */
  remove(path: string, options?: OperationOptions): Promise<void>;
  /** Renames a file or directory. */
  rename(
    from: string,
    to: string,
    options?: OperationOptions & { readonly replace?: boolean },
  ): Promise<void>;
  /** All entries of a directory without `.` and `..`. */
  list(path?: string, options?: { readonly pattern?: string }): Promise<DirectoryEntry[]>;
  /** Attributes and sizes. */
  stat(path: string): Promise<FileStat>;
  /** Whether the path exists. */
  exists(path: string): Promise<boolean>;
  /**
   * The shares of the server, asked of its Server service over `IPC$` (MS-SRVS 3.1.4.8).
   *
   * @throws {WireError} When the server's answer is no RPC, or longer than 4 MiB.
   */
  shares(): Promise<ShareInfo[]>;
  /**
   * Follows the DFS links of a path of the user's share, or of a `\\server\share\path` (MS-DFSC 3.1.4.1). A run reaches
   * one server only: `map` names its share for a target, by `\\server\share`; otherwise the share's own name is used.
   */
  resolveDfs(
    path: string,
    options?: { readonly map?: Readonly<Record<string, string>> },
  ): Promise<DfsLocation>;
  /** The whole content. */
  readFile(path: string): Promise<Uint8Array>;
  /** Replaces the content, in writes of at most the server's MaxWriteSize. */
  writeFile(path: string, data: Data): Promise<void>;
  /** Logs off and disconnects. */
  close(): Promise<void>;
}

// ----------------------------------------------------------------------------------------- scenarios

/** Parameters: a zod object whose values `--set name=value` gives; each needs a default or a value at the run. */
export type ParamsSchema = z.ZodObject;

/** The values of a schema. */
export type ParamsOf<P> = P extends ParamsSchema ? z.infer<P> : Record<never, never>;

/** What `replay` passes beside the client: the parameters, and the mapping from the capture to the target. */
export type ReplayParams<P = undefined> = ParamsOf<P> & {
  /** The target's name of a captured share (`--map-share captured=name`; disk shares become the target's share). */
  share(captured: string): string;
  /** The target's path of a captured path (`--root dir` puts everything below that directory). */
  path(captured: string): string;
};

/** A stretch of a ramp. */
export interface LoadStage {
  readonly duration: Duration;
  /** Users, or iterations per `timeUnit`, at its end. */
  readonly target: number;
}

/**
 * A condition on a metric, as k6 writes it: `"p(95)<20"` (also `avg`, `min`, `med`, `max`, `count`) for times in
 * milliseconds, `"rate<0.01"` for parts, `"count>100"` and `"rate>10"` (per second) for sums.
 */
export type Threshold = string | {
  readonly threshold: string;
  /** Ends the run as soon as it does not hold. */
  readonly abortOnFail?: boolean;
  /** Seconds before which that is not looked at. */
  readonly delayAbortEval?: number;
};

/**
 * Conditions by metric, with tags that choose some of its values: `"smb_op_duration{command:READ}"`. The metrics:
 * `smb_op_duration`, `smb_op_duration_due` (from the moment at which the operation was due), `smb_lag`, `smb_ops`,
 * `smb_errors`, `smb_bytes_read`, `smb_bytes_written`, `smb_breaks`, `smb_break_ack`, `smb_divergences`, `checks`,
 * `iterations`, `iteration_duration`, `iteration_failures`, `dropped_iterations`; the tags: `command`, `client`,
 * `scenario` (a part of a suite), `status`, `tag`, `check`. A condition on a metric without values does not hold.
 */
export type ThresholdMap = Readonly<Record<string, Threshold | readonly Threshold[]>>;

/** What `handleSummary` is given: version 1 of what `--json` writes. */
export interface RunReport {
  readonly version: 1;
  readonly outcome: string;
  readonly exitCode: number;
  readonly notes: readonly string[];
  readonly thresholds: readonly {
    readonly metric: string;
    readonly expression: string;
    readonly passed: boolean;
    readonly observed: number | null;
  }[];
  /** Counts, distributions in milliseconds, and differences from the capture, as `--json` has them. */
  readonly summary: { readonly [member: string]: unknown };
}

/**
 * Writes a report of its own at the end of a run: a text takes the place of the usual one; of an object `stdout` does,
 * and other members are files by name, written where `--summary-dir` says.
 */
export type HandleSummary = (
  report: RunReport,
) => string | Readonly<Record<string, string>> | Promise<string | Readonly<Record<string, string>>>;

/** What every kind of load takes. */
export interface LoadOptions {
  /** When it begins, after the beginning of the run; at once unless given. */
  readonly startTime?: Duration;
  /** Time over which the beginning of the users is spread. */
  readonly stagger?: Duration;
  /** How long iterations may go on when the time is over; 30 s unless given. */
  readonly gracefulStop?: Duration;
  /** Wait between two iterations of a user: a length, or two between which it varies at random. */
  readonly thinkTime?: Duration | { readonly min: Duration; readonly max: Duration };
}

/**
 * How many users play a scenario, and when: k6's executors, with users for its VUs. The command line's `--users`,
 * `--duration`, `--iterations`, `--rate`, `--stages` replace its members.
 *
 * - `shared-iterations`: a number of iterations, done by `users` together.
 * - `per-user-iterations`: each user does that many.
 * - `constant-users`, `ramping-users`: users iterate for a time.
 * - `constant-arrival-rate`, `ramping-arrival-rate`: iterations begin at a rate, whatever the server does; where all of
 *   `maxUsers` are busy, one is dropped and counted.
 * - `replay`: each user plays a compiled scenario once.
 */
export type Load =
  & LoadOptions
  & (
    | {
      readonly executor: "shared-iterations" | "per-user-iterations";
      readonly users?: number;
      readonly iterations?: number;
      /** 10 min unless given. */
      readonly maxDuration?: Duration;
    }
    | { readonly executor: "replay"; readonly users?: number; readonly maxDuration?: Duration }
    | { readonly executor: "constant-users"; readonly users?: number; readonly duration: Duration }
    | {
      readonly executor: "ramping-users";
      /** 1 unless given. */
      readonly startUsers?: number;
      readonly stages: readonly LoadStage[];
    }
    | {
      readonly executor: "constant-arrival-rate";
      /** Iterations per `timeUnit`. */
      readonly rate: number;
      /** 1 s unless given. */
      readonly timeUnit?: Duration;
      readonly duration: Duration;
      readonly maxUsers: number;
    }
    | {
      readonly executor: "ramping-arrival-rate";
      /** Iterations per `timeUnit` at the beginning; 0 unless given. */
      readonly startRate?: number;
      readonly timeUnit?: Duration;
      readonly stages: readonly LoadStage[];
      readonly maxUsers: number;
    }
  );

/** One of many users. Where nobody asked for load there is one, number 1, without a name. */
export interface LoadUser {
  /** From 1. */
  readonly number: number;
  /** `"user0001"`, or what the command line's list of users has. */
  readonly name: string;
  /** Counts this user's iterations, from 0. */
  readonly iteration: number;
}

/**
 * What shares hold before the clients start: by share, then by path. A path that ends in `/` is a directory, `null` is a
 * path that must not be there; directories on the way need not be named. Everything is made before the run, checked
 * where it is there already, and removed after it, with what the run itself made (`--keep`, `--no-provision` and
 * `--provision-existing` of `smbench run`). Under `--root` it lies below that directory, as a replay's paths do; the
 * name of a share is mapped as `p.share()` maps it, and `""` is the target's share.
 *
 * @example
 * ```ts
 * import { type Provision, scenario } from "smbench";
 *
 * const provision: Provision = {
 *   "": {
 *     "projects/plan.docx": { size: "64k", seed: 3 },
 *     "projects/notes.txt": { data: "hello", attributes: ["readOnly"] },
 *     "projects/archive/": {},
 *     "projects/~$plan.docx": null,
 *   },
 * };
 * const reader = scenario({ name: "reader", provision }, async ({ client }) => {
 *   const alice = await client("alice");
 *   const bytes = await alice.readFile("projects/plan.docx");
 *   if (bytes.length !== 65536) throw new Error("it has another size");
 * });
 * if (reader.kind !== "scenario") throw new Error();
 * ```
 */
export type Provision = Readonly<Record<string, ProvisionedShare>>;

/** Paths of a share, with `/` or `\`. */
export type ProvisionedShare = Readonly<
  Record<string, ProvisionedFile | ProvisionedDirectory | null>
>;

/** A directory. */
export interface ProvisionedDirectory {
  readonly attributes?: number | readonly FileAttribute[];
  /** Time of the last write, ISO 8601. */
  readonly modified?: string;
  /** Extended attributes: their text, or only how many bytes they have. */
  readonly eas?: Readonly<Record<string, string | number>>;
}

/** A file, or a stream of one (`"report.docx:notes"`). What no content is given for is zero, and sparse where it can be. */
export interface ProvisionedFile extends ProvisionedDirectory {
  /** That of its content unless given. */
  readonly size?: Size;
  /** Synthetic content: that of `data(size, seed)`, up to 16 MiB; what is behind is made from other seeds. */
  readonly seed?: number | string;
  /** The content itself: text, bytes or a blob (with `size`). */
  readonly data?: Data;
  /** Parts of the content: offset, length, where the bytes come from, and how far into that. */
  readonly parts?: readonly (
    | readonly [offset: Size, length: Size, content: ProvisionedContent]
    | readonly [offset: Size, length: Size, content: ProvisionedContent, from: Size]
  )[];
}

/** Where bytes come from: the seed of synthetic ones, a blob, or themselves. */
export type ProvisionedContent = number | string | BlobReference | Uint8Array;

/** Options of {@linkcode scenario}. */
export interface ScenarioOptions<P extends ParamsSchema | undefined = undefined> {
  /** Shown in the report. */
  readonly name: string;
  readonly params?: P;
  /** What the target's shares hold before it starts. */
  readonly provision?: Provision;
  /** What to do on breaks, for clients and files without a policy of their own; `"acknowledge"` unless given. */
  readonly onBreak?: BreakPolicy;
  /** Many users, instead of one. */
  readonly load?: Load;
  /** What the run must keep to pass; exit code 99 where it does not. */
  readonly thresholds?: ThresholdMap;
  /** A report of its own. */
  readonly handleSummary?: HandleSummary;
}

/** What a scenario's function gets. */
export interface ScenarioContext<P> {
  /**
   * A user of that name: connects, logs in and connects to the share. Under load a name stands for a client of this
   * user's own, which is there again in the next iteration; without a name it is the user itself.
   */
  client(name?: string, options?: UserOptions): Promise<User>;
  readonly params: ParamsOf<P>;
  /** Which user this is, under load. */
  readonly user: LoadUser;
  /**
   * Counts whether something holds; nothing ends when it does not.
   *
   * @returns The condition.
   */
  check(name: string, condition: boolean): boolean;
  /** A line in the run's log. */
  log(message: string): void;
  /** Waits; scaled by `--speed`, no wait with `--asap`. */
  sleep(duration: Duration): Promise<void>;
  /** Ends the run, of all users, with exit code 108: what the scenario has found out makes the rest worthless. */
  abort(reason?: string): never;
}

/** The function of a scenario. */
export type ScenarioFunction<P> = (context: ScenarioContext<P>) => Promise<void> | void;

/** One captured client. */
export interface ReplayClient {
  /** The user as recorded; for the report. */
  readonly user?: string;
  /** Address as recorded; for the report. */
  readonly address?: string;
}

/** Options of {@linkcode replay}. */
export interface ReplayOptions<
  P extends ParamsSchema | undefined = undefined,
  C extends Record<string, ReplayClient> = Record<string, ReplayClient>,
> {
  /** The capture's file name. */
  readonly source: string;
  /** Shown in the report; the source unless given. */
  readonly name?: string;
  readonly params?: P;
  /**
   * Users of the capture that parameters of text stand for, by parameter: `--set NAME=other` makes the logins of the user
   * those of `other`, where `--users-csv` has such an account.
   */
  readonly users?: Readonly<Record<string, string>>;
  /**
   * Folders of the capture that parameters of text stand for, by parameter: `--set NAME=other` puts all of the folder,
   * with what is provisioned there, into `other`.
   */
  readonly folders?: Readonly<Record<string, string>>;
  /** What the captured shares held before the capture began. */
  readonly provision?: Provision;
  /**
   * What the capture left otherwise than it was: names that came or went, and sizes. Where the run has come to its end,
   * and provisions, what it left is compared, and each difference told.
   */
  readonly after?: Provision;
  /** What to do on breaks, for clients and files without a policy of their own; `"acknowledge"` unless given. */
  readonly onBreak?: BreakPolicy;
  /** Many users, each of whom plays all clients of the capture. */
  readonly load?: Load;
  /** What the run must keep to pass; exit code 99 where it does not. */
  readonly thresholds?: ThresholdMap;
  /** A report of its own. */
  readonly handleSummary?: HandleSummary;
  /** One per captured client; each has a function of the same name. */
  readonly clients: C;
}

/** The functions of a replay, by client. */
export type ReplayFunctions<P, C> = {
  readonly [K in keyof C]: (client: Client, params: ReplayParams<P>) => Promise<void> | void;
};

/** What `scenario` and `replay` return and a scenario file exports as default. Opaque. */
export interface Scenario {
  readonly kind: "scenario" | "replay" | "suite";
  readonly name: string;
}

/** Options of {@linkcode suite}. */
export interface SuiteOptions {
  /** Shown in the report. */
  readonly name: string;
  /** What the run must keep to pass; `{scenario:name}` chooses the values of one scenario. */
  readonly thresholds?: ThresholdMap;
  /** A report of its own. */
  readonly handleSummary?: HandleSummary;
}

// ------------------------------------------------------------------------------------------ expect

/** Checks on one value; each throws when it does not hold, and the report names the line of the scenario. */
export interface Expectation<Result = void> {
  /** The same checks, turned round. */
  readonly not: Expectation<Result>;
  /** Checks on what a promise resolves to. */
  readonly resolves: Expectation<Promise<void>>;
  /** Checks on what a promise rejects with. */
  readonly rejects: Expectation<Promise<void>>;
  /** Identical (`Object.is`). */
  toBe(expected: unknown): Result;
  toBeCloseTo(expected: number, digits?: number): Result;
  toBeDefined(): Result;
  toBeFalsy(): Result;
  toBeGreaterThan(expected: number | bigint): Result;
  toBeGreaterThanOrEqual(expected: number | bigint): Result;
  // deno-lint-ignore no-explicit-any
  toBeInstanceOf(expected: abstract new (...args: any[]) => unknown): Result;
  toBeLessThan(expected: number | bigint): Result;
  toBeLessThanOrEqual(expected: number | bigint): Result;
  toBeNaN(): Result;
  toBeNull(): Result;
  toBeTruthy(): Result;
  toBeUndefined(): Result;
  toContain(expected: unknown): Result;
  toContainEqual(expected: unknown): Result;
  /** Equal by content. */
  toEqual(expected: unknown): Result;
  toHaveLength(expected: number): Result;
  toHaveProperty(name: string | readonly string[], value?: unknown): Result;
  toMatch(expected: string | RegExp): Result;
  /** Has at least these fields, equal by content. */
  toMatchObject(expected: object | readonly object[]): Result;
  toStrictEqual(expected: unknown): Result;
  // deno-lint-ignore no-explicit-any
  toThrow(expected?: string | RegExp | Error | (abstract new (...args: any[]) => unknown)): Result;
}

/** The function {@linkcode expect}. */
export interface Expect {
  (value: unknown, message?: string): Expectation;
  /** Equal to every value of the type, inside `toEqual` and `toMatchObject`. */
  any(type: unknown): unknown;
  /** Equal to everything but null and undefined. */
  anything(): unknown;
  arrayContaining(expected: readonly unknown[]): unknown;
  closeTo(expected: number, digits?: number): unknown;
  objectContaining(expected: Record<string, unknown>): unknown;
  stringContaining(expected: string): unknown;
  stringMatching(expected: string | RegExp): unknown;
}

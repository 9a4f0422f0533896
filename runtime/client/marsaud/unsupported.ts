/**
 * What `@marsaud/smb2` can do, as a table: every command's request, in the fields of the wire, is either one of the
 * package's fixed messages or refused with a reason. A run with a static list of operations asks before it starts; a
 * script is refused at the call.
 *
 * The package sends NEGOTIATE, SESSION_SETUP, TREE_CONNECT, CREATE, CLOSE, READ, WRITE, SET_INFO and QUERY_DIRECTORY, each
 * with most fields fixed (its lib/messages and lib/structures).
 */
import {
  accessMaskNames,
  type CommandName,
  CreateDisposition,
  CreateOption,
  type CreateRequest,
  Dialect,
  FileInformationClass,
  HeaderFlags,
  ImpersonationLevel,
  InfoType,
  QueryDirectoryFlag,
  type RequestBodies,
  SecurityMode,
  SessionSetupFlag,
} from "../../wire/mod.ts";
import { MAX_MESSAGE, type MessageName } from "./package.ts";

/**
 * A request as it would be sent: its command and the fields of its body that are known. A field that is left out is
 * taken to be what the package sends.
 */
export type OperationDescription = {
  [C in CommandName]: {
    readonly command: C;
    readonly body?: Partial<RequestBodies[C]>;
    /** Part of a chain of several messages. */
    readonly compound?: boolean;
    /** A CANCEL follows it. */
    readonly cancelled?: boolean;
    /** Header flags. */
    readonly flags?: number;
    readonly channelSequence?: number;
    /** The request begins with an SMB1 NEGOTIATE. */
    readonly smb1?: boolean;
  };
}[CommandName];

/** A message of the package that does what a request asks for. */
export interface ChosenMessage {
  readonly message: MessageName;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** What it does otherwise than the request says, without harm in ordinary use. */
  readonly notes: readonly string[];
}

/** DesiredAccess of the messages that create: it cannot be told (lib/messages/create.js). */
const CREATE_ACCESS = 0x001701df;

/** CreateOptions that do not change what a server answers: hints, and bits that it ignores (MS-SMB2 2.2.13). */
const HINTS = CreateOption.SEQUENTIAL_ONLY | CreateOption.RANDOM_ACCESS |
  CreateOption.SYNCHRONOUS_IO_ALERT | CreateOption.SYNCHRONOUS_IO_NONALERT;

const SHARE_ALL = 0x07;
const ATTRIBUTE_NORMAL = 0x80;
const ATTRIBUTE_DIRECTORY = 0x10;
const DIALECTS: readonly number[] = [Dialect.SMB_2_0_2, Dialect.SMB_2_1];
/** The package's QUERY_DIRECTORY asks for this many bytes. */
const OUTPUT_LENGTH = 0x10000;
/** Header and fixed part of SET_INFO. */
const SET_INFO_FIXED = 96;
/** Header and fixed part of CREATE, and the two bytes behind the name. */
const CREATE_FIXED = 122;

/** FileInfoClass of SET_INFO -> the package's word for it (lib/messages/set_info.js). */
const SET_CLASSES: ReadonlyMap<number, string> = new Map(
  ([
    "FileAllocationInformation",
    "FileBasicInformation",
    "FileDispositionInformation",
    "FileEndOfFileInformation",
    "FileFullEaInformation",
    "FileLinkInformation",
    "FileModeInformation",
    "FilePipeInformation",
    "FilePositionInformation",
    "FileRenameInformation",
    "FileShortNameInformation",
    "FileValidDataLengthInformation",
  ] as const).map((name) => [FileInformationClass[name], name]),
);

/** Commands without a message in the package. */
const MISSING: Readonly<Partial<Record<CommandName, string>>> = {
  ECHO: "it has no such request",
  FLUSH: "it has no such request",
  LOCK: "it has no byte-range locks",
  IOCTL: "it has no FSCTLs or IOCTLs",
  CANCEL: "it has no such request",
  CHANGE_NOTIFY: "it has no change notifications",
  QUERY_INFO: "it knows of a file only what CREATE and QUERY_DIRECTORY tell",
  OPLOCK_BREAK: "it has neither oplocks nor leases",
};

/**
 * Why `@marsaud/smb2` cannot carry out an operation; null when it can. LOGOFF and TREE_DISCONNECT, which it leaves to the
 * end of the connection, pass: see {@linkcode leftOutByMarsaud}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { unsupportedByMarsaud } from "./mod.ts";
 * assertEquals(unsupportedByMarsaud({ command: "READ", body: { length: 65536 } }), null);
 * assertEquals(unsupportedByMarsaud({ command: "LOCK" }), "it has no byte-range locks");
 * ```
 */
export function unsupportedByMarsaud(operation: OperationDescription): string | null {
  const common = refusedForAny(operation);
  if (common !== null) return common;
  switch (operation.command) {
    case "NEGOTIATE":
      return refusedNegotiate(operation.body ?? {}, operation.smb1 === true);
    case "SESSION_SETUP":
      return refusedSessionSetup(operation.body ?? {});
    case "TREE_CONNECT":
      return (operation.body?.flags ?? 0) === 0 ? null : "it has no flags of TREE_CONNECT";
    case "CREATE": {
      const chosen = chooseCreate(operation.body ?? {});
      return typeof chosen === "string" ? chosen : null;
    }
    case "CLOSE":
      return (operation.body?.flags ?? 0) === 0
        ? null
        : "it cannot ask for attributes with a CLOSE";
    case "READ":
      return refusedRead(operation.body ?? {});
    case "WRITE":
      return refusedWrite(operation.body ?? {});
    case "SET_INFO":
      return refusedSetInfo(operation.body ?? {});
    case "QUERY_DIRECTORY":
      return refusedQueryDirectory(operation.body ?? {});
    default:
      return MISSING[operation.command] ?? null;
  }
}

/** Why a command is not sent though nothing is lost by it; null for the others. */
export function leftOutByMarsaud(command: CommandName): string | null {
  return command === "LOGOFF" || command === "TREE_DISCONNECT"
    ? "@marsaud/smb2 ends sessions and trees by closing the connection"
    : null;
}

/** What the package does otherwise than an operation says that it can carry out. */
export function differencesWithMarsaud(operation: OperationDescription): readonly string[] {
  if (operation.command !== "CREATE") return [];
  const chosen = chooseCreate(operation.body ?? {});
  return typeof chosen === "string" ? [] : chosen.notes;
}

/** The package's word for a FileInfoClass of SET_INFO. */
export function setInfoClassName(informationClass: number): string | undefined {
  return SET_CLASSES.get(informationClass);
}

function refusedForAny(operation: OperationDescription): string | null {
  const flags = operation.flags ?? 0;
  if (operation.compound === true) return "it has no compounds";
  if (operation.cancelled === true) return "it has no CANCEL";
  if ((operation.channelSequence ?? 0) !== 0) return "it has no channel sequence";
  if ((flags & HeaderFlags.SIGNED) !== 0) return "it does not sign";
  const known = HeaderFlags.SIGNED | HeaderFlags.SERVER_TO_REDIR | HeaderFlags.ASYNC_COMMAND;
  return (flags & ~known) === 0 ? null : `it has no header flags (${hexadecimal(flags)})`;
}

function refusedNegotiate(
  body: Partial<RequestBodies["NEGOTIATE"]>,
  smb1: boolean,
): string | null {
  const { dialects = DIALECTS, capabilities = 0, contexts = [] } = body;
  if (smb1) return "it does not begin with SMB1";
  const offer = new Set(dialects);
  if (offer.size !== DIALECTS.length || DIALECTS.some((dialect) => !offer.has(dialect))) {
    return `it offers the dialects 2.0.2 and 2.1, and not ${dialects.map(dialectText).join(", ")}`;
  }
  if (((body.securityMode ?? 0) & SecurityMode.SIGNING_REQUIRED) !== 0) return "it does not sign";
  if (capabilities !== 0) return `it has no capabilities (${hexadecimal(capabilities)})`;
  return contexts.length === 0 ? null : "it has no negotiate contexts";
}

function refusedSessionSetup(body: Partial<RequestBodies["SESSION_SETUP"]>): string | null {
  if (((body.flags ?? 0) & SessionSetupFlag.BINDING) !== 0) {
    return "it cannot bind a session to a second connection";
  }
  if ((body.previousSessionId ?? 0n) !== 0n) return "it cannot replace a previous session";
  return ((body.securityMode ?? 0) & SecurityMode.SIGNING_REQUIRED) === 0
    ? null
    : "it does not sign";
}

function refusedRead(body: Partial<RequestBodies["READ"]>): string | null {
  if ((body.flags ?? 0) !== 0) return "it has no flags of READ";
  if ((body.minimumCount ?? 0) !== 0) return "it has no minimum count";
  return refusedChannel(body);
}

function refusedWrite(body: Partial<RequestBodies["WRITE"]>): string | null {
  return (body.flags ?? 0) === 0 ? refusedChannel(body) : "it has no flags of WRITE";
}

function refusedChannel(
  body: Partial<Pick<RequestBodies["READ"], "channel" | "channelInfo" | "remainingBytes">>,
): string | null {
  return (body.channel ?? 0) === 0 && (body.channelInfo?.byteLength ?? 0) === 0 &&
      (body.remainingBytes ?? 0) === 0
    ? null
    : "it has no RDMA channels and no remaining bytes";
}

function refusedSetInfo(body: Partial<RequestBodies["SET_INFO"]>): string | null {
  const { infoType = InfoType.FILE, fileInfoClass, input } = body;
  if (infoType !== InfoType.FILE) {
    return infoType === InfoType.SECURITY
      ? "it cannot set security descriptors"
      : "it sets information of files alone";
  }
  if ((body.additionalInformation ?? 0) !== 0) return "it has no additional information";
  if (fileInfoClass !== undefined && !SET_CLASSES.has(fileInfoClass)) {
    return `it cannot set the information class ${fileInfoClass}`;
  }
  return input !== undefined && input.byteLength > MAX_MESSAGE - SET_INFO_FIXED
    ? `its requests have no room for ${input.byteLength} bytes`
    : null;
}

function refusedQueryDirectory(body: Partial<RequestBodies["QUERY_DIRECTORY"]>): string | null {
  const {
    fileInformationClass = FileInformationClass.FileIdBothDirectoryInformation,
    pattern = "*",
    flags = 0,
    outputBufferLength = OUTPUT_LENGTH,
  } = body;
  if (fileInformationClass !== FileInformationClass.FileIdBothDirectoryInformation) {
    return `it lists with FileIdBothDirectoryInformation (37), and not with class ${fileInformationClass}`;
  }
  if (pattern !== "*") return `it lists everything, and not ${JSON.stringify(pattern)}`;
  // The first request of an enumeration begins at the start anyway; for later ones the open refuses it.
  if ((flags & ~QueryDirectoryFlag.RESTART_SCANS) !== 0 || (body.fileIndex ?? 0) !== 0) {
    return "it has no flags of QUERY_DIRECTORY";
  }
  return outputBufferLength === OUTPUT_LENGTH
    ? null
    : `it asks for ${OUTPUT_LENGTH} bytes of entries, and not for ${outputBufferLength}`;
}

/** The package's message for a CREATE, or why there is none. */
export function chooseCreate(body: Partial<CreateRequest>): ChosenMessage | string {
  const refused = refusedCreate(body);
  if (refused !== null) return refused;
  const { desiredAccess, shareAccess = SHARE_ALL, createOptions = 0 } = body;
  const { createDisposition = CreateDisposition.OPEN, fileAttributes = 0, name = "" } = body;
  const directory = (createOptions & CreateOption.DIRECTORY_FILE) !== 0;
  const reparse = (createOptions & CreateOption.OPEN_REPARSE_POINT) !== 0;
  const named = { path: name };

  if (createDisposition === CreateDisposition.OPEN && shareAccess === SHARE_ALL) {
    if (desiredAccess === 0) return "it cannot ask for no access at all";
    const kind = CreateOption.DIRECTORY_FILE | CreateOption.NON_DIRECTORY_FILE;
    return {
      message: "open",
      parameters: desiredAccess === undefined ? named : { ...named, desiredAccess },
      notes: [
        ...(createOptions & kind) === 0 ? [] : ["it opens files and directories alike"],
        ...reparse ? ["it opens what a link points to"] : [],
      ],
    };
  }
  if (reparse) return "it creates no reparse points";
  const missing = (desiredAccess ?? 0) & ~CREATE_ACCESS;
  if (missing !== 0) {
    return `it creates files with the access 0x${CREATE_ACCESS.toString(16)}, which lacks ` +
      accessMaskNames(missing >>> 0).join(", ");
  }
  const notes = desiredAccess === undefined || desiredAccess === CREATE_ACCESS
    ? []
    : [`it asks for the access 0x${CREATE_ACCESS.toString(16)}`];
  if (directory) {
    if (createDisposition !== CreateDisposition.CREATE) {
      return "it makes directories only where there is nothing of that name";
    }
    if (shareAccess !== SHARE_ALL) return "it shares a directory that it makes with everyone";
    return (fileAttributes & ~(ATTRIBUTE_DIRECTORY | ATTRIBUTE_NORMAL)) === 0
      ? { message: "create_folder", parameters: named, notes }
      : "it sets no attributes";
  }
  if (
    createDisposition !== CreateDisposition.OPEN &&
    fileAttributes !== 0 && fileAttributes !== ATTRIBUTE_NORMAL
  ) {
    return "it sets no attributes";
  }
  return { message: "create", parameters: { ...named, createDisposition, shareAccess }, notes };
}

/** What no message of the package has. */
function refusedCreate(body: Partial<CreateRequest>): string | null {
  const { createDisposition = CreateDisposition.OPEN, shareAccess = SHARE_ALL } = body;
  const { createOptions = 0, contexts = [] } = body;
  if ((body.requestedOplockLevel ?? 0) !== 0) return "it has neither oplocks nor leases";
  if (contexts.length > 0) return `it has no create contexts (${contexts.map(contextName)})`;
  if ((body.impersonationLevel ?? ImpersonationLevel.IMPERSONATION) !== IMPERSONATION) {
    return "it has no impersonation level but impersonation";
  }
  if ((body.securityFlags ?? 0) !== 0 || (body.smbCreateFlags ?? 0n) !== 0n) {
    return "it has no flags of CREATE";
  }
  // It takes 0 for a field that is not set, and sends FILE_OPEN and FILE_SHARE_READ | WRITE | DELETE in its place.
  if (createDisposition === CreateDisposition.SUPERSEDE) return "it cannot supersede a file";
  if (shareAccess === 0) return "it cannot open a file without sharing it";
  if (createDisposition > CreateDisposition.OVERWRITE_IF || shareAccess > SHARE_ALL) {
    return "it has no such disposition or share access";
  }
  const known = HINTS | CreateOption.DIRECTORY_FILE | CreateOption.NON_DIRECTORY_FILE |
    CreateOption.OPEN_REPARSE_POINT;
  const unknown = createOptions & ~known;
  if (unknown !== 0) return `it has no create options ${createOptionNames(unknown).join(", ")}`;
  const room = MAX_MESSAGE - CREATE_FIXED;
  return 2 * (body.name?.length ?? 0) > room ? `its requests have no room for such a name` : null;
}

const IMPERSONATION = ImpersonationLevel.IMPERSONATION;

function contextName(context: CreateRequest["contexts"][number]): string {
  return context.kind;
}

function createOptionNames(options: number): string[] {
  const names = Object.entries(CreateOption).filter(([, bit]) => (options & bit) !== 0);
  return names.length === 0 ? [hexadecimal(options)] : names.map(([name]) => name);
}

const DIALECT_NAMES: ReadonlyMap<number, string> = new Map([
  [Dialect.SMB_2_0_2, "2.0.2"],
  [Dialect.SMB_2_1, "2.1"],
  [0x0300, "3.0"],
  [0x0302, "3.0.2"],
  [0x0311, "3.1.1"],
]);

function dialectText(dialect: number): string {
  return DIALECT_NAMES.get(dialect) ?? hexadecimal(dialect);
}

function hexadecimal(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

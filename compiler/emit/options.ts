/** Fields of requests -> options of the scripting API, defaults left out. Names are those of the API. */
import type { CreateOperation, OperationBase, PlanCreateContext } from "../plan.ts";
import {
  type Code,
  hexNumber,
  list,
  object,
  type ObjectCode,
  quoted,
  slot,
  variable,
} from "./code.ts";

/** Named masks that read better than lists of bits. */
const ACCESS = new Map([
  [0x00120089, "r"],
  [0x00120116, "w"],
  [0x001200a0, "x"],
  [0x00110080, "d"],
  [0x0012019f, "rw"],
  [0x00130089, "rd"],
  [0x00130196, "wd"],
  [0x0013019f, "rwd"],
  [0x001200a9, "rx"],
  [0x001201bf, "rwx"],
  [0x001301bf, "rwxd"],
  [0x001f01ff, "all"],
  [0x02000000, "max"],
]);

/** Bits of an access mask. */
const ACCESS_BITS: readonly (readonly [number, string])[] = [
  [0x00000001, "FILE_READ_DATA"],
  [0x00000002, "FILE_WRITE_DATA"],
  [0x00000004, "FILE_APPEND_DATA"],
  [0x00000008, "FILE_READ_EA"],
  [0x00000010, "FILE_WRITE_EA"],
  [0x00000020, "FILE_EXECUTE"],
  [0x00000040, "FILE_DELETE_CHILD"],
  [0x00000080, "FILE_READ_ATTRIBUTES"],
  [0x00000100, "FILE_WRITE_ATTRIBUTES"],
  [0x00010000, "DELETE"],
  [0x00020000, "READ_CONTROL"],
  [0x00040000, "WRITE_DAC"],
  [0x00080000, "WRITE_OWNER"],
  [0x00100000, "SYNCHRONIZE"],
  [0x01000000, "ACCESS_SYSTEM_SECURITY"],
  [0x02000000, "MAXIMUM_ALLOWED"],
  [0x10000000, "GENERIC_ALL"],
  [0x20000000, "GENERIC_EXECUTE"],
  [0x40000000, "GENERIC_WRITE"],
  [0x80000000, "GENERIC_READ"],
];

/** More bits than that read better as a number. */
const MOST_BITS = 3;
const MOST_CAPABILITIES = 4;

const DISPOSITIONS = ["supersede", "open", "create", "openIf", "overwrite", "overwriteIf"];

const CREATE_OPTIONS: readonly (readonly [number, string])[] = [
  [0x00000001, "directory"],
  [0x00000002, "writeThrough"],
  [0x00000004, "sequentialOnly"],
  [0x00000008, "noIntermediateBuffering"],
  [0x00000010, "syncIoAlert"],
  [0x00000020, "syncIoNonAlert"],
  [0x00000040, "nonDirectory"],
  [0x00000100, "completeIfOplocked"],
  [0x00000200, "noEaKnowledge"],
  [0x00000800, "randomAccess"],
  [0x00001000, "deleteOnClose"],
  [0x00002000, "openByFileId"],
  [0x00004000, "openForBackupIntent"],
  [0x00008000, "noCompression"],
  [0x00010000, "openRequiringOplock"],
  [0x00020000, "disallowExclusive"],
  [0x00100000, "reserveOpfilter"],
  [0x00200000, "openReparsePoint"],
  [0x00400000, "openNoRecall"],
  [0x00800000, "openForFreeSpaceQuery"],
];

const ATTRIBUTES: readonly (readonly [number, string])[] = [
  [0x00000001, "readOnly"],
  [0x00000002, "hidden"],
  [0x00000004, "system"],
  [0x00000010, "directory"],
  [0x00000020, "archive"],
  [0x00000080, "normal"],
  [0x00000100, "temporary"],
  [0x00000200, "sparse"],
  [0x00000400, "reparsePoint"],
  [0x00000800, "compressed"],
  [0x00001000, "offline"],
  [0x00002000, "notContentIndexed"],
  [0x00004000, "encrypted"],
];

const CAPABILITIES: readonly (readonly [number, string])[] = [
  [0x00000001, "dfs"],
  [0x00000002, "leasing"],
  [0x00000004, "largeMtu"],
  [0x00000008, "multiChannel"],
  [0x00000010, "persistentHandles"],
  [0x00000020, "directoryLeasing"],
  [0x00000040, "encryption"],
  [0x00000080, "notifications"],
];

const CHANGE_KINDS: readonly (readonly [number, string])[] = [
  [0x00000001, "fileName"],
  [0x00000002, "dirName"],
  [0x00000004, "attributes"],
  [0x00000008, "size"],
  [0x00000010, "lastWrite"],
  [0x00000020, "lastAccess"],
  [0x00000040, "creation"],
  [0x00000080, "ea"],
  [0x00000100, "security"],
  [0x00000200, "streamName"],
  [0x00000400, "streamSize"],
  [0x00000800, "streamWrite"],
];

const SECURITY_PARTS: readonly (readonly [number, string])[] = [
  [0x00000001, "owner"],
  [0x00000002, "group"],
  [0x00000004, "dacl"],
  [0x00000008, "sacl"],
  [0x00000010, "label"],
  [0x00000020, "attribute"],
  [0x00000040, "scope"],
  [0x00010000, "backup"],
];

const SCAN_FLAGS: readonly (readonly [number, string])[] = [
  [0x01, "restart"],
  [0x02, "singleEntry"],
  [0x04, "indexSpecified"],
  [0x10, "reopen"],
];

const OPLOCKS = new Map([[0x00, "none"], [0x01, "II"], [0x08, "exclusive"], [0x09, "batch"], [
  0xff,
  "lease",
]]);

const DIALECTS = new Map([[0x0202, "2.0.2"], [0x0210, "2.1"], [0x0300, "3.0"], [
  0x0302,
  "3.0.2",
], [0x0311, "3.1.1"]]);

/** PARENT_LEASE_KEY_SET follows from a parent in the API. */
const PARENT_LEASE_KEY_SET = 0x04;
const NORMAL = 0x80;
const OPLOCK_LEASE = 0xff;
const IMPERSONATION = 2;

/** Lease state letters, `RWH` order; other bits make it a number. */
export function leaseText(state: number): string {
  if ((state & ~0x07) !== 0) return hexNumber(state, 2);
  return ((state & 1) !== 0 ? "R" : "") + ((state & 4) !== 0 ? "W" : "") +
    ((state & 2) !== 0 ? "H" : "");
}

/** Name of an oplock level, quoted; the number of an unknown one. */
export function oplockCode(level: number): string {
  const name = OPLOCKS.get(level);
  return name === undefined ? hexNumber(level, 2) : quoted(name);
}

/** Text of an oplock level. */
export function oplockText(level: number): string {
  return OPLOCKS.get(level) ?? hexNumber(level, 2);
}

/** Text of a dialect, such as `3.1.1`. */
export function dialectText(dialect: number): string {
  return DIALECTS.get(dialect) ?? hexNumber(dialect, 4);
}

/** Dialects by name. */
export function dialectCode(dialect: number): string {
  const name = DIALECTS.get(dialect);
  return name === undefined ? hexNumber(dialect, 4) : quoted(name);
}

/** Header fields that a script must state, and the status it expects. */
export function operationOptions(
  operation: OperationBase,
  expect: Code | undefined,
): Record<string, Code | undefined> {
  const { header } = operation;
  return {
    expect,
    channelSequence: header?.channelSequence === undefined
      ? undefined
      : String(header.channelSequence),
    replay: header?.replay ? "true" : undefined,
    dfs: header?.dfs ? "true" : undefined,
    via: operation.via === undefined ? undefined : variable(operation.via),
    raw: foreignIds(operation),
  };
}

/** Ids that no server hands out: what a captured request with an unknown id is sent with. */
const UNKNOWN_TREE_ID = "0x7ffffff1";
const UNKNOWN_SESSION_ID = "0x7ffffffffffffff1n";

/** Header fields of a request that names another tree or session than the one it works on. */
function foreignIds({ ids }: OperationBase): Code | undefined {
  if (ids === undefined) return undefined;
  const { tree, session } = ids;
  const header = object({
    treeId: tree === undefined
      ? undefined
      : tree === null
      ? UNKNOWN_TREE_ID
      : variable(tree, ".id"),
    sessionId: session === undefined
      ? undefined
      : session === null
      ? UNKNOWN_SESSION_ID
      : variable(session, ".id"),
  });
  return header === undefined ? undefined : object({ header });
}

/** Code of bytes, given as hexadecimal digits. */
export type HexCode = (digits: string) => Code;

/** Code of an open or session by its name in the plan, or by another client's operation. */
export type MadeCode = (name: string, kind: "file" | "session") => Code;

/** Options of an open. */
export function openOptions(
  create: CreateOperation,
  { hex, made }: { readonly hex: HexCode; readonly made: MadeCode },
): Record<string, Code | undefined> {
  const lease = create.contexts.find((context) => context.kind === "RqLs");
  const leases = create.contexts.filter((context) => context.kind === "RqLs").length;
  const onlyLease = create.contexts.length === 1 && leases === 1;
  const defaultOplock = lease === undefined ? 0 : OPLOCK_LEASE;
  return {
    access: create.access === 0x00120089 ? undefined : accessCode(create.access),
    share: create.share === 7 ? undefined : shareCode(create.share),
    disposition: create.disposition === 1
      ? undefined
      : DISPOSITIONS[create.disposition] === undefined
      ? String(create.disposition)
      : quoted(DISPOSITIONS[create.disposition]!),
    options: create.options === 0 ? undefined : maskCode(create.options, CREATE_OPTIONS),
    attributes: create.attributes === defaultAttributes(create)
      ? undefined
      : create.attributes === 0
      ? list([])
      : maskCode(create.attributes, ATTRIBUTES),
    oplock: create.oplock === defaultOplock ? undefined : oplockCode(create.oplock),
    lease: lease?.kind === "RqLs" ? leaseCode(lease) : undefined,
    contexts: create.contexts.length === 0 || onlyLease
      ? undefined
      : list(create.contexts.map((context) => contextCode(context, { hex, made }))),
    impersonation: create.impersonation === IMPERSONATION
      ? undefined
      : String(create.impersonation),
    securityFlags: create.securityFlags === 0 ? undefined : hexNumber(create.securityFlags, 2),
    shared: create.shared === true ? "true" : undefined,
    separators: /\/|^\\|\\$/.test(create.path) ? quoted("kept") : undefined,
  };
}

/** What the API sends when a script does not say: `normal` where a file may be created. */
function defaultAttributes(create: CreateOperation): number {
  const creates = create.disposition !== 1 && create.disposition !== 4;
  return creates && (create.options & 1) === 0 ? NORMAL : 0;
}

function accessCode(access: number): Code {
  const name = ACCESS.get(access);
  if (name !== undefined) return quoted(name);
  const bits = ACCESS_BITS.filter(([bit]) => (access & bit) !== 0);
  return bits.length > MOST_BITS ? hexNumber(access) : maskCode(access, bits);
}

function shareCode(share: number): string {
  if ((share & ~7) !== 0) return hexNumber(share);
  return quoted(
    ((share & 1) !== 0 ? "r" : "") + ((share & 2) !== 0 ? "w" : "") +
      ((share & 4) !== 0 ? "d" : ""),
  );
}

/** Capabilities by name. */
export function capabilitiesCode(mask: number): Code {
  const bits = CAPABILITIES.filter(([bit]) => (mask & bit) !== 0);
  return bits.length > MOST_CAPABILITIES ? hexNumber(mask) : maskCode(mask, bits);
}

/** Kinds of change by name. */
export function changesCode(mask: number): Code {
  return maskCode(mask, CHANGE_KINDS);
}

/** Parts of a security descriptor by name. */
export function securityCode(mask: number): Code {
  return maskCode(mask, SECURITY_PARTS);
}

/** Flags of a listing by name. */
export function scanCode(flags: number): Code {
  return maskCode(flags, SCAN_FLAGS);
}

/** File attributes by name. */
export function attributesCode(mask: number): Code {
  return maskCode(mask, ATTRIBUTES);
}

function maskCode(mask: number, names: readonly (readonly [number, string])[]): Code {
  const named = names.filter(([bit]) => (mask & bit) !== 0);
  const known = named.reduce((sum, [bit]) => sum | bit, 0);
  if ((mask & ~known) !== 0 || named.length === 0) return hexNumber(mask);
  return list(named.map(([, name]) => quoted(name)));
}

function leaseCode(lease: Extract<PlanCreateContext, { kind: "RqLs" }>): Code {
  const implied = lease.parent === undefined ? 0 : PARENT_LEASE_KEY_SET;
  return object({
    state: quoted(leaseText(lease.state)),
    key: slot("string", "key", quoted(lease.key)),
    parent: lease.parent === undefined ? undefined : slot("string", "parent", quoted(lease.parent)),
    version: lease.version === 1 ? "1" : undefined,
    epoch: (lease.epoch ?? 0) === 0 ? undefined : String(lease.epoch),
    flags: lease.flags === implied ? undefined : hexNumber(lease.flags, 2),
  })!;
}

function contextCode(
  context: PlanCreateContext,
  { hex, made }: { readonly hex: HexCode; readonly made: MadeCode },
): Code {
  switch (context.kind) {
    case "RqLs":
    case "DHnQ":
    case "QFid":
      return quoted(context.kind);
    case "MxAc":
      return context.timestamp === undefined
        ? quoted("MxAc")
        : fields(context.kind, { timestamp: `${context.timestamp}n` });
    case "DHnC":
      return fields(context.kind, { file: made(context.file, "file") });
    case "DH2C":
      return fields(context.kind, {
        file: made(context.file, "file"),
        flags: context.flags === 0 ? undefined : hexNumber(context.flags),
      });
    case "DH2Q":
      return fields(context.kind, {
        timeout: context.timeout === 0 ? undefined : String(context.timeout),
        flags: context.flags === 0 ? undefined : hexNumber(context.flags),
        createGuid: slot("string", "guid", quoted(context.createGuid)),
      });
    case "AlSi":
      return fields(context.kind, { allocationSize: `${context.allocationSize}n` });
    case "TWrp":
      return fields(context.kind, { timestamp: `${context.timestamp}n` });
    case "ExtA":
    case "SecD":
    case "SVHDX":
      return fields(context.kind, { data: hex(context.data) });
    case "AppInstanceId":
      return fields(context.kind, {
        appInstanceId: slot("string", "instance", quoted(context.appInstanceId)),
      });
    case "AppInstanceVersion":
      return fields(context.kind, { high: `${context.high}n`, low: `${context.low}n` });
    case "AAPL":
      return fields(context.kind, {
        requestBitmap: `${context.requestBitmap}n`,
        clientCapabilities: `${context.clientCapabilities}n`,
      });
    case "raw":
      return fields(context.kind, {
        name: rawName(context.name, hex),
        data: hex(context.data),
      });
  }
}

function fields(kind: string, members: Record<string, Code | undefined>): ObjectCode {
  return object({ kind: quoted(kind), ...members })!;
}

/** Four printable characters are written as text. */
function rawName(hexText: string, hex: HexCode): Code {
  const bytes = Uint8Array.fromHex(hexText);
  const printable = bytes.length === 4 && bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return printable ? quoted(String.fromCharCode(...bytes)) : hex(hexText);
}

/** `hex("...")`. */
export function hexCall(digits: string): string {
  return `hex(${quoted(digits)})`;
}

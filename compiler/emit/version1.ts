/** A plan's operation in the words of workload JSON, version 1, where it has them. */
import { ctlCodeName, Fsctl } from "../../runtime/wire/mod.ts";
import type {
  CreateOperation,
  IoctlOperation,
  LockOperation,
  PlanOperation,
  SetInfoOperation,
} from "../plan.ts";

/** Fields of version 1, `operation` first. */
export type Version1Fields = Readonly<Record<string, unknown>>;

/** What is known of the client when the operation is sent. */
export interface Version1Context {
  /** Share of a tree. */
  share(tree: string): string;
  /** Path of the blob with these bytes; undefined where data is synthetic. */
  readonly blobOf: ((operation: PlanOperation) => string | undefined) | undefined;
}

/** What version 1 has no word for. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  connect: "Connect",
  login: "Login",
  logoff: "Logoff",
  tree: "TreeConnect",
  untree: "TreeDisconnect",
  echo: "Echo",
  cancel: "Cancel",
  break: "Break",
  disconnect: "Disconnect",
  setInfo: "SetInfo",
  ioctl: "Ioctl",
  lock: "Lock",
  read: "Read",
  write: "Write",
};

/** Name of an operation that goes beside those of version 1. */
export function otherName({ kind }: PlanOperation): string {
  const name = OTHER_NAMES[kind] ?? kind;
  return name.charAt(0).toUpperCase() + name.slice(1);
}

const READ_BITS = 0x80000000 | 0x10000000 | 0x02000000 | 0x01;
const WRITE_BITS = 0x40000000 | 0x10000000 | 0x02000000 | 0x06;

const DISPOSITIONS = ["Supersede", "Open", "Create", "OpenIf", "Overwrite", "OverwriteIf"];
const OPLOCKS = new Map([[0x01, "Level2"], [0x08, "Exclusive"], [0x09, "Batch"]]);

const ATTRIBUTES = [
  [0x0001, "read_only"],
  [0x0002, "hidden"],
  [0x0004, "system"],
  [0x0010, "directory"],
  [0x0020, "archive"],
  [0x0080, "normal"],
  [0x0100, "temporary"],
  [0x0200, "sparse"],
  [0x0400, "reparse_point"],
  [0x0800, "compressed"],
  [0x1000, "offline"],
  [0x2000, "not_content_indexed"],
  [0x4000, "encrypted"],
] as const;

const SHARE = [[1, "read"], [2, "write"], [4, "delete"]] as const;

const OPTIONS = [
  [0x00000001, "directory"],
  [0x00000002, "write_through"],
  [0x00000004, "sequential_only"],
  [0x00000008, "no_intermediate_buffering"],
  [0x00000010, "sync_io_alert"],
  [0x00000020, "sync_io_non_alert"],
  [0x00000040, "non_directory"],
  [0x00000100, "complete_if_oplocked"],
  [0x00000200, "no_ea_knowledge"],
  [0x00000800, "random_access"],
  [0x00001000, "delete_on_close"],
  [0x00002000, "open_by_file_id"],
  [0x00004000, "open_for_backup_intent"],
  [0x00008000, "no_compression"],
  [0x00010000, "open_requiring_oplock"],
  [0x00020000, "disallow_exclusive"],
  [0x00100000, "reserve_opfilter"],
  [0x00200000, "open_reparse_point"],
  [0x00400000, "open_no_recall"],
  [0x00800000, "open_for_free_space_query"],
] as const;

const LEASE_READ = 1;
const LEASE_HANDLE = 2;
const LEASE_WRITE = 4;
const LOCK_SHARED = 0x01;
const LOCK_EXCLUSIVE = 0x02;
const LOCK_UNLOCK = 0x04;
const LOCK_FAIL_IMMEDIATELY = 0x10;
const FILE_RENAME = 10;
const FILE_DISPOSITION = 13;
const RENAME_FIXED_DIGITS = 40;
const WATCH_TREE = 1;

/** The fields, or null where version 1 cannot say it. Which handles are open is not looked at. */
export function version1Fields(
  operation: PlanOperation,
  context: Version1Context,
): Version1Fields | null {
  switch (operation.kind) {
    case "create":
      return openFields(operation, context);
    case "close":
      return { operation: "Close", handle_ref: operation.file };
    case "flush":
      return { operation: "Flush", handle_ref: operation.file };
    case "read":
      return withRange(operation.offset, {
        operation: "Read",
        handle_ref: operation.file,
        offset: Number(operation.offset),
        length: operation.length,
      });
    case "write":
      return withRange(operation.offset, {
        operation: "Write",
        handle_ref: operation.file,
        offset: Number(operation.offset),
        length: operation.data.length,
        ...blob("blob_path", operation, context),
      });
    case "lock":
      return lockFields(operation);
    case "ioctl":
      return ioctlFields(operation, context);
    case "queryDirectory":
      return {
        operation: "QueryDirectory",
        handle_ref: operation.file,
        pattern: operation.pattern,
        info_class: operation.class,
      };
    case "queryInfo":
      return {
        operation: "QueryInfo",
        handle_ref: operation.file,
        info_type: operation.infoType,
        info_class: operation.class,
      };
    case "changeNotify":
      return {
        operation: "ChangeNotify",
        handle_ref: operation.file,
        completion_filter: operation.filter,
        recursive: (operation.flags & WATCH_TREE) !== 0,
      };
    case "setInfo":
      return setInfoFields(operation, context);
    default:
      return null;
  }
}

function openFields(operation: CreateOperation, context: Version1Context): Version1Fields {
  return {
    operation: "Open",
    path: version1Path(operation.path, operation.tree, context),
    mode: accessMode(operation.access),
    handle_ref: operation.file,
    extensions: openExtensions(operation),
  };
}

/** How version 1 calls what an open asks for. */
export function accessMode(access: number): string {
  const reads = (access & READ_BITS) !== 0;
  const writes = (access & WRITE_BITS) !== 0;
  return writes ? reads ? "ReadWrite" : "Write" : "Read";
}

/** What of an open version 1 tells beyond path and mode. */
export function openExtensions(operation: CreateOperation): Version1Fields {
  const { share, disposition, options, attributes, oplock, contexts } = operation;
  const lease = contexts.find((one) => one.kind === "RqLs");
  const level = OPLOCKS.get(oplock);
  const durable = contexts.some((one) => one.kind === "DHnQ" || one.kind === "DH2Q");
  return {
    create_disposition: DISPOSITIONS[disposition] ?? disposition,
    ...level === undefined ? {} : { oplock_level: level },
    ...lease?.kind !== "RqLs" ? {} : {
      lease_state: {
        read_caching: (lease.state & LEASE_READ) !== 0,
        write_caching: (lease.state & LEASE_WRITE) !== 0,
        handle_caching: (lease.state & LEASE_HANDLE) !== 0,
      },
    },
    ...attributes === 0 ? {} : { file_attributes: flags(attributes, ATTRIBUTES) },
    ...share === 7 ? {} : {
      share_access: Object.fromEntries(SHARE.map(([bit, name]) => [name, (share & bit) !== 0])),
    },
    ...options === 0 ? {} : { create_options: flags(options, OPTIONS) },
    ...durable ? { durable_handle: true } : {},
  };
}

/** `/share/dir/file`. */
function version1Path(path: string, tree: string, context: Version1Context): string {
  return `/${context.share(tree)}/${path.replaceAll("\\", "/")}`;
}

function flags(mask: number, names: readonly (readonly [number, string])[]) {
  return Object.fromEntries(
    names.filter(([bit]) => (mask & bit) !== 0).map(([, name]) => [name, true]),
  );
}

/** Numbers of JSON are exact up to 2^53. */
function withRange(offset: string, fields: Version1Fields): Version1Fields | null {
  return Number.isSafeInteger(Number(offset)) ? fields : null;
}

function lockFields({ ranges, file }: LockOperation): Version1Fields | null {
  const [range, ...others] = ranges;
  if (range === undefined || others.length > 0) return null;
  const kind = range.flags & ~LOCK_FAIL_IMMEDIATELY;
  const [offset, length] = [Number(range.offset), Number(range.length)];
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length)) return null;
  const place = { handle_ref: file, offset, length };
  if (kind === LOCK_UNLOCK) return { operation: "Unlock", ...place };
  if (kind !== LOCK_SHARED && kind !== LOCK_EXCLUSIVE) return null;
  return {
    operation: "Lock",
    ...place,
    exclusive: kind === LOCK_EXCLUSIVE,
    fail_immediately: (range.flags & LOCK_FAIL_IMMEDIATELY) !== 0,
  };
}

function ioctlFields(operation: IoctlOperation, context: Version1Context): Version1Fields | null {
  const { file, input, code, maxOutput } = operation;
  if (file === null) return null;
  const path = input === "" ? {} : blob("input_blob_path", operation, context);
  // Without its input it would be another request.
  if (input !== "" && Object.keys(path).length === 0) return null;
  return {
    operation: "Fsctl",
    handle_ref: file,
    control_code: controlCode(code),
    ...path,
    max_output_response: maxOutput,
  };
}

/** `SrvRequestResumeKey`, where the name leads back to the number. */
function controlCode(code: number): string | number {
  const name = ctlCodeName(code).replace(/^FSCTL_/, "");
  const words = name.split("_").map((word) => word.charAt(0) + word.slice(1).toLowerCase());
  const camel = words.join("");
  const back = camel.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
  return back === name && Object.hasOwn(Fsctl, name) ? camel : code;
}

function setInfoFields(
  operation: SetInfoOperation,
  context: Version1Context,
): Version1Fields | null {
  const { infoType, input, file } = operation;
  if (infoType !== 1) return null;
  if (operation.class === FILE_DISPOSITION && input === "01") {
    return { operation: "Delete", handle_ref: file };
  }
  if (operation.class !== FILE_RENAME || input.length < RENAME_FIXED_DIGITS) return null;
  const name = new TextDecoder("utf-16le", { ignoreBOM: true }).decode(
    Uint8Array.fromHex(input.slice(RENAME_FIXED_DIGITS)),
  );
  const isPlain = /^0+$/.test(input.slice(0, 32)) && !name.includes("\ufffd");
  if (!isPlain) return null;
  return {
    operation: "Rename",
    handle_ref: file,
    new_path: version1Path(name, operation.tree, context),
  };
}

function blob(field: string, operation: PlanOperation, { blobOf }: Version1Context) {
  const path = blobOf?.(operation);
  return path === undefined ? {} : { [field]: path };
}

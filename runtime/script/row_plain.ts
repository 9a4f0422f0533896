/** An operation in version 1's own words -> calls of the scripting API. */
import type {
  CreateOption,
  Disposition,
  File,
  FileAttribute,
  OpenOptions,
  OperationOptions,
  Oplock,
  Tree,
} from "./api.ts";
import { blob, data } from "./data.ts";
import { ScriptError } from "./errors.ts";
import { expectedStatus } from "./expected.ts";
import { infoClassNumber } from "./info.ts";
import {
  attributesMask,
  createOptionsMask,
  dispositionNumber,
  infoTypeNumber,
  sharePath,
} from "./names.ts";
import { ctlCodeNumber } from "./requests.ts";
import type { PlainOperation } from "./workload.ts";

/** What a client's operations work on. */
export interface PlainContext {
  readonly tree: Tree;
  /** Open files by `handle_ref`. */
  readonly files: Map<string, File>;
  /** The target's path of a workload's path. */
  path(path: string): string;
}

const OPLOCKS: Readonly<Record<string, Oplock>> = {
  None: "none",
  Level2: "II",
  Exclusive: "exclusive",
  Batch: "batch",
};

const MODES = { Read: "r", Write: "w", ReadWrite: "rw" } as const;

/** What a QueryInfo asks for unless it says. */
const DEFAULT_CLASS = "FileNetworkOpenInformation";

/** Carries an operation out. */
export async function performPlain(
  operation: PlainOperation,
  context: PlainContext,
): Promise<void> {
  const { tree, files } = context;
  const options = statusOption(operation);
  const handle = operation.handle_ref ?? null;
  const path = context.path(operation.path ?? "");
  const file = () => {
    const open = handle === null ? undefined : files.get(handle);
    if (open === undefined) throw new ScriptError(`Cannot use handle ${handle}: it is unknown`);
    return open;
  };
  switch (operation.kind) {
    case "Open":
      files.set(
        handle ?? "",
        await tree.open(path, { ...plainOpenOptions(operation), ...options }),
      );
      return;
    case "Close":
      await file().close(options);
      files.delete(handle ?? "");
      return;
    case "Read":
      await file().read(operation.offset ?? 0, operation.length ?? 0, options);
      return;
    case "Write":
      await file().write(operation.offset ?? 0, written(operation), options);
      return;
    case "Flush":
      await file().flush(options);
      return;
    case "Fsctl":
    case "Ioctl":
      await file().ioctl(controlCode(operation.control_code ?? 0), {
        ...options,
        ...typeof operation.input_blob_path === "string"
          ? { input: blob(operation.input_blob_path) }
          : {},
        ...typeof operation.max_output_response === "number"
          ? { maxOutput: operation.max_output_response }
          : {},
      });
      return;
    case "Lock":
    case "Unlock":
      await file().lock([{
        offset: operation.offset ?? 0,
        length: operation.length ?? 0,
        kind: operation.kind === "Unlock"
          ? "unlock"
          : operation.exclusive === false
          ? "shared"
          : "exclusive",
        failImmediately: operation.fail_immediately ?? false,
      }], options);
      return;
    case "ChangeNotify":
      // It ends when something changes, which may be what the client does next: nobody waits for it here.
      file().changes({
        ...options,
        recursive: operation.recursive ?? false,
        ...typeof operation.completion_filter === "number"
          ? { filter: operation.completion_filter }
          : {},
      }).catch(() => {});
      return;
    case "Mkdir": {
      await using _made = await tree.open(path, {
        ...options,
        access: "r",
        disposition: "create",
        options: ["directory"],
      });
      return;
    }
    case "Delete":
    case "Rmdir":
      await onFile(operation, context, { access: "d", options }, async (open) => {
        await open.delete(options);
      });
      return;
    case "Rename": {
      const target = operation.new_path ?? operation.target_path ?? "";
      await onFile(operation, context, { access: "d", options }, async (open) => {
        await open.rename(context.path(target), options);
      });
      return;
    }
    case "QueryDirectory":
      await onFile(operation, context, { access: "r", options }, async (open) => {
        await open.queryDirectory({
          ...options,
          pattern: operation.pattern ?? "*",
          ...operation.info_class === undefined ? {} : { class: operation.info_class },
        });
      });
      return;
    case "QueryInfo":
      await onFile(
        operation,
        context,
        { access: ["FILE_READ_ATTRIBUTES"], options },
        async (open) => {
          const type = infoType(operation.info_type);
          await open.queryInfo({ ...options, type, class: infoClass(operation, type) });
        },
      );
      return;
  }
}

/** Carries out on the handle, or on a file that is opened by its path for this alone. */
async function onFile(
  operation: PlainOperation,
  context: PlainContext,
  open: { access: string | readonly string[]; options: OperationOptions },
  use: (file: File) => Promise<void>,
): Promise<void> {
  const { tree, files } = context;
  if (typeof operation.handle_ref === "string") {
    const file = files.get(operation.handle_ref);
    if (file === undefined) {
      throw new ScriptError(`Cannot use handle ${operation.handle_ref}: it is unknown`);
    }
    return await use(file);
  }
  await using file = await tree.open(context.path(operation.path ?? ""), {
    access: open.access,
    options: operation.kind === "Rmdir" ? ["directory"] : [],
    ...open.options,
  });
  if (file.isOpen) await use(file);
}

/** A word that is not known; null where all are. Looked at before anything runs. */
export function wrongWord(operation: PlainOperation): string | null {
  try {
    expectedStatus(statusOption(operation).expect);
    if (operation.kind === "Open") {
      const options = plainOpenOptions(operation);
      dispositionNumber(options.disposition ?? 1);
      createOptionsMask(options.options ?? 0);
      attributesMask(options.attributes ?? 0);
    }
    if (operation.control_code !== undefined) {
      ctlCodeNumber(controlCode(operation.control_code));
    }
    if (operation.kind === "QueryInfo") {
      const type = infoType(operation.info_type);
      infoClassNumber(infoTypeNumber(type), infoClass(operation, type));
    }
    if (operation.kind === "QueryDirectory") infoClassNumber(1, operation.info_class ?? 37);
    return null;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

function statusOption({ expected_status: status }: PlainOperation): OperationOptions {
  return status === undefined ? {} : { expect: status };
}

function plainOpenOptions(operation: PlainOperation): OpenOptions {
  const mode = operation.mode ?? "Read";
  const extensions = operation.extensions ?? {};
  const { lease_state: lease, oplock_level: oplock, durable_handle: durable } = extensions;
  const { share_access: share, create_options: options, file_attributes: attributes } = extensions;
  return {
    access: MODES[mode],
    disposition: disposition(
      extensions.create_disposition ?? (mode === "Read" ? "Open" : "OpenIf"),
    ),
    ...oplock === undefined ? {} : { oplock: OPLOCKS[oplock] ?? "none" },
    ...lease === undefined ? {} : {
      lease: `${lease.read_caching ? "R" : ""}${lease.write_caching ? "W" : ""}${
        lease.handle_caching ? "H" : ""
      }`,
    },
    ...share === undefined ? {} : { share: chosen(share).map((name) => name.charAt(0)).join("") },
    ...options === undefined ? {} : { options: chosen(options).map(camelCase) as CreateOption[] },
    ...attributes === undefined
      ? {}
      : { attributes: chosen(attributes).map(camelCase) as FileAttribute[] },
    ...durable === true ? { contexts: ["DH2Q" as const] } : {},
  };
}

function chosen(flags: Readonly<Record<string, boolean>>): string[] {
  return Object.keys(flags).filter((name) => flags[name] === true);
}

/** Other writers' spellings of the same names. */
const SPELLINGS: Readonly<Record<string, string>> = {
  directoryFile: "directory",
  nonDirectoryFile: "nonDirectory",
  readonly: "readOnly",
};

/** `delete_on_close`, `DeleteOnClose` -> `deleteOnClose`. */
function camelCase(name: string): string {
  const camel = name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const word = camel.charAt(0).toLowerCase() + camel.slice(1);
  return Object.hasOwn(SPELLINGS, word) ? SPELLINGS[word] as string : word;
}

function disposition(value: string | number): Disposition {
  if (typeof value === "number") return value;
  return camelCase(value) as Disposition;
}

/** `SrvRequestResumeKey` -> `SRV_REQUEST_RESUME_KEY`; a number as text is a number. */
function controlCode(value: string | number): string | number {
  if (typeof value === "number") return value;
  if (/^(0x[0-9a-f]+|\d+)$/i.test(value)) return Number(value);
  return value.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
}

function infoType(value: string | number = "file"): number {
  if (typeof value === "number") return value;
  const index = ["file", "filesystem", "security", "quota"].indexOf(
    value.toLowerCase().replaceAll("_", ""),
  );
  if (index >= 0) return index + 1;
  throw new RangeError(
    `Cannot use ${JSON.stringify(value)} as information type: known are "file", "filesystem", ` +
      `"security", "quota", or a number`,
  );
}

function infoClass(operation: PlainOperation, type: number): string | number {
  return operation.info_class ?? (type === 1 ? DEFAULT_CLASS : 0);
}

function written(operation: PlainOperation) {
  if (typeof operation.blob_path === "string") return blob(operation.blob_path);
  return data(operation.length ?? 0, operation.op_id);
}

/** A path of a workload, relative to the share: it may start with the share, as in `/share/file.txt`. */
export function withoutShare(path: string, isShare: (name: string) => boolean): string {
  const relative = sharePath(path);
  if (!/^[\\/]/.test(path)) return relative;
  const [first = "", ...rest] = relative.split("\\");
  return isShare(first) ? rest.join("\\") : relative;
}

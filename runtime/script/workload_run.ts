/** A checked workload -> a replay's definition: each of its operations through the same client as a script's. */
import type {
  Client,
  CreateOption,
  Disposition,
  File,
  FileAttribute,
  OpenOptions,
  OperationOptions,
  Oplock,
  ReplayParams,
  Tree,
} from "./api.ts";
import { blob, data } from "./data.ts";
import { ScriptError } from "./errors.ts";
import { sharePath } from "./names.ts";
import { Definition } from "./scenario.ts";
import { parseWorkload, type WorkloadOperation } from "./workload.ts";

const OPLOCKS: Readonly<Record<string, Oplock>> = {
  None: "none",
  Level2: "II",
  Exclusive: "exclusive",
  Batch: "batch",
};

const MODES = { Read: "r", Write: "w", ReadWrite: "rw" } as const;

type Params = ReplayParams<undefined>;

/**
 * The replay that a workload means.
 *
 * @throws {WorkloadError} When the workload does not pass its checks.
 */
export function workloadDefinition(json: unknown): Definition {
  const { workload } = parseWorkload(json);
  const operations = new Map<string, WorkloadOperation[]>();
  for (const operation of workload.operations) {
    const list = operations.get(operation.client_id);
    if (list === undefined) operations.set(operation.client_id, [operation]);
    else list.push(operation);
  }
  const clients = [...operations.keys()];
  return new Definition({
    kind: "replay",
    name: workload.metadata.source,
    params: null,
    clients: Object.fromEntries(clients.map((id) => [id, { user: id }])),
    functions: Object.fromEntries(
      clients.map((id) => [
        id,
        (client: Client, params: Params) => runClient(operations.get(id) ?? [], client, params),
      ]),
    ),
  });
}

async function runClient(
  operations: readonly WorkloadOperation[],
  client: Client,
  params: Params,
): Promise<void> {
  const connection = await client.connect();
  const session = await connection.login();
  const tree = await session.tree(params.share(""));
  const files = new Map<string, File>();
  for (const operation of operations) {
    await client.at(operation.timestamp_us / 1e6, operation.op_id);
    await perform(operation, { tree, files, params });
  }
  for (const file of files.values()) if (file.isOpen) await file.close();
  await tree.disconnect();
  await session.logoff();
  connection.disconnect();
}

interface Context {
  readonly tree: Tree;
  readonly files: Map<string, File>;
  readonly params: Params;
}

async function perform(operation: WorkloadOperation, context: Context): Promise<void> {
  const { tree, files, params } = context;
  const options: OperationOptions = operation.expected_status === null ||
      operation.expected_status === undefined
    ? {}
    : { expect: operation.expected_status };
  const handle = operation.handle_ref ?? null;
  const path = params.path(workloadPath(operation.path ?? "", params));
  const file = () => {
    const open = handle === null ? undefined : files.get(handle);
    if (open === undefined) throw new ScriptError(`Cannot use handle ${handle}: it is unknown`);
    return open;
  };
  switch (operation.kind) {
    case "Open":
      files.set(handle ?? "", await tree.open(path, { ...openOptions(operation), ...options }));
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
        ...operation.max_output_response === undefined
          ? {}
          : { maxOutput: operation.max_output_response },
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
      void file().changes({
        ...options,
        recursive: operation.recursive ?? false,
        ...operation.completion_filter === undefined ? {} : { filter: operation.completion_filter },
      });
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
        await open.rename(params.path(workloadPath(target, params)), options);
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
          await open.queryInfo({
            ...options,
            type: infoType(operation.info_type),
            class: operation.info_class ?? "FileNetworkOpenInformation",
          });
        },
      );
      return;
  }
}

/** Carries out on the handle, or on a file that is opened by its path for this alone. */
async function onFile(
  operation: WorkloadOperation,
  context: Context,
  open: { access: string | readonly string[]; options: OperationOptions },
  use: (file: File) => Promise<void>,
): Promise<void> {
  const { tree, files, params } = context;
  if (typeof operation.handle_ref === "string") {
    const file = files.get(operation.handle_ref);
    if (file === undefined) {
      throw new ScriptError(`Cannot use handle ${operation.handle_ref}: it is unknown`);
    }
    return await use(file);
  }
  const path = params.path(workloadPath(operation.path ?? "", params));
  await using file = await tree.open(path, {
    access: open.access,
    options: operation.kind === "Rmdir" ? ["directory"] : [],
    ...open.options,
  });
  if (file.isOpen) await use(file);
}

function openOptions(operation: WorkloadOperation): OpenOptions {
  const mode = operation.mode ?? "Read";
  const { extensions } = operation;
  const lease = extensions?.lease_state;
  const oplock = extensions?.oplock_level;
  return {
    access: MODES[mode],
    disposition: disposition(
      extensions?.create_disposition ?? (mode === "Read" ? "Open" : "OpenIf"),
    ),
    ...oplock === undefined ? {} : { oplock: OPLOCKS[oplock] ?? "none" },
    ...lease === null || lease === undefined ? {} : {
      lease: `${lease.read_caching ? "R" : ""}${lease.write_caching ? "W" : ""}${
        lease.handle_caching ? "H" : ""
      }`,
    },
    ...extensions?.share_access === null || extensions?.share_access === undefined
      ? {}
      : { share: chosen(extensions.share_access).map((name) => name.charAt(0)).join("") },
    ...extensions?.create_options === null || extensions?.create_options === undefined
      ? {}
      : { options: chosen(extensions.create_options).map(camelCase) as CreateOption[] },
    ...extensions?.file_attributes === null || extensions?.file_attributes === undefined
      ? {}
      : { attributes: chosen(extensions.file_attributes).map(camelCase) as FileAttribute[] },
    ...extensions?.durable_handle === true ? { contexts: ["DH2Q" as const] } : {},
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

function camelCase(name: string): string {
  const camel = name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return SPELLINGS[camel] ?? camel;
}

function disposition(value: string | number): Disposition {
  if (typeof value === "number") return value;
  return `${value.charAt(0).toLowerCase()}${value.slice(1)}` as Disposition;
}

/** `SrvRequestResumeKey` -> `SRV_REQUEST_RESUME_KEY`; a number as text is a number. */
function controlCode(value: string | number): string | number {
  if (typeof value === "number") return value;
  if (/^(0x[0-9a-f]+|\d+)$/i.test(value)) return Number(value);
  return value.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
}

function infoType(value: string | number | undefined): number {
  if (typeof value === "number") return value;
  const index = ["file", "filesystem", "security", "quota"].indexOf(
    (value ?? "file").toLowerCase(),
  );
  return index < 0 ? 1 : index + 1;
}

function written(operation: WorkloadOperation) {
  if (typeof operation.blob_path === "string") return blob(operation.blob_path);
  return data(operation.length ?? 0, operation.op_id);
}

/** Paths may start with the share: `/share/file.txt`. */
function workloadPath(path: string, params: Params): string {
  const relative = sharePath(path);
  if (!/^[\\/]/.test(path)) return relative;
  const [first = "", ...rest] = relative.split("\\");
  return first.toLowerCase() === params.share(first).toLowerCase() ? rest.join("\\") : relative;
}

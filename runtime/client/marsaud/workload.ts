/** Workload JSON (workload-v1.md), asked beforehand: which of its operations the package cannot carry out. */
import { CreateDisposition, CreateOption, FileAttribute } from "../../wire/mod.ts";
import { type OperationDescription, unsupportedByMarsaud } from "./unsupported.ts";

/** What is looked at of a workload's operation, in the spelling of a checked workload. */
export interface WorkloadStep {
  readonly op_id: string;
  /** Such as `Open`. */
  readonly kind: string;
  readonly mode?: string | undefined;
  readonly pattern?: string | undefined;
  readonly info_class?: string | number | undefined;
  readonly extensions?: WorkloadExtensions | null | undefined;
}

/** The extensions of an Open. */
export interface WorkloadExtensions {
  readonly oplock_level?: string | undefined;
  readonly lease_state?:
    | {
      readonly read_caching: boolean;
      readonly write_caching: boolean;
      readonly handle_caching: boolean;
    }
    | null
    | undefined;
  readonly create_disposition?: string | number | undefined;
  readonly file_attributes?: Flags | null | undefined;
  readonly share_access?: Flags | null | undefined;
  readonly create_options?: Flags | null | undefined;
  readonly durable_handle?: boolean | null | undefined;
}

type Flags = Readonly<Record<string, boolean>>;

/** An operation that a run would have to refuse. */
export interface WorkloadRefusal {
  readonly op_id: string;
  readonly kind: string;
  readonly reason: string;
}

/** The command behind each kind that has no fields worth asking about. */
const COMMANDS: Readonly<Record<string, OperationDescription["command"]>> = {
  Close: "CLOSE",
  Read: "READ",
  Write: "WRITE",
  Flush: "FLUSH",
  Fsctl: "IOCTL",
  Ioctl: "IOCTL",
  Lock: "LOCK",
  Unlock: "LOCK",
  ChangeNotify: "CHANGE_NOTIFY",
  QueryInfo: "QUERY_INFO",
};

/** What the package's messages that create ask for, and more than any mode needs. */
const MODES: Readonly<Record<string, number>> = {
  Read: 0x00120089,
  Write: 0x00120116,
  ReadWrite: 0x0012019f,
};
const SHARE: Readonly<Record<string, number>> = { read: 0x01, write: 0x02, delete: 0x04 };
const DELETE_ACCESS = 0x00110080;

/**
 * The operations of a checked workload that `@marsaud/smb2` cannot carry out; none when it can be run.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { unsupportedWorkload } from "./mod.ts";
 * const refused = unsupportedWorkload([{ op_id: "1", kind: "Open" }, { op_id: "2", kind: "Lock" }]);
 * assertEquals(refused, [{ op_id: "2", kind: "Lock", reason: "it has no byte-range locks" }]);
 * ```
 */
export function unsupportedWorkload(steps: Iterable<WorkloadStep>): WorkloadRefusal[] {
  const refusals: WorkloadRefusal[] = [];
  for (const step of steps) {
    const reason = refused(step);
    if (reason !== null) refusals.push({ op_id: step.op_id, kind: step.kind, reason });
  }
  return refusals;
}

function refused(step: WorkloadStep): string | null {
  const command = COMMANDS[step.kind];
  if (command !== undefined) return unsupportedByMarsaud({ command });
  switch (step.kind) {
    case "Open":
      return refusedOpen(step);
    case "Mkdir":
      return unsupportedByMarsaud({
        command: "CREATE",
        body: {
          desiredAccess: MODES.Read ?? 0,
          createDisposition: CreateDisposition.CREATE,
          createOptions: CreateOption.DIRECTORY_FILE,
        },
      });
    case "Delete":
    case "Rmdir":
    case "Rename":
      return unsupportedByMarsaud({ command: "CREATE", body: { desiredAccess: DELETE_ACCESS } });
    case "QueryDirectory":
      return refusedListing(step);
    default:
      return "it is not known to it";
  }
}

function refusedListing({ pattern, info_class: informationClass }: WorkloadStep): string | null {
  const named = informationClass === undefined ||
    informationClass === "FileIdBothDirectoryInformation";
  if (typeof informationClass === "string" && !named) {
    return `it lists with FileIdBothDirectoryInformation, and not with ${informationClass}`;
  }
  return unsupportedByMarsaud({
    command: "QUERY_DIRECTORY",
    body: {
      ...pattern === undefined ? {} : { pattern },
      ...typeof informationClass === "number" ? { fileInformationClass: informationClass } : {},
    },
  });
}

function refusedOpen({ mode = "Read", extensions }: WorkloadStep): string | null {
  const lease = extensions?.lease_state;
  // A lease without states is one too: the CREATE carries its context.
  if (lease !== null && lease !== undefined) return "it has neither oplocks nor leases";
  if ((extensions?.oplock_level ?? "None") !== "None") return "it has neither oplocks nor leases";
  if (extensions?.durable_handle === true) return "it has no create contexts (DH2Q)";
  const createDisposition = disposition(extensions?.create_disposition, mode);
  const createOptions = bits(extensions?.create_options, CREATE_OPTIONS);
  const fileAttributes = bits(extensions?.file_attributes, FILE_ATTRIBUTES);
  const shareAccess = extensions?.share_access === null || extensions?.share_access === undefined
    ? 0x07
    : bits(extensions.share_access, SHARE);
  const desiredAccess = MODES[mode];
  const fields = { createDisposition, createOptions, fileAttributes, shareAccess, desiredAccess };
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) return `it does not know its ${name}`;
  }
  return unsupportedByMarsaud({
    command: "CREATE",
    body: fields as { [K in keyof typeof fields]: number },
  });
}

/** Names without their underlines and case: other writers spell them otherwise. */
const CREATE_OPTIONS = spellings(CreateOption, /_FILE$/);
const FILE_ATTRIBUTES = spellings(FileAttribute, /_FILE$/);
const DISPOSITIONS = spellings(CreateDisposition);

function spellings(
  table: Readonly<Record<string, number>>,
  ending?: RegExp,
): Readonly<Record<string, number>> {
  const names = Object.entries(table).flatMap(([name, bit]) => {
    const short = ending === undefined ? name : name.replace(ending, "");
    return [[plain(name), bit], [plain(short), bit]] as const;
  });
  return Object.fromEntries(names);
}

function plain(name: string): string {
  return name.replaceAll("_", "").toLowerCase();
}

function disposition(value: string | number | undefined, mode: string): number | undefined {
  if (typeof value === "number") return value;
  const name = value ?? (mode === "Read" ? "Open" : "OpenIf");
  return Object.hasOwn(DISPOSITIONS, plain(name)) ? DISPOSITIONS[plain(name)] : undefined;
}

/** The bits whose flags are set; undefined when one has no known name. */
function bits(
  flags: Flags | null | undefined,
  table: Readonly<Record<string, number>>,
): number | undefined {
  let sum = 0;
  for (const [name, set] of Object.entries(flags ?? {})) {
    if (!set) continue;
    const bit = Object.hasOwn(table, plain(name)) ? table[plain(name)] : undefined;
    if (bit === undefined) return undefined;
    sum |= bit;
  }
  return sum;
}

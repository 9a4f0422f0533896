/**
 * Workload JSON, version 1, and the rows of large captures: read and checked.
 *
 * What is added to version 1, all of it optional:
 * - `smb2` of an operation: the captured operation with every field of its request (workload_smb2.ts). It is what is
 *   sent; the fields of version 1 beside it are for other readers.
 * - `smb2_operations`: what version 1 has no operation for (connects, logins, cancels, breaks ...) or does not allow
 *   (requests on a closed handle), in the same form. A reader of version 1 leaves the list out.
 * - `sequence` of an operation: its place among the operations of both lists.
 * - `expected_status` of an operation: a name or number of NTSTATUS, SUCCESS unless given.
 * - `provision`: what the shares hold before, as `provision` of a replay has it (Provision in api.ts).
 * - `after`: what was left otherwise, in the same form; `run` compares it.
 * - `remarks` of `metadata`: sentences about the whole, such as what was selected.
 * - `notes`: sentences about what of the capture is not in it, with frames.
 * - Fields of single operations: see the schema below.
 *
 * A row, a line of `NAME.data/CLIENT.jsonl`, is an operation of either list; the order is that of the lines.
 */
import { z } from "zod";
import { isBlobPath } from "./data.ts";
import { provisionItems } from "./provision.ts";
import { wrongWord } from "./row_plain.ts";
import { WorkloadChecks } from "./workload_checks.ts";
import { type Smb2Operation, smb2Operation } from "./workload_smb2.ts";

/** A number, or its name or text: writers differ. */
const numberOrName = z.union([z.int().min(0), z.string().min(1).max(200)]);
const flags = z.record(z.string(), z.boolean());

const extensions = z.object({
  oplock_level: z.enum(["None", "Level2", "Exclusive", "Batch"]).optional(),
  lease_state: z.object({
    read_caching: z.boolean().default(false),
    write_caching: z.boolean().default(false),
    handle_caching: z.boolean().default(false),
  }).optional(),
  create_disposition: numberOrName.optional(),
  file_attributes: flags.optional(),
  share_access: flags.optional(),
  create_options: flags.optional(),
  durable_handle: z.boolean().optional(),
});

/** Names of operations; case does not matter. */
const OPERATIONS = [
  "Open",
  "Close",
  "Read",
  "Write",
  "Delete",
  "Rename",
  "Mkdir",
  "Rmdir",
  "Fsctl",
  "Ioctl",
  "QueryDirectory",
  "QueryInfo",
  "Flush",
  "ChangeNotify",
  "Lock",
  "Unlock",
] as const;

/** The kind of a workload's operation. */
export type WorkloadOperationKind = (typeof OPERATIONS)[number];

const text = z.string().max(0xffff);
const opId = z.union([z.string().min(1).max(200), z.number()]).transform(String);
const clientId = z.string().min(1).max(200);
/** Microseconds: exact in JSON up to 285 years. */
const timestamp = z.number().min(0).max(Number.MAX_SAFE_INTEGER);
const blobPath = z.string().max(1024).optional();

/** What operations have beside what version 1 says; `smb2_operations` have nothing else. */
const common = {
  op_id: opId,
  client_id: clientId,
  timestamp_us: timestamp,
  sequence: z.int().min(0).optional(),
  blob_path: blobPath,
};

const plainOperation = z.object({
  ...common,
  operation: z.string().max(200).optional(),
  type: z.string().max(200).optional(),
  path: text.optional(),
  /** Of a Rename. */
  new_path: text.optional(),
  target_path: text.optional(),
  mode: z.enum(["Read", "Write", "ReadWrite"]).optional(),
  handle_ref: z.string().min(1).max(200).optional(),
  offset: z.int().min(0).optional(),
  length: z.int().min(0).optional(),
  input_blob_path: blobPath,
  control_code: numberOrName.optional(),
  max_output_response: z.int().min(0).max(0xffff_ffff).optional(),
  /** Of a QueryInfo: `file`, `filesystem`, `security`, `quota`, or the number; `file` unless given. */
  info_type: numberOrName.optional(),
  /** Of a QueryInfo or QueryDirectory: a name of MS-FSCC or the number. */
  info_class: numberOrName.optional(),
  /** Of a QueryDirectory: `*` unless given. */
  pattern: text.optional(),
  /** Of a ChangeNotify: every kind of change unless given. */
  completion_filter: z.int().min(0).max(0xffff_ffff).optional(),
  recursive: z.boolean().optional(),
  /** Of a Lock: true unless given. */
  exclusive: z.boolean().optional(),
  /** Of a Lock: false unless given. */
  fail_immediately: z.boolean().optional(),
  expected_status: z.union([z.string().max(200), z.number()]).optional(),
  extensions: extensions.optional(),
}).transform(({ operation, type, ...fields }, context) => {
  const named = operation ?? type ?? "";
  const kind = OPERATIONS.find((name) => name.toLowerCase() === named.toLowerCase());
  if (kind === undefined) {
    const known = OPERATIONS.join(", ");
    context.addIssue({
      code: "custom",
      message: `operation ${JSON.stringify(named)} is unknown: known are ${known}`,
    });
    return z.NEVER;
  }
  return { ...fields, kind };
});

/** With `smb2`; version 1's fields beside it are kept for the checks alone. */
const capturedOperation = z.object({
  ...common,
  operation: z.string().max(200).optional(),
  path: text.optional(),
  handle_ref: z.string().max(200).optional(),
  smb2: smb2Operation,
});

/** An operation in version 1's own words. */
export type PlainOperation = z.infer<typeof plainOperation> & { readonly smb2?: undefined };

/** An operation of a capture. */
export type CapturedOperation = z.infer<typeof capturedOperation>;

/** One operation of a workload, or row. */
export type WorkloadOperation = PlainOperation | CapturedOperation;

const workloadSchema = z.object({
  version: z.literal(1),
  metadata: z.object({
    source: z.string().max(1000).default("manual"),
    duration_seconds: z.number().min(0).nullish(),
    client_count: z.int().min(0).nullish(),
    /** File name of the capture. */
    capture: z.string().max(1000).nullish(),
    /** Sentences for whoever reads it. */
    remarks: z.array(text).nullish(),
  }).default({ source: "manual" }),
  clients: z.array(z.object({
    client_id: clientId,
    operation_count: z.int().min(0).nullish(),
    /** As recorded; for the report. */
    user: z.string().max(1000).nullish(),
    address: z.string().max(200).nullish(),
  })),
  operations: z.array(z.unknown()),
  smb2_operations: z.array(z.unknown()).default([]),
  provision: z.unknown().optional(),
  after: z.unknown().optional(),
  /** What of the capture is not in it. */
  notes: z.array(text).nullish(),
});

/** A checked workload. */
export interface Workload extends Pick<z.infer<typeof workloadSchema>, "metadata" | "clients"> {
  /** What the shares hold before, as `provision` of a replay has it. */
  readonly provision?: unknown;
  /** What is left otherwise, in the same form. */
  readonly after?: unknown;
  /** Of both lists, in order. */
  readonly operations: readonly WorkloadOperation[];
}

/** What is wrong with a workload: nothing of it is run. */
export class WorkloadError extends Error {
  override readonly name = "WorkloadError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      problems.length === 1
        ? `Cannot run this workload: ${problems[0]}`
        : `Cannot run this workload: ${problems[0]} (and ${problems.length - 1} more problems)`,
    );
    this.problems = problems;
  }
}

/** Most problems, and most warnings, that are listed. */
const MAX_LISTED = 100;

/**
 * Reads a workload and checks it: schema, handles, times, blob paths.
 *
 * @param json What `JSON.parse` gave.
 * @returns The workload, the blobs it needs with the operation that names each first, and what is odd but can be run.
 * @throws {WorkloadError} With every problem found.
 *
 * @example
 * ```ts
 * const open = { op_id: "1", client_id: "a", timestamp_us: 0, operation: "Open", path: "f", handle_ref: "h" };
 * const { warnings } = parseWorkload({ version: 1, clients: [{ client_id: "a" }], operations: [open] });
 * if (warnings[0] !== "handle h of client a is never closed") throw new Error(warnings[0]);
 * ```
 */
export function parseWorkload(json: unknown): {
  readonly workload: Workload;
  readonly blobs: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
} {
  const parsed = workloadSchema.safeParse(json);
  if (!parsed.success) {
    throw new WorkloadError(parsed.error.issues.slice(0, MAX_LISTED).map(issueText));
  }
  const { metadata, clients, operations, smb2_operations: beside, provision, after } = parsed.data;
  const problems: string[] = [];
  const read = (list: readonly unknown[], named: string) =>
    list.flatMap((value, index) => {
      if (problems.length >= MAX_LISTED) return [];
      const row = readRow(value, `${named} ${index}`);
      if (Array.isArray(row)) problems.push(...row);
      return Array.isArray(row) ? [] : row;
    });
  const plain = read(operations, "operation at index");
  const captured = read(beside, "smb2_operation at index");
  if (problems.length > 0) throw new WorkloadError(problems.slice(0, MAX_LISTED));
  const checks = new WorkloadChecks(clients.map(({ client_id }) => client_id));
  for (const operation of plain) checks.version1(operation);
  const all = inSequence(plain, captured);
  for (const operation of all) {
    if (checks.problems.length >= MAX_LISTED) break;
    checks.next(operation);
  }
  for (const [name, value] of Object.entries({ provision, after })) {
    const { problem, blobs: provided } = checkedProvision(value);
    if (problem !== null) checks.problems.push(name === "after" ? `after: ${problem}` : problem);
    for (const path of provided) if (!checks.blobs.has(path)) checks.blobs.set(path, name);
  }
  if (checks.problems.length > 0) throw new WorkloadError(checks.problems.slice(0, MAX_LISTED));
  const { blobs, warnings } = checks;
  return {
    workload: {
      metadata,
      clients,
      operations: all,
      ...provision === undefined ? {} : { provision },
      ...after === undefined ? {} : { after },
    },
    blobs,
    warnings: warnings.length <= MAX_LISTED
      ? warnings
      : [...warnings.slice(0, MAX_LISTED), `and ${warnings.length - MAX_LISTED} more of that kind`],
  };
}

/**
 * Reads a row, or an operation of a workload.
 *
 * @param where What to call it where it has no `op_id`.
 * @returns The operation, or what is wrong with it.
 */
export function readRow(value: unknown, where: string): WorkloadOperation | string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return [`${where} is no object`];
  }
  const isCaptured = "smb2" in value && value.smb2 !== undefined && value.smb2 !== null;
  const given = withoutNulls(value, 2);
  const parsed = isCaptured ? capturedOperation.safeParse(given) : plainOperation.safeParse(given);
  if (!parsed.success) {
    const name = operationName(value) ?? where;
    return parsed.error.issues.map((issue) => `${name}: ${issueText(issue)}`);
  }
  const name = `operation ${parsed.data.op_id}`;
  const problems = [parsed.data.blob_path, inputBlob(parsed.data)].flatMap((path) =>
    typeof path !== "string" || isBlobPath(path)
      ? []
      : `${name}: ${clipped(path)} is no blob below the workload's folder, named by its hash`
  );
  const word = isCaptured ? null : wrongWord(parsed.data as PlainOperation);
  if (word !== null) problems.push(`${name}: ${word}`);
  return problems.length > 0 ? problems : parsed.data as WorkloadOperation;
}

function inputBlob(operation: object): string | undefined {
  return (operation as { input_blob_path?: string }).input_blob_path;
}

/** Writers put null for what they do not know; within `smb2` it has a meaning of its own. */
function withoutNulls(value: object, depth: number): object {
  const entries = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(entries.map(([name, field]) => [
    name,
    depth > 1 && name === "extensions" && typeof field === "object" && !Array.isArray(field)
      ? withoutNulls(field, depth - 1)
      : field,
  ]));
}

/** `operation op_7`, where there is an `op_id` to name. */
function operationName(value: object): string | undefined {
  const { op_id: name } = value as { op_id?: unknown };
  if (typeof name !== "string" && typeof name !== "number") return undefined;
  return `operation ${String(name).slice(0, 200)}`;
}

function clipped(path: string): string {
  return JSON.stringify(path.length <= 100 ? path : `${path.slice(0, 100)}...`);
}

function issueText(issue: z.core.$ZodIssue): string {
  const path = issue.path.slice(0, 6).map((part) => String(part).slice(0, 100)).join(".");
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}

function checkedProvision(provision: unknown): { problem: string | null; blobs: string[] } {
  try {
    const blobs = provisionItems(provision).flatMap(({ parts }) =>
      parts.flatMap(({ source }) => "blob" in source ? [source.blob] : [])
    );
    return { problem: null, blobs };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { problem: error.message, blobs: [] };
  }
}

/** Both lists as one. What has no `sequence` follows the one before it in its list. */
function inSequence(
  plain: readonly WorkloadOperation[],
  captured: readonly WorkloadOperation[],
): readonly WorkloadOperation[] {
  if (captured.length === 0) return plain;
  const placed = [plain, captured].flatMap((list) => {
    let last = -1;
    return list.map((operation) => ({ operation, place: last = operation.sequence ?? last }));
  });
  return placed.sort((one, other) => one.place - other.place).map(({ operation }) => operation);
}

export type { Smb2Operation };

/** Workload JSON, version 1: checked, then run as a replay. */
import { z } from "zod";
import { isBlobPath } from "./data.ts";

/** A number, or its name or text: writers differ. */
const numberOrName = z.union([z.number().int().min(0), z.string().min(1)]);
const flags = z.record(z.string(), z.boolean());

const extensions = z.looseObject({
  oplock_level: z.enum(["None", "Level2", "Exclusive", "Batch"]).optional(),
  lease_state: z.object({
    read_caching: z.boolean().default(false),
    write_caching: z.boolean().default(false),
    handle_caching: z.boolean().default(false),
  }).nullish(),
  create_disposition: numberOrName.optional(),
  file_attributes: flags.nullish(),
  share_access: flags.nullish(),
  create_options: flags.nullish(),
  durable_handle: z.boolean().nullish(),
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

const operation = z.looseObject({
  op_id: z.union([z.string(), z.number()]).transform(String),
  client_id: z.string().min(1),
  timestamp_us: z.number().min(0),
  operation: z.string().optional(),
  type: z.string().optional(),
  path: z.string().optional(),
  new_path: z.string().optional(),
  target_path: z.string().optional(),
  mode: z.enum(["Read", "Write", "ReadWrite"]).optional(),
  handle_ref: z.string().min(1).nullish(),
  offset: z.number().int().min(0).optional(),
  length: z.number().int().min(0).max(2 ** 31).optional(),
  blob_path: z.string().nullish(),
  input_blob_path: z.string().nullish(),
  control_code: numberOrName.optional(),
  max_output_response: z.number().int().min(0).max(2 ** 31).optional(),
  info_type: numberOrName.optional(),
  info_class: numberOrName.optional(),
  pattern: z.string().optional(),
  completion_filter: z.number().int().min(0).optional(),
  recursive: z.boolean().optional(),
  exclusive: z.boolean().optional(),
  fail_immediately: z.boolean().optional(),
  expected_status: z.union([z.string(), z.number()]).nullish(),
  extensions: extensions.nullish(),
}).transform(({ operation, type, ...fields }, context) => {
  const named = operation ?? type ?? "";
  const kind = OPERATIONS.find((name) => name.toLowerCase() === named.toLowerCase());
  if (kind === undefined) {
    context.addIssue({
      code: "custom",
      path: ["operation"],
      message: `operation ${JSON.stringify(named)} is unknown: known are ${OPERATIONS.join(", ")}`,
    });
    return z.NEVER;
  }
  return { ...fields, kind };
});

const workload = z.looseObject({
  version: z.literal(1),
  metadata: z.looseObject({
    source: z.string().default("manual"),
    duration_seconds: z.number().min(0).optional(),
    client_count: z.number().int().min(0).optional(),
  }).default({ source: "manual" }),
  clients: z.array(z.looseObject({ client_id: z.string().min(1) })),
  operations: z.array(operation),
});

/** A checked workload. */
export type Workload = z.infer<typeof workload>;

/** One operation of a workload. */
export type WorkloadOperation = Workload["operations"][number];

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

/** Most problems that are listed. */
const MAX_PROBLEMS = 100;

/**
 * Reads a workload and checks it: schema, handles, times, blob paths.
 *
 * @param json What `JSON.parse` gave.
 * @returns The workload, the blobs it needs, and what is odd but can be run.
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
  readonly blobs: readonly string[];
  readonly warnings: readonly string[];
} {
  const parsed = workload.safeParse(json);
  if (!parsed.success) {
    throw new WorkloadError(
      parsed.error.issues.slice(0, MAX_PROBLEMS).map((issue) =>
        issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`
      ),
    );
  }
  const problems: string[] = [];
  const blobs = new Set<string>();
  const clients = new Map(
    parsed.data.clients.map(({ client_id }) => [client_id, new ClientChecks()]),
  );
  for (const operation of parsed.data.operations) {
    if (problems.length >= MAX_PROBLEMS) break;
    const where = `operation ${operation.op_id}`;
    const checks = clients.get(operation.client_id);
    if (checks === undefined) {
      problems.push(`${where}: client ${operation.client_id} is not among the clients`);
      continue;
    }
    problems.push(...checks.check(operation).map((problem) => `${where}: ${problem}`));
    for (const path of [operation.blob_path, operation.input_blob_path]) {
      if (path === null || path === undefined) continue;
      if (isBlobPath(path)) blobs.add(path);
      else {
        problems.push(
          `${where}: ${
            JSON.stringify(path)
          } is no blob below the workload's folder, named by its hash`,
        );
      }
    }
  }
  if (problems.length > 0) throw new WorkloadError(problems);
  const warnings = [...clients].flatMap(([client, checks]) =>
    [...checks.open].map((handle) => `handle ${handle} of client ${client} is never closed`)
  );
  return { workload: parsed.data, blobs: [...blobs], warnings };
}

/** Operations that need a handle; others take a path as well. */
const ON_HANDLE: ReadonlySet<WorkloadOperationKind> = new Set([
  "Close",
  "Read",
  "Write",
  "Flush",
  "Fsctl",
  "Ioctl",
  "ChangeNotify",
  "Lock",
  "Unlock",
]);

/** What must hold along the operations of one client. */
class ClientChecks {
  readonly open = new Set<string>();
  readonly #closed = new Set<string>();
  #time = 0;

  check(operation: WorkloadOperation): string[] {
    const problems: string[] = [];
    if (operation.timestamp_us < this.#time) {
      problems.push(
        `its time ${operation.timestamp_us} is before the client's last, ${this.#time}`,
      );
    }
    this.#time = Math.max(this.#time, operation.timestamp_us);
    const { kind, handle_ref: handle } = operation;
    if (kind === "Open") {
      if (operation.path === undefined) problems.push("Open has no path");
      if (typeof handle !== "string") problems.push("Open has no handle_ref");
      else if (this.open.has(handle)) problems.push(`handle ${handle} is open already`);
      else this.open.add(handle);
      return problems;
    }
    if (typeof handle === "string") {
      if (!this.open.has(handle)) {
        problems.push(`handle ${handle} is ${this.#closed.has(handle) ? "closed" : "unknown"}`);
      }
    } else if (ON_HANDLE.has(kind)) {
      problems.push(`${kind} has no handle_ref`);
    } else if (operation.path === undefined) {
      problems.push(`${kind} has neither handle_ref nor path`);
    }
    if (kind === "Close" && typeof handle === "string") {
      this.open.delete(handle);
      this.#closed.add(handle);
    }
    if (kind === "Rename" && (operation.new_path ?? operation.target_path) === undefined) {
      problems.push("Rename has no new_path");
    }
    if ((kind === "Fsctl" || kind === "Ioctl") && operation.control_code === undefined) {
      problems.push(`${kind} has no control_code`);
    }
    return problems;
  }
}

/** What must hold along a workload's operations, beyond the form of each. */
import type { PlainOperation, WorkloadOperation, WorkloadOperationKind } from "./workload.ts";

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

/** Most bytes of made-up data. */
const MAX_DATA = 64 * 2 ** 20;

/** Most warnings that are kept. */
const MAX_WARNINGS = 10_000;

/** The checks of a workload, or of the rows of one client. */
export class WorkloadChecks {
  readonly problems: string[] = [];
  /** Blob -> operation that names it first. */
  readonly blobs = new Map<string, string>();
  readonly #warnings: string[] = [];
  /** Null where the clients are not told beforehand. */
  readonly #known: ReadonlySet<string> | null;
  readonly #clients = new Map<string, ClientChecks>();
  readonly #ids = new Set<string>();

  constructor(clients: readonly string[] | null) {
    this.#known = clients === null ? null : new Set(clients);
  }

  /** What is odd but can be run. */
  get warnings(): readonly string[] {
    const unclosed = [...this.#clients].flatMap(([client, { open }]) =>
      [...open].map((handle) => `handle ${handle} of client ${client} is never closed`)
    );
    return [...this.#warnings, ...unclosed];
  }

  /** An operation of version 1's own list, in the order of that list: its handles. */
  version1(operation: WorkloadOperation): void {
    const client = this.#client(operation);
    const found = operation.smb2 === undefined
      ? client.plain(operation)
      : client.captured(operation);
    this.#found(operation, found);
  }

  /** Any operation, in the order in which they run. */
  next(operation: WorkloadOperation): void {
    const { op_id: id, client_id: client } = operation;
    if (this.#known !== null && !this.#known.has(client)) {
      this.#found(operation, [`client ${client} is not among the clients`]);
      return;
    }
    if (this.#ids.has(id)) this.#found(operation, ["another operation has the same op_id"]);
    this.#ids.add(id);
    this.#found(operation, this.#client(operation).time(operation.timestamp_us));
    const input = operation.smb2 === undefined ? operation.input_blob_path : undefined;
    for (const path of [operation.blob_path, input]) {
      if (typeof path === "string" && !this.blobs.has(path)) this.blobs.set(path, id);
    }
    const path = operation.smb2?.kind === "create" ? operation.smb2.path : undefined;
    if (path !== undefined && this.#warnings.length < MAX_WARNINGS) {
      const told = operation.path;
      if (typeof told === "string" && !told.endsWith(path.replaceAll("\\", "/"))) {
        this.#warnings.push(`operation ${id}: path is not smb2.path, which is sent`);
      }
    }
  }

  #found(operation: WorkloadOperation, problems: readonly string[]): void {
    this.problems.push(...problems.map((problem) => `operation ${operation.op_id}: ${problem}`));
  }

  #client({ client_id: name }: WorkloadOperation): ClientChecks {
    let checks = this.#clients.get(name);
    if (checks === undefined) this.#clients.set(name, checks = new ClientChecks());
    return checks;
  }
}

/** What must hold along the operations of one client. */
class ClientChecks {
  readonly open = new Set<string>();
  readonly #closed = new Set<string>();
  #time = 0;

  time(timestamp: number): string[] {
    const before = this.#time;
    if (timestamp >= before) {
      this.#time = timestamp;
      return [];
    }
    return [`its time ${timestamp} is before the client's last, ${before}`];
  }

  /** An Open that failed in the capture, and everything that it shall not be closed for. */
  captured(operation: Extract<WorkloadOperation, { smb2: object }>): string[] {
    const { smb2, handle_ref: handle } = operation;
    if (typeof handle !== "string") return [];
    if (smb2.kind === "create") {
      if (this.open.has(handle)) return [`handle ${handle} is open already`];
      this.#closed.delete(handle);
      if ((smb2.status ?? 0) === 0) this.open.add(handle);
      return [];
    }
    const problems = this.#uses(handle);
    if (smb2.kind === "close") this.#close(handle);
    return problems;
  }

  plain(operation: PlainOperation): string[] {
    const problems: string[] = [];
    const { kind, handle_ref: handle } = operation;
    if (kind === "Open") {
      if (operation.path === undefined) problems.push("Open has no path");
      if (typeof handle !== "string") problems.push("Open has no handle_ref");
      else if (this.open.has(handle)) problems.push(`handle ${handle} is open already`);
      else this.open.add(handle);
      return problems;
    }
    if (typeof handle === "string") {
      problems.push(...this.#uses(handle));
    } else if (ON_HANDLE.has(kind)) {
      problems.push(`${kind} has no handle_ref`);
    } else if (operation.path === undefined) {
      problems.push(`${kind} has neither handle_ref nor path`);
    }
    if (kind === "Close" && typeof handle === "string") this.#close(handle);
    if (kind === "Rename" && (operation.new_path ?? operation.target_path) === undefined) {
      problems.push("Rename has no new_path");
    }
    if ((kind === "Fsctl" || kind === "Ioctl") && operation.control_code === undefined) {
      problems.push(`${kind} has no control_code`);
    }
    const isMadeUp = kind === "Write" && typeof operation.blob_path !== "string";
    if (isMadeUp && (operation.length ?? 0) > MAX_DATA) {
      problems.push(`its length is beyond ${MAX_DATA}, the most that is made up without a blob`);
    }
    return problems;
  }

  #uses(handle: string): string[] {
    if (this.open.has(handle)) return [];
    return [`handle ${handle} is ${this.#closed.has(handle) ? "closed" : "unknown"}`];
  }

  #close(handle: string): void {
    this.open.delete(handle);
    this.#closed.add(handle);
  }
}

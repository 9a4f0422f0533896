/**
 * Operations -> rows: workload JSON's operations, version 1's fields beside `smb2` with every field of the request
 * (runtime/script/workload_smb2.ts says how they are read). Operations are gone through one by one, any number of them.
 * Large captures become a short scenario and a file of rows for each client.
 */
import { Fsctl, statusName } from "../../runtime/wire/mod.ts";
import { type CaptureNote, noteText } from "../capture/mod.ts";
import type { BreakOperation, PlanClient, PlanOperation } from "../plan.ts";
import type { PlanSource } from "../plan_source.ts";
import { call, callOf, type Code, comment, memberLine, quoted } from "./code.ts";
import { LineBytes, piece } from "../line_bytes.ts";
import { isFrequent, putRow } from "./frequent_rows.ts";
import { FrameCounts, FrameLabels, isImplied } from "./labels.ts";
import type { ProvisionText } from "./provision.ts";
import { otherName, type Version1Context, version1Fields } from "./version1.ts";

/** What goes into rows. */
export interface RowOptions {
  /** Where captured data is kept; without it rows tell lengths and hashes only. */
  readonly blobs?: {
    readonly save: (bytes: Uint8Array) => string;
    readonly path: (sha256: string) => string;
  };
}

/** What is told of a row besides its text. */
export interface Row {
  readonly client: string;
  /** Whether version 1 has and allows the operation. */
  readonly isVersion1: boolean;
}

/** An acknowledgement within this time (seconds) came at once: a program reacted, nobody waited. */
const AT_ONCE = 0.05;

/** Values that are left out: an absent field has them. */
export const ROW_DEFAULTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  create: {
    share: 7,
    disposition: 1,
    options: 0,
    attributes: 0,
    impersonation: 2,
    securityFlags: 0,
    oplock: 0,
  },
  close: { flags: 0 },
  read: { minimumCount: 0, flags: 0, padding: 0x50, remainingBytes: 0, channel: 0 },
  write: { flags: 0, remainingBytes: 0, channel: 0 },
  lock: { lockSequence: 0 },
  ioctl: { flags: 1, input: "", maxInput: 0 },
  queryDirectory: { flags: 0, index: 0 },
  changeNotify: { flags: 0 },
  queryInfo: { additional: 0, flags: 0, input: "" },
  setInfo: { additional: 0 },
  tree: { flags: 0 },
  login: { signing: false, encryption: false },
};

/**
 * Fields that are left out: what the row itself says, what answers told of the share, and what is an operation of its own
 * or follows from the other rows.
 */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "client",
  "told",
  "entries",
  "used",
  "breaks",
  "cancelled",
]);

/** Fields that tell more of the share than of the request. */
const WITH_MORE: ReadonlySet<string> = new Set(["granted", "returned", "data"]);

/** What of them is left out. */
const LEFT_OUT_WITHIN: ReadonlySet<string> = new Set([
  "attributes",
  "allocation",
  "modified",
  "blocks",
]);

/** Lists that are left out when they are empty. */
const OFTEN_EMPTY: ReadonlySet<string> = new Set([
  "after",
  "afterOthers",
  "afterPending",
  "contexts",
]);

/** What rows tell that only the whole plan knows. */
export class RowSurvey {
  /** How many operations each frame has. */
  readonly frames = new FrameCounts();
  /** Clients of whom only requests were captured: their rows go one after the other. */
  readonly oneSided: Set<string>;
  /** What clients did on breaks, where it was not to acknowledge at once; by client and open. */
  readonly policies = new Map<string, NonNullable<ReturnType<typeof breakPolicy>>>();

  constructor({ clients }: Pick<PlanSource, "clients">) {
    this.oneSided = new Set(clients.map(({ id }) => id));
  }

  /** Of a plan where nothing is implied and nothing was broken all is known but who these clients are. */
  knows(oneSided: ReadonlySet<string>): void {
    for (const client of this.oneSided) if (!oneSided.has(client)) this.oneSided.delete(client);
  }

  /** Takes the next operation. */
  see(operation: PlanOperation): void {
    if (!isImplied(operation)) this.frames.add(operation.frames.request);
    if (operation.frames.response !== undefined) this.oneSided.delete(operation.client);
    if (operation.kind === "break") this.#learn(operation);
  }

  #learn(broken: BreakOperation): void {
    if (broken.file === null || !broken.ackRequired) return;
    const key = `${broken.client} ${broken.file}`;
    const policy = breakPolicy(broken);
    if (policy !== null && !this.policies.has(key)) this.policies.set(key, policy);
  }
}

/** Makes the rows of a plan. */
export class RowWriter {
  readonly #source: PlanSource;
  readonly #options: RowOptions;
  readonly #survey: RowSurvey;

  constructor(source: PlanSource, survey: RowSurvey, options: RowOptions = {}) {
    this.#source = source;
    this.#options = options;
    this.#survey = survey;
  }

  /**
   * The rows, in the order of sending: each is put behind what is in `line`, as JSON without an end of line; `numbered`
   * with its place among all rows.
   */
  *rows(
    line: LineBytes,
    { numbered = false }: { readonly numbered?: boolean } = {},
  ): Iterable<Row> {
    const labels = new FrameLabels(this.#survey.frames);
    const blobOf = this.#options.blobs === undefined
      ? undefined
      : (operation: PlanOperation) => this.#blobOf(operation);
    const clients = new Map<string, ClientRows>();
    let sequence = 0;
    for (const operation of this.#source.operations()) {
      let client = clients.get(operation.client);
      if (client === undefined) {
        const isAlone = this.#survey.oneSided.has(operation.client);
        client = new ClientRows(operation.client, { blobOf, isAlone });
        clients.set(operation.client, client);
      }
      const told = { label: labels.of(operation), sequence: numbered ? sequence++ : null };
      const isVersion1 = this.#put(line, operation, { client, ...told });
      yield isVersion1 ? client.allowed : client.beside;
    }
  }

  #put(line: LineBytes, operation: PlanOperation, told: {
    readonly client: ClientRows;
    readonly label: string;
    readonly sequence: number | null;
  }): boolean {
    const { client, label, sequence } = told;
    const { previous } = client;
    client.previous = operation.id;
    const timestamp = client.timestamp(operation.at);
    const isAllowed = client.allows(operation);
    const onBreak = this.#onBreak(operation);
    if (isAllowed && !client.isAlone && isFrequent(operation) && client.blobOf === undefined) {
      putRow(line, operation, {
        label,
        sequence,
        client: client.quoted,
        timestamp,
        status: operation.status === 0 ? null : statusPiece(operation.status),
        share: client.share(operation.tree),
        onBreak: onBreak === undefined ? null : JSON.stringify(onBreak),
      });
      return true;
    }
    const fields = isAllowed ? version1Fields(operation, client) : null;
    const value: Record<string, unknown> = {
      op_id: label,
      client_id: operation.client,
      timestamp_us: timestamp,
      ...sequence === null ? {} : { sequence },
    };
    if (fields !== null) Object.assign(value, fields);
    else {
      value.operation = otherName(operation);
      const data = operation.kind === "write" ? this.#blobOf(operation) : undefined;
      if (data !== undefined) value.blob_path = data;
    }
    if (operation.status !== 0) value.expected_status = statusText(operation.status);
    const smb2 = tellingFields(operation);
    if (previous !== null && client.isAlone) smb2.after = [previous];
    if (onBreak !== undefined) smb2.onBreak = onBreak;
    value.smb2 = smb2;
    line.text(JSON.stringify(value));
    return fields !== null;
  }

  #onBreak(operation: PlanOperation) {
    if (operation.kind !== "create" || this.#survey.policies.size === 0) return undefined;
    return this.#survey.policies.get(`${operation.client} ${operation.file}`);
  }

  #blobOf(operation: PlanOperation): string | undefined {
    const { blobs } = this.#options;
    if (blobs === undefined) return undefined;
    if (operation.kind === "ioctl") {
      const own = operation.code === Fsctl.VALIDATE_NEGOTIATE_INFO;
      return own ? undefined : blobs.path(blobs.save(Uint8Array.fromHex(operation.input)));
    }
    if (operation.kind !== "write") return undefined;
    const { sha256, length } = operation.data;
    return sha256 === undefined || length === 0 ? undefined : blobs.path(sha256);
  }
}

/** What is remembered of a client along its rows. */
class ClientRows implements Version1Context {
  /** Id of the operation before. */
  previous: number | null = null;
  readonly blobOf: Version1Context["blobOf"];
  /** Only requests of it were captured. */
  readonly isAlone: boolean;
  /** The client's id, as JSON. */
  readonly quoted: Uint8Array;
  /** What is told of its rows. */
  readonly allowed: Row;
  readonly beside: Row;
  /** Tree -> share. */
  readonly #shares = new Map<string, string>();
  readonly #open = new Set<string>();
  #time = 0;

  constructor(
    id: string,
    about: { readonly blobOf: Version1Context["blobOf"]; readonly isAlone: boolean },
  ) {
    this.quoted = piece(JSON.stringify(id));
    this.blobOf = about.blobOf;
    this.isAlone = about.isAlone;
    this.allowed = { client: id, isVersion1: true };
    this.beside = { client: id, isVersion1: false };
  }

  share(tree: string): string {
    return this.#shares.get(tree) ?? tree;
  }

  /** Microseconds, never less than those before. */
  timestamp(seconds: number): number {
    this.#time = Math.max(this.#time, Math.round(seconds * 1e6));
    return this.#time;
  }

  /** Whether version 1 allows the operation here: it knows no request on a handle that is not open. */
  allows(operation: PlanOperation): boolean {
    if (operation.kind === "tree") {
      this.#shares.set(
        operation.tree,
        operation.path.slice(operation.path.lastIndexOf("\\") + 1),
      );
    }
    if (operation.kind === "untree") this.#shares.delete(operation.tree);
    if (operation.kind === "create") {
      if (this.#open.has(operation.file)) return false;
      if ((operation.status ?? 0) === 0) this.#open.add(operation.file);
      return true;
    }
    if (!("file" in operation) || operation.file === null) return false;
    const isOpen = this.#open.has(operation.file);
    if (operation.kind === "close") this.#open.delete(operation.file);
    return isOpen;
  }
}

/** Statuses that are remembered. */
const STATUSES_KEPT = 256;

const statuses = new Map<number | null, Uint8Array>();

function statusPiece(status: number | null): Uint8Array {
  let bytes = statuses.get(status);
  if (bytes === undefined) {
    bytes = piece(JSON.stringify(statusText(status)));
    if (statuses.size >= STATUSES_KEPT) statuses.clear();
    statuses.set(status, bytes);
  }
  return bytes;
}

function statusText(status: number | null): string | number {
  if (status === null) return "any";
  const name = statusName(status);
  return /^[A-Z]/.test(name) ? name : status;
}

/** Every field of the operation that a row has, or means by its absence. */
export function rowFields(operation: PlanOperation): Record<string, unknown> {
  const given = operation as unknown as Readonly<Record<string, unknown>>;
  const fields: Record<string, unknown> = {};
  for (const name of Object.keys(given)) {
    const value = given[name];
    if (value === undefined || LEFT_OUT.has(name)) continue;
    fields[name] = WITH_MORE.has(name) ? within(value) : value;
  }
  return fields;
}

/** Those of them that say more than their absence; the others are undefined, so that all rows of a kind are alike. */
function tellingFields(operation: PlanOperation): Record<string, unknown> {
  const usual = ROW_DEFAULTS[operation.kind];
  const fields = { ...operation } as unknown as Record<string, unknown>;
  for (const name in fields) {
    if (!Object.hasOwn(fields, name)) continue;
    const value = fields[name];
    if (LEFT_OUT.has(name)) fields[name] = undefined;
    else if (OFTEN_EMPTY.has(name)) {
      if ((value as readonly unknown[]).length === 0) fields[name] = undefined;
    } else if (WITH_MORE.has(name)) fields[name] = within(value);
    else if (usual !== undefined && usual[name] === value) fields[name] = undefined;
  }
  if (operation.status === 0) fields.status = undefined;
  return fields;
}

/** Without what is told of the share. */
function within(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const fields: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    if (!LEFT_OUT_WITHIN.has(name)) fields[name] = field;
  }
  return fields;
}

function breakPolicy(broken: BreakOperation) {
  const { acknowledgedAfter, acknowledgedTo, to } = broken;
  // Not answered, or answered by a close, which is an operation of its own.
  if (acknowledgedAfter === null) return "withhold";
  const policy = {
    ...acknowledgedAfter < AT_ONCE ? {} : { delay: acknowledgedAfter },
    ...acknowledgedTo === null || acknowledgedTo === to ? {} : { to: acknowledgedTo },
  };
  return Object.keys(policy).length === 0 ? null : policy;
}

/** Bytes of a client's rows that are handed on at once, and of all clients' rows that wait. */
const PIECE = 2 ** 16;
const MAX_WAITING = 2 ** 22;

/** Bytes that there is room for at first: there may be thousands of clients. */
const FIRST_ROOM = 2 ** 11;

/** Room for lines that is kept for later. */
const FREE_KEPT = 4;

/** Rows after which {@linkcode writeRows} yields. */
export const ROWS_AT_ONCE = 1024;

/**
 * Hands the rows on as lines, those of each client in order; yields now and then, so that others get a turn. What is
 * handed on holds until the call is over.
 */
export function* writeRows(
  writer: RowWriter,
  write: (client: Pick<PlanClient, "id">, lines: Uint8Array) => void,
): Iterable<void> {
  let rows = 0;
  const waiting = new Map<string, WaitingLines>();
  /** Room that others gave up: there may be thousands of clients, and each has its turn. */
  const free: WaitingLines[] = [];
  let size = 0;
  const hand = (id: string, lines: WaitingLines) => {
    write({ id }, lines.view());
    size -= lines.length;
    lines.length = 0;
    waiting.delete(id);
    if (free.length < FREE_KEPT) free.push(lines);
  };
  const line = new LineBytes();
  for (const { client } of writer.rows(line)) {
    line.put(LINE_FEED);
    if (++rows % ROWS_AT_ONCE === 0) yield;
    let lines = waiting.get(client);
    if (lines === undefined) waiting.set(client, lines = free.pop() ?? new WaitingLines());
    const bytes = line.view();
    lines.add(bytes);
    size += bytes.length;
    line.cut(0);
    if (lines.length >= PIECE) hand(client, lines);
    if (size > MAX_WAITING) { for (const [id, one] of waiting) hand(id, one); }
  }
  for (const [id, lines] of waiting) hand(id, lines);
}

const LINE_FEED = piece("\n");

/** Lines that wait to be handed on. */
class WaitingLines {
  #bytes = new Uint8Array(FIRST_ROOM);
  length = 0;

  add(bytes: Uint8Array): void {
    const end = this.length + bytes.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, Math.min(2 * end, PIECE + FIRST_ROOM)));
      larger.set(this.#bytes.subarray(0, this.length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.length);
    this.length = end;
  }

  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }
}

/** What the scenario beside the rows says. */
export interface RowsScriptOptions {
  readonly version: string;
  /** Folder of the rows, relative to the scenario: `customer.data`. */
  readonly folder: string;
  readonly notes?: readonly CaptureNote[];
  /** What the shares held before; nothing unless given. */
  readonly provision?: ProvisionText;
}

/** The scenario that plays files of rows. */
export function rowsScript(source: PlanSource, options: RowsScriptOptions): string {
  const { clients, count } = source;
  const { name, start, seconds, remarks = [] } = source.source;
  const lost = (options.notes ?? []).filter((note) => note.loss);
  const example = clients[0]?.id ?? "client";
  const { provision } = options;
  const names = [...new Set(["replay", "rows", ...provision?.imports ?? []])].sort();
  return [
    `// Compiled by smbench ${options.version} from ${comment(quoted(name))}: ${
      plural(count, "operation")
    } of ${plural(clients.length, "client")} in ${seconds.toFixed(3)} s${
      start === null ? "" : `, from ${start}`
    }.`,
    ...remarks.map((remark) => `// ${comment(remark)}`),
    `// Every line of ${options.folder}/CLIENT.jsonl is an operation (JSON): op_id is the frame of its request in the`,
    "// capture, smb2 has every field of the request, the recorded times, and the status that is expected. Lines may be",
    "// taken out and edited, for example without what only listed directories:",
    `//   jq -c 'select(.operation != "QueryDirectory")' ${options.folder}/${example}.jsonl`,
    ...lost.length === 0 ? [] : ["//", "// Not in this scenario:"],
    ...lost.map((note) => `// - ${comment(noteText(note))}`),
    `import { ${names.join(", ")} } from "smbench";`,
    ...typeof provision?.importLine === "string" ? [provision.importLine] : [],
    "",
    "export default replay({",
    memberLine("  ", "source", quoted(name)),
    ...clients.length === 0 ? ["  clients: {},", "}, {});", ""] : [
      "  clients: {",
      ...clients.map(clientLine),
      "  },",
      ...provision?.member ?? [],
      "}, {",
      ...clients.flatMap((client, index) => [
        ...index === 0 ? [] : [""],
        `  // ${comment(client.address)}${
          client.clientGuid === null ? "" : `, ClientGuid ${client.clientGuid}`
        }, ${plural(client.operationCount, "operation")}`,
        `  async ${client.id}(c, p) {`,
        call("    await ", "c.play", [
          callOf("rows", quoted(rowsPath(options.folder, client))),
          "p",
        ]),
        "  },",
      ]),
      "});",
      "",
    ],
  ].join("\n");
}

/** Names that are devices on Windows, whatever comes behind their dot. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)$/i;

/** File of a client's rows, relative to the scenario. */
export function rowsPath(folder: string, { id }: Pick<PlanClient, "id">): string {
  return `${folder}/${DEVICE.test(id) ? `${id}-rows` : id}.jsonl`;
}

function clientLine(client: PlanClient): string {
  const user = client.users[0];
  const value: Code = {
    kind: "object",
    members: [
      ...(user === undefined ? [] : [["user", quoted(user)] as const]),
      ["address", quoted(client.address)],
    ],
  };
  return memberLine("    ", client.id, value);
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

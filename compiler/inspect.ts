/** `inspect`: what a capture contains, counted; and its exchanges one by one. */
import { statusName } from "../runtime/wire/mod.ts";
import { type CaptureInput, type CaptureNote, withPlaces } from "./capture/mod.ts";
import { Decryption, type DecryptionKeys } from "./decryption.ts";
import type { Exchange, ExchangeSink } from "./exchange.ts";
import { OperationLines } from "./operation_lines.ts";
import { OperationStore } from "./operation_store.ts";
import { PlanBuilder } from "./operations.ts";
import { countPayloads, hashPayloads } from "./payload.ts";
import { type CaptureConsumer, type Progress, readCapture } from "./read_capture.ts";

/** How a capture is inspected. */
export interface InspectOptions {
  readonly keys?: DecryptionKeys;
  readonly progress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** What a capture contains. Version 1 of the JSON form. */
export interface Inspection {
  readonly version: 1;
  readonly format: string;
  readonly packets: number;
  readonly exchanges: number;
  /** ISO 8601; null without SMB2. */
  readonly start: string | null;
  /** Seconds from first to last message. */
  readonly seconds: number;
  readonly clients: readonly {
    readonly id: string;
    readonly address: string;
    readonly clientGuid: string | null;
    readonly users: readonly string[];
    readonly connections: number;
    readonly operations: number;
  }[];
  /** `host:port` and the dialects that it chose. */
  readonly servers: readonly { readonly address: string; readonly dialects: readonly string[] }[];
  readonly shares: readonly { readonly path: string; readonly connects: number }[];
  /** Commands by number of exchanges. */
  readonly commands: Readonly<Record<string, number>>;
  /** NTSTATUS names other than SUCCESS, by number of final responses. */
  readonly errors: Readonly<Record<string, number>>;
  readonly breaks: { readonly received: number; readonly acknowledged: number };
  /** Exchanges whose request was signed, and whose request was encrypted; frames that could not be decrypted. */
  readonly security: {
    readonly signed: number;
    readonly encrypted: number;
    readonly undecryptable: number;
  };
  readonly bytes: { readonly read: number; readonly written: number };
  readonly notes: readonly CaptureNote[];
}

/** Counts what a capture contains. */
export async function inspect(
  input: CaptureInput,
  options: InspectOptions = {},
): Promise<Inspection> {
  const counter = new Counter();
  using store = new OperationStore();
  let builder: PlanBuilder | undefined;
  const result = await readCapture(input, (state) => {
    builder = new PlanBuilder(state, store);
    return both(builder, counter);
  }, { payloads: countPayloads, ...readOptions(options) });
  const { plan, notes } = builder!.finish("capture");
  const servers = new Map<string, Set<number>>();
  const connections = new Map<string, number>();
  const shares = new Map<string, number>();
  const breaks = { received: 0, acknowledged: 0 };
  const bytes = { read: 0, written: 0 };
  for (const operation of plan.operations()) {
    switch (operation.kind) {
      case "connect": {
        const { client, server, dialect } = operation;
        connections.set(client, (connections.get(client) ?? 0) + 1);
        const dialects = servers.get(server) ?? new Set();
        if (dialect !== null) dialects.add(dialect);
        servers.set(server, dialects);
        break;
      }
      case "tree":
        shares.set(operation.path, (shares.get(operation.path) ?? 0) + 1);
        break;
      case "break":
        breaks.received++;
        if (operation.acknowledgedAfter !== null) breaks.acknowledged++;
        break;
      case "read":
        bytes.read += operation.returned?.length ?? 0;
        break;
      case "write":
        if (operation.status === 0) bytes.written += operation.data.length;
        break;
    }
  }
  return {
    version: 1,
    format: result.format,
    packets: result.packets,
    exchanges: result.exchanges,
    start: plan.source.start,
    seconds: plan.source.seconds,
    clients: plan.clients.map(({ id, address, clientGuid, users, operationCount }) => ({
      id,
      address,
      clientGuid,
      users,
      connections: connections.get(id) ?? 0,
      operations: operationCount,
    })),
    servers: [...servers].map(([address, dialects]) => ({
      address,
      dialects: [...dialects].toSorted((one, other) => one - other).map(dialectName),
    })),
    shares: [...shares].map(([path, connects]) => ({ path, connects })),
    commands: counter.commands,
    errors: counter.errors,
    breaks,
    security: counter.security,
    bytes,
    notes: withPlaces([...result.notes, ...notes], result.files),
  };
}

/** Options of {@linkcode inspectOperations}. */
export interface OperationOptions extends InspectOptions {
  /** Whether lines of READ and WRITE tell the SHA-256 of the data; that costs more than all the rest of such a line. */
  readonly hashes?: boolean;
}

/**
 * Hands every exchange on as a line of JSON, in the order of the requests. `write` gets whole lines with their line
 * feeds, many at a time. Packets that are out of place in the file stay there, as they do for Wireshark.
 */
export async function inspectOperations(
  input: CaptureInput,
  write: (lines: string) => void,
  options: OperationOptions = {},
): Promise<{ readonly notes: readonly CaptureNote[] }> {
  let lines: OperationLines | undefined;
  const { notes } = await readCapture(
    input,
    (state) => lines = new OperationLines(state, write),
    {
      payloads: options.hashes ? hashPayloads : countPayloads,
      order: "file",
      ...readOptions(options),
    },
  );
  lines?.finish();
  return { notes };
}

function readOptions(options: InspectOptions) {
  return {
    unwrapper: new Decryption(options.keys ?? {}),
    ...(options.progress === undefined ? {} : { progress: options.progress }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
}

function both(one: PlanBuilder, other: ExchangeSink): CaptureConsumer {
  return {
    opened(exchange: Exchange): void {
      one.opened(exchange);
      other.opened(exchange);
    },
    pending(): void {},
    settled(exchange: Exchange): void {
      one.settled(exchange);
      other.settled(exchange);
    },
    ended: one.ended.bind(one),
    connectionEnded: one.connectionEnded.bind(one),
  };
}

class Counter implements ExchangeSink {
  readonly commands: Record<string, number> = {};
  readonly errors: Record<string, number> = {};
  readonly security = { signed: 0, encrypted: 0, undecryptable: 0 };

  opened(exchange: Exchange): void {
    if (exchange.kind === "encrypted") {
      this.security.undecryptable++;
      return;
    }
    const name = exchange.kind === "break" ? "OPLOCK_BREAK notification" : exchange.command;
    this.commands[name] = (this.commands[name] ?? 0) + 1;
    if (exchange.request?.encrypted) this.security.encrypted++;
    else if (((exchange.request?.header.flags ?? 0) & 0x08) !== 0) this.security.signed++;
  }

  pending(): void {}

  settled({ kind, response }: Exchange): void {
    const status = response?.header.status ?? 0;
    if (kind !== "exchange" || status === 0) return;
    const name = statusName(status);
    this.errors[name] = (this.errors[name] ?? 0) + 1;
  }
}

const DIALECTS = new Map([[0x0202, "2.0.2"], [0x0210, "2.1"], [0x0300, "3.0"], [
  0x0302,
  "3.0.2",
], [0x0311, "3.1.1"]]);

function dialectName(dialect: number): string {
  return DIALECTS.get(dialect) ?? `0x${dialect.toString(16).padStart(4, "0")}`;
}

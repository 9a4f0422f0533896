/** `inspect`: what a capture contains, counted. */
import { type CaptureInput, type CaptureNote, withPlaces } from "./capture/mod.ts";
import type { CoverageReport } from "./coverage.ts";
import type { Exchange, ExchangeSink } from "./exchange.ts";
import {
  type CommandCount,
  dialectName,
  ExchangeCounter,
  type SecurityCounts,
  type StatusCount,
} from "./inspect_exchanges.ts";
import type { ClientCount, PlanCounts, ShareCount, UserCount } from "./inspect_counts.ts";
import { PlanCounter } from "./inspect_plan.ts";
import { type InspectOptions, readOptions } from "./inspect_operations.ts";
import { OperationStore } from "./operation_store.ts";
import { PlanBuilder } from "./operations.ts";
import { countPayloads } from "./payload.ts";
import { type CaptureConsumer, readCapture } from "./read_capture.ts";

/**
 * What a capture contains. Version 2 of the JSON form; fields may be added to it. Version 1 had no more than `format`,
 * `packets`, `exchanges`, `start`, `seconds`, `clients`, `servers`, `shares`, `commands`, `errors`, `breaks`, `security`,
 * `bytes` and `notes`, with fewer fields each, and MORE_PROCESSING_REQUIRED among `errors`. Times are in seconds.
 */
export interface Inspection {
  readonly version: 2;
  readonly format: string;
  readonly packets: number;
  readonly exchanges: number;
  /** ISO 8601; null without SMB2. */
  readonly start: string | null;
  /** Seconds from first to last message. */
  readonly seconds: number;
  /** `order` where the capture's times cannot be true: seconds are then numbers of frames, in millionths. */
  readonly timing?: "order";
  /** Those that did most first, 200 at most. */
  readonly clients: readonly (ClientCount & {
    readonly id: string;
    readonly address: string;
    readonly clientGuid: string | null;
    readonly users: readonly string[];
    readonly operations: number;
  })[];
  readonly clientCount: number;
  readonly users: readonly UserCount[];
  /** `host:port` and the dialects that it chose. */
  readonly servers: readonly {
    readonly address: string;
    readonly dialects: readonly string[];
    readonly connections: number;
  }[];
  readonly shares: readonly ShareCount[];
  readonly security: SecurityCounts;
  readonly sessions: PlanCounts["sessions"];
  /** Commands by number of exchanges. */
  readonly commands: Readonly<Record<string, number>>;
  readonly commandTimes: readonly CommandCount[];
  /** NTSTATUS names other than SUCCESS, PENDING and MORE_PROCESSING_REQUIRED, by number of final responses. */
  readonly errors: Readonly<Record<string, number>>;
  readonly statuses: readonly StatusCount[];
  readonly contexts: PlanCounts["contexts"];
  readonly oplocks: PlanCounts["oplocks"];
  readonly leases: PlanCounts["leases"];
  readonly breaks: PlanCounts["breaks"];
  readonly overlap: PlanCounts["overlap"] & {
    readonly compounds: ExchangeCounter["compounds"];
    /** Requests that the server kept pending, and those that the client cancelled. */
    readonly pending: number;
    readonly cancelled: number;
  };
  readonly reconnects: number;
  readonly thinkTime: PlanCounts["thinkTime"];
  readonly slowest: PlanCounts["slowest"];
  readonly mix: PlanCounts["mix"];
  readonly bytes: { readonly read: number; readonly written: number };
  readonly reads: PlanCounts["reads"];
  readonly writes: PlanCounts["writes"];
  readonly files: PlanCounts["files"];
  readonly compressed: number;
  /** How many exchanges a scenario would have. */
  readonly coverage: CoverageReport;
  readonly notes: readonly CaptureNote[];
}

/** Clients that are told. */
const CLIENTS_TOLD = 200;

/** Counts what a capture contains. */
export async function inspect(
  input: CaptureInput,
  options: InspectOptions = {},
): Promise<Inspection> {
  const exchanges = new ExchangeCounter();
  using store = new OperationStore();
  let builder: PlanBuilder | undefined;
  const result = await readCapture(input, (state) => {
    builder = new PlanBuilder(state, store);
    return both(builder, exchanges);
  }, { payloads: countPayloads, ...readOptions(options) });
  const { plan, notes, coverage } = builder!.finish("capture");
  const operations = new PlanCounter();
  for (const operation of plan.operations()) operations.take(operation);
  const { format, packets } = result;
  const { start, seconds, timing } = plan.source;
  const { clients, servers, sessions, overlap, cancelled, ...counts } = operations.counts;
  const { commands, statuses, security, compounds, pendingCount, compressedCount } = exchanges;
  return {
    version: 2,
    format,
    packets,
    exchanges: result.exchanges,
    start,
    seconds,
    ...(timing === undefined ? {} : { timing }),
    clients: plan.clients
      .toSorted((one, other) => other.operationCount - one.operationCount)
      .slice(0, CLIENTS_TOLD)
      .map(({ id, address, clientGuid, users, operationCount }) => ({
        id,
        address,
        clientGuid,
        users,
        operations: operationCount,
        ...clients.get(id) ?? NO_CLIENT,
      })),
    clientCount: plan.clients.length,
    servers: [...servers].map(([address, { dialects, connections }]) => ({
      address,
      dialects: dialects.map(dialectName),
      connections,
    })),
    security,
    sessions,
    commands: Object.fromEntries(commands.map(({ command, count }) => [command, count])),
    commandTimes: commands,
    errors: sums(statuses),
    statuses,
    overlap: { ...overlap, compounds, pending: pendingCount, cancelled },
    ...counts,
    bytes: { read: counts.reads.bytes, written: counts.writes.bytes },
    compressed: compressedCount,
    coverage,
    notes: withPlaces([...result.notes, ...notes], result.files),
  };
}

const NO_CLIENT: ClientCount = {
  connections: 0,
  inFlight: 0,
  thinkTime: null,
  read: 0,
  written: 0,
};

function sums(statuses: readonly StatusCount[]): Record<string, number> {
  const errors = new Map<string, number>();
  for (const { status, count } of statuses) {
    errors.set(status, (errors.get(status) ?? 0) + count);
  }
  return Object.fromEntries(errors);
}

function both(one: PlanBuilder, other: ExchangeSink): CaptureConsumer {
  return {
    opened(exchange: Exchange): void {
      one.opened(exchange);
      other.opened(exchange);
    },
    pending(exchange: Exchange): void {
      other.pending(exchange);
    },
    settled(exchange: Exchange): void {
      one.settled(exchange);
      other.settled(exchange);
    },
    ended: one.ended.bind(one),
    connectionEnded: one.connectionEnded.bind(one),
  };
}

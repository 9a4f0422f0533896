/**
 * Exchanges -> plan: one operation for each request, failed ones included; SESSION_SETUP rounds become one login, a
 * break and its acknowledgement one break. Ids that a server chooses become names.
 */
import { type CaptureNote, NoteBook, type Stamp } from "./capture/mod.ts";
import { addConflicts } from "./conflicts.ts";
import { answerBody, type Exchange } from "./exchange.ts";
import { addAfter, inOrder } from "./order.ts";
import type { OnFile, Plan } from "./plan.ts";
import { Breaks } from "./plan_breaks.ts";
import { Clients } from "./plan_clients.ts";
import { Files } from "./plan_files.ts";
import { OperationList, type OwnFields } from "./plan_list.ts";
import { Sessions } from "./plan_sessions.ts";
import type { CaptureConsumer, ConnectionEnd } from "./read_capture.ts";
import { entriesOf, factsOfClose, factsOfInfo } from "./plan_facts.ts";
import type { ReplayState } from "./replay_state.ts";
import type { FileId } from "../runtime/wire/mod.ts";

/** Settled exchanges that are dropped from the queue at a time. */
const DROPPED_AT_ONCE = 1024;

/** Makes operations of the exchanges of a capture, in order, as they settle; `build()` makes the plan of them. */
export class PlanBuilder implements CaptureConsumer {
  readonly #notes = new NoteBook();
  readonly #walk: Walk;
  readonly #ends = new Map<number, End>();
  /** Exchanges that are not settled, and those behind them. */
  #queue: Exchange[] = [];
  #taken = 0;
  /** Conversations in which something followed an SMB1 start. */
  readonly #followed = new Set<number>();

  constructor(state: ReplayState) {
    this.#walk = new Walk(state, this.#notes);
  }

  opened(exchange: Exchange): void {
    this.#queue.push(exchange);
    if (exchange.kind !== "smb1") this.#followed.add(exchange.stream);
  }

  pending(): void {}

  settled(): void {
    this.#take((exchange) => exchange.settled && this.#isKnown(exchange));
  }

  /** Whose an SMB1 start is, only the NEGOTIATE behind it tells. */
  #isKnown({ kind, stream }: Exchange): boolean {
    return kind !== "smb1" || this.#followed.has(stream);
  }

  #take(ready: (exchange: Exchange) => boolean): void {
    for (
      let exchange = this.#queue[this.#taken];
      exchange !== undefined && ready(exchange);
      exchange = this.#queue[++this.#taken]
    ) {
      this.#walk.take(exchange);
    }
    if (this.#taken < DROPPED_AT_ONCE) return;
    this.#queue = this.#queue.slice(this.#taken);
    this.#taken = 0;
  }

  connectionEnded({ connection, event }: ConnectionEnd): void {
    const stream = connection.number;
    if (this.#ends.has(stream)) return;
    const { address, port } = event.direction.source;
    const by = `${address}:${port}`;
    if (event.kind === "reset") this.#ends.set(stream, { stamp: event.reset, by });
    else if (event.reason === "fin") this.#ends.set(stream, { stamp: event.ended, by });
  }

  /** The plan of all exchanges seen, and what of them is not in it. */
  build(source: string): { readonly plan: Plan; readonly notes: readonly CaptureNote[] } {
    this.#take(() => true);
    return { plan: this.#walk.plan(source, this.#ends), notes: this.#notes.list() };
  }
}

/** The end of a connection, and the address of the side that ended it. */
interface End {
  readonly stamp: Stamp;
  readonly by: string;
}

/** One pass over the exchanges of a capture. */
class Walk {
  readonly #clients: Clients;
  readonly #list: OperationList;
  readonly #sessions: Sessions;
  readonly #files: Files;
  readonly #breaks: Breaks;
  readonly #state: ReplayState;

  constructor(state: ReplayState, notes: NoteBook) {
    this.#state = state;
    this.#clients = new Clients(state);
    this.#list = new OperationList(notes);
    const common = { list: this.#list, clients: this.#clients, state };
    this.#sessions = new Sessions(common);
    this.#files = new Files({ ...common, sessions: this.#sessions });
    this.#breaks = new Breaks({ ...common, files: this.#files });
  }

  /** Takes the next exchange, complete as far as the capture goes. */
  take(exchange: Exchange): void {
    if (exchange.kind === "encrypted") return;
    const first = (exchange.request ?? exchange.response)?.first;
    if (first !== undefined) this.#list.saw(first);
    this.#clients.saw(exchange);
    this.#take(exchange);
  }

  /** The plan of all that was taken. */
  plan(source: string, ends: ReadonlyMap<number, End>): Plan {
    this.#addDisconnects(ends);
    this.#clients.name();
    this.#list.finish();
    const operations = inOrder(this.#list.operations);
    addAfter(operations);
    addConflicts(operations);
    const last = operations.reduce(
      (time, operation) => Math.max(time, operation.answeredAt ?? operation.at),
      0,
    );
    return {
      version: 1,
      source: { name: source, start: isoText(this.#list.start), seconds: last },
      clients: this.#clients.toPlan(),
      operations,
    };
  }

  #take(exchange: Exchange): void {
    if (exchange.kind === "break") {
      this.#sessions.connectionOf(exchange);
      return this.#breaks.notified(exchange);
    }
    const { request } = exchange;
    if (request === null) return;
    if (exchange.kind === "smb1") return this.#sessions.startWithSmb1(exchange);
    const { message } = request;
    if (message?.kind !== "request") {
      this.#list.drop(exchange, `A ${exchange.command} request cannot be read`);
      return;
    }
    switch (message.command) {
      case "NEGOTIATE":
        return this.#sessions.negotiate(exchange, message.body);
      case "SESSION_SETUP":
        return this.#sessions.sessionSetup(exchange, message.body);
      case "LOGOFF": {
        const { name: session, ids } = this.#sessions.sessionOf(exchange);
        return this.#add(exchange, { kind: "logoff", session, ...(ids && { ids }) });
      }
      case "TREE_CONNECT":
        return this.#sessions.treeConnect(exchange, message.body);
      case "TREE_DISCONNECT": {
        const { name: tree, ids } = this.#sessions.treeOf(exchange);
        return this.#add(exchange, { kind: "untree", tree, ...(ids && { ids }) });
      }
      case "CREATE":
        return this.#files.create(exchange, message.body);
      case "ECHO":
        return this.#add(exchange, {
          kind: "echo",
          connection: this.#sessions.connectionOf(exchange).name,
        });
      case "CANCEL":
        return this.#takeCancel(exchange);
      case "OPLOCK_BREAK":
        return this.#breaks.acknowledged(exchange, message.body);
      case "IOCTL":
        return this.#files.ioctl(exchange, message.body);
      case "CLOSE":
        return this.#onFile(exchange, message.body, {
          kind: "close",
          flags: message.body.flags,
          ...factsIn("told", factsOfClose(answerBody(exchange, "CLOSE"))),
        });
      case "FLUSH":
        return this.#onFile(exchange, message.body, { kind: "flush" });
      case "READ":
        return this.#onFile(exchange, message.body, {
          kind: "read",
          offset: String(message.body.offset),
          length: message.body.length,
          minimumCount: message.body.minimumCount,
          flags: message.body.flags,
          padding: message.body.padding,
          remainingBytes: message.body.remainingBytes,
          channel: message.body.channel,
          returned: exchange.response?.payload ?? null,
        });
      case "WRITE":
        return this.#onFile(exchange, message.body, {
          kind: "write",
          offset: String(message.body.offset),
          flags: message.body.flags,
          remainingBytes: message.body.remainingBytes,
          channel: message.body.channel,
          data: request.payload ?? { length: 0 },
        });
      case "LOCK":
        return this.#onFile(exchange, message.body, {
          kind: "lock",
          lockSequence: message.body.lockSequence,
          ranges: message.body.locks.map((lock) => ({
            offset: String(lock.offset),
            length: String(lock.length),
            flags: lock.flags,
          })),
        });
      case "QUERY_DIRECTORY": {
        const output = answerBody(exchange, "QUERY_DIRECTORY")?.output;
        return this.#onFile(exchange, message.body, {
          kind: "queryDirectory",
          class: message.body.fileInformationClass,
          flags: message.body.flags,
          index: message.body.fileIndex,
          pattern: message.body.pattern,
          outputLength: message.body.outputBufferLength,
          returnedLength: output?.byteLength ?? null,
          ...(output &&
            factsIn("entries", entriesOf(message.body.fileInformationClass, output))),
        });
      }
      case "CHANGE_NOTIFY":
        return this.#onFile(exchange, message.body, {
          kind: "changeNotify",
          flags: message.body.flags,
          filter: message.body.completionFilter,
          outputLength: message.body.outputBufferLength,
        });
      case "QUERY_INFO": {
        const output = answerBody(exchange, "QUERY_INFO")?.output;
        return this.#onFile(exchange, message.body, {
          kind: "queryInfo",
          infoType: message.body.infoType,
          class: message.body.fileInfoClass,
          additional: message.body.additionalInformation,
          flags: message.body.flags,
          outputLength: message.body.outputBufferLength,
          input: message.body.input.toHex(),
          returnedLength: output?.byteLength ?? null,
          ...(output && factsIn(
            "told",
            factsOfInfo(message.body.infoType, message.body.fileInfoClass, output),
          )),
        });
      }
      case "SET_INFO":
        return this.#onFile(exchange, message.body, {
          kind: "setInfo",
          infoType: message.body.infoType,
          class: message.body.fileInfoClass,
          additional: message.body.additionalInformation,
          input: message.body.input.toHex(),
        });
    }
  }

  #takeCancel(exchange: Exchange): void {
    const target = this.#state.facts(exchange).cancels;
    if (target === null || !this.#list.has(target)) {
      return this.#list.drop(exchange, "A CANCEL names a request that is not in the capture");
    }
    this.#add(exchange, { kind: "cancel", target: target.index });
  }

  #onFile(
    exchange: Exchange,
    { fileId }: { readonly fileId: FileId },
    fields: OmitEach<Extract<OwnFields, Pick<OnFile, "tree" | "file">>, "tree" | "file">,
  ): void {
    const file = this.#files.fileOf(exchange, fileId);
    if (file === undefined) return;
    this.#add(exchange, { ...fields, ...this.#files.placeOf(exchange, file), file });
  }

  #add(exchange: Exchange, fields: OwnFields): void {
    this.#sessions.mark(exchange);
    this.#list.add(exchange, this.#clients.of(exchange), fields);
  }

  #addDisconnects(ends: ReadonlyMap<number, End>): void {
    for (const [stream, { stamp, by }] of ends) {
      const connection = this.#sessions.peekConnection(stream);
      // A server that ends a connection does so again when the script runs.
      if (connection === undefined || by !== connection.address) continue;
      this.#list.happened(stamp, connection.client, {
        kind: "disconnect",
        connection: connection.name,
      });
    }
  }
}

/** The facts under their name; nothing where there are none. */
function factsIn<N extends string, T>(name: N, facts: T | undefined): { readonly [K in N]?: T } {
  return facts === undefined ? {} : { [name]: facts } as { [K in N]: T };
}

type OmitEach<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function isoText(stamp: Stamp | null): string | null {
  return stamp === null ? null : new Date(Number(stamp.time / 1_000_000n)).toISOString();
}

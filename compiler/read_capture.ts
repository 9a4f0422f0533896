/** Capture -> exchanges: the reading half of the compiler, shared by `compile` and `inspect`. */
import {
  type CaptureInput,
  type CaptureNote,
  type DecodeAs,
  NoteBook,
  type NotedFile,
  openCapture,
} from "./capture/mod.ts";
import type { Exchange, ExchangeSink, Unwrapper } from "./exchange.ts";
import { ExchangeTracker } from "./exchanges.ts";
import { MissingBytes } from "./missing_bytes.ts";
import type { PayloadSink } from "./payload.ts";
import { Reassembler } from "./reassembly.ts";
import type { Connection, StreamEvent } from "./stream_events.ts";
import { ReplayState } from "./replay_state.ts";

const GIVEN_UP =
  "A connection was silent while many others came, and was given up here: what comes of it later stands alone";

/** How far reading is. */
export interface Progress {
  /** Bytes of the file read. */
  readonly bytesRead: number;
  /** Size of the file; undefined for a pipe. */
  readonly totalBytes: number | undefined;
  readonly packets: number;
}

/** Options of {@linkcode readCapture}. */
export interface ReadOptions {
  readonly payloads: PayloadSink;
  readonly unwrapper?: Unwrapper;
  /** `file`: packets that are out of place stay there. */
  readonly order?: "time" | "file";
  /** What cannot be told from the capture. */
  readonly decodeAs?: DecodeAs;
  /** Called after each batch of packets. */
  readonly progress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** Who gets the exchanges; every call has the state already updated. */
export interface CaptureConsumer extends ExchangeSink {
  /** A connection that carried SMB ended, by the side at the address `by`. */
  connectionEnded?(end: ConnectionEnd): void;
}

/** The end of a connection that the capture shows. */
export interface ConnectionEnd {
  readonly connection: Connection;
  readonly event: Extract<StreamEvent, { readonly kind: "end" | "reset" }>;
}

/** What reading gave besides the exchanges. */
export interface ReadResult {
  /** Such as `pcapng, gzip`. */
  readonly format: string;
  readonly packets: number;
  readonly exchanges: number;
  /** The files, where there are several. */
  readonly files: readonly NotedFile[];
  readonly notes: readonly CaptureNote[];
}

/**
 * Reads a capture to its end and hands every exchange to `consumer`.
 *
 * @throws {CaptureError} When the input is missing, unreadable, or no capture.
 */
export async function readCapture(
  input: CaptureInput,
  consumer: (state: ReplayState, notes: NoteBook) => CaptureConsumer,
  options: ReadOptions,
): Promise<ReadResult> {
  const { order, decodeAs } = options;
  const capture = await openCapture(input, {
    ...(order === undefined ? {} : { order }),
    ...(decodeAs === undefined ? {} : { decodeAs }),
  });
  const notes = new NoteBook();
  const state = new ReplayState(options.unwrapper);
  const sink = consumer(state, notes);
  const tracker = new ExchangeTracker({
    sink: withState(state, sink),
    notes,
    payloads: options.payloads,
    ...(decodeAs?.tcpPorts === undefined ? {} : { searched: decodeAs.tcpPorts }),
    ...(options.unwrapper === undefined ? {} : { unwrapper: options.unwrapper }),
  });
  const missing = new MissingBytes();
  const reassembler = new Reassembler((event) => {
    const { connection } = event.direction;
    if (event.kind === "gap" || event.kind === "late") missing.add(event);
    // Behind the second end the tracker knows nothing more of the connection.
    if (event.kind === "end" || event.kind === "reset") {
      sink.connectionEnded?.({ connection, event });
    }
    if (!tracker.take(event)) reassembler.ignore(connection);
  }, {
    repeated: (event) => missing.add(event),
    forgotten: ({ connection: { number, last }, flow, open }) => {
      if (open && tracker.carriedSmb(number)) {
        notes.add(GIVEN_UP, { frame: last.frame, loss: true });
      }
      missing.forget(number, tracker.carriedSmb(number));
      tracker.forget(number);
      if (flow !== null) capture.forget(flow);
    },
    ...(order === undefined ? {} : { order }),
  });
  for await (const _ of capture.segments((segment) => reassembler.push(segment))) {
    options.signal?.throwIfAborted();
    options.progress?.(capture);
  }
  reassembler.finish();
  return {
    format: capture.format,
    packets: capture.packets,
    exchanges: tracker.count,
    files: capture.files,
    notes: [
      ...capture.notes,
      ...missing.notes((connection) => tracker.carriedSmb(connection)),
      ...options.unwrapper?.notes?.() ?? [],
      ...state.notes(),
      ...notes.list(),
    ],
  };
}

/** The state learns of each exchange before the consumer does. */
function withState(state: ReplayState, sink: ExchangeSink): ExchangeSink {
  return {
    opened(exchange: Exchange): void {
      state.opened(exchange);
      sink.opened(exchange);
    },
    pending(exchange: Exchange): void {
      state.pending(exchange);
      sink.pending(exchange);
    },
    settled(exchange: Exchange): void {
      state.settled(exchange);
      sink.settled(exchange);
    },
    ended(stream: number): void {
      state.ended(stream);
      sink.ended?.(stream);
    },
  };
}

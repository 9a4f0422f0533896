/** A request and what became of it (MS-SMB2 3.2.1.7: Request, Connection.OutstandingRequests). */
import type { CommandName, Header, RequestBodies } from "../wire/mod.ts";
import type { LeaseEntry } from "./lease_table.ts";
import type { ProtocolError } from "./errors.ts";
import type { Reply } from "./reply.ts";
import type { OpenState, SessionState, TreeState } from "./sessions.ts";

/** What may be said about one request beside its body. */
export interface RequestTuning {
  /** CreditCharge in place of the computed one (MS-SMB2 3.2.4.1.5). */
  readonly creditCharge?: number;
  /** CreditRequest in place of the connection's policy. */
  readonly creditRequest?: number;
  /** Header flags added to the computed ones, such as REPLAY_OPERATION or DFS_OPERATIONS. */
  readonly flags?: number;
  /** ChannelSequence of a 3.x request (MS-SMB2 2.2.1.2). */
  readonly channelSequence?: number;
  /** Sign (or do not sign) this request, whatever the session's rules say. */
  readonly sign?: boolean;
  /** Encrypt (or do not encrypt) the frame of this request, whatever session and share say; needs a session's cipher. */
  readonly encrypt?: boolean;
  /** Header fields sent as given, whatever the engine would put there. */
  readonly override?: Partial<Header>;
  /** Bytes sent in place of the encoded body. */
  readonly rawBody?: Uint8Array;
  /** Milliseconds to wait for the final response. */
  readonly timeout?: number;
  /** Whether the request works on the file of the one before, in place of what its whole chain says. */
  readonly related?: boolean;
}

/** One request as the caller asks for it. */
export interface RequestInput<C extends CommandName = CommandName> extends RequestTuning {
  readonly command: C;
  readonly body: RequestBodies[C];
  readonly session?: SessionState | null;
  readonly tree?: TreeState | null;
}

/**
 * `new`: not sent. `queued`: waits for credits. `sent`: outstanding. `abandoned`: the caller gave up, the server has
 * not answered yet. `done`: answered or failed.
 */
export type ExchangePhase = "new" | "queued" | "sent" | "abandoned" | "done";

/** How an exchange of the engine itself ends: a reply, or why there is none. */
export type ExchangeHandler = (
  outcome: Reply | Error,
  context: { now: number; message: Uint8Array },
) => void;

interface ExchangeOptions {
  readonly handler?: ExchangeHandler;
  readonly check?: (reply: Reply) => ProtocolError | null;
}

const NO_OPTIONS: ExchangeOptions = {};

/** A request on its way. The engine writes it, but for what the shell keeps with it. */
export class Exchange {
  readonly input: RequestInput;
  readonly tree: TreeState | null;
  /** The session of the request, or of its tree. */
  readonly session: SessionState | null;
  /** Takes the outcome in place of an effect; for requests that the engine sends by itself. */
  readonly handler: ExchangeHandler | null;
  /** Judges a verified reply; an error ends the connection. */
  readonly check: ((reply: Reply) => ProtocolError | null) | null;

  phase: ExchangePhase = "new";
  messageId = 0n;
  asyncId: bigint | null = null;
  sentAt = 0;
  interimAt: number | null = null;
  deadline: number | null = null;
  bytesSent = 0;
  cancelWhenSent = false;
  /** Whether it was encrypted. */
  sealed = false;
  /** SMB2_FLAGS_RELATED_OPERATIONS: works on the file of the request before. */
  related = false;
  /** The request before in a related chain. */
  previous: Exchange | null = null;
  /** The lease that a CREATE names. */
  lease: LeaseEntry | null = null;
  /** The open that a successful CREATE made. */
  open: OpenState | null = null;
  /** What the shell keeps with it: how its promise is settled. */
  settler: unknown = null;

  constructor(
    input: RequestInput,
    options: ExchangeOptions = NO_OPTIONS,
  ) {
    this.input = input;
    this.tree = input.tree ?? null;
    this.session = input.session ?? this.tree?.session ?? null;
    this.handler = options.handler ?? null;
    this.check = options.check ?? null;
  }
}

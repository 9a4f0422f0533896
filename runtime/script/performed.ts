/** One operation of a run, from the call of the script to its record: sent, limited in time, judged and told. */
import {
  type RequestOwner,
  StatusError as ClientStatusError,
  UnsupportedError,
} from "../client/mod.ts";
import type { OperationRecord } from "../measure/mod.ts";
import { type OrderKey, pendingOf } from "../schedule/mod.ts";
import { statusName } from "../wire/mod.ts";
import type { OperationOptions, Outcome } from "./api.ts";
import type { Watched } from "./commons.ts";
import { NoResponseError, ScriptError, StatusError } from "./errors.ts";
import { type Expected, expectedStatus } from "./expected.ts";
import { RunningOperation } from "./operation.ts";
import {
  type Answered,
  answerOf,
  channelObstacle,
  channelOf,
  type Intent,
  type Run,
} from "./run.ts";
import type { Outstanding } from "./watchdog.ts";

/** SMB2_FLAGS_DFS_OPERATIONS and SMB2_FLAGS_REPLAY_OPERATION (MS-SMB2 2.2.1.2). */
const DFS_OPERATIONS = 0x10000000;
const REPLAY_OPERATION = 0x20000000;

/** Severity of an NTSTATUS that is an error (MS-ERREF 2.3). */
const ERROR_SEVERITY = 3;

/** Where frames of the runtime's own are. */
const RUNTIME = new URL("..", import.meta.url).href;

/** How an operation ends. */
interface End<R> {
  readonly reply?: R;
  /** Why it was not sent. */
  readonly skipped?: string;
  /** Nothing is lost by that. */
  readonly leftOut?: boolean;
  /** Why there is no response. */
  readonly error?: string;
  readonly cause?: unknown;
}

/** What goes to the client with every request. */
export type Sending = { readonly accept: "any"; readonly owner: RequestOwner };

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** An operation of a run. */
export class Performed<T, R extends Answered> extends RunningOperation<T>
  implements RequestOwner, Watched {
  readonly #run: Run;
  readonly #intent: Intent<T, R>;
  readonly #expected: Expected;
  readonly #limit: number;
  readonly #id: number;
  readonly #label: string | null;
  readonly #key: OrderKey | null;
  readonly #madeAt: number;
  /** Where the script made it: its failure comes from elsewhere, and shall name that line. */
  readonly #site: { readonly stack?: string } | null;
  #outstanding: Outstanding | null = null;
  #isHeld = false;
  #isDone = false;
  #matched = false;
  #end: End<R> | null = null;
  #abort: AbortController | null = null;
  #cancelRequest: (() => void) | null = null;
  #isAwaited = false;
  isCancelled = false;
  expiresAt = Infinity;
  before: Watched | null = null;
  after: Watched | null = null;

  static {
    // The language asks for it where it is awaited, and then takes it as it is: without a second promise around it.
    Object.defineProperty(this.prototype, "constructor", {
      get(this: Performed<unknown, Answered>) {
        this.#isAwaited = true;
        return Promise;
      },
    });
  }

  constructor(run: Run, intent: Intent<T, R>) {
    super();
    const { options, origin } = intent;
    this.#run = run;
    this.#intent = intent;
    // A mistake in the options is the script's: it throws here, at its line.
    this.#expected = expectedStatus(options.expect);
    // What the capture saw a watch tell comes about then, or hardly ever; what it never told may take its time.
    const isWatch = intent.command === "CHANGE_NOTIFY" && !this.#expected.matches(null);
    this.#limit = isWatch && options.timeout === undefined
      ? run.watchLimit(origin.recorded)
      : run.timeoutOf(options.timeout);
    this.#id = run.commons.id();
    this.#label = options.label === undefined ? origin.label : String(options.label);
    this.#key = origin.key ?? this.#label;
    this.#madeAt = run.host.clock.now();
    const { sites } = run.commons;
    const isNative = run.host.backend.name === "native";
    this.#site =
      !isNative || (run.strict && (sites.areDue(intent.command) || origin.apart === true))
        ? capturedSite()
        : null;
  }

  /** Sends it, unless something is in the way. */
  start(): void {
    const run = this.#run;
    const intent = this.#intent;
    const { options, origin: { client, pace, recorded } } = intent;
    const { command, path } = intent;
    const key = this.#key;
    if (key !== null) {
      const pendingKey = pendingOf(key);
      run.order.begin(key);
      run.order.begin(pendingKey);
      void this.pending.then(() => run.order.end(pendingKey));
    }
    const { watchdog, admission } = run.commons;
    if (watchdog !== null) {
      this.#outstanding = {
        client,
        label: this.#label,
        command,
        path,
        since: this.#madeAt,
        held: false,
        before: null,
        after: null,
      };
      watchdog.began(this.#outstanding);
    }
    run.operationBegins();
    pace?.sent(recorded === undefined ? null : { recorded: recorded.at, actual: this.#madeAt });
    if (run.options.dryRun === true) return this.#finish({ skipped: "dry run", leftOut: true });
    const obstacle = run.stopped ?? intent.obstacle ?? channelObstacle(options.via);
    if (obstacle !== null) return this.#finish({ skipped: obstacle });
    if (intent.leftOut !== undefined && intent.leftOut !== null) {
      run.differs(intent.leftOut);
      return this.#finish({ skipped: intent.leftOut, leftOut: true });
    }
    if (run.host.step !== undefined) {
      const label = this.#label === null ? [] : [`#${this.#label}`];
      const shown = [client, ...label, command, path].join(" ").trimEnd();
      void run.host.step(shown).then(() => this.#send());
    } else if (admission === null || admission.enter()) this.#send();
    else admission.queue(() => this.#send());
  }

  // What the client below asks and tells.

  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.isCancelled) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  cancelBy(cancel: () => void): void {
    this.#cancelRequest = cancel;
  }

  interim(): void {
    const first = !this.#isHeld;
    this.#isHeld = true;
    if (first) {
      this.#intent.origin.pace?.held();
      this.#run.operationHeld(this.#intent.command);
    }
    if (this.#outstanding !== null) this.#outstanding.held = true;
    this.tellPending(true);
  }

  /** The time is up. */
  expire(): void {
    this.#answered({ error: `no response within ${this.#limit / 1000} s` });
    this.withdraw();
  }

  protected override withdraw(): void {
    if (this.isCancelled) return;
    this.isCancelled = true;
    this.#abort?.abort();
    this.#cancelRequest?.();
  }

  protected override told(): Outcome {
    const { reply, skipped, error } = this.#end ?? {};
    return {
      status: reply === undefined ? "" : statusName(reply.status),
      code: reply?.status ?? null,
      matched: this.#matched,
      duration: reply === undefined ? 0 : (reply.receivedAt - reply.sentAt) / 1000,
      ...skipped === undefined ? {} : { skipped },
      ...error === undefined ? {} : { error },
    };
  }

  #send(): void {
    const { deadlines } = this.#run.commons;
    deadlines.watch(this, this.#limit);
    let sent: Promise<R>;
    try {
      sent = this.#intent.send(sendingOf(this, this.#intent.options));
    } catch (error) {
      sent = Promise.reject(error);
    }
    sent.then(
      (reply) => this.#answered({ reply }),
      (error: unknown) => {
        if (error instanceof ClientStatusError) {
          this.#answered({ reply: error.reply as Answered as R });
        } else {
          const text = error instanceof Error ? error.message : String(error);
          this.#answered({ error: text, cause: error });
        }
      },
    );
  }

  #answered(end: End<R>): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const { deadlines, admission } = this.#run.commons;
    deadlines.unwatch(this);
    admission?.leave();
    this.#finish(end);
  }

  #finish(result: End<R>): void {
    const intent = this.#intent;
    let end = result;
    if (end.cause instanceof UnsupportedError) {
      const { cause } = end;
      cause.stack = `${cause.name}: ${cause.message}\n${framesOf(this.#site)}`;
      this.#run.refuse(cause);
      end = { skipped: cause.reason };
    }
    this.#end = end;
    if (!this.#isAwaited) this.#run.commons.sites.loose(intent.command);
    const { reply } = end;
    this.tellPending(reply?.interimAt !== undefined);
    this.#matched = end.leftOut === true ||
      (end.skipped === undefined && this.#expected.matches(reply?.status ?? null));
    if (reply === undefined || reply.status >>> 30 === ERROR_SEVERITY) {
      intent.failed?.(
        end.skipped ?? end.error ?? (reply === undefined ? "" : statusName(reply.status)),
      );
    }
    if (this.#run.strict && end.leftOut !== true && this.#isFailure(end)) {
      this.#record(end);
      if (this.#site === null) this.failAt(() => this.#failure(end));
      else this.fail(this.#failure(end));
      return;
    }
    if (reply === undefined) {
      // The script has the operation before it is told of its end.
      const value = intent.empty();
      queueMicrotask(() => {
        this.#record(end);
        this.succeed(value);
      });
      return;
    }
    // The value comes first: what a CREATE was granted is known only with it.
    let value: T;
    try {
      value = intent.value(reply);
    } catch (error) {
      this.#record(end);
      this.fail(error as Error);
      return;
    }
    this.#record(end);
    this.succeed(value);
  }

  #record(end: End<R>): void {
    const run = this.#run;
    const intent = this.#intent;
    const { origin, options } = intent;
    const { reply } = end;
    const grant = reply === undefined ? undefined : intent.grant?.();
    const wrongData = intent.wrongData?.();
    const record: Writable<OperationRecord> = {
      id: this.#id,
      client: origin.client,
      command: intent.command,
      path: intent.path,
      label: this.#label,
      due: origin.due,
      sentAt: end.skipped !== undefined ? null : (reply?.sentAt ?? this.#madeAt) - run.origin,
      completedAt: reply === undefined ? null : reply.receivedAt - run.origin,
      status: reply?.status ?? null,
      expected: this.#expected.text,
      matched: this.#matched,
      payload: reply === undefined ? 0 : intent.payload?.(reply) ?? 0,
      bytesSent: reply?.bytesSent ?? 0,
      bytesReceived: reply?.bytesReceived ?? 0,
    };
    if (options.tag !== undefined) record.tag = options.tag;
    if (run.options.parameters === true) {
      if (intent.parameters !== undefined) record.parameters = intent.parameters;
      if (intent.granted !== undefined && reply !== undefined) record.granted = intent.granted();
    }
    if (end.skipped !== undefined) record.skipped = end.skipped;
    if (end.error !== undefined) record.error = end.error;
    if (grant !== undefined) record.grant = grant;
    if (wrongData !== undefined) record.wrongData = wrongData;
    run.host.record(record);
    if (this.#outstanding !== null) run.commons.watchdog?.ended(this.#outstanding);
    const { recorded } = origin;
    const answered = recorded === undefined || reply === undefined
      ? null
      : answerOf(recorded, reply.receivedAt);
    origin.pace?.answered(this.#isHeld, answered);
    run.operationEnds({
      command: intent.command,
      key: this.#key,
      isHeld: this.#isHeld,
      answered,
    });
  }

  #isFailure(end: End<R>): boolean {
    if (end.skipped !== undefined) return true;
    return !this.#matched && (end.error !== undefined || end.reply !== undefined);
  }

  /** Where its line was not kept, the error has to be made for who awaits the operation. */
  #failure(end: End<R>): Error {
    const failure = this.#reason(end);
    let frames = framesOf(this.#site ?? failure);
    if (this.#site === null) {
      frames = frames.split("\n").filter((line) => !line.includes(RUNTIME)).join("\n");
      if (frames === "") failure.message += "; nobody awaited it, and its line is not known";
    }
    failure.stack = `${failure.name}: ${failure.message}\n${frames}`;
    return failure;
  }

  #reason(end: End<R>): Error {
    const { command, path } = this.#intent;
    if (end.skipped !== undefined) {
      return new ScriptError(
        `Cannot send ${command}${path === "" ? "" : ` ${JSON.stringify(path)}`}: ${end.skipped}`,
      );
    }
    const { reply } = end;
    if (reply === undefined || end.error !== undefined) {
      return new NoResponseError({ command, path, reason: end.error ?? "", cause: end.cause });
    }
    const code = reply.status;
    return new StatusError({
      command,
      path,
      code,
      status: statusName(code),
      expected: this.#expected.text,
    });
  }
}

/** What goes with a request: who sent it, and what the script says of its header. */
function sendingOf(owner: RequestOwner, options: OperationOptions): Sending {
  const sending: Writable<Sending> & Record<string, unknown> = { accept: "any", owner };
  const { credits, creditCharge, channelSequence, related, sign, encrypt, raw, via } = options;
  const flags = (options.dfs === true ? DFS_OPERATIONS : 0) |
    (options.replay === true ? REPLAY_OPERATION : 0);
  const channel = via === undefined ? null : channelOf(via);
  if (credits !== undefined) sending.creditRequest = credits;
  if (creditCharge !== undefined) sending.creditCharge = creditCharge;
  if (channelSequence !== undefined) sending.channelSequence = channelSequence;
  if (flags !== 0) sending.flags = flags;
  if (related !== undefined) sending.related = related;
  if (sign !== undefined) sending.sign = sign;
  if (encrypt !== undefined) sending.encrypt = encrypt;
  if (channel !== null) sending.via = channel;
  if (raw?.header !== undefined) sending.override = raw.header;
  if (raw?.body !== undefined) sending.rawBody = raw.body;
  return sending;
}

/** The stack, without the cost of an error. */
function capturedSite(): { readonly stack?: string } {
  const site = {};
  Error.captureStackTrace(site);
  return site;
}

/** The frames of a stack, without its message. */
function framesOf(site: { readonly stack?: string } | null): string {
  return (site?.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line)).join("\n");
}

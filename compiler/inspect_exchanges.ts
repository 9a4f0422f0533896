/** What `inspect` learns of a capture's exchanges: commands, statuses, times, and how connections are secured. */
import { statusName } from "../runtime/wire/mod.ts";
import { answerBody, type Exchange, type ExchangeSink } from "./exchange.ts";
import { type Spread, SpreadCounter, Tally } from "./inspect_tables.ts";

/** One command's exchanges. */
export interface CommandCount {
  readonly command: string;
  readonly count: number;
  /** Final responses that were errors (severity 3). */
  readonly errors: number;
  /** Exchanges without a response. */
  readonly unanswered: number;
  /** Seconds from the request's first byte to the final response; null without one. */
  readonly time: Spread | null;
}

/** One status of one command. */
export interface StatusCount {
  readonly command: string;
  readonly status: string;
  /** Whether it is an error (severity 3), rather than a warning such as NO_MORE_FILES. */
  readonly error: boolean;
  readonly count: number;
  /** Frame of the first such response. */
  readonly frame: number;
}

/** How servers and clients secured what they said. */
export interface SecurityCounts {
  /** Requests. */
  readonly signed: number;
  readonly encrypted: number;
  /** Units that could not be decrypted. */
  readonly undecryptable: number;
  /** What servers chose, by number of negotiations. */
  readonly dialects: Readonly<Record<string, number>>;
  readonly ciphers: Readonly<Record<string, number>>;
  readonly signing: Readonly<Record<string, number>>;
  readonly compression: Readonly<Record<string, number>>;
  /** Negotiations in which the server, or the client, asked for signatures. */
  readonly signingRequired: { readonly servers: number; readonly clients: number };
}

const STATUS_PENDING = 0x103;
const STATUS_MORE_PROCESSING_REQUIRED = 0xc0000016;
const FLAG_SIGNED = 0x08;
const SIGNING_REQUIRED = 0x02;
const WILDCARD_DIALECT = 0x02ff;

const CIPHERS = ["none", "AES-128-CCM", "AES-128-GCM", "AES-256-CCM", "AES-256-GCM"];
const SIGNING = ["HMAC-SHA256", "AES-CMAC", "AES-GMAC"];
const COMPRESSION = ["none", "LZNT1", "LZ77", "LZ77+Huffman", "Pattern_V1", "LZ4"];
const DIALECTS = new Map([
  [0x0202, "2.0.2"],
  [0x0210, "2.1"],
  [0x0300, "3.0"],
  [0x0302, "3.0.2"],
  [0x0311, "3.1.1"],
]);

interface CommandState {
  count: number;
  errors: number;
  unanswered: number;
  readonly time: SpreadCounter;
}

interface StatusState {
  readonly command: string;
  readonly code: number;
  count: number;
  readonly frame: number;
}

/** Counts exchanges as they come. */
export class ExchangeCounter implements ExchangeSink {
  readonly #commands = new Map<string, CommandState>();
  readonly #statuses = new Map<string, StatusState>();
  readonly #chosen = {
    dialects: new Tally(),
    ciphers: new Tally(),
    signing: new Tally(),
    compression: new Tally(),
  };
  readonly #required = { servers: 0, clients: 0 };
  #signed = 0;
  #encrypted = 0;
  #undecryptable = 0;
  #compounds = 0;
  #compounded = 0;
  #related = 0;
  #pending = 0;
  #compressed = 0;

  opened(exchange: Exchange): void {
    const { request, chain } = exchange;
    if (exchange.kind === "encrypted") {
      this.#undecryptable++;
      return;
    }
    this.#of(exchange).count++;
    if (request?.encrypted) this.#encrypted++;
    else if (((request?.header.flags ?? 0) & FLAG_SIGNED) !== 0) this.#signed++;
    if (request?.compressed) this.#compressed++;
    if (chain === null) return;
    if (chain.previous === null) this.#compounds++;
    this.#compounded++;
    if (chain.related) this.#related++;
  }

  pending(): void {
    this.#pending++;
  }

  settled(exchange: Exchange): void {
    const { kind, request, response } = exchange;
    if (kind !== "exchange") return;
    const command = this.#of(exchange);
    if (response === null) {
      // Nothing answers a CANCEL (MS-SMB2 3.3.5.16).
      if (exchange.command !== "CANCEL") command.unanswered++;
      return;
    }
    const { status } = response.header;
    if (request !== null) {
      const [from, to] = [request.first, response.completed];
      command.time.add(
        Math.max(to.seconds - from.seconds + (to.nanoseconds - from.nanoseconds) / 1e9, 0),
      );
    }
    if (exchange.command === "NEGOTIATE") this.#negotiated(exchange);
    if (status === 0 || status === STATUS_PENDING || status === STATUS_MORE_PROCESSING_REQUIRED) {
      return;
    }
    if (isErrorStatus(status)) command.errors++;
    const key = `${exchange.command} ${status}`;
    const known = this.#statuses.get(key);
    if (known !== undefined) known.count++;
    else {
      const frame = response.completed.frame;
      this.#statuses.set(key, { command: exchange.command, code: status, count: 1, frame });
    }
  }

  /** Commands by number of exchanges. */
  get commands(): CommandCount[] {
    return [...this.#commands].map(([command, { count, errors, unanswered, time }]) => ({
      command,
      count,
      errors,
      unanswered,
      time: time.spread,
    })).sort((one, other) => other.count - one.count || (one.command < other.command ? -1 : 1));
  }

  /** Errors first, then warnings, each the most first. */
  get statuses(): StatusCount[] {
    return [...this.#statuses.values()].map(({ command, code, count, frame }) => ({
      command,
      status: statusName(code),
      error: isErrorStatus(code),
      count,
      frame,
    })).sort((one, other) =>
      Number(other.error) - Number(one.error) || other.count - one.count || one.frame - other.frame
    );
  }

  get security(): SecurityCounts {
    const { dialects, ciphers, signing, compression } = this.#chosen;
    return {
      signed: this.#signed,
      encrypted: this.#encrypted,
      undecryptable: this.#undecryptable,
      dialects: dialects.counts,
      ciphers: ciphers.counts,
      signing: signing.counts,
      compression: compression.counts,
      signingRequired: { ...this.#required },
    };
  }

  /** Compounds, their requests, and those of them that are related. */
  get compounds(): { readonly count: number; readonly requests: number; readonly related: number } {
    return { count: this.#compounds, requests: this.#compounded, related: this.#related };
  }

  /** Requests that the server said to be pending. */
  get pendingCount(): number {
    return this.#pending;
  }

  /** Requests that came compressed. */
  get compressedCount(): number {
    return this.#compressed;
  }

  #of(exchange: Exchange): CommandState {
    const name = exchange.kind === "break" ? "OPLOCK_BREAK notification" : exchange.command;
    let state = this.#commands.get(name);
    if (state === undefined) {
      state = { count: 0, errors: 0, unanswered: 0, time: new SpreadCounter() };
      this.#commands.set(name, state);
    }
    return state;
  }

  #negotiated(exchange: Exchange): void {
    const answer = answerBody(exchange, "NEGOTIATE");
    if (answer === null || answer.dialectRevision === WILDCARD_DIALECT) return;
    const { dialects, ciphers, signing, compression } = this.#chosen;
    dialects.add(dialectName(answer.dialectRevision));
    if ((answer.securityMode & SIGNING_REQUIRED) !== 0) this.#required.servers++;
    const message = exchange.request?.message;
    if (message?.kind === "request" && message.command === "NEGOTIATE") {
      if ((message.body.securityMode & SIGNING_REQUIRED) !== 0) this.#required.clients++;
    }
    for (const context of answer.contexts ?? []) {
      if (context.kind === "encryption") addNamed(ciphers, CIPHERS, context.ciphers);
      if (context.kind === "signing") addNamed(signing, SIGNING, context.algorithms);
      if (context.kind === "compression") addNamed(compression, COMPRESSION, context.algorithms);
    }
  }
}

function addNamed(tally: Tally, names: readonly string[], numbers: readonly number[]): void {
  for (const number of numbers) tally.add(names[number] ?? `0x${number.toString(16)}`);
}

/** Severity 3 (MS-ERREF 2.3). */
function isErrorStatus(status: number): boolean {
  return status >>> 30 === 3;
}

/** `3.1.1`; an unknown one in hexadecimal. */
export function dialectName(dialect: number): string {
  return DIALECTS.get(dialect) ?? `0x${dialect.toString(16).padStart(4, "0")}`;
}

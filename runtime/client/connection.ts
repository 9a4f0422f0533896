/** One connection to a server. */
import type {
  CommandName,
  Message,
  NegotiateRequest,
  NegotiateResponse,
  RequestBodies,
} from "../wire/mod.ts";
import {
  type ConnectionPhase,
  type EncryptionMode,
  Exchange,
  type NegotiateOptions,
  ProtocolError,
  type Reply,
  type SigningMode,
  type SuccessReply,
} from "../protocol/mod.ts";
import type { FaultControls, Transport } from "../transport/mod.ts";
import type { Authenticator } from "./authenticator.ts";
import type { BreakPolicy } from "./break_event.ts";
import { type ConnectionOptions, Link } from "./link.ts";
import type { Answer, RequestOptions } from "./options.ts";
import { type RecoveryOptions, Session } from "./session.ts";
import type { Tree } from "./tree.ts";

/** What NEGOTIATE settled. */
export interface NegotiateResult {
  /** Such as 0x0311. */
  readonly dialect: number;
  readonly response: NegotiateResponse;
  readonly reply: SuccessReply<"NEGOTIATE">;
}

/** Faults to make on a connection; see `FaultControls`. */
export interface NetworkFaults extends FaultControls {
  /**
   * Ends the connection in place of the next request that fits: a command, or whatever `match` says yes to. It counts as
   * sent, and does not arrive.
   */
  dropBefore(match: CommandName | ((message: Message) => boolean)): void;
}

/** How a session is set up. */
export interface SessionSetupOptions extends RecoveryOptions {
  /** `enabled` unless told: signs when the server requires it. */
  readonly signing?: SigningMode;
  /** `enabled` unless told: encrypts where the server asks for it, for the session or for a share. */
  readonly encryption?: EncryptionMode;
  readonly previousSessionId?: bigint;
  readonly securityMode?: number;
  /** Capabilities of SESSION_SETUP; 0 unless told. */
  readonly capabilities?: number;
}

/** One message for {@linkcode Connection.send}. */
export interface RequestSpec<C extends CommandName = CommandName> extends RequestOptions {
  readonly command: C;
  readonly body: RequestBodies[C];
  /** Whose session and keys to use; that of the tree unless told. */
  readonly session?: Session;
  readonly tree?: Tree;
}

/**
 * One connection: negotiate once, then log in. Requests leave in call order, and nothing waits behind a request that
 * the server holds.
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { transportPair } from "../transport/mod.ts";
 * import { Connection, TransportError } from "./mod.ts";
 *
 * const [here, there] = transportPair();
 * const connection = Connection.connect(here);
 * const negotiated = connection.negotiate({ dialects: [0x0311] });
 * there.close();
 * const error = await assertRejects(() => negotiated, TransportError);
 * assertEquals([error.reason, connection.phase], ["closed", "failed"]);
 * ```
 */
export class Connection {
  readonly #link: Link;

  /** Made when it is asked for: most connections have no faults. */
  #net: NetworkFaults | null = null;

  private constructor(link: Link) {
    this.#link = link;
  }

  /** Takes over an open transport and reads from it from now on. */
  static connect(transport: Transport, options: ConnectionOptions = {}): Connection {
    return new Connection(new Link(transport, options));
  }

  /** The peer, for messages. */
  get remote(): string {
    return this.#link.transport.remote;
  }

  get phase(): ConnectionPhase {
    return this.#link.engine.phase;
  }

  /** Settles once: null after `close`, otherwise why the connection ended. Never rejects. */
  get disconnected(): Promise<Error | null> {
    return this.#link.disconnected;
  }

  /** Decides about breaks of opens without a policy of their own; null acknowledges at once. */
  get onBreak(): BreakPolicy | null {
    return this.#link.onBreak;
  }

  set onBreak(policy: BreakPolicy | null) {
    this.#link.onBreak = policy;
  }

  /** The negotiated dialect, such as 0x0311. */
  get dialect(): number {
    return this.#negotiated.dialect;
  }

  /** Capabilities of the server (MS-SMB2 2.2.4). */
  get capabilities(): number {
    return this.#negotiated.capabilities;
  }

  /** The cipher of encrypted sessions (MS-SMB2 2.2.3.1.2); null where there is none. */
  get cipher(): number | null {
    return this.#link.engine.negotiated?.cipherId ?? null;
  }

  /** Whether frames may be compressed. */
  get compresses(): boolean {
    return this.#link.engine.negotiated?.compression !== undefined;
  }

  get serverGuid(): string {
    return this.#negotiated.serverGuid;
  }

  /** What was offered, ClientGuid included. */
  get offered(): NegotiateRequest {
    const { offered } = this.#link.engine;
    if (offered === null) {
      throw new ProtocolError("Cannot tell the offer: nothing was negotiated", { side: "local" });
    }
    return offered;
  }

  /** Longest READ, in bytes. */
  get maxReadSize(): number {
    return this.#negotiated.maxReadSize;
  }

  /** Longest WRITE, in bytes. */
  get maxWriteSize(): number {
    return this.#negotiated.maxWriteSize;
  }

  /** Longest QUERY_INFO, QUERY_DIRECTORY, SET_INFO, CHANGE_NOTIFY and IOCTL, in bytes. */
  get maxTransactSize(): number {
    return this.#negotiated.maxTransactSize;
  }

  /** Credits in hand. */
  get credits(): number {
    return this.#link.engine.credits;
  }

  /** How often a send had to wait for credits. */
  get creditStalls(): number {
    return this.#link.engine.creditStalls;
  }

  /** Requests without a final response. */
  get outstanding(): number {
    return this.#link.engine.outstanding;
  }

  /**
   * Agrees on a dialect (MS-SMB2 3.2.4.2.2).
   *
   * @throws {ProtocolError} (remote) when the server chooses what was not offered; (local) on a second call.
   * @throws {StatusError} When the server refuses.
   * @throws {TransportError} When the connection ends.
   */
  async negotiate(options: NegotiateOptions = {}): Promise<NegotiateResult> {
    const { dialect, response, reply } = await this.#link.negotiate(options);
    return { dialect, response, reply };
  }

  /**
   * Logs in (MS-SMB2 3.2.4.2.3).
   *
   * @throws {StatusError} When the server refuses the user.
   * @throws {ProtocolError} (remote) When the session cannot be trusted or signed as asked.
   */
  async session(authenticator: Authenticator, options: SessionSetupOptions = {}): Promise<Session> {
    const { failover, renewal, ...setup } = options;
    const state = await this.#link.session(authenticator, setup);
    const recovery = {
      ...(failover === undefined ? {} : { failover }),
      ...(renewal === undefined ? {} : { renewal }),
    };
    return new Session(this, { link: this.#link, state, recovery });
  }

  /**
   * Joins a session of another connection as a further channel of it (MS-SMB2 3.2.4.2.3, with
   * SMB2_SESSION_FLAG_BINDING). Both connections have to have one ClientGuid and one dialect; the user is the same.
   *
   * @returns The session on this connection, for the option `via`; trees and opens are those of the session.
   * @throws {StatusError} When the server refuses.
   * @throws {ProtocolError} When the session has no key, or the dialect no channels (local), or the response cannot be
   * trusted (remote).
   */
  async bind(
    session: Session,
    authenticator: Authenticator,
    options: Omit<SessionSetupOptions, keyof RecoveryOptions | "previousSessionId"> = {},
  ): Promise<Session> {
    const state = await this.#link.session(authenticator, { ...options, bind: session.state });
    return new Session(this, { link: this.#link, state, boundTo: session });
  }

  /** ECHO (MS-SMB2 2.2.28). */
  echo<O extends RequestOptions = RequestOptions>(options?: O): Promise<Answer<"ECHO", O>> {
    const input = { ...options, command: "ECHO", body: { reserved: 0 } } as const;
    return this.#link.request<"ECHO", Answer<"ECHO", O>>(input, options);
  }

  /**
   * Sends messages in one frame, each with its own promise: any command, any header field (`override`), any body
   * (`rawBody`).
   *
   * @returns One promise a message, in order; each rejects with `StatusError` unless `accept` says otherwise.
   */
  send(requests: readonly RequestSpec[], options: { related?: boolean } = {}): Promise<Reply>[] {
    const enlisted = requests.map((request) => {
      const { session, tree, ...rest } = request;
      const input = {
        ...rest,
        session: session?.state ?? tree?.session.state ?? null,
        tree: tree?.state ?? null,
      };
      return this.#link.enlist<CommandName>(new Exchange(input), request);
    });
    this.#link.sendChain(enlisted.map(({ exchange }) => exchange), options.related === true);
    return enlisted.map(({ promise }) => promise);
  }

  /** Faults of the network, made on this side. */
  get net(): NetworkFaults {
    return this.#net ??= networkFaults(this.#link);
  }

  /** Ends the connection at once: whatever is outstanding rejects with `TransportError`. Idempotent. */
  close(): void {
    this.#link.close();
  }

  /**
   * Ends the connection like `close`, and waits until the server has closed it as well, which is all that tells when it
   * has let go of what was open.
   *
   * @param limit Milliseconds after which it is waited no longer.
   */
  leave(limit: number): Promise<void> {
    return this.#link.leave(limit);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #negotiated(): NegotiateResponse & { readonly dialect: number } {
    const { negotiated } = this.#link.engine;
    if (negotiated === null) {
      throw new ProtocolError("Cannot tell what was negotiated: negotiate first", {
        side: "local",
      });
    }
    return { ...negotiated.response, dialect: negotiated.dialect };
  }
}

function networkFaults(link: Link): NetworkFaults {
  const { transport } = link;
  return {
    stall: (direction) => transport.stall(direction),
    delay: (milliseconds, direction) => transport.delay(milliseconds, direction),
    halfOpen: () => transport.halfOpen(),
    dropAfter: (bytes, direction) => transport.dropAfter(bytes, direction),
    dropNext() {
      link.dropsBefore = () => {
        link.dropsBefore = null;
        return true;
      };
    },
    drop: () => transport.drop(),
    resume: () => {
      link.dropsBefore = null;
      transport.resume();
    },
    dropBefore(match) {
      const fits = typeof match === "function"
        ? match
        : (message: Message) => message.kind === "request" && message.command === match;
      link.dropsBefore = (message) => {
        if (!fits(message)) return false;
        link.dropsBefore = null;
        return true;
      };
    },
  };
}

/** Connections and sessions over the package: the native client's surface, as far as the package goes. */
import { Buffer } from "node:buffer";
import { Dialect, SecurityMode, SessionFlag, Status } from "../../wire/mod.ts";
import {
  type NegotiateOptions,
  ProtocolError,
  type Reply,
  StatusError,
} from "../../protocol/mod.ts";
import type { Transport } from "../../transport/mod.ts";
import type { Authenticator } from "../authenticator.ts";
import type { NegotiateResult, SessionSetupOptions } from "../connection.ts";
import type { ConnectionOptions } from "../link.ts";
import type { Answer, RequestOptions } from "../options.ts";
import type { TreeOptions } from "../session.ts";
import {
  type Backend,
  type BackendConnection,
  type BackendSession,
  UnsupportedError,
} from "../backend.ts";
import { MarsaudLink } from "./link.ts";
import { MAX_MESSAGE } from "./package.ts";
import { ears, refuseTuning, refuseUnsupported, succeeded, unsupported } from "./requests.ts";
import { MarsaudTree } from "./tree.ts";
import { leftOutByMarsaud, unsupportedByMarsaud } from "./unsupported.ts";

/** SESSION_SETUP requests of one login: NTLM takes two, another mechanism a few more. */
const MAX_LOGIN_STEPS = 8;
/** Header and fixed part of SESSION_SETUP. */
const SESSION_SETUP_FIXED = 88;

/** The back end `--backend marsaud`. */
export const marsaudBackend: Backend = {
  name: "marsaud",
  connect: (transport, options) => MarsaudConnection.connect(transport, options),
  unsupported: unsupportedByMarsaud,
  leftOut: leftOutByMarsaud,
};

/**
 * One connection of the package. Its ClientGuid is all zeros, and its dialects are 2.0.2 and 2.1, whatever is asked.
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { transportPair } from "../../transport/mod.ts";
 * import { MarsaudConnection, UnsupportedError } from "./mod.ts";
 *
 * const [here] = transportPair();
 * const connection = MarsaudConnection.connect(here);
 * const error = await assertRejects(
 *   () => connection.negotiate({ dialects: [0x0311] }),
 *   UnsupportedError,
 * );
 * assertEquals(error.reason, "it offers the dialects 2.0.2 and 2.1, and not 3.1.1");
 * connection.close();
 * ```
 */
export class MarsaudConnection implements BackendConnection {
  /** Never called: the package asks for neither oplocks nor leases. */
  onBreak: BackendConnection["onBreak"] = null;
  readonly #link: MarsaudLink;
  #negotiated: NegotiateResult | null = null;

  private constructor(link: MarsaudLink) {
    this.#link = link;
  }

  /** Takes over an open transport and reads from it from now on. */
  static connect(transport: Transport, options: ConnectionOptions = {}): MarsaudConnection {
    return new MarsaudConnection(new MarsaudLink(transport, options));
  }

  get remote(): string {
    return this.#link.transport.remote;
  }

  get disconnected(): Promise<Error | null> {
    return this.#link.disconnected;
  }

  /**
   * Agrees on 2.0.2 or 2.1.
   *
   * @throws {UnsupportedError} When something else is asked for.
   * @throws {ProtocolError} (remote) When the server chooses what was not offered; (local) on a second call.
   * @throws {StatusError} When the server refuses.
   */
  async negotiate(options: NegotiateOptions = {}): Promise<NegotiateResult> {
    if (this.#negotiated !== null) {
      throw new ProtocolError("Cannot negotiate: the dialect is settled", { side: "local" });
    }
    const { dialects, securityMode, capabilities, contexts } = options;
    refuseUnsupported({
      command: "NEGOTIATE",
      smb1: options.smb1 === true,
      body: {
        ...dialects === undefined ? {} : { dialects },
        ...securityMode === undefined ? {} : { securityMode },
        ...capabilities === undefined ? {} : { capabilities },
        ...contexts === undefined ? {} : { contexts },
      },
    });
    const reply = succeeded(
      await this.#link.request({
        message: "negotiate",
        command: "NEGOTIATE",
        parameters: {},
        ...NOWHERE,
      }),
      {},
      "",
    );
    const dialect = reply.body.dialectRevision;
    if (dialect !== Dialect.SMB_2_0_2 && dialect !== Dialect.SMB_2_1) {
      throw new ProtocolError(
        `Cannot negotiate: the server chose 0x${dialect.toString(16)}, which was not offered`,
        { side: "remote" },
      );
    }
    this.#negotiated = { dialect, response: reply.body, reply };
    return this.#negotiated;
  }

  /**
   * Logs in with the tokens of the authenticator, wherever it makes them.
   *
   * @throws {UnsupportedError} When the server or the caller requires signing.
   * @throws {StatusError} When the server refuses the user.
   */
  async session(
    authenticator: Authenticator,
    options: SessionSetupOptions = {},
  ): Promise<MarsaudSession> {
    const negotiated = this.#negotiated;
    if (negotiated === null) {
      throw new ProtocolError("Cannot log in: negotiate first", { side: "local" });
    }
    const { securityMode = 0, previousSessionId = 0n } = options;
    const signing = options.signing === "required" ? SecurityMode.SIGNING_REQUIRED : 0;
    refuseUnsupported({
      command: "SESSION_SETUP",
      body: { securityMode: securityMode | signing, previousSessionId },
    });
    if ((negotiated.response.securityMode & SecurityMode.SIGNING_REQUIRED) !== 0) {
      throw new UnsupportedError({
        command: "SESSION_SETUP",
        reason: "the server requires signing, and it does not sign",
      });
    }
    const replies = await this.#login(authenticator, negotiated.response.securityBuffer);
    return new MarsaudSession(this.#link, replies);
  }

  async #login(
    authenticator: Authenticator,
    hint: Uint8Array,
  ): Promise<Reply<"SESSION_SETUP">[]> {
    const exchange = authenticator.start();
    const replies: Reply<"SESSION_SETUP">[] = [];
    let received: Uint8Array | null = hint;
    let sessionId = 0n;
    for (let step = 0; step < MAX_LOGIN_STEPS; step++) {
      const { token } = await exchange.step(received);
      if (token === null || token.byteLength > MAX_MESSAGE - SESSION_SETUP_FIXED) {
        throw new ProtocolError(
          `Cannot log in: ${authenticator.mechanism} has no token that can be sent`,
          { side: "local" },
        );
      }
      const reply = await this.#link.request({
        message: step === 0 ? "session_setup_step1" : "session_setup_step2",
        command: "SESSION_SETUP",
        parameters: { Token: Buffer.from(token) },
        sessionId,
        treeId: 0,
      });
      replies.push(reply);
      if (reply.body === null) throw new StatusError(reply, authenticator.user);
      sessionId = reply.header.sessionId;
      received = reply.body.securityBuffer;
      if (reply.status === Status.SUCCESS) {
        const { done } = await exchange.step(received);
        if (done) return replies;
        throw new ProtocolError("Cannot log in: the server ended the authentication too early", {
          side: "remote",
        });
      }
      if (reply.status !== Status.MORE_PROCESSING_REQUIRED) {
        throw new StatusError(reply, authenticator.user);
      }
    }
    throw new ProtocolError("Cannot log in: the server never has enough", { side: "remote" });
  }

  /** @throws {UnsupportedError} The package has no ECHO. */
  echo<O extends RequestOptions = RequestOptions>(_options?: O): Promise<Answer<"ECHO", O>> {
    return unsupported({ command: "ECHO" });
  }

  /** Ends the connection at once: whatever is outstanding rejects. Idempotent. */
  close(): void {
    this.#link.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A user who is logged in. Made by {@linkcode MarsaudConnection.session}. */
export class MarsaudSession implements BackendSession {
  /** Every SESSION_SETUP response, in order. */
  readonly replies: readonly Reply<"SESSION_SETUP">[];
  readonly #link: MarsaudLink;

  constructor(link: MarsaudLink, replies: readonly Reply<"SESSION_SETUP">[]) {
    this.#link = link;
    this.replies = replies;
  }

  get id(): bigint {
    return this.replies.at(-1)?.header.sessionId ?? 0n;
  }

  get isGuest(): boolean {
    return (this.#flags & SessionFlag.IS_GUEST) !== 0;
  }

  get isAnonymous(): boolean {
    return (this.#flags & SessionFlag.IS_NULL) !== 0;
  }

  get #flags(): number {
    return this.replies.at(-1)?.body?.sessionFlags ?? 0;
  }

  /** Connects to a share, `\\server\share`. */
  async tree(path: string, options: TreeOptions = {}): Promise<MarsaudTree> {
    refuseTuning({ command: "TREE_CONNECT", body: { flags: options.treeFlags ?? 0 } }, options);
    const reply = succeeded(
      await this.#link.request({
        message: "tree_connect",
        command: "TREE_CONNECT",
        parameters: {},
        path,
        sessionId: this.id,
        treeId: 0,
        ...ears(options),
      }),
      {},
      path,
    );
    return new MarsaudTree(this.#link, { path, reply, sessionId: this.id });
  }

  /** @throws {UnsupportedError} The package ends its session with its connection. */
  logoff<O extends RequestOptions = RequestOptions>(_options?: O): Promise<Answer<"LOGOFF", O>> {
    return unsupported({ command: "LOGOFF" });
  }
}

const NOWHERE = { sessionId: 0n, treeId: 0 } as const;

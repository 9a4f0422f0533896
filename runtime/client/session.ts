/** One session: a user on a connection. */
import type { Reply, SessionState } from "../protocol/mod.ts";
import type { Authenticator } from "./authenticator.ts";
import type { Connection } from "./connection.ts";
import type { Link } from "./link.ts";
import type { Answer, RequestOptions } from "./options.ts";
import { Tree } from "./tree.ts";

/** How a share is connected. */
export interface TreeOptions extends RequestOptions {
  /** Flags of TREE_CONNECT in dialect 3.1.1 (MS-SMB2 2.2.9). */
  readonly treeFlags?: number;
  /** The extension that treeFlags announce, as bytes (MS-SMB2 2.2.9.1). */
  readonly extension?: Uint8Array;
  /** VALIDATE_NEGOTIATE_INFO after the connect; by default in dialects 3.0 and 3.0.2, where the session has a key. */
  readonly validateNegotiate?: boolean;
}

/** A session that the server accepted. Made by `Connection.session`. */
export class Session {
  readonly connection: Connection;
  readonly #link: Link;
  /** The engine's state; for this room alone. */
  readonly state: SessionState;

  constructor(connection: Connection, inner: { link: Link; state: SessionState }) {
    this.connection = connection;
    this.#link = inner.link;
    this.state = inner.state;
  }

  get id(): bigint {
    return this.state.sessionId;
  }

  get isGuest(): boolean {
    return this.state.isGuest;
  }

  get isAnonymous(): boolean {
    return this.state.isAnonymous;
  }

  /** Whether requests are signed. */
  get signs(): boolean {
    return this.state.signer !== null && this.state.signing !== "off" && this.state.signingRequired;
  }

  /** Whether everything is encrypted: the server, or whoever logged in, asks for it. */
  get encrypts(): boolean {
    return this.state.encryption !== "off" && this.state.shared.encryptData;
  }

  /** Every SESSION_SETUP response, in order. */
  get replies(): readonly Reply<"SESSION_SETUP">[] {
    return this.state.replies;
  }

  /**
   * Connects to a share (MS-SMB2 3.2.4.2.4).
   *
   * @param path `\\server\share`.
   * @throws {StatusError} When the server refuses.
   * @throws {ProtocolError} (remote) When the negotiation turns out to have been altered.
   */
  async tree(path: string, options: TreeOptions = {}): Promise<Tree> {
    const { treeFlags, extension, validateNegotiate, ...tuning } = options;
    const { tree, reply } = await this.#link.tree(this.state, {
      path,
      tuning,
      ...(treeFlags === undefined ? {} : { flags: treeFlags }),
      ...(extension === undefined ? {} : { extension }),
      ...(validateNegotiate === undefined ? {} : { validateNegotiate }),
    });
    return new Tree(this, { link: this.#link, state: tree, reply });
  }

  /**
   * Authenticates again, as MS-SMB2 3.2.5.1.6 asks for when the session has expired; its keys, trees and opens stay.
   *
   * @throws {StatusError} When the server refuses; the session is over then.
   */
  async reauthenticate(authenticator: Authenticator): Promise<void> {
    await this.#link.reauthenticate(this.state, authenticator);
  }

  /** LOGOFF (MS-SMB2 3.2.4.23). */
  logoff<O extends RequestOptions = RequestOptions>(options?: O): Promise<Answer<"LOGOFF", O>> {
    return this.#link.request<"LOGOFF", Answer<"LOGOFF", O>>({
      ...options,
      command: "LOGOFF",
      body: { reserved: 0 },
      session: this.state,
    }, options);
  }
}

/** One session: a user on a connection, or on several. */
import {
  isReplayable,
  replayOf,
  type Reply,
  type SessionState,
  type TreeState,
} from "../protocol/mod.ts";
import type { Authenticator } from "./authenticator.ts";
import type { Connection } from "./connection.ts";
import type { Link, Rescuer, Unanswered } from "./link.ts";
import type { Answer, RequestOptions } from "./options.ts";
import { Tree } from "./tree.ts";

/** How a share is connected. */
export interface TreeOptions extends RequestOptions {
  /** Flags of TREE_CONNECT in dialect 3.1.1 (MS-SMB2 2.2.9). */
  readonly treeFlags?: number;
  /** The extension that treeFlags announce, as bytes (MS-SMB2 2.2.9.1). */
  readonly extension?: Uint8Array;
  /**
   * VALIDATE_NEGOTIATE_INFO after the connect; by default where 3.x was offered, an older dialect than 3.1.1 chosen, and the
   * session has a key.
   */
  readonly validateNegotiate?: boolean;
}

/** What a session does by itself when something is lost. */
export interface RecoveryOptions {
  /**
   * Requests in flight on a channel that is lost go out again on another one (MS-SMB2 3.2.7.1), marked as repetitions
   * where they change something; true unless told. CREATEs without a CreateGuid do not, nor what a compound relates to them.
   */
  readonly failover?: boolean;
  /**
   * Who authenticates again when the server says that the session has expired, after which the request is repeated
   * (MS-SMB2 3.2.5.1.6); without one the request fails.
   */
  readonly renewal?: Authenticator;
}

/** What the channels of a session share. */
interface Channels {
  readonly sessions: Session[];
  readonly recovery: RecoveryOptions;
  /** The authentication under way. */
  renewing: Promise<void> | null;
}

/** A session that the server accepted. Made by `Connection.session`; further channels by `Connection.bind`. */
export class Session {
  readonly connection: Connection;
  /** The connection's loop; for this room alone. */
  readonly link: Link;
  /** The engine's state; for this room alone. */
  readonly state: SessionState;
  readonly #channels: Channels;

  constructor(connection: Connection, inner: {
    link: Link;
    state: SessionState;
    recovery?: RecoveryOptions;
    /** A session that this one is a further channel of. */
    boundTo?: Session;
  }) {
    this.connection = connection;
    this.link = inner.link;
    this.state = inner.state;
    const { boundTo, recovery = {} } = inner;
    this.#channels = boundTo === undefined
      ? { sessions: [this], recovery, renewing: null }
      : boundTo.#channels;
    const { sessions } = this.#channels;
    for (let i = sessions.length - 1; i >= 0; i--) {
      if (sessions[i]?.isAlive === false) sessions.splice(i, 1);
    }
    if (boundTo !== undefined) sessions.push(this);
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

  /** The channels that live, this one included: each is a session object of its own connection. */
  get channels(): readonly Session[] {
    return this.#channels.sessions.filter((session) => session.isAlive);
  }

  /** Session.ChannelSequence: how many channels were lost (MS-SMB2 3.2.1.3). */
  get channelSequence(): number {
    return this.state.shared.channelSequence;
  }

  /** Whether this channel's connection lives. */
  get isAlive(): boolean {
    return this.link.isAlive;
  }

  /**
   * Connects to a share (MS-SMB2 3.2.4.2.4).
   *
   * @param path `\\server\share`.
   * @throws {StatusError} When the server refuses.
   * @throws {ProtocolError} (remote) When the negotiation turns out to have been altered.
   */
  async tree(path: string, options: TreeOptions = {}): Promise<Tree> {
    const { treeFlags, extension, validateNegotiate, via, ...tuning } = options;
    const channel = this.channel(via);
    const { tree, reply } = await channel.link.tree(channel.state, {
      path,
      tuning,
      ...(treeFlags === undefined ? {} : { flags: treeFlags }),
      ...(extension === undefined ? {} : { extension }),
      ...(validateNegotiate === undefined ? {} : { validateNegotiate }),
    });
    return new Tree(this, { state: tree, reply });
  }

  /**
   * Authenticates again, as MS-SMB2 3.2.5.1.6 asks for when the session has expired; its keys, trees and opens stay.
   *
   * @throws {StatusError} When the server refuses; the session is over then.
   */
  async reauthenticate(authenticator: Authenticator): Promise<void> {
    const channel = this.channel();
    await channel.link.reauthenticate(channel.state, authenticator);
  }

  /** LOGOFF (MS-SMB2 3.2.4.23). */
  logoff<O extends RequestOptions = RequestOptions>(options?: O): Promise<Answer<"LOGOFF", O>> {
    const channel = this.channel(options?.via);
    return channel.link.request<"LOGOFF", Answer<"LOGOFF", O>>({
      ...options,
      command: "LOGOFF",
      body: { reserved: 0 },
      session: channel.state,
    }, options);
  }

  /** The channel that a request takes: `via`, or this one, or another one where this one is lost. For this room alone. */
  channel(via?: Session): Session {
    if (via !== undefined || this.isAlive) return via ?? this;
    return this.#channels.sessions.find((session) => session.isAlive) ?? this;
  }

  /** Sends requests of a tree again, as the session's recovery has it. For this room alone. */
  rescuer(tree: TreeState | null): Rescuer {
    return {
      lost: (request) => this.#failOver(request, tree),
      expired: (request) => this.#renew(request),
    };
  }

  /** The channel that takes over requests of a lost one; null where none does. For this room alone. */
  heir(): Session | null {
    const { recovery, sessions } = this.#channels;
    if (recovery.failover === false) return null;
    return sessions.find((session) => session.isAlive) ?? null;
  }

  #failOver(request: Unanswered, tree: TreeState | null): boolean {
    const channel = this.heir();
    if (channel === null || !isReplayable(request.input)) return false;
    const { state: session, connection: { dialect } } = channel;
    request.resend(channel.link, replayOf(request.input, { session, tree, dialect }));
    return true;
  }

  #renew(request: Unanswered): boolean {
    const channels = this.#channels;
    const { renewal } = channels.recovery;
    if (renewal === undefined) return false;
    channels.renewing ??= this.reauthenticate(renewal).finally(() => channels.renewing = null);
    channels.renewing.then(
      () =>
        request.resend(this.channel().link, { ...request.input, session: this.channel().state }),
      (error) => request.reject(error),
    );
    return true;
  }
}

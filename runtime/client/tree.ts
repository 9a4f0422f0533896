/** One tree connect: a share within a session. */
import { type CommandName, RELATED_FILE_ID, type RequestBodies } from "../wire/mod.ts";
import type { SuccessReply, TreeState } from "../protocol/mod.ts";
import { Chain } from "./chain.ts";
import { createBody, type CreateOptions, openFrom, requestTuning } from "./create.ts";
import { ioctlBody, type IoctlFields } from "./file_requests.ts";
import type { Link } from "./link.ts";
import type { Open } from "./open.ts";
import type { Answer, RequestOptions } from "./options.ts";
import type { Session } from "./session.ts";

/** A connected share. Made by `Session.tree`. */
export class Tree {
  readonly session: Session;
  /** What the TREE_CONNECT brought. */
  readonly reply: SuccessReply<"TREE_CONNECT">;
  /** The engine's state; for this room alone. */
  readonly state: TreeState;
  readonly #link: Link;

  constructor(
    session: Session,
    inner: { link: Link; state: TreeState; reply: SuccessReply<"TREE_CONNECT"> },
  ) {
    this.session = session;
    this.reply = inner.reply;
    this.state = inner.state;
    this.#link = inner.link;
  }

  /** `\\server\share`. */
  get path(): string {
    return this.state.path;
  }

  get id(): number {
    return this.state.treeId;
  }

  /** 1 disk, 2 pipe, 3 print. */
  get shareType(): number {
    return this.reply.body.shareType;
  }

  get shareFlags(): number {
    return this.reply.body.shareFlags;
  }

  /** Whether the share asks for encryption. */
  get encrypts(): boolean {
    return this.state.encryptData;
  }

  get capabilities(): number {
    return this.reply.body.capabilities;
  }

  get maximalAccess(): number {
    return this.reply.body.maximalAccess;
  }

  /**
   * Opens or creates a file, directory or pipe (MS-SMB2 3.2.4.3).
   *
   * @param name Relative to the share, `\` between components; empty for the root.
   * @throws {StatusError} When the server refuses, whatever `accept` says: there is no open without success.
   */
  create(name: string, options: CreateOptions = {}): Promise<Open> {
    return this.#link.request<"CREATE", Open>(
      {
        ...requestTuning(options),
        command: "CREATE",
        body: createBody(name, options),
        session: this.session.state,
        tree: this.state,
      },
      requestTuning(options),
      {
        path: name,
        map: (reply, state) => openFrom(this, { link: this.#link, name, reply, state }),
      },
    );
  }

  /** Collects requests for one frame. */
  compound(options: { related?: boolean } = {}): Chain {
    return new Chain(this, { link: this.#link, related: options.related === true });
  }

  /** Any request within this tree. */
  request<C extends CommandName, O extends RequestOptions = RequestOptions>(
    command: C,
    body: RequestBodies[C],
    options?: O,
  ): Promise<Answer<C, O>> {
    const { state } = this;
    const { state: session } = this.session;
    const input = options === undefined
      ? { command, body, session, tree: state }
      : { ...options, command, body, session, tree: state };
    return this.#link.request<C, Answer<C, O>>(input, options);
  }

  /** An FSCTL without a file. */
  ioctl<O extends RequestOptions = RequestOptions>(
    fields: IoctlFields,
    options?: O,
  ): Promise<Answer<"IOCTL", O>> {
    return this.request("IOCTL", ioctlBody(fields, RELATED_FILE_ID), options);
  }

  /**
   * FSCTL_VALIDATE_NEGOTIATE_INFO with what this connection offered (MS-SMB2 3.2.5.14.12); an answer that disagrees ends
   * the connection.
   */
  validateNegotiate<O extends RequestOptions = RequestOptions>(
    options?: O,
  ): Promise<Answer<"IOCTL", O>> {
    const exchange = this.#link.engine.validateNegotiate(this.state, options);
    const { promise } = this.#link.enlist<"IOCTL", Answer<"IOCTL", O>>(exchange, options);
    this.#link.sendChain([exchange], false);
    return promise;
  }

  /** TREE_DISCONNECT (MS-SMB2 2.2.11). */
  disconnect<O extends RequestOptions = RequestOptions>(
    options?: O,
  ): Promise<Answer<"TREE_DISCONNECT", O>> {
    return this.request("TREE_DISCONNECT", { reserved: 0 }, options);
  }
}

/** One tree connect: a share within a session. */
import {
  type CommandName,
  decodeFsctlOutput,
  Fsctl,
  type NetworkInterface,
  RELATED_FILE_ID,
  type RequestBodies,
  sockAddrText,
} from "../wire/mod.ts";
import type { Rescuer } from "./link.ts";
import { Dialect, type SuccessReply, type TreeState } from "../protocol/mod.ts";
import { Chain } from "./chain.ts";
import {
  createBody,
  type CreateOptions,
  NO_CREATE_OPTIONS,
  openFrom,
  requestTuning,
} from "./create.ts";
import { ioctlBody, type IoctlFields } from "./file_requests.ts";
import type { Open } from "./open.ts";
import type { Answer, RequestOptions } from "./options.ts";
import type { Session } from "./session.ts";

/** A network interface of a server (MS-SMB2 2.2.32.5). */
export interface ServerInterface {
  readonly index: number;
  /** Bits per second. */
  readonly linkSpeed: bigint;
  /** Whether it can spread connections over processors. */
  readonly isRssCapable: boolean;
  readonly isRdmaCapable: boolean;
  /** `192.0.2.1:0` or `[2001:db8::1]:0`; null for another family. */
  readonly address: string | null;
}

const RSS_CAPABLE = 0x00000001;
const RDMA_CAPABLE = 0x00000002;

function interfaceOf(entry: NetworkInterface): ServerInterface {
  return {
    index: entry.ifIndex,
    linkSpeed: entry.linkSpeed,
    isRssCapable: (entry.capability & RSS_CAPABLE) !== 0,
    isRdmaCapable: (entry.capability & RDMA_CAPABLE) !== 0,
    address: sockAddrText(entry.sockAddr),
  };
}

/** A connected share. Made by `Session.tree`. */
export class Tree {
  readonly session: Session;
  /** What the TREE_CONNECT brought. */
  readonly reply: SuccessReply<"TREE_CONNECT">;
  /** The engine's state; for this room alone. */
  readonly state: TreeState;
  /** Sends its requests again; for this room alone. */
  readonly rescuer: Rescuer;

  constructor(
    session: Session,
    inner: { state: TreeState; reply: SuccessReply<"TREE_CONNECT"> },
  ) {
    this.session = session;
    this.reply = inner.reply;
    this.state = inner.state;
    this.rescuer = session.rescuer(inner.state);
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
  create(name: string, options: CreateOptions = NO_CREATE_OPTIONS): Promise<Open> {
    const channel = this.session.channel(options.via);
    const body = createBody(name, options, channel.link);
    const tuning = requestTuning(options);
    return channel.link.request<"CREATE", Open>(
      { ...tuning, command: "CREATE", body, session: channel.state, tree: this.state },
      tuning,
      {
        path: name,
        map: (reply, state) => openFrom(this, { name, body, reply, state, options }),
        rescuer: this.rescuer,
      },
    );
  }

  /** Collects requests for one frame, which takes the channel `via`. */
  compound(options: { related?: boolean; via?: Session } = {}): Chain {
    return new Chain(this, options.related === true, options.via);
  }

  /** Any request within this tree. */
  request<C extends CommandName, O extends RequestOptions = RequestOptions>(
    command: C,
    body: RequestBodies[C],
    options?: O,
  ): Promise<Answer<C, O>> {
    const channel = this.session.channel(options?.via);
    const { state: session } = channel;
    const input = options === undefined
      ? { command, body, session, tree: this.state }
      : { ...options, command, body, session, tree: this.state };
    return channel.link.request<C, Answer<C, O>>(input, options, {
      rescuer: this.rescuer,
    });
  }

  /** An FSCTL without a file. */
  ioctl<O extends RequestOptions = RequestOptions>(
    fields: IoctlFields,
    options?: O,
  ): Promise<Answer<"IOCTL", O>> {
    return this.request("IOCTL", ioctlBody(fields, RELATED_FILE_ID), options);
  }

  /** No client sends FSCTL_VALIDATE_NEGOTIATE_INFO in 3.1.1, and servers hang up on it (MS-SMB2 3.3.5.15.12). */
  get mayValidateNegotiate(): boolean {
    return this.session.connection.dialect !== Dialect.SMB_3_1_1;
  }

  /**
   * FSCTL_VALIDATE_NEGOTIATE_INFO with what this connection offered (MS-SMB2 3.2.5.14.12); an answer that disagrees ends
   * the connection.
   */
  validateNegotiate<O extends RequestOptions = RequestOptions>(
    options?: O,
  ): Promise<Answer<"IOCTL", O>> {
    const { link } = this.session.channel(options?.via);
    const exchange = link.engine.validateNegotiate(this.state, options);
    const { promise } = link.enlist<"IOCTL", Answer<"IOCTL", O>>(exchange, options);
    link.sendChain([exchange], false);
    return promise;
  }

  /**
   * The server's network interfaces, for further channels (MS-SMB2 3.2.4.20.10): FSCTL_QUERY_NETWORK_INTERFACE_INFO.
   *
   * @throws {StatusError} When the server does not tell them.
   * @throws {WireError} When its list is malformed.
   */
  async networkInterfaces(options?: Omit<RequestOptions, "accept">): Promise<ServerInterface[]> {
    const { body } = await this.ioctl(
      { ctlCode: Fsctl.QUERY_NETWORK_INTERFACE_INFO, maxOutputResponse: 65536 },
      options,
    );
    const output = decodeFsctlOutput(Fsctl.QUERY_NETWORK_INTERFACE_INFO, body.output);
    return output.kind === "networkInterfaces" ? output.interfaces.map(interfaceOf) : [];
  }

  /** TREE_DISCONNECT (MS-SMB2 2.2.11). */
  disconnect<O extends RequestOptions = RequestOptions>(
    options?: O,
  ): Promise<Answer<"TREE_DISCONNECT", O>> {
    return this.request("TREE_DISCONNECT", { reserved: 0 }, options);
  }
}

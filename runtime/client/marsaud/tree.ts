/** Trees and opens over the package: the native client's surface, as far as the package goes. */
import { Buffer } from "node:buffer";
import {
  type CommandName,
  type CreateRequest,
  type CreateResponse,
  type FileId,
  QueryDirectoryFlag,
  type RequestBodies,
  Status,
} from "../../wire/mod.ts";
import type { Reply, SuccessReply } from "../../protocol/mod.ts";
import { createBody, type CreateOptions, requestTuning } from "../create.ts";
import { FileRequests } from "../file_requests.ts";
import type { Answer, RequestOptions } from "../options.ts";
import { type BackendOpen, type BackendTree, UnsupportedError } from "../backend.ts";
import type { MarsaudLink, PackageRequest } from "./link.ts";
import { MAX_READ, MAX_WRITE } from "./package.ts";
import { accepted, ears, refuseTuning, succeeded, type Tuning, unsupported } from "./requests.ts";
import {
  chooseCreate,
  differencesWithMarsaud,
  type OperationDescription,
  setInfoClassName,
} from "./unsupported.ts";

/** A request whose body is whole. */
type Sendable = {
  [C in CommandName]: { readonly command: C; readonly body: RequestBodies[C] };
}[CommandName];

/** FILE_READ_ATTRIBUTES, SYNCHRONIZE. */
const STAT_ACCESS = 0x00100080;

/** A connected share. Made by `MarsaudSession.tree`. */
export class MarsaudTree implements BackendTree {
  readonly path: string;
  /** What the TREE_CONNECT brought. */
  readonly reply: SuccessReply<"TREE_CONNECT">;
  readonly #link: MarsaudLink;
  readonly #sessionId: bigint;

  constructor(
    link: MarsaudLink,
    inner: { path: string; reply: SuccessReply<"TREE_CONNECT">; sessionId: bigint },
  ) {
    this.#link = link;
    this.path = inner.path;
    this.reply = inner.reply;
    this.#sessionId = inner.sessionId;
  }

  get id(): number {
    return this.reply.header.treeId;
  }

  /**
   * Opens or creates a file or directory with the package's message that comes closest: see
   * `differencesWithMarsaud`.
   *
   * @throws {UnsupportedError} When none of its messages does what is asked.
   * @throws {StatusError} When the server refuses.
   */
  async create(name: string, options: CreateOptions = {}): Promise<MarsaudOpen> {
    const tuning = requestTuning(options);
    const body = createBody(name, options);
    const reply = succeeded(await this.perform("CREATE", body, tuning), {}, name);
    const differences = differencesWithMarsaud({ command: "CREATE", body });
    return new MarsaudOpen(this, { name, reply, differences });
  }

  /** What the package's `stat` knows: the answer to a CREATE, whose open is closed again. */
  async stat(name: string): Promise<CreateResponse> {
    const open = await this.create(name, { desiredAccess: STAT_ACCESS });
    await open.close();
    return open.response;
  }

  /** @throws {UnsupportedError} The package has no compounds. */
  compound(_options?: { related?: boolean }): never {
    throw new UnsupportedError({ command: "a compound", reason: "it has none" });
  }

  /** Any request within this tree that the package has. */
  async request<C extends CommandName, O extends RequestOptions = RequestOptions>(
    command: C,
    body: RequestBodies[C],
    options?: O,
    path = "",
  ): Promise<Answer<C, O>> {
    const reply = await this.perform(command, body, options ?? {});
    return accepted(reply, options ?? {}, path) as Answer<C, O>;
  }

  /** @throws {UnsupportedError} The package has no IOCTL. */
  ioctl<O extends RequestOptions = RequestOptions>(): Promise<Answer<"IOCTL", O>> {
    return unsupported({ command: "IOCTL" });
  }

  /** @throws {UnsupportedError} The package has no IOCTL. */
  validateNegotiate<O extends RequestOptions = RequestOptions>(): Promise<Answer<"IOCTL", O>> {
    return unsupported({ command: "IOCTL" });
  }

  /** @throws {UnsupportedError} The package leaves its tree to the end of the connection. */
  disconnect<O extends RequestOptions = RequestOptions>(): Promise<Answer<"TREE_DISCONNECT", O>> {
    return unsupported({ command: "TREE_DISCONNECT" });
  }

  /** Sends, whatever the status of the answer. @throws {UnsupportedError} When the package cannot. */
  async perform<C extends CommandName>(
    command: C,
    body: RequestBodies[C],
    options: Tuning,
  ): Promise<Reply<C>> {
    const request = { command, body } as OperationDescription;
    refuseTuning(request, options);
    return await this.#perform(request as Sendable, options) as unknown as Reply<C>;
  }

  #perform(request: Sendable, options: Tuning): Promise<Reply> {
    const { command, body } = request;
    switch (command) {
      case "CREATE":
        return this.#create(body, options);
      case "CLOSE":
        return this.#send("close", command, { FileId: fileId(body) }, options);
      case "READ":
        return this.#read(body, options);
      case "WRITE":
        return this.#write(body, options);
      case "SET_INFO":
        return this.#send("set_info", command, {
          FileId: fileId(body),
          FileInfoClass: setInfoClassName(body.fileInfoClass),
          Buffer: Buffer.from(body.input),
        }, options);
      case "QUERY_DIRECTORY":
        return this.#send("query_directory", command, { FileId: fileId(body) }, options);
      default:
        return unsupported(request);
    }
  }

  #create(body: CreateRequest, options: Tuning): Promise<Reply> {
    const chosen = chooseCreate(body);
    if (typeof chosen === "string") {
      return Promise.reject(new UnsupportedError({ command: "CREATE", reason: chosen }));
    }
    return this.#send(chosen.message, "CREATE", chosen.parameters, options);
  }

  /** In pieces of 64 KiB, one after the other, as the package reads: to the first that is short. */
  async #read(body: RequestBodies["READ"], options: Tuning): Promise<Reply> {
    const replies: Reply<"READ">[] = [];
    const pieces: Uint8Array[] = [];
    for (let had = 0;;) {
      const length = Math.min(MAX_READ, body.length - had);
      const reply = await this.#send("read", "READ", {
        FileId: fileId(body),
        Length: length,
        Offset: u64(body.offset + BigInt(had)),
      }, options);
      // The end of the file is no failure of what was read before it.
      if (replies.length > 0 && reply.status === Status.END_OF_FILE) break;
      replies.push(reply);
      if (reply.body === null || reply.body.data.byteLength > length) break;
      pieces.push(reply.body.data);
      had += reply.body.data.byteLength;
      if (had >= body.length || reply.body.data.byteLength < length) break;
    }
    const reply = joined(replies);
    return reply.body === null || replies.length === 1
      ? reply
      : { ...reply, body: { ...reply.body, data: new Uint8Array(Buffer.concat(pieces)) } };
  }

  /** In pieces of 64 KiB less their headers, one after the other, as the package writes. */
  async #write(body: RequestBodies["WRITE"], options: Tuning): Promise<Reply> {
    const replies: Reply<"WRITE">[] = [];
    let had = 0;
    do {
      const piece = body.data.subarray(had, had + MAX_WRITE);
      const reply = await this.#send("write", "WRITE", {
        FileId: fileId(body),
        Offset: u64(body.offset + BigInt(had)),
        Buffer: Buffer.from(piece),
      }, options);
      replies.push(reply);
      if (reply.body === null) break;
      had += reply.body.count;
      if (reply.body.count !== piece.byteLength) break;
    } while (had < body.data.byteLength);
    const reply = joined(replies);
    return reply.body === null ? reply : { ...reply, body: { ...reply.body, count: had } };
  }

  #send<C extends CommandName>(
    message: PackageRequest["message"],
    command: C,
    parameters: PackageRequest["parameters"],
    options: Tuning,
  ): Promise<Reply<C>> {
    return this.#link.request({
      message,
      command,
      parameters,
      sessionId: this.#sessionId,
      treeId: this.id,
      ...ears(options),
    });
  }
}

/** An open file or directory. Made by {@linkcode MarsaudTree.create}. */
export class MarsaudOpen extends FileRequests implements BackendOpen {
  readonly tree: MarsaudTree;
  readonly name: string;
  /** What the CREATE brought. */
  readonly reply: SuccessReply<"CREATE">;
  readonly differences: readonly string[];
  #listed = false;

  constructor(tree: MarsaudTree, inner: Pick<MarsaudOpen, "name" | "reply" | "differences">) {
    super();
    this.tree = tree;
    this.name = inner.name;
    this.reply = inner.reply;
    this.differences = inner.differences;
  }

  get fileId(): FileId {
    return this.response.fileId;
  }

  get response(): CreateResponse {
    return this.reply.body;
  }

  get oplockLevel(): number {
    return this.response.oplockLevel;
  }

  /** Always 0: the package asks for no lease. */
  get leaseState(): number {
    return 0;
  }

  protected override submit<C extends CommandName, O extends RequestOptions>(
    command: C,
    body: RequestBodies[C],
    options: O | undefined,
  ): Promise<Answer<C, O>> {
    if (command === "QUERY_DIRECTORY") {
      const { flags } = body as RequestBodies["QUERY_DIRECTORY"];
      if (this.#listed && (flags & QueryDirectoryFlag.RESTART_SCANS) !== 0) {
        return Promise.reject(
          new UnsupportedError({ command, reason: "it cannot start an enumeration again" }),
        );
      }
      this.#listed = true;
    }
    return this.tree.request(command, body, options, this.name);
  }
}

/** One operation of several requests: sent with the first, answered with the last. */
function joined<C extends CommandName>(replies: readonly Reply<C>[]): Reply<C> {
  const [first, last] = [replies[0], replies.at(-1)];
  if (first === undefined || last === undefined) {
    throw new Error("Cannot join replies: there are none");
  }
  return {
    ...last,
    sentAt: first.sentAt,
    bytesSent: replies.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
    bytesReceived: replies.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0),
  };
}

function fileId({ fileId: { persistent, volatile } }: { readonly fileId: FileId }): Buffer {
  return Buffer.concat([u64(persistent), u64(volatile)]);
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes;
}

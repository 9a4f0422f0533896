/** Requests that leave in one frame (MS-SMB2 3.2.4.1.4). */
import { type CommandName, type FileId, RELATED_FILE_ID, type RequestBodies } from "../wire/mod.ts";
import { ChainRescuer } from "./chain_rescuer.ts";
import { Exchange, ProtocolError, type SessionState } from "../protocol/mod.ts";
import { FileRequests } from "./file_requests.ts";
import type { Link } from "./link.ts";
import type { Open } from "./open.ts";
import type { Answer, RequestOptions } from "./options.ts";
import { createBody, type CreateOptions, openFrom, requestTuning } from "./create.ts";
import type { Session } from "./session.ts";
import type { Tree } from "./tree.ts";

type Submit = <C extends CommandName, O extends RequestOptions>(
  command: C,
  body: RequestBodies[C],
  options: O | undefined,
) => Promise<Answer<C, O>>;

/** Requests on a file, added to a chain. */
class ChainedFile extends FileRequests {
  readonly fileId: FileId;
  protected readonly submit: Submit;

  constructor(fileId: FileId, submit: Submit) {
    super();
    this.fileId = fileId;
    this.submit = submit;
  }
}

/**
 * A chain under construction. Its methods add a request and give the request's promise, which settles as it would
 * outside a chain; `send` sends them all. `file` is the file of the request before, for related requests: all but the
 * first of a related chain, and those that say so with `related`.
 */
export class Chain {
  /** The file of the request before; of use in related requests. */
  readonly file: FileRequests;
  readonly #tree: Tree;
  readonly #link: Link;
  readonly #session: SessionState;
  readonly #related: boolean;
  readonly #exchanges: Exchange[] = [];
  readonly #rescuer: ChainRescuer;
  #sent = false;

  constructor(tree: Tree, related: boolean, via?: Session) {
    const channel = tree.session.channel(via);
    this.#tree = tree;
    this.#link = channel.link;
    this.#session = channel.state;
    this.#related = related;
    this.#rescuer = new ChainRescuer(tree.session, {
      tree: tree.state,
      exchanges: this.#exchanges,
    });
    this.file = this.#file(RELATED_FILE_ID);
  }

  /** Requests added so far. */
  get length(): number {
    return this.#exchanges.length;
  }

  /** Requests on an open, as part of this chain. */
  on(open: FileRequests): FileRequests {
    return this.#file(open.fileId);
  }

  /** Adds a CREATE; see `Tree.create`. */
  create(name: string, options: CreateOptions = {}): Promise<Open> {
    const tree = this.#tree;
    const link = this.#link;
    const tuning = requestTuning(options);
    const body = createBody(name, options, link);
    const { exchange, promise } = link.enlist<"CREATE", Open>(
      this.#add({ ...tuning, command: "CREATE", body }),
      tuning,
      {
        path: name,
        rescuer: this.#rescuer,
        map: (reply, state) => openFrom(tree, { name, body, options, reply, state }),
      },
    );
    this.#exchanges.push(exchange);
    return promise;
  }

  /** Adds any request. */
  request<C extends CommandName, O extends RequestOptions = RequestOptions>(
    command: C,
    body: RequestBodies[C],
    options?: O,
  ): Promise<Answer<C, O>> {
    const { exchange, promise } = this.#link.enlist<C, Answer<C, O>>(
      this.#add({ ...options, command, body }),
      options,
      { rescuer: this.#rescuer },
    );
    this.#exchanges.push(exchange);
    return promise;
  }

  /**
   * Sends the chain in one frame.
   *
   * @throws {ProtocolError} (local) When the chain is empty or has been sent.
   */
  send(): void {
    if (this.#sent || this.#exchanges.length === 0) {
      const state = this.#sent ? "it has been sent" : "it is empty";
      throw new ProtocolError(`Cannot send chain: ${state}`, { side: "local" });
    }
    this.#sent = true;
    this.#link.sendChain(this.#exchanges, this.#related);
  }

  #add<C extends CommandName>(
    request: RequestOptions & { command: C; body: RequestBodies[C] },
  ): Exchange {
    if (this.#sent) {
      throw new ProtocolError("Cannot add to chain: it has been sent", { side: "local" });
    }
    return new Exchange({ ...request, session: this.#session, tree: this.#tree.state });
  }

  #file(fileId: FileId): FileRequests {
    return new ChainedFile(fileId, (command, body, options) => {
      return this.request(command, body, options);
    });
  }
}

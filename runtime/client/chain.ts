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

/** Where a request of a chain goes. */
interface Target {
  readonly tree: Tree;
  readonly session: SessionState;
  /** Null where the request is of another session, whose channels are not the chain's. */
  readonly rescuer: ChainRescuer | null;
}

/** Requests on another share than the chain's own. */
export interface ChainedTree {
  /** The file of the request before. */
  readonly file: FileRequests;
  /** Adds a CREATE. */
  create(name: string, options?: CreateOptions): Promise<Open>;
}

/**
 * A chain under construction. Its methods add a request and give the request's promise, which settles as it would
 * outside a chain; `send` sends them all. `file` is the file of the request before, for related requests: all but the
 * first of a related chain, and those that say so with `related`.
 */
export class Chain {
  /** The file of the request before; of use in related requests. */
  readonly file: FileRequests;
  readonly #link: Link;
  readonly #own: Target;
  /** Where the request before goes, and so what relates to it. */
  #latest: Target;
  readonly #related: boolean;
  readonly #exchanges: Exchange[] = [];
  #sent = false;

  constructor(tree: Tree, related: boolean, via?: Session) {
    const channel = tree.session.channel(via);
    this.#link = channel.link;
    this.#related = related;
    const rescuer = new ChainRescuer(tree.session, {
      tree: tree.state,
      exchanges: this.#exchanges,
    });
    this.#own = this.#latest = { tree, session: channel.state, rescuer };
    this.file = this.#file(RELATED_FILE_ID, null);
  }

  /** Requests added so far. */
  get length(): number {
    return this.#exchanges.length;
  }

  /** Requests on an open, on the share that it is of, as part of this chain. */
  on(open: FileRequests): FileRequests {
    const { ownTree: tree } = open;
    const target = tree === undefined ? null : this.#targetOf(tree);
    return this.#file(open.fileId, target ?? this.#own);
  }

  /** Requests on another share, as part of this chain; null where that is not on the chain's connection. */
  over(tree: Tree): ChainedTree | null {
    const target = this.#targetOf(tree);
    if (target === null) return null;
    return {
      file: this.#file(RELATED_FILE_ID, target),
      create: (name, options = {}) => this.#create(name, options, target),
    };
  }

  /** Adds a CREATE; see `Tree.create`. */
  create(name: string, options: CreateOptions = {}): Promise<Open> {
    return this.#create(name, options, this.#own);
  }

  #create(name: string, options: CreateOptions, target: Target): Promise<Open> {
    const { tree } = target;
    const link = this.#link;
    const tuning = requestTuning(options);
    const body = createBody(name, options, link);
    const { exchange, promise } = link.enlist<"CREATE", Open>(
      this.#add({ ...tuning, command: "CREATE", body }, target),
      tuning,
      {
        path: name,
        ...target.rescuer === null ? {} : { rescuer: target.rescuer },
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
    return this.#request(command, body, { options, target: this.#own });
  }

  #request<C extends CommandName, O extends RequestOptions>(
    command: C,
    body: RequestBodies[C],
    { options, target }: { readonly options: O | undefined; readonly target: Target },
  ): Promise<Answer<C, O>> {
    const { exchange, promise } = this.#link.enlist<C, Answer<C, O>>(
      this.#add({ ...options, command, body }, target),
      options,
      target.rescuer === null ? {} : { rescuer: target.rescuer },
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
    target: Target,
  ): Exchange {
    if (this.#sent) {
      throw new ProtocolError("Cannot add to chain: it has been sent", { side: "local" });
    }
    this.#latest = target;
    return new Exchange({ ...request, session: target.session, tree: target.tree.state });
  }

  /** Requests on a file; without a target they go where the request before goes. */
  #file(fileId: FileId, target: Target | null): FileRequests {
    return new ChainedFile(
      fileId,
      (command, body, options) =>
        this.#request(command, body, { options, target: target ?? this.#latest }),
    );
  }

  /** Where requests on a share go; null where it is not on this connection. */
  #targetOf(tree: Tree): Target | null {
    const { tree: own, session, rescuer } = this.#own;
    if (tree === own) return this.#own;
    if (tree.session.state.shared === session.shared) return { tree, session, rescuer };
    const channel = tree.session.channel();
    return channel.link === this.#link ? { tree, session: channel.state, rescuer: null } : null;
  }
}

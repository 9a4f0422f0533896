/**
 * The file system as its users see it: open by path, use the open, close it.
 *
 * @module
 */

import { Access, Attributes, ChangeFilter } from "./bits.ts";
import { type AllocatedRange, SpaceBudget } from "./content.ts";
import { enumerate, type EnumerateOptions, type EnumerateResult } from "./directory.ts";
import { StoreError } from "./errors.ts";
import { type ChangeAction, EventQueue, type StoreEvent } from "./events.ts";
import { DEFAULT_MAX_BYTES, DEFAULT_MAX_NODES, DEFAULT_MAX_OPENS, MAX_DEPTH } from "./limits.ts";
import type { LockRange, LockRequest, LockTicket } from "./locks.ts";
import {
  checkStreamName,
  foldName,
  type ParsedPath,
  parsePath,
  parseStreamSuffix,
} from "./names.ts";
import type { ExtendedAttribute, FileNode, FileOpen, Link, Stream } from "./node.ts";
import type {
  BasicChange,
  Found,
  OpenAction,
  OpenRequest,
  RenameOptions,
  StoreOptions,
} from "./requests.ts";
import {
  anyOpen,
  applyEas,
  checkAllocation,
  checkDeletable,
  checkDescriptor,
  checkEas,
  impliedAccess,
  isNamed,
  mayOverwrite,
  nameFilter,
  TIME_FILTERS,
  TIME_KEYS,
  touch,
} from "./rules.ts";
import { forbidsRenaming, sharingConflicts } from "./sharing.ts";
import { Tree } from "./tree.ts";

/**
 * A file system in memory. Pure and synchronous; the time is an argument, what happened is fetched with
 * {@linkcode takeEvents}. Every refusal is a {@linkcode StoreError}, and a refused operation changes nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const store = new FileStore({ now: 0n });
 * const { open } = store.open({
 *   path: "notes.txt",
 *   access: 0x3,
 *   share: 7,
 *   disposition: "create",
 *   now: 1n,
 * });
 * store.write(open, 0, { data: new TextEncoder().encode("hello"), now: 2n });
 * assertEquals(new TextDecoder().decode(store.read(open, 1, { length: 3, now: 3n })), "ell");
 * store.close(open, 4n);
 * ```
 */
export class FileStore {
  readonly #budget: SpaceBudget;
  readonly #tree: Tree;
  readonly #maxOpens: number;
  readonly #opens = new Set<FileOpen>();
  readonly #events = new EventQueue();
  #nextOpen = 1;

  /** @param options Bounds and the present time. */
  constructor(options: StoreOptions) {
    this.#budget = new SpaceBudget(options.maxBytes ?? DEFAULT_MAX_BYTES);
    this.#maxOpens = options.maxOpens ?? DEFAULT_MAX_OPENS;
    this.#tree = new Tree(this.#budget, {
      maxNodes: options.maxNodes ?? DEFAULT_MAX_NODES,
      now: options.now,
    });
  }

  /** The name of the root. */
  get root(): Link {
    return this.#tree.root;
  }

  /** Bytes of content that may exist. */
  get capacity(): number {
    return this.#budget.limit;
  }

  /** Bytes that are left. */
  get free(): number {
    return this.#budget.free;
  }

  /** Files and directories that exist, the root included. */
  get nodeCount(): number {
    return this.#tree.nodeCount;
  }

  /** Opens that exist. */
  get openCount(): number {
    return this.#opens.size;
  }

  /**
   * Hands over what happened since the last call.
   *
   * @returns The events in order.
   */
  takeEvents(): StoreEvent[] {
    return this.#events.take();
  }

  /**
   * Finds a node by its number.
   *
   * @param id The number.
   * @returns The node, or undefined.
   */
  nodeById(id: bigint): FileNode | undefined {
    return this.#tree.byId(id);
  }

  /**
   * Looks a path up without opening it.
   *
   * @param path The path.
   * @returns What it leads to, or undefined when its last name does not exist.
   * @throws {StoreError} `invalidName`, `pathNotFound`.
   */
  find(path: string): Found | undefined {
    const parsed = parsePath(path);
    const link = this.#lookUp(parsed);
    if (link === undefined) return undefined;
    const stream = link.node.streams.get(foldName(parsed.stream));
    return { link, stream, streamExists: stream !== undefined || parsed.stream === "" };
  }

  /**
   * Opens a path (MS-FSA 2.1.5.1): the whole of name lookup, creation, sharing and overwriting.
   *
   * @param request What and how.
   * @returns The open and what was done for it.
   * @throws {StoreError} Most codes; nothing has changed then.
   */
  open(request: OpenRequest): { open: FileOpen; action: OpenAction } {
    const parsed = parsePath(request.path);
    if (this.#opens.size >= this.#maxOpens) {
      throw new StoreError("tooManyOpens", `Cannot open a file: ${this.#maxOpens} are open`);
    }
    if (request.kind === "directory" && parsed.hasStream) {
      throw new StoreError("notDirectory", "Cannot open a stream as a directory: it is a stream");
    }
    checkAllocation(request.allocationSize ?? 0, this.free);
    checkEas(request.eas ?? [], []);
    const link = this.#lookUp(parsed);
    if (link === undefined) return this.#createFile(request, parsed);
    return parsed.stream === ""
      ? this.#openFile(request, { link, hasStream: parsed.hasStream })
      : this.#openStream(request, { link, name: parsed.stream });
  }

  /**
   * Ends an open: its locks go, and what is to be deleted goes with its last open.
   *
   * @param open The open.
   * @param now The present time.
   */
  close(open: FileOpen, now: bigint): void {
    if (open.closed) return;
    open.closed = true;
    const { node, link, stream } = open;
    node.opens.delete(open);
    this.#opens.delete(open);
    if (stream !== undefined) this.#granted(stream.locks.release(open));
    if (open.deleteOnClose) this.#markDeleted(open);
    if (
      stream !== undefined && stream.deletePending && !anyOpen(node, (o) => o.stream === stream)
    ) {
      this.#dropStream(link, stream, now);
    }
    if (link.deletePending && !anyOpen(node, (o) => o.link === link)) this.#remove(link, now);
    if (stream !== undefined && !anyOpen(node, (o) => o.stream === stream)) stream.reserved = 0;
  }

  /**
   * Reads from the stream of an open.
   *
   * @param open The open.
   * @param offset First byte.
   * @param options Most bytes to read, and the present time.
   * @returns The bytes; none at or behind the end.
   * @throws {StoreError} `accessDenied`, `lockConflict`, `isDirectory`, `closed`.
   */
  read(
    open: FileOpen,
    offset: number,
    options: { readonly length: number; readonly now: bigint },
  ): Uint8Array<ArrayBuffer> {
    const stream = this.#streamFor(open, Access.FILE_READ_DATA | Access.FILE_EXECUTE);
    const range = { offset: BigInt(offset), length: BigInt(options.length) };
    if (stream.locks.size > 0 && stream.locks.blocksRead(open, range)) {
      throw new StoreError("lockConflict", "Cannot read: the range is locked");
    }
    touch(open, options.now, ["lastAccess"]);
    return stream.content.read(offset, options.length);
  }

  /**
   * Writes to the stream of an open; behind the end, a hole arises.
   *
   * @param open The open.
   * @param offset First byte; -1 for the end.
   * @param options What to write, and the present time.
   * @throws {StoreError} `accessDenied`, `lockConflict`, `noSpace`, `fileTooLarge`, `isDirectory`, `closed`.
   */
  write(
    open: FileOpen,
    offset: number,
    options: { readonly data: Uint8Array; readonly now: bigint },
  ): void {
    const stream = this.#streamFor(open, Access.FILE_WRITE_DATA | Access.FILE_APPEND_DATA);
    const before = stream.content.size;
    const at = offset < 0 ? before : offset;
    this.#mayWrite(open, stream, { offset: at, length: options.data.length });
    if (options.data.length === 0) return;
    stream.content.write(at, options.data);
    const grown = stream.content.size > before;
    this.#written(open, { grown, now: options.now });
  }

  /**
   * Sets the length of the stream of an open.
   *
   * @param open The open.
   * @param size New length in bytes.
   * @param now The present time.
   * @throws {StoreError} `accessDenied`, `lockConflict`, `fileTooLarge`, `isDirectory`, `closed`.
   */
  setSize(open: FileOpen, size: number, now: bigint): void {
    const stream = this.#streamFor(open, Access.FILE_WRITE_DATA);
    const before = stream.content.size;
    const from = Math.min(size, before);
    this.#mayWrite(open, stream, { offset: from, length: Math.abs(size - before) });
    stream.content.truncate(size);
    this.#written(open, { grown: size !== before, now });
  }

  /**
   * Sets the bytes reserved for the stream of an open; a smaller number than its length cuts it.
   *
   * @param open The open.
   * @param bytes Bytes to reserve.
   * @param now The present time.
   * @throws {StoreError} As {@linkcode setSize}, and `noSpace`.
   */
  setAllocation(open: FileOpen, bytes: number, now: bigint): void {
    const stream = this.#streamFor(open, Access.FILE_WRITE_DATA);
    checkAllocation(bytes - stream.content.stored, this.free);
    if (bytes < stream.content.size) this.setSize(open, bytes, now);
    stream.reserved = bytes;
  }

  /**
   * Turns a range of the stream of an open into zeros.
   *
   * @param open The open.
   * @param range Which, in bytes.
   * @param now The present time.
   * @throws {StoreError} As {@linkcode write}.
   */
  zero(open: FileOpen, range: AllocatedRange, now: bigint): void {
    const stream = this.#streamFor(open, Access.FILE_WRITE_DATA);
    this.#mayWrite(open, stream, range);
    stream.content.zero(range.offset, range.length);
    this.#written(open, { grown: false, now });
  }

  /**
   * Continues the enumeration of an open directory.
   *
   * @param open The open directory.
   * @param options How.
   * @returns What was given out.
   * @throws {StoreError} `notDirectory`, `accessDenied`, `invalidName`, `closed`.
   */
  enumerate(open: FileOpen, options: EnumerateOptions): EnumerateResult {
    this.#check(open, Access.FILE_READ_DATA);
    return enumerate(open, options);
  }

  /**
   * Sets times and attributes.
   *
   * @param open The open.
   * @param change What to set.
   * @throws {StoreError} `accessDenied`, `closed`, `invalidArgument` for TEMPORARY on a directory.
   */
  setBasic(open: FileOpen, change: BasicChange): void {
    this.#check(open, Access.FILE_WRITE_ATTRIBUTES);
    const { node } = open;
    const { attributes, times = {} } = change;
    if (attributes !== undefined && node.isDirectory && (attributes & Attributes.TEMPORARY) !== 0) {
      throw new StoreError(
        "invalidArgument",
        "Cannot set attributes: a directory is not temporary",
      );
    }
    let filter = 0;
    for (const key of change.thaw ?? []) open.frozenTimes.delete(key);
    for (const key of change.freeze ?? []) open.frozenTimes.add(key);
    for (const key of TIME_KEYS) {
      const time = times[key];
      if (time === undefined) continue;
      node.times[key] = time;
      open.frozenTimes.add(key);
      filter |= TIME_FILTERS[key];
    }
    if (attributes !== undefined) {
      node.attributes = (node.attributes & ~Attributes.SETTABLE) |
        (attributes & Attributes.SETTABLE);
      filter |= ChangeFilter.ATTRIBUTES;
    }
    if (times.change === undefined) touch(open, change.now, ["change"]);
    if (filter !== 0) this.#changed(open.link, "modified", filter);
  }

  /**
   * Says whether a file is meant to have holes. It may have them either way; only the attribute changes.
   *
   * @param open The open.
   * @param sparse Whether it is.
   * @param now The present time.
   * @throws {StoreError} `accessDenied`, `isDirectory`, `closed`.
   */
  setSparse(open: FileOpen, sparse: boolean, now: bigint): void {
    this.#streamFor(open, Access.FILE_WRITE_DATA | Access.FILE_WRITE_ATTRIBUTES);
    const others = open.node.attributes & ~Attributes.SPARSE_FILE;
    open.node.attributes = sparse ? others | Attributes.SPARSE_FILE : others;
    touch(open, now, ["change"]);
    this.#changed(open.link, "modified", ChangeFilter.ATTRIBUTES);
  }

  /**
   * Sets, replaces or (with an empty value) removes extended attributes.
   *
   * @param open The open.
   * @param eas Which.
   * @param now The present time.
   * @throws {StoreError} `accessDenied`, `invalidName`, `noSpace`, `closed`.
   */
  setEas(open: FileOpen, eas: readonly ExtendedAttribute[], now: bigint): void {
    this.#check(open, Access.FILE_WRITE_EA);
    checkEas(eas, [...open.node.eas.values()]);
    applyEas(open.node, eas);
    touch(open, now, ["change"]);
    this.#changed(open.link, "modified", ChangeFilter.EA);
  }

  /**
   * Sets the security descriptor. Which right that takes depends on its parts, so the caller checks it.
   *
   * @param open The open.
   * @param descriptor Self-relative form; copied.
   * @param now The present time.
   * @throws {StoreError} `noSpace` when it is too long, `closed`.
   */
  setSecurityDescriptor(open: FileOpen, descriptor: Uint8Array, now: bigint): void {
    this.#check(open, 0);
    checkDescriptor(descriptor);
    open.node.securityDescriptor = descriptor.slice();
    touch(open, now, ["change"]);
    this.#changed(open.link, "modified", ChangeFilter.SECURITY);
  }

  /**
   * Marks what is open for deletion with its last open, or takes the mark back.
   *
   * @param open The open.
   * @param pending Whether to delete.
   * @throws {StoreError} `accessDenied`, `cannotDelete`, `notEmpty`, `closed`.
   */
  setDeletePending(open: FileOpen, pending: boolean): void {
    this.#check(open, Access.DELETE);
    if (pending) {
      checkDeletable(open.link, open.node.attributes);
      if (isNamed(open.stream)) open.stream.deletePending = true;
      else this.#markPending(open);
    } else {
      open.deleteOnClose = false;
      if (isNamed(open.stream)) open.stream.deletePending = false;
      else open.link.deletePending = false;
    }
  }

  /**
   * Moves what is open to another name, or one of its streams to another stream name
   * (MS-FSA 2.1.5.15.11).
   *
   * @param open The open.
   * @param options Where to.
   * @throws {StoreError} `accessDenied`, `exists`, `pathNotFound`, `invalidName`, `sharingViolation`,
   * `deletePending`, `closed`.
   */
  rename(open: FileOpen, options: RenameOptions): void {
    this.#check(open, Access.DELETE);
    if (options.path.startsWith(":")) return this.#renameStream(open, options);
    const { link } = open;
    if (isNamed(open.stream)) {
      throw new StoreError("invalidArgument", "Cannot rename a stream: the new name is a path");
    }
    if (link.deletePending) throw new StoreError("deletePending", "Cannot rename: being deleted");
    const target = this.#newName(link, options);
    if (link.node.isDirectory) this.#mayMoveDirectory(link, target.parent.node);
    if (forbidsRenaming(target.parent.node)) {
      throw new StoreError("sharingViolation", "Cannot rename: an open directory forbids it");
    }
    const replaced = target.existing;
    if (replaced !== undefined && replaced !== link) this.#replace(replaced, options);
    this.#moveName(link, target, options.now);
  }

  /**
   * Gives the file that is open one more name.
   *
   * @param open The open.
   * @param options Where.
   * @throws {StoreError} As {@linkcode rename}, and `isDirectory`.
   */
  link(open: FileOpen, options: RenameOptions): void {
    this.#check(open, 0);
    if (open.node.isDirectory) {
      throw new StoreError("isDirectory", "Cannot link a directory: only files have several names");
    }
    if (open.link.deletePending) {
      throw new StoreError("deletePending", "Cannot link: the file is being deleted");
    }
    const target = this.#newName(open.link, options);
    if (target.existing === open.link) return;
    if (target.existing !== undefined) this.#replace(target.existing, options);
    const link = this.#tree.tie(target.parent.node, target.name, open.node);
    touch(open, options.now, ["change"]);
    this.#changed(link, "added", ChangeFilter.FILE_NAME);
  }

  /**
   * Takes byte-range locks at once, all or none.
   *
   * @param open The open.
   * @param requests Which.
   * @throws {StoreError} `lockNotGranted`, `accessDenied`, `isDirectory`, `invalidArgument`, `noSpace`, `closed`.
   */
  lock(open: FileOpen, requests: readonly LockRequest[]): void {
    const stream = this.#lockable(open);
    const taken: LockRequest[] = [];
    try {
      for (const request of requests) {
        stream.locks.lock(open, request);
        taken.push(request);
      }
    } catch (error) {
      for (const range of taken) this.#granted(stream.locks.unlock(open, range));
      throw error;
    }
  }

  /**
   * Takes a lock or queues for it; a `lockGranted` event tells when it was granted later.
   *
   * @param open The open.
   * @param request Which.
   * @returns The ticket; `waiting` is false when the lock was granted at once.
   * @throws {StoreError} As {@linkcode lock}, except `lockNotGranted`.
   */
  waitLock(open: FileOpen, request: LockRequest): LockTicket {
    return this.#lockable(open).locks.wait(open, request);
  }

  /**
   * Withdraws a waiting lock.
   *
   * @param open The open that waits.
   * @param ticket What {@linkcode waitLock} returned.
   * @returns Whether it still waited.
   */
  cancelLock(open: FileOpen, ticket: LockTicket): boolean {
    return open.stream?.locks.cancel(ticket) ?? false;
  }

  /**
   * Releases a lock of exactly this range.
   *
   * @param open The open that holds it.
   * @param range Which.
   * @throws {StoreError} `rangeNotLocked`, `isDirectory`, `closed`.
   */
  unlock(open: FileOpen, range: LockRange): void {
    const stream = this.#lockable(open);
    this.#granted(stream.locks.unlock(open, range));
  }

  #lookUp({ parents, name }: ParsedPath): Link | undefined {
    if (name === undefined) return this.#tree.root;
    return this.#tree.child(this.#tree.parentOf(parents).node, name);
  }

  #createFile(request: OpenRequest, parsed: ParsedPath): { open: FileOpen; action: OpenAction } {
    if (request.disposition === "open" || request.disposition === "overwrite") {
      throw new StoreError("notFound", "Cannot open a file: no such name");
    }
    const parent = this.#tree.parentOf(parsed.parents);
    if (parent.deletePending) {
      throw new StoreError("deletePending", "Cannot create a file: its directory is being deleted");
    }
    const attributes = request.attributes ?? 0;
    if (request.deleteOnClose === true && (attributes & Attributes.READONLY) !== 0) {
      throw new StoreError("cannotDelete", "Cannot delete on close: the file would be read-only");
    }
    if (request.securityDescriptor !== undefined) checkDescriptor(request.securityDescriptor);
    const isDirectory = request.kind === "directory";
    const link = this.#tree.add(parent.node, parsed.name ?? "", {
      isDirectory,
      attributes: isDirectory ? attributes : attributes | Attributes.ARCHIVE,
      now: request.now,
    });
    const { node } = link;
    const stream = this.#firstStream(link, parsed.stream);
    if (stream !== undefined) stream.reserved = request.allocationSize ?? 0;
    node.securityDescriptor = request.securityDescriptor?.slice();
    applyEas(node, request.eas ?? []);
    this.#touchParent(link, request.now);
    this.#changed(link, "added", nameFilter(node));
    return { open: this.#newOpen(request, link, stream), action: "created" };
  }

  // A file whose stream finds no room any more is not created either.
  #firstStream(link: Link, name: string): Stream | undefined {
    if (name === "") return link.node.streams.get("");
    try {
      return this.#tree.addStream(link.node, name);
    } catch (error) {
      this.#tree.untie(link);
      throw error;
    }
  }

  #openFile(
    request: OpenRequest,
    found: { readonly link: Link; readonly hasStream: boolean },
  ): { open: FileOpen; action: OpenAction } {
    const { link } = found;
    const { node } = link;
    const { disposition } = request;
    if (request.kind === "directory" && !node.isDirectory) {
      throw disposition === "create"
        ? new StoreError("exists", "Cannot create a directory: a file has that name")
        : new StoreError("notDirectory", "Cannot open a directory: it is a file");
    }
    this.#mayOpenExisting(request, link);
    if (node.isDirectory && (request.kind === "file" || found.hasStream)) {
      throw new StoreError("isDirectory", "Cannot open a file: it is a directory");
    }
    const overwrites = disposition !== "open" && disposition !== "openIf";
    if (node.isDirectory && overwrites) {
      throw new StoreError("exists", "Cannot overwrite a directory: directories have no content");
    }
    if (overwrites) mayOverwrite(node, request.attributes ?? 0);
    const stream = node.streams.get("");
    this.#checkSharing(request, node, stream);
    const open = this.#newOpen(request, link, stream);
    if (!overwrites || stream === undefined) return { open, action: "opened" };
    this.#overwrite(open, stream, request);
    return { open, action: disposition === "supersede" ? "superseded" : "overwritten" };
  }

  #openStream(
    request: OpenRequest,
    found: { readonly link: Link; readonly name: string },
  ): { open: FileOpen; action: OpenAction } {
    const { link, name } = found;
    const { disposition } = request;
    const stream = link.node.streams.get(foldName(name));
    if (stream === undefined) {
      if (disposition === "open" || disposition === "overwrite") {
        throw new StoreError("notFound", "Cannot open a stream: no such name");
      }
      if (link.deletePending) {
        throw new StoreError("deletePending", "Cannot open a stream: the file is being deleted");
      }
      if ((link.node.attributes & Attributes.READONLY) !== 0) {
        throw new StoreError("accessDenied", "Cannot add a stream: the file is read-only");
      }
      const fresh = this.#newStream(link, name);
      fresh.reserved = request.allocationSize ?? 0;
      return { open: this.#newOpen(request, link, fresh), action: "created" };
    }
    if (stream.deletePending) {
      throw new StoreError("deletePending", "Cannot open a stream: it is being deleted");
    }
    this.#mayOpenExisting(request, link);
    this.#checkSharing(request, link.node, stream);
    const open = this.#newOpen(request, link, stream);
    if (disposition === "open" || disposition === "openIf") return { open, action: "opened" };
    stream.content.clear();
    stream.reserved = request.allocationSize ?? 0;
    this.#written(open, { grown: true, now: request.now });
    return { open, action: disposition === "supersede" ? "superseded" : "overwritten" };
  }

  #mayOpenExisting(request: OpenRequest, link: Link): void {
    if (link.deletePending) {
      throw new StoreError("deletePending", "Cannot open a file: it is being deleted");
    }
    if (request.disposition === "create") {
      throw new StoreError("exists", "Cannot create a file: the name is taken");
    }
    // MS-FSA 2.1.5.1.2.1: a read-only file is neither written nor deleted on close.
    if ((link.node.attributes & Attributes.READONLY) !== 0) {
      const writes = Access.FILE_WRITE_DATA | Access.FILE_APPEND_DATA;
      if (!link.node.isDirectory && (request.access & writes) !== 0) {
        throw new StoreError("accessDenied", "Cannot open a file for writing: it is read-only");
      }
      if (request.deleteOnClose === true) {
        throw new StoreError("cannotDelete", "Cannot delete on close: the file is read-only");
      }
    }
    if (request.deleteOnClose === true && link.parent === undefined) {
      throw new StoreError("cannotDelete", "Cannot delete on close: it is the root");
    }
  }

  #checkSharing(request: OpenRequest, node: FileNode, stream: Stream | undefined): void {
    const access = request.access | impliedAccess(request.disposition);
    if (sharingConflicts(node, stream, { access, share: request.share }).length > 0) {
      throw new StoreError("sharingViolation", "Cannot open a file: another open forbids it");
    }
  }

  #newOpen(request: OpenRequest, link: Link, stream: Stream | undefined): FileOpen {
    const open: FileOpen = {
      id: this.#nextOpen++,
      node: link.node,
      link,
      stream,
      access: request.access,
      share: request.share,
      deleteOnClose: request.deleteOnClose ?? false,
      closed: false,
      frozenTimes: new Set(),
      cursor: undefined,
    };
    link.node.opens.add(open);
    this.#opens.add(open);
    return open;
  }

  #newStream(link: Link, name: string): Stream {
    checkStreamName(name);
    const stream = this.#tree.addStream(link.node, name);
    this.#changed(link, "addedStream", ChangeFilter.STREAM_NAME, name);
    return stream;
  }

  // MS-FSA 2.1.5.1.2: the alternate streams and extended attributes of an overwritten file go.
  #overwrite(open: FileOpen, stream: Stream, request: OpenRequest): void {
    const { node, link } = open;
    for (const other of [...node.streams.values()]) {
      if (other.name === "") continue;
      if (anyOpen(node, (o) => o.stream === other)) other.deletePending = true;
      else this.#dropStream(link, other, request.now);
    }
    node.eas.clear();
    applyEas(node, request.eas ?? []);
    node.attributes = ((request.attributes ?? 0) & Attributes.SETTABLE) | Attributes.ARCHIVE;
    stream.content.clear();
    stream.reserved = request.allocationSize ?? 0;
    touch(open, request.now, ["lastAccess", "lastWrite", "change"]);
    const filter = ChangeFilter.SIZE | ChangeFilter.LAST_WRITE | ChangeFilter.ATTRIBUTES;
    this.#changed(link, "modified", filter);
  }

  #check(open: FileOpen, anyOf: number): void {
    if (open.closed) throw new StoreError("closed", "Cannot use an open: it is closed");
    if (anyOf !== 0 && (open.access & anyOf) === 0) {
      throw new StoreError("accessDenied", "Cannot use an open: it was not opened for that");
    }
  }

  #streamFor(open: FileOpen, anyOf: number): Stream {
    if (open.stream === undefined) {
      throw new StoreError("isDirectory", "Cannot use content: it is a directory");
    }
    this.#check(open, anyOf);
    return open.stream;
  }

  #lockable(open: FileOpen): Stream {
    if (open.stream === undefined) {
      throw new StoreError("isDirectory", "Cannot lock a range: it is a directory");
    }
    this.#check(open, Access.FILE_READ_DATA | Access.FILE_WRITE_DATA);
    return open.stream;
  }

  #mayWrite(open: FileOpen, stream: Stream, range: AllocatedRange): void {
    if (stream.locks.size === 0) return;
    const wanted = { offset: BigInt(range.offset), length: BigInt(range.length) };
    if (stream.locks.blocksWrite(open, wanted)) {
      throw new StoreError("lockConflict", "Cannot write: the range is locked");
    }
  }

  #written(open: FileOpen, effect: { readonly grown: boolean; readonly now: bigint }): void {
    touch(open, effect.now, ["lastAccess", "lastWrite", "change"]);
    if (isNamed(open.stream)) {
      const filter = ChangeFilter.STREAM_WRITE | (effect.grown ? ChangeFilter.STREAM_SIZE : 0);
      this.#changed(open.link, "modifiedStream", filter, open.stream.name);
      return;
    }
    open.node.attributes |= Attributes.ARCHIVE;
    const filter = ChangeFilter.LAST_WRITE | (effect.grown ? ChangeFilter.SIZE : 0);
    this.#changed(open.link, "modified", filter);
  }

  // What delete-on-close cannot do at the end is left undone: there is nobody left to tell.
  #markDeleted(open: FileOpen): void {
    if (isNamed(open.stream)) open.stream.deletePending = true;
    else if (open.link.node.children.size === 0) this.#markPending(open);
  }

  #markPending(open: FileOpen): void {
    if (open.link.deletePending) return;
    open.link.deletePending = true;
    this.#events.push({ kind: "deletePending", node: open.node, open });
  }

  #dropStream(link: Link, stream: Stream, now: bigint): void {
    this.#tree.removeStream(link.node, stream);
    link.node.times.change = now;
    this.#changed(link, "removedStream", ChangeFilter.STREAM_NAME, stream.name);
  }

  #remove(link: Link, now: bigint): void {
    if (link.parent === undefined || link.node.children.size > 0) {
      link.deletePending = false;
      return;
    }
    this.#changed(link, "removed", nameFilter(link.node));
    this.#touchParent(link, now);
    this.#tree.untie(link);
    link.node.times.change = now;
    if (link.node.isDirectory) this.#events.push({ kind: "directoryGone", directory: link.node });
  }

  #newName(
    link: Link,
    options: RenameOptions,
  ): { parent: Link; name: string; existing: Link | undefined } {
    if (link.parent === undefined) throw new StoreError("accessDenied", "Cannot rename: the root");
    const parsed = parsePath(options.path);
    const { name } = parsed;
    if (parsed.hasStream || name === undefined) {
      throw new StoreError("invalidName", "Cannot rename: the new name is not that of a file");
    }
    const parent = this.#tree.parentOf(parsed.parents);
    if (parent.deletePending) {
      throw new StoreError("deletePending", "Cannot rename: the new directory is being deleted");
    }
    const existing = this.#tree.child(parent.node, name);
    if (existing !== undefined && existing !== link && !options.replace) {
      throw new StoreError("exists", "Cannot rename: the new name is taken");
    }
    return { parent, name, existing };
  }

  // MS-FSA 2.1.5.15.11: a directory does not move while something below it is open, nor into itself.
  #mayMoveDirectory(link: Link, parent: FileNode): void {
    if (this.#tree.contains(link.node, parent)) {
      throw new StoreError("invalidArgument", "Cannot rename a directory: it would be in itself");
    }
    for (const other of this.#opens) {
      if (other.node !== link.node && this.#tree.contains(link.node, other.link.parent)) {
        throw new StoreError("accessDenied", "Cannot rename a directory: something in it is open");
      }
    }
    const depth = this.#tree.depth(parent) + 1;
    if (depth + this.#tree.height(link.node, MAX_DEPTH - depth) >= MAX_DEPTH) {
      throw new StoreError("invalidName", "Cannot rename a directory: the new path is too deep");
    }
  }

  #replace(target: Link, options: RenameOptions): void {
    const { node } = target;
    if (node.isDirectory || (node.attributes & Attributes.READONLY) !== 0) {
      throw new StoreError("accessDenied", "Cannot replace a file: a directory or read-only");
    }
    if (target.deletePending) {
      throw new StoreError("deletePending", "Cannot replace a file: it is being deleted");
    }
    if (node.opens.size > 0) {
      throw new StoreError("accessDenied", "Cannot replace a file: it is open");
    }
    this.#remove(target, options.now);
  }

  #moveName(
    link: Link,
    target: { readonly parent: Link; readonly name: string },
    now: bigint,
  ): void {
    const sameDirectory = link.parent === target.parent.node;
    const filter = nameFilter(link.node);
    this.#changed(link, sameDirectory ? "renamedOld" : "removed", filter);
    this.#touchParent(link, now);
    this.#tree.move(link, target.parent.node, target.name);
    this.#touchParent(link, now);
    link.node.times.change = now;
    this.#changed(link, sameDirectory ? "renamedNew" : "added", filter);
    // Windows tells those who watch these two, and not names, when a file, not a directory, got a new name.
    const { parent, name } = link;
    if (link.node.isDirectory || parent === undefined) return;
    this.#events.push({
      kind: "change",
      action: "modified",
      filter: ChangeFilter.ATTRIBUTES | ChangeFilter.CREATION,
      unless: filter,
      directory: parent,
      name,
    });
  }

  #renameStream(open: FileOpen, options: RenameOptions): void {
    const { stream, node, link } = open;
    if (!isNamed(stream)) {
      throw new StoreError("invalidArgument", "Cannot rename a stream: it is the unnamed one");
    }
    const name = parseStreamSuffix(options.path.slice(1));
    if (name === "") throw new StoreError("exists", "Cannot rename a stream: the name is taken");
    const existing = node.streams.get(foldName(name));
    if (existing !== undefined && existing !== stream) {
      if (!options.replace) {
        throw new StoreError("exists", "Cannot rename a stream: the name is taken");
      }
      if (anyOpen(node, (other) => other.stream === existing)) {
        throw new StoreError("accessDenied", "Cannot replace a stream: it is open");
      }
      this.#dropStream(link, existing, options.now);
    }
    const filter = ChangeFilter.STREAM_NAME;
    this.#changed(link, "removedStream", filter, stream.name);
    node.streams.delete(foldName(stream.name));
    stream.name = name;
    node.streams.set(foldName(name), stream);
    touch(open, options.now, ["change"]);
    this.#changed(link, "addedStream", filter, name);
  }

  #touchParent(link: Link, now: bigint): void {
    const times = link.parent?.times;
    if (times === undefined) return;
    times.lastWrite = now;
    times.change = now;
  }

  #changed(link: Link, action: ChangeAction, filter: number, stream?: string): void {
    if (link.parent === undefined) return;
    const name = stream === undefined ? link.name : `${link.name}:${stream}`;
    this.#events.push({ kind: "change", action, filter, directory: link.parent, name });
  }

  #granted(tickets: readonly LockTicket[]): void {
    for (const ticket of tickets) this.#events.push({ kind: "lockGranted", ticket });
  }
}

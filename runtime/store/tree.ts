/**
 * The tree of names: nodes, finding them by path, tying and untying names. Knows nothing of opens'
 * rights; the store asks it only for what is allowed.
 *
 * @module
 */

import { Attributes } from "./bits.ts";
import { PagedContent, type SpaceBudget } from "./content.ts";
import { StoreError } from "./errors.ts";
import { MAX_DEPTH, MAX_LINKS, MAX_STREAMS } from "./limits.ts";
import { RangeLocks } from "./locks.ts";
import { foldName, idInShortName, shortNameOf } from "./names.ts";
import type { FileNode, FileOpen, Link, Stream } from "./node.ts";

/** What a new node starts with. */
export interface NewNode {
  /** Whether it is a directory. */
  readonly isDirectory: boolean;
  /** Attributes. */
  readonly attributes: number;
  /** The present time, for its four times. */
  readonly now: bigint;
}

/** Nodes and names of one file system. */
export class Tree {
  /** The directory above all, under a name without parent. */
  readonly root: Link;
  readonly #budget: SpaceBudget;
  readonly #maxNodes: number;
  readonly #byId = new Map<bigint, FileNode>();
  #nextId = 1n;
  #streams = 0;

  /**
   * @param budget What content is taken from.
   * @param options `maxNodes`: nodes and alternate streams together; `now`: times of the root.
   */
  constructor(budget: SpaceBudget, options: { readonly maxNodes: number; readonly now: bigint }) {
    this.#budget = budget;
    this.#maxNodes = options.maxNodes;
    const node = this.#create({ isDirectory: true, attributes: 0, now: options.now });
    this.root = { parent: undefined, name: "", node, deletePending: false };
    node.links.add(this.root);
  }

  /** Files and directories that exist. */
  get nodeCount(): number {
    return this.#byId.size;
  }

  /**
   * Finds a node by its number.
   *
   * @param id The number.
   * @returns The node, or undefined.
   */
  byId(id: bigint): FileNode | undefined {
    return this.#byId.get(id);
  }

  /**
   * Finds a directory by the names that lead to it.
   *
   * @param parents Names of directories from the root down.
   * @returns The directory.
   * @throws {StoreError} `pathNotFound`.
   */
  parentOf(parents: readonly string[]): Link {
    let link = this.root;
    for (const name of parents) {
      const next = this.child(link.node, name);
      if (next === undefined || !next.node.isDirectory) {
        throw new StoreError("pathNotFound", "Cannot find a path: no such directory");
      }
      link = next;
    }
    return link;
  }

  /**
   * Finds an entry of a directory by its name or its short name.
   *
   * @param parent The directory.
   * @param name The name.
   * @returns The entry, or undefined.
   */
  child(parent: FileNode, name: string): Link | undefined {
    const link = parent.children.get(foldName(name));
    if (link !== undefined) return link;
    const id = idInShortName(name);
    const node = id === undefined ? undefined : this.#byId.get(id);
    for (const candidate of node?.links ?? []) {
      if (candidate.parent !== parent) continue;
      if (shortNameOf(candidate.name, candidate.node.id) === foldName(name)) return candidate;
    }
    return undefined;
  }

  /**
   * Makes a node and gives it a name.
   *
   * @param parent Where.
   * @param name Its name, checked by the caller.
   * @param fresh What it starts with.
   * @returns The name.
   * @throws {StoreError} `noSpace`.
   */
  add(parent: FileNode, name: string, fresh: NewNode): Link {
    const node = this.#create(fresh);
    if (!node.isDirectory) node.streams.set("", this.#newStream(""));
    return this.tie(parent, name, node);
  }

  /**
   * Gives a node one more name.
   *
   * @param parent Where.
   * @param name Its name, checked by the caller.
   * @param node The node.
   * @returns The name.
   * @throws {StoreError} `noSpace` for too many names.
   */
  tie(parent: FileNode, name: string, node: FileNode): Link {
    if (node.links.size >= MAX_LINKS) {
      throw new StoreError("noSpace", `Cannot add a name: the file has ${MAX_LINKS}`);
    }
    const link: Link = { parent, name, node, deletePending: false };
    this.#attach(link, parent, name);
    node.links.add(link);
    return link;
  }

  /**
   * Moves a name elsewhere.
   *
   * @param link The name.
   * @param parent Where to.
   * @param name The new name, checked by the caller.
   */
  move(link: Link, parent: FileNode, name: string): void {
    this.#detach(link);
    this.#attach(link, parent, name);
  }

  /**
   * Takes a name away, and the node with its last one.
   *
   * @param link The name.
   */
  untie(link: Link): void {
    this.#detach(link);
    link.parent = undefined;
    link.node.links.delete(link);
    if (link.node.links.size > 0) return;
    for (const stream of [...link.node.streams.values()]) this.removeStream(link.node, stream);
    this.#byId.delete(link.node.id);
  }

  /**
   * Adds an alternate stream.
   *
   * @param node The file or directory.
   * @param name Its name, checked by the caller.
   * @returns The stream.
   * @throws {StoreError} `noSpace`.
   */
  addStream(node: FileNode, name: string): Stream {
    if (node.streams.size >= MAX_STREAMS) {
      throw new StoreError("noSpace", `Cannot add a stream: the file has ${MAX_STREAMS}`);
    }
    this.#checkRoom();
    const stream = this.#newStream(name);
    node.streams.set(foldName(name), stream);
    this.#streams++;
    return stream;
  }

  /**
   * Removes a stream and frees its content.
   *
   * @param node The file or directory.
   * @param stream The stream.
   */
  removeStream(node: FileNode, stream: Stream): void {
    if (!node.streams.delete(foldName(stream.name))) return;
    stream.content.clear();
    if (stream.name !== "") this.#streams--;
  }

  /**
   * Whether a directory is another one or lies above it.
   *
   * @param ancestor The upper one.
   * @param node The lower one.
   * @returns Whether it is so.
   */
  contains(ancestor: FileNode, node: FileNode | undefined): boolean {
    let at = node;
    while (at !== undefined && at !== ancestor) at = firstLink(at)?.parent;
    return at === ancestor;
  }

  /**
   * How many directories lie above a directory.
   *
   * @param node The directory.
   * @returns Their number.
   */
  depth(node: FileNode): number {
    let depth = 0;
    for (let at = firstLink(node)?.parent; at !== undefined; at = firstLink(at)?.parent) depth++;
    return depth;
  }

  /**
   * How many levels a subtree has below its top, at most up to a bound.
   *
   * @param node The top.
   * @param bound Where to stop counting.
   * @returns The number of levels.
   */
  height(node: FileNode, bound: number): number {
    let level: FileNode[] = [node];
    let height = 0;
    while (height <= bound) {
      const below: FileNode[] = [];
      for (const at of level) {
        for (const link of at.children.values()) below.push(link.node);
      }
      if (below.length === 0) return height;
      level = below;
      height++;
    }
    return height;
  }

  #create(fresh: NewNode): FileNode {
    this.#checkRoom();
    const { now } = fresh;
    const node: FileNode = {
      id: this.#nextId++,
      isDirectory: fresh.isDirectory,
      attributes: fresh.attributes & Attributes.SETTABLE,
      times: { creation: now, lastAccess: now, lastWrite: now, change: now },
      streams: new Map(),
      children: new Map(),
      sortedKeys: undefined,
      links: new Set(),
      opens: new Set<FileOpen>(),
      eas: new Map(),
      securityDescriptor: undefined,
      reparseData: undefined,
    };
    this.#byId.set(node.id, node);
    return node;
  }

  #newStream(name: string): Stream {
    return {
      name,
      content: new PagedContent(this.#budget),
      locks: new RangeLocks<FileOpen>(),
      reserved: 0,
      deletePending: false,
    };
  }

  #checkRoom(): void {
    if (this.#byId.size + this.#streams >= this.#maxNodes) {
      throw new StoreError("noSpace", `Cannot create a file: ${this.#maxNodes} exist`);
    }
  }

  #attach(link: Link, parent: FileNode, name: string): void {
    link.parent = parent;
    link.name = name;
    parent.children.set(foldName(name), link);
    parent.sortedKeys = undefined;
  }

  #detach(link: Link): void {
    const parent = link.parent;
    if (parent === undefined) return;
    parent.children.delete(foldName(link.name));
    parent.sortedKeys = undefined;
  }
}

/**
 * The name of a node, or one of several.
 *
 * @param node The node.
 * @returns A name; undefined once the node is gone.
 */
export function firstLink(node: FileNode): Link | undefined {
  for (const link of node.links) return link;
  return undefined;
}

/**
 * The path of a name from the root.
 *
 * @param link The name.
 * @returns Names joined by backslashes; empty for the root.
 */
export function pathOf(link: Link): string {
  const names: string[] = [];
  let at: Link | undefined = link;
  while (at !== undefined && at.parent !== undefined && names.length <= MAX_DEPTH) {
    names.push(at.name);
    at = firstLink(at.parent);
  }
  return names.reverse().join("\\");
}

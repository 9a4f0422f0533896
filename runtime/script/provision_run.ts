/**
 * Makes what a scenario's shares hold before its clients start, and removes it afterwards, with what the run itself made.
 * It works on a connection of its own, as the run's user. Nobody else's files are touched: a folder that is not empty is
 * refused unless the user says otherwise, what is there already is only compared, and removed is only what this run, or
 * an earlier one that a journal tells of, has made.
 */
import { Connection, StatusError, type Tree } from "../client/mod.ts";
import { FileAttribute, Status } from "../wire/mod.ts";
import type { CapturedPlaces } from "./api.ts";
import type { Commons } from "./commons.ts";
import { type Contents, FileContent } from "./contents.ts";
import type { Footprints } from "./footprints.ts";
import type { RunHost, RunOptions } from "./host.ts";
import { sharePath } from "./names.ts";
import type { ProvisionItem } from "./provision.ts";
import { ContentBytes } from "./provision_content.ts";
import { type Found, inParallel, ProvisionShare } from "./provision_share.ts";

/** Why the target could not be provisioned. */
export class ProvisionError extends Error {
  override readonly name = "ProvisionError";
  /** Whether the server refused; otherwise the user has to say what to do. */
  readonly refused: boolean;

  constructor(message: string, options: { readonly refused: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.refused = options.refused;
  }
}

/** How to provision. */
export interface ProvisionOptions {
  /** Make it and run; make it and do nothing else; run only. */
  readonly mode: "run" | "only" | "off";
  /** Whether the folder may hold files already. */
  readonly existing: boolean;
  /** Whether everything stays after the run. */
  readonly keep: boolean;
}

/** What a run provisions unless it is told otherwise. */
export const PROVISION_DEFAULTS: ProvisionOptions = { mode: "run", existing: false, keep: false };

/** Notes about single paths. */
const MAX_NOTED = 20;

/** Longest content that is compared with what is there, of each part. */
const COMPARED = 65_536;
const MAX_COMPARED_PARTS = 16;

/** Attributes that are compared with what is there. */
const COMPARED_ATTRIBUTES = FileAttribute.READONLY | FileAttribute.HIDDEN | FileAttribute.SYSTEM;

/** Longest journal that is read. */
const MAX_JOURNAL = 8 * 2 ** 20;

interface Journal {
  readonly smbench: "provision";
  readonly made: readonly string[];
}

/** Provisions the shares of one run. */
export class Provisioner {
  readonly #host: RunHost;
  readonly #run: RunOptions;
  readonly #options: ProvisionOptions;
  readonly #items: ReadonlyMap<string, readonly ProvisionItem[]>;
  readonly #bytes: ContentBytes;
  readonly #footprints: Footprints;
  readonly #contents: Contents | null;
  readonly #places: CapturedPlaces;
  readonly #root: string;
  /** Shares whose journal lies there while the run goes on. */
  readonly #journals = new Set<string>();
  #noted = 0;
  #preparing: Promise<void> = Promise.resolve();
  #stopped = false;
  #made = { files: 0, directories: 0, bytes: 0 };

  constructor(parts: {
    readonly host: RunHost;
    readonly run: RunOptions;
    readonly items: readonly ProvisionItem[];
    readonly commons: Commons;
    readonly footprints: Footprints;
    /** Where captured shares and paths are. */
    readonly places: CapturedPlaces;
  }) {
    this.#host = parts.host;
    this.#run = parts.run;
    this.#options = parts.run.provision ?? PROVISION_DEFAULTS;
    this.#places = parts.places;
    this.#root = sharePath(parts.places.path(""));
    this.#items = byShare(parts.items, parts.places);
    this.#bytes = new ContentBytes((path) => parts.commons.blob(path));
    this.#footprints = parts.footprints;
    this.#contents = parts.commons.contents;
  }

  /**
   * Makes what has to be there.
   *
   * @throws {ProvisionError} When the folder is not empty, or the server refuses.
   */
  prepare(): Promise<void> {
    return this.#preparing = this.#prepare();
  }

  async #prepare(): Promise<void> {
    const started = this.#host.clock.now();
    await this.#connected(async (share) => {
      for (const [name, items] of this.#items) {
        await this.#prepareShare(await share(name), name, items);
      }
    });
    const { files, directories, bytes } = this.#made;
    if (files + directories > 0) {
      const seconds = (this.#host.clock.now() - started) / 1000;
      this.#host.note(
        `provisioned ${count(files, "file")} and ${count(directories, "directory")} with ${
          sizeText(bytes)
        } of content in ${seconds.toFixed(2)} s`,
      );
    }
  }

  /** Says where what is there after the run is not what the capture left. Never throws. */
  async compare(after: readonly ProvisionItem[]): Promise<void> {
    if (after.length === 0) return;
    try {
      await this.#connected(async (share) => {
        for (const [name, items] of byShare(after, this.#places)) {
          const there = await share(name);
          await inParallel(items, async (item) => {
            const difference = afterwards(item, await there.look(item.path));
            if (difference !== null) this.#tell([`after the run, ${item.path} ${difference}`]);
          });
        }
      });
    } catch (error) {
      this.#host.note(`Cannot compare what the run left: ${reasonOf(error)}`);
    }
  }

  /** Makes no more than what is under way. */
  stop(): void {
    this.#stopped = true;
  }

  /** Removes what was made; says what is left. Never throws. */
  async cleanUp(): Promise<void> {
    await this.#preparing.catch(() => {});
    const tops = Map.groupBy(this.#footprints.tops(), ({ share }) => share);
    const names = new Set([...tops.keys(), ...this.#journals]);
    if (names.size === 0) return;
    try {
      await this.#connected(async (share) => {
        for (const name of names) {
          const paths = (tops.get(name) ?? []).map(({ path }) => path);
          await this.#cleanShare(await share(name), name, paths);
        }
      });
    } catch (error) {
      this.#host.note(`Cannot remove what the run made: ${reasonOf(error)}`);
    }
  }

  async #cleanShare(share: ProvisionShare, name: string, paths: readonly string[]): Promise<void> {
    if (this.#options.keep || this.#options.mode === "only") {
      return await this.#writeJournal(share, name, paths);
    }
    const left = await this.#removeAll(share, paths);
    this.#tell(left.map(({ path, status }) => `${path} is left on the server: ${status}`));
    if (left.length > 0) await this.#writeJournal(share, name, left.map(({ path }) => path));
    else if (this.#journals.has(name)) await share.remove(this.#journalPath, false, () => {});
  }

  /** Deepest first: a root that was made for the run is empty by then. */
  async #removeAll(share: ProvisionShare, paths: readonly string[]) {
    const left: { path: string; status: string }[] = [];
    await inParallel(paths, async (path) => {
      const found = await share.look(path);
      if (found === null) return;
      await share.remove(path, found.directory, (path, status) => left.push({ path, status }));
    }, 8);
    return left;
  }

  async #prepareShare(
    share: ProvisionShare,
    name: string,
    items: readonly ProvisionItem[],
  ): Promise<void> {
    if (share.isReadOnly) return await this.#compareAll(share, name, items);
    await this.#removeLeftovers(share);
    const wanted = items.filter(({ kind }) => kind !== "absent");
    const entries = await share.list(this.#root);
    const isEmpty = entries.every(({ name }) => name === JOURNAL_IN_ROOT);
    if (!isEmpty && wanted.length > 0 && !this.#options.existing) {
      const where = this.#root === "" ? `share ${name}` : `${this.#root} of share ${name}`;
      throw new ProvisionError(
        `Cannot provision ${where}: it is not empty; name an empty folder with --root, use what is there with --provision-existing, or run with --no-provision`,
        { refused: false },
      );
    }
    if (isEmpty && wanted.length > 0) {
      await this.#writeJournal(share, name, topsOf(wanted, this.#root));
    }
    await this.#makeRoot(share, name);
    await this.#makeDirectories(share, name, wanted);
    await inParallel(filesOf(wanted), (item) => this.#makeFile(share, name, item));
    // A stream of a directory, or of a file that was there before.
    await inParallel(streamsOf(wanted), (item) => this.#makeFile(share, name, item));
    if (!isEmpty) {
      await this.#findAbsent(share, items);
    }
    // In the root of a share it would be listed with what the clients look for.
    if (this.#root === "" && this.#journals.has(name)) {
      await share.remove(this.#journalPath, false, () => {});
      this.#journals.delete(name);
    }
  }

  /** Where nothing can be made, what is there may still be what is needed. */
  async #compareAll(
    share: ProvisionShare,
    name: string,
    items: readonly ProvisionItem[],
  ): Promise<void> {
    const missing: string[] = [];
    await inParallel(items.filter(({ kind }) => kind !== "absent"), async (item) => {
      const found = await this.#server(item.path, () => share.look(item.path));
      if (found === null) missing.push(item.path);
      else if (item.kind === "file") await this.#compare(share, item);
    });
    const [first] = missing;
    if (first !== undefined) {
      const more = missing.length === 1 ? "" : ` and ${missing.length - 1} more`;
      throw new ProvisionError(
        `Cannot provision ${
          JSON.stringify(first)
        }${more}: share ${name} is read only to the user; put them there, or run with --no-provision`,
        { refused: true },
      );
    }
    await this.#findAbsent(share, items);
  }

  async #findAbsent(share: ProvisionShare, items: readonly ProvisionItem[]): Promise<void> {
    await inParallel(items.filter(({ kind }) => kind === "absent"), async ({ path }) => {
      if (await share.look(path) === null) return;
      this.#tell([`${path} is there, and was not when the capture began`]);
    });
  }

  async #makeRoot(share: ProvisionShare, name: string): Promise<void> {
    const names = this.#root.split("\\").filter((part) => part !== "");
    for (let length = 1; length <= names.length; length++) {
      const path = names.slice(0, length).join("\\");
      if (await this.#server(path, () => share.makeDirectory(path))) {
        this.#footprints.made(name, path);
      }
    }
  }

  /** Parents first, all of one depth at a time. */
  async #makeDirectories(
    share: ProvisionShare,
    name: string,
    items: readonly ProvisionItem[],
  ): Promise<void> {
    const wanted = new Map<string, { path: string; item: ProvisionItem | null }>();
    for (const item of items) {
      if (item.kind === "directory") wanted.set(item.path.toUpperCase(), { path: item.path, item });
    }
    for (const { path } of items) {
      for (const parent of parentsOf(path, this.#root)) {
        const key = parent.toUpperCase();
        if (!wanted.has(key)) wanted.set(key, { path: parent, item: null });
      }
    }
    const byDepth = Map.groupBy(wanted.values(), ({ path }) => path.split("\\").length);
    for (const [, level] of [...byDepth].sort(([one], [other]) => one - other)) {
      await inParallel(level, async ({ path, item }) => {
        await this.#makeDirectory(share, { name, path, item });
      });
    }
  }

  async #makeDirectory(share: ProvisionShare, what: {
    readonly name: string;
    readonly path: string;
    readonly item: ProvisionItem | null;
  }): Promise<void> {
    const { name, path, item } = what;
    try {
      if (await share.makeDirectory(path, item)) {
        this.#made.directories++;
        this.#footprints.made(name, path);
        return;
      }
      const found = await share.look(path);
      if (found?.directory !== true) this.#tell([`${path} is there, and is no directory`]);
    } catch (error) {
      if (!(error instanceof StatusError) || !UNNAMEABLE.has(error.status)) {
        throw provisionError(path, error);
      }
      this.#tell([`${path} cannot be made: ${error.statusName}`]);
    }
  }

  async #makeFile(share: ProvisionShare, name: string, item: ProvisionItem): Promise<void> {
    if (this.#stopped) return;
    const { path } = item;
    const isStream = path.includes(":");
    const content = this.#contents === null ? null : new FileContent(true);
    try {
      const made = await share.makeFile(path, item, {
        bytes: this.#bytes,
        wrote: (offset, bytes) => content?.write(offset, bytes).settle("done"),
        lacks: (what) => this.#tell([`the server has no ${what}: ${path} is without`]),
      });
      if (!made) return await this.#compare(share, item);
    } catch (error) {
      if (!(error instanceof StatusError) || !(isStream || UNNAMEABLE.has(error.status))) {
        throw provisionError(path, error);
      }
      this.#tell([`${path} cannot be made: ${error.statusName}`]);
      return;
    }
    if (!isStream) this.#footprints.made(name, path);
    if (content !== null) this.#contents?.made(name, path, content);
    this.#made.files++;
    this.#made.bytes += item.parts.reduce((sum, { length }) => sum + length, 0);
  }

  /** Says where what is there is not what the capture had. */
  async #compare(share: ProvisionShare, item: ProvisionItem): Promise<void> {
    const { path } = item;
    const found = await this.#server(path, () => share.look(path));
    const differences = found === null ? [] : differencesOf(item, found);
    if (found !== null && !found.directory && differences.length === 0) {
      if (!await this.#sameContent(share, item)) differences.push("has other content");
    }
    this.#tell(differences.map((difference) => `${path} is there, and ${difference}`));
  }

  async #sameContent(share: ProvisionShare, item: ProvisionItem): Promise<boolean> {
    for (const part of item.parts.slice(0, MAX_COMPARED_PARTS)) {
      const length = Math.min(COMPARED, part.length);
      const expected = await this.#bytes.of(part, 0, length);
      const actual = await share.read(item.path, part.offset, length);
      if (actual.some((byte, index) => byte !== expected[index])) return false;
    }
    return true;
  }

  /** What an earlier run made and could not remove. */
  async #removeLeftovers(share: ProvisionShare): Promise<void> {
    const journal = parseJournal(await share.readFile(this.#journalPath, MAX_JOURNAL));
    if (journal === null) return;
    // Of a journal that somebody else wrote, nothing outside the folder is believed.
    const made = journal.made.filter((path) => this.#isOwn(sharePath(path)));
    const left = await this.#removeAll(share, made);
    this.#host.note(
      `removed what an earlier run had left: ${count(made.length - left.length, "name")}`,
    );
  }

  async #writeJournal(
    share: ProvisionShare,
    name: string,
    made: readonly string[],
  ): Promise<void> {
    const journal: Journal = { smbench: "provision", made };
    const bytes = new TextEncoder().encode(`${JSON.stringify(journal)}\n`);
    const path = this.#journalPath;
    for (const parent of parentsOf(path, "")) {
      if (await this.#server(parent, () => share.makeDirectory(parent))) {
        this.#footprints.made(name, parent);
      }
    }
    await this.#server(path, () => share.replaceFile(path, bytes));
    this.#journals.add(name);
  }

  /** Beside the root, not in it: the replay lists the root. */
  get #journalPath(): string {
    return this.#root === "" ? JOURNAL_IN_ROOT : `${this.#root}${JOURNAL_IN_ROOT}`;
  }

  /** Whether a path lies in the root, or is a directory on the way that was made for it. */
  #isOwn(path: string): boolean {
    const [own, root] = [`${path}\\`.toUpperCase(), `${this.#root}\\`.toUpperCase()];
    return this.#root === "" || own.startsWith(root) || root.startsWith(own);
  }

  async #server<T>(path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw provisionError(path, error);
    }
  }

  #tell(lines: readonly string[]): void {
    for (const line of lines) {
      this.#noted++;
      if (this.#noted <= MAX_NOTED) this.#host.note(line);
      else if (this.#noted === MAX_NOTED + 1) this.#host.note("and more of that kind");
    }
  }

  /** Logs in, works, and logs off. */
  async #connected(
    work: (share: (name: string) => Promise<ProvisionShare>) => Promise<void>,
  ): Promise<void> {
    const connection = Connection.connect(await this.#host.dial());
    try {
      const { response } = await connection.negotiate();
      const session = await connection.session(this.#host.authenticator("run"));
      const trees = new Map<string, Tree>();
      await work(async (name) => {
        let tree = trees.get(name);
        if (tree === undefined) {
          tree = await this.#server(
            name,
            () => session.tree(`\\\\${this.#run.server}\\${name}`),
          );
          trees.set(name, tree);
        }
        return new ProvisionShare(tree, response);
      });
      await session.logoff({ accept: "any" });
    } finally {
      connection.close();
    }
  }
}

/** What a server answers that has no such names: others had, and the run may do without. */
const UNNAMEABLE: ReadonlySet<number> = new Set([
  Status.OBJECT_NAME_INVALID,
  Status.OBJECT_NAME_NOT_FOUND,
  Status.OBJECT_PATH_INVALID,
  Status.OBJECT_PATH_NOT_FOUND,
  Status.OBJECT_PATH_SYNTAX_BAD,
  Status.OBJECT_TYPE_MISMATCH,
  // STATUS_NAME_TOO_LONG (MS-ERREF 2.3.1).
  0xc0000106,
]);

/** Name of the journal, behind the name of the root where there is one. */
const JOURNAL_IN_ROOT = ".smbench-provision.json";

/** Items by share of the target and without what contradicts: what is there for one captured share is there. */
function byShare(
  items: readonly ProvisionItem[],
  places: CapturedPlaces,
): ReadonlyMap<string, readonly ProvisionItem[]> {
  const shares = new Map<string, Map<string, ProvisionItem>>();
  for (const item of items) {
    const name = places.share(item.share);
    let share = shares.get(name);
    if (share === undefined) shares.set(name, share = new Map());
    const path = sharePath(places.path(item.path));
    const known = share.get(path.toUpperCase());
    if (known === undefined || known.kind === "absent") {
      share.set(path.toUpperCase(), { ...item, path });
    }
  }
  return new Map([...shares].map(([name, share]) => [name, [...share.values()]]));
}

function filesOf(items: readonly ProvisionItem[]): ProvisionItem[] {
  return items.filter(({ kind, path }) => kind === "file" && !path.includes(":"));
}

function streamsOf(items: readonly ProvisionItem[]): ProvisionItem[] {
  return items.filter(({ kind, path }) => kind === "file" && path.includes(":"));
}

/** The directories that a path lies in, below the root, outermost first. */
function parentsOf(path: string, root: string): string[] {
  const parents: string[] = [];
  const start = root === "" ? 0 : root.length + 1;
  for (let end = path.indexOf("\\", start); end > 0; end = path.indexOf("\\", end + 1)) {
    parents.push(path.slice(0, end));
  }
  return parents;
}

/** The first names below the root. */
function topsOf(items: readonly ProvisionItem[], root: string): string[] {
  const tops = new Set(items.map(({ path }) => (parentsOf(path, root)[0] ?? path).split(":")[0]!));
  return [...tops];
}

function differencesOf(item: ProvisionItem, found: Found): string[] {
  if (found.directory) return item.kind === "directory" ? [] : ["is a directory"];
  const differences: string[] = [];
  if (found.size !== item.size) differences.push(`has ${found.size} bytes, not ${item.size}`);
  const changed = (found.attributes ^ item.attributes) & COMPARED_ATTRIBUTES;
  if (changed !== 0 && !item.path.includes(":")) differences.push("has other attributes");
  return differences;
}

/** How what is there differs from what the capture left; null where it does not. */
function afterwards(item: ProvisionItem, found: Found | null): string | null {
  if (item.kind === "absent") {
    return found === null ? null : "is there, and was gone in the capture";
  }
  if (found === null) return "is not there, and was in the capture";
  if (found.directory !== (item.kind === "directory")) {
    return found.directory ? "is a directory, and was none" : "is no directory, and was one";
  }
  if (found.directory || !item.sized || found.size === item.size) return null;
  return `has ${found.size} bytes, not ${item.size}`;
}

function parseJournal(bytes: Uint8Array | null): Journal | null {
  if (bytes === null) return null;
  try {
    const journal = JSON.parse(new TextDecoder().decode(bytes));
    return journal?.smbench === "provision" && Array.isArray(journal.made) &&
        journal.made.every((path: unknown) => typeof path === "string" && path !== "")
      ? journal
      : null;
  } catch {
    return null;
  }
}

function provisionError(path: string, error: unknown): ProvisionError {
  if (error instanceof ProvisionError) return error;
  return new ProvisionError(
    `Cannot provision ${JSON.stringify(path)}: ${reasonOf(error)}`,
    { refused: error instanceof StatusError, cause: error },
  );
}

function reasonOf(error: unknown): string {
  if (error instanceof StatusError) return `the server answered ${error.statusName}`;
  return error instanceof Error ? error.message : String(error);
}

function count(number: number, noun: string): string {
  const many = noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${number} ${number === 1 ? noun : many}`;
}

function sizeText(bytes: number): string {
  if (bytes < 10_240) return `${bytes} bytes`;
  if (bytes < 10 * 2 ** 20) return `${Math.round(bytes / 1024)} KiB`;
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

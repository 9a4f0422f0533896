/** A share as provisioning works on it: makes, looks at, and removes files, many at a time. */
import { type Open, StatusError, type Tree } from "../client/mod.ts";
import {
  CreateDisposition,
  CreateOption,
  decodeDirectory,
  encodeExtendedAttributes,
  encodeInformation,
  FileAccess,
  FileAttribute,
  FileInformationClass,
  Fsctl,
  msToFiletime,
  Status,
} from "../wire/mod.ts";
import { endOfFileInput } from "./info.ts";
import type { ProvisionItem } from "./provision.ts";
import type { ContentBytes } from "./provision_content.ts";

/** Files at work at a time: enough to hide round trips, few enough for the handles of any server. */
const FILES_AT_ONCE = 32;

/** Longest WRITE. */
const MAX_WRITE = 2 ** 20;

/** Asks for the listing from its start (MS-SMB2 2.2.33). */
const RESTART_SCANS = 0x01;

const SHARE_ALL = 0x07;

/** Attributes that a file is created with; the others have requests of their own, or are none of a client's. */
const SETTABLE = FileAttribute.READONLY | FileAttribute.HIDDEN | FileAttribute.SYSTEM |
  FileAttribute.TEMPORARY | FileAttribute.NOT_CONTENT_INDEXED | FileAttribute.ARCHIVE |
  FileAttribute.OFFLINE;

/** An entry of a listing. */
export interface ListedEntry {
  readonly name: string;
  readonly directory: boolean;
}

/** What is there at a path. */
export interface Found {
  readonly directory: boolean;
  readonly size: number;
  readonly attributes: number;
}

/** Calls `work` for all of the list, that many at a time. Stops beginning others after the first failure, and throws it. */
export async function inParallel<T>(
  list: readonly T[],
  work: (item: T) => Promise<void>,
  atOnce = FILES_AT_ONCE,
): Promise<void> {
  let next = 0;
  let failed = false;
  const pull = async () => {
    while (next < list.length && !failed) {
      try {
        await work(list[next++] as T);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const outcomes = await Promise.allSettled(
    Array.from({ length: Math.min(atOnce, list.length) }, pull),
  );
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

/** A connected share. Paths are relative to it. */
export class ProvisionShare {
  readonly #tree: Tree;
  readonly #maxWrite: number;
  readonly #maxRead: number;

  constructor(
    tree: Tree,
    limits: { readonly maxWriteSize: number; readonly maxReadSize: number },
  ) {
    this.#tree = tree;
    this.#maxWrite = Math.min(MAX_WRITE, limits.maxWriteSize);
    this.#maxRead = Math.min(MAX_WRITE, limits.maxReadSize);
  }

  /** Whether the user may make nothing there, whatever the directory: the share is read only. */
  get isReadOnly(): boolean {
    const { maximalAccess } = this.#tree;
    return maximalAccess !== 0 && (maximalAccess & FileAccess.WRITE_DATA) === 0;
  }

  /** Makes a directory. @returns Whether it is new; false when the name is taken. */
  async makeDirectory(path: string, item: ProvisionItem | null = null): Promise<boolean> {
    const open = await this.#create(path, {
      access: FileAccess.READ_ATTRIBUTES | FileAccess.WRITE_ATTRIBUTES | FileAccess.WRITE_EA,
      disposition: CreateDisposition.CREATE,
      options: CreateOption.DIRECTORY_FILE,
      attributes: (item?.attributes ?? 0) & SETTABLE,
    });
    if (open === null) return false;
    try {
      if (item !== null) await this.#finish(open, item, () => {});
    } finally {
      await open.close({ accept: "any" });
    }
    return true;
  }

  /**
   * Makes a file or stream with its content.
   *
   * @param lacks Told what the server has not.
   * @returns Whether it is new; false when the name is taken.
   */
  async makeFile(
    path: string,
    item: ProvisionItem,
    how: {
      readonly bytes: ContentBytes;
      /** Told what was written. */
      readonly wrote: (offset: number, bytes: Uint8Array) => void;
      readonly lacks: (what: string) => void;
    },
  ): Promise<boolean> {
    if (isPlain(item)) return await this.#makePlain(path, item, how.lacks);
    const open = await this.#create(path, newFile(path, item));
    if (open === null) return false;
    try {
      if ((item.attributes & FileAttribute.SPARSE_FILE) !== 0) {
        const { status } = await open.ioctl({ ctlCode: Fsctl.SET_SPARSE }, { accept: "any" });
        if (status !== Status.SUCCESS) how.lacks("sparse files");
      }
      const written = await this.#write(open, item, how);
      if (written < item.size) {
        const { status } = await open.setInfo({
          fileInfoClass: FileInformationClass.FileEndOfFileInformation,
          input: endOfFileInput(item.size),
        }, { accept: "any" });
        if (status !== Status.SUCCESS) how.lacks(`room for ${item.size} bytes`);
      }
      await this.#finish(open, item, how.lacks);
    } finally {
      await open.close({ accept: "any" });
    }
    return true;
  }

  /** @returns Where the last byte that was written ends. */
  /** Makes a file without content in one transmission: most that are there only to be listed are. */
  async #makePlain(
    path: string,
    item: ProvisionItem,
    lacks: (what: string) => void,
  ): Promise<boolean> {
    const chain = this.#tree.compound({ related: true });
    const { access, disposition, options, attributes } = newFile(path, item);
    const created = chain.create(path, {
      desiredAccess: access,
      createDisposition: disposition,
      createOptions: options,
      fileAttributes: attributes,
    });
    const sized = item.size === 0 ? null : chain.file.setInfo({
      fileInfoClass: FileInformationClass.FileEndOfFileInformation,
      input: endOfFileInput(item.size),
    }, { accept: "any" });
    const closed = chain.file.close({ accept: "any" });
    chain.send();
    const [create, size] = await Promise.allSettled([created, sized, closed]);
    if (create.status === "rejected") {
      if (isCollision(create.reason)) return false;
      throw create.reason;
    }
    if (size.status === "rejected") throw size.reason;
    if ((size.value?.status ?? Status.SUCCESS) !== Status.SUCCESS) {
      lacks(`room for ${item.size} bytes`);
    }
    return true;
  }

  async #write(
    open: Open,
    item: ProvisionItem,
    how: {
      readonly bytes: ContentBytes;
      readonly wrote: (offset: number, bytes: Uint8Array) => void;
    },
  ): Promise<number> {
    let end = 0;
    for (const part of item.parts) {
      const pieces: number[] = [];
      for (let at = 0; at < part.length; at += this.#maxWrite) pieces.push(at);
      await inParallel(pieces, async (at) => {
        const length = Math.min(this.#maxWrite, part.length - at);
        const bytes = await how.bytes.of(part, at, length);
        await open.write(part.offset + at, bytes);
        how.wrote(part.offset + at, bytes);
      }, 4);
      end = Math.max(end, part.offset + part.length);
    }
    return end;
  }

  /** What comes last: EAs, and the time of the last write. */
  async #finish(open: Open, item: ProvisionItem, lacks: (what: string) => void): Promise<void> {
    if (item.eas.length > 0) {
      const input = encodeExtendedAttributes(item.eas.map(({ name, value }) => ({
        flags: 0,
        name,
        value: typeof value === "number" ? new Uint8Array(value).fill(0x45) : value,
      })));
      const { status } = await open.setInfo({
        fileInfoClass: FileInformationClass.FileFullEaInformation,
        input,
      }, { accept: "any" });
      if (status !== Status.SUCCESS) lacks("extended attributes");
    }
    if (item.modified === null) return;
    const input = encodeInformation({
      kind: "FileBasicInformation",
      creationTime: 0n,
      lastAccessTime: 0n,
      lastWriteTime: msToFiletime(item.modified),
      changeTime: 0n,
      fileAttributes: 0,
      reserved: 0,
    });
    const { status } = await open.setInfo({
      fileInfoClass: FileInformationClass.FileBasicInformation,
      input,
    }, { accept: "any" });
    if (status !== Status.SUCCESS) lacks("times of files");
  }

  /** What is there; null when nothing is. */
  async look(path: string): Promise<Found | null> {
    let open: Open;
    try {
      open = await this.#tree.create(path, {
        desiredAccess: FileAccess.READ_ATTRIBUTES,
        shareAccess: SHARE_ALL,
        createOptions: CreateOption.OPEN_REPARSE_POINT,
      });
    } catch (error) {
      if (error instanceof StatusError && isMissing(error.status)) return null;
      throw error;
    }
    await open.close({ accept: "any" });
    const { endOfFile, fileAttributes: attributes } = open.response;
    return {
      directory: (attributes & FileAttribute.DIRECTORY) !== 0,
      size: Number(endOfFile),
      attributes,
    };
  }

  /** The first bytes from an offset on. */
  async read(path: string, offset: number, length: number): Promise<Uint8Array> {
    const open = await this.#tree.create(path, { desiredAccess: FileAccess.READ_DATA });
    try {
      const { body } = await open.read(offset, Math.min(length, this.#maxRead), { accept: "any" });
      return body?.data.slice() ?? new Uint8Array(0);
    } finally {
      await open.close({ accept: "any" });
    }
  }

  /** The whole content of a file of at most that many bytes; null when there is none. */
  async readFile(path: string, limit: number): Promise<Uint8Array | null> {
    const found = await this.look(path);
    if (found === null || found.directory || found.size > limit) return null;
    return await this.read(path, 0, found.size);
  }

  /** Writes a file, whatever was there. */
  async replaceFile(path: string, content: Uint8Array): Promise<void> {
    const open = await this.#tree.create(path, {
      desiredAccess: FileAccess.WRITE_DATA,
      createDisposition: CreateDisposition.OVERWRITE_IF,
    });
    try {
      for (let at = 0; at < content.length; at += this.#maxWrite) {
        await open.write(at, content.subarray(at, at + this.#maxWrite));
      }
    } finally {
      await open.close({ accept: "any" });
    }
  }

  /** The entries of a directory; none when it is not there. */
  async list(path: string): Promise<ListedEntry[]> {
    let open: Open;
    try {
      open = await this.#tree.create(path, {
        desiredAccess: FileAccess.READ_DATA | FileAccess.READ_ATTRIBUTES,
        createOptions: CreateOption.DIRECTORY_FILE,
      });
    } catch (error) {
      if (error instanceof StatusError && isMissing(error.status)) return [];
      throw error;
    }
    const entries: ListedEntry[] = [];
    try {
      for (let flags = RESTART_SCANS;; flags = 0) {
        const reply = await open.queryDirectory({
          fileInformationClass: FileInformationClass.FileDirectoryInformation,
          flags,
        }, { accept: [Status.NO_MORE_FILES, Status.NO_SUCH_FILE] });
        if (reply.status !== Status.SUCCESS || reply.body === null) break;
        for (
          const { name, fileAttributes = 0 } of decodeDirectory(
            FileInformationClass.FileDirectoryInformation,
            reply.body.output,
          )
        ) {
          if (name === "." || name === "..") continue;
          const directory = (fileAttributes & FileAttribute.DIRECTORY) !== 0 &&
            (fileAttributes & FileAttribute.REPARSE_POINT) === 0;
          entries.push({ name, directory });
        }
      }
    } finally {
      await open.close({ accept: "any" });
    }
    return entries;
  }

  /**
   * Removes a file, or a directory with everything in it. What is not there is removed.
   *
   * @param left Told what could not be removed, and why.
   * @returns How many files and directories were removed.
   */
  async remove(
    path: string,
    directory: boolean,
    left: (path: string, status: string) => void,
  ): Promise<number> {
    let count = 0;
    if (directory) {
      await inParallel(await this.list(path), async (entry) => {
        count += await this.remove(`${path}\\${entry.name}`, entry.directory, left);
      }, 8);
    }
    try {
      if (await this.#delete(path)) count++;
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      left(path, error.statusName);
    }
    return count;
  }

  async #delete(path: string): Promise<boolean> {
    for (let attempt = 0;; attempt++) {
      try {
        const open = await this.#tree.create(path, {
          desiredAccess: FileAccess.DELETE,
          createOptions: CreateOption.DELETE_ON_CLOSE | CreateOption.OPEN_REPARSE_POINT,
        });
        await open.close();
        return true;
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        if (isMissing(error.status)) return false;
        // A read-only file cannot be deleted before it is none.
        if (error.status !== CANNOT_DELETE || attempt > 0) throw error;
        await this.#writable(path);
      }
    }
  }

  async #writable(path: string): Promise<void> {
    const open = await this.#tree.create(path, {
      desiredAccess: FileAccess.WRITE_ATTRIBUTES,
      createOptions: CreateOption.OPEN_REPARSE_POINT,
    });
    const input = encodeInformation({
      kind: "FileBasicInformation",
      creationTime: 0n,
      lastAccessTime: 0n,
      lastWriteTime: 0n,
      changeTime: 0n,
      fileAttributes: FileAttribute.NORMAL,
      reserved: 0,
    });
    try {
      await open.setInfo({
        fileInfoClass: FileInformationClass.FileBasicInformation,
        input,
      }, { accept: "any" });
    } finally {
      await open.close({ accept: "any" });
    }
  }

  async #create(path: string, how: NewName): Promise<Open | null> {
    try {
      return await this.#tree.create(path, {
        desiredAccess: how.access,
        createDisposition: how.disposition,
        createOptions: how.options,
        fileAttributes: how.attributes,
      });
    } catch (error) {
      if (isCollision(error)) return null;
      throw error;
    }
  }
}

/** The fields of a CREATE that makes something. */
interface NewName {
  readonly access: number;
  readonly disposition: number;
  readonly options: number;
  readonly attributes: number;
}

function newFile(path: string, item: ProvisionItem): NewName {
  return {
    access: FileAccess.WRITE_DATA | FileAccess.READ_ATTRIBUTES | FileAccess.WRITE_ATTRIBUTES |
      FileAccess.WRITE_EA | FileAccess.SYNCHRONIZE,
    disposition: CreateDisposition.CREATE,
    options: CreateOption.NON_DIRECTORY_FILE,
    attributes: path.includes(":") ? 0 : item.attributes & SETTABLE,
  };
}

/** Whether a file is no more than its name, attributes and size. */
function isPlain({ parts, eas, modified, attributes }: ProvisionItem): boolean {
  return parts.length === 0 && eas.length === 0 && modified === null &&
    (attributes & FileAttribute.SPARSE_FILE) === 0;
}

function isCollision(error: unknown): boolean {
  return error instanceof StatusError && error.status === Status.OBJECT_NAME_COLLISION;
}

/** STATUS_CANNOT_DELETE (MS-ERREF 2.3.1). */
const CANNOT_DELETE = 0xc0000121;

function isMissing(status: number): boolean {
  return status === Status.OBJECT_NAME_NOT_FOUND || status === Status.OBJECT_PATH_NOT_FOUND ||
    status === Status.DELETE_PENDING;
}

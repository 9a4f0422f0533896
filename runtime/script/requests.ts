/** The requests that a file takes: alone, or within a compound. */
import type { FileRequests, Reply } from "../client/mod.ts";
import {
  decodeDirectory,
  decodeNotify,
  FileInformationClass,
  Fsctl,
  InfoType,
  isDirectoryClass,
  type ResponseBodies,
} from "../wire/mod.ts";
import type {
  Change,
  CloseOptions,
  Data,
  DirectoryEntry,
  InfoResult,
  IoctlOptions,
  LockOptions,
  LockRange,
  NotifyOptions,
  Operation,
  OperationOptions,
  QueryDirectoryOptions,
  QueryInfoOptions,
  ReadOptions,
  SetInfoOptions,
  Size,
  WriteOptions,
} from "./api.ts";
import type { Alteration, FileContent } from "./contents.ts";
import { infoClassNumber, infoValue, renameTarget } from "./info.ts";
import { changeAction, changesMask, infoTypeNumber, scanFlags, securityMask } from "./names.ts";
import type { Sending } from "./performed.ts";
import type { Intent, Origin, Run } from "./run.ts";
import { size } from "./units.ts";

/** FILE_ATTRIBUTE_DIRECTORY (MS-FSCC 2.6). */
const DIRECTORY = 0x10;

/** FileIdBothDirectoryInformation, what most clients ask for (MS-FSCC 2.4). */
const ID_BOTH_DIRECTORY = 37;

/** OutputBufferLength unless given: one credit's worth. */
const DEFAULT_OUTPUT = 65536;

/** Flags of a lock element (MS-SMB2 2.2.26.1). */
const LOCK_KINDS: Readonly<Record<string, number>> = {
  shared: 0x01,
  exclusive: 0x02,
  unlock: 0x04,
};
const LOCK_FAIL_IMMEDIATELY = 0x10;

/** Every kind of change (MS-SMB2 2.2.35). */
const ALL_CHANGES = 0xfff;
const WATCH_TREE = 0x0001;

/** FSCTL_SRV_REQUEST_RESUME_KEY (MS-SMB2 2.2.31). */
const REQUEST_RESUME_KEY = 0x00140078;
const RESUME_KEY_LENGTH = 24;

const NO_BYTES = new Uint8Array(0);

/** Where a file is: its name may change. */
export interface Place {
  /** `\\server\share`. */
  readonly share: string;
  path: string;
  /** What the file holds, where that is followed. */
  content: FileContent | null;
}

/** Requests on one file id, wherever it comes from. */
export abstract class Requests {
  protected readonly run: Run;

  constructor(run: Run) {
    this.run = run;
  }

  abstract readonly path: string;
  /** Where requests go; a text says why they cannot. */
  protected abstract target(): FileRequests | string;
  /** Client, label and due time of the next request. */
  protected abstract origin(): Origin;
  /** Where the file is; null where nobody opened it. */
  protected abstract get place(): Place | null;
  /** A CLOSE is being sent. */
  protected abstract closing(): void;
  /** The resume key came. */
  protected abstract gotResumeKey(key: Uint8Array): void;

  /** What becomes of the operation beside being returned. */
  protected keep<T>(operation: Operation<T>): Operation<T> {
    return operation;
  }

  read(offset: number | bigint, length: Size, options: ReadOptions = {}): Operation<Uint8Array> {
    const count = size(length);
    const content = options.raw === undefined ? this.place?.content : null;
    const judge = content?.reading();
    let wrong: number | null = null;
    return this.#perform<"READ", Uint8Array>("READ", options, {
      parameters: { offset: Number(offset), length: count },
      send: (file, sending) => file.read(offset, count, readTuning(sending, options)),
      value: (body) => {
        if (judge !== undefined) wrong = judge(Number(offset), body.data);
        return body.data;
      },
      empty: () => NO_BYTES,
      payload: (body) => body?.data.length ?? 0,
      failed: judge === undefined ? undefined : () => void judge(0, NO_BYTES),
      wrongData: judge === undefined ? undefined : () => wrong ?? undefined,
    });
  }

  write(offset: number | bigint, data: Data, options: WriteOptions = {}): Operation<number> {
    const bytes = this.run.bytes(data);
    const change = this.#writing(Number(offset), bytes, options);
    return this.#perform<"WRITE", number>("WRITE", options, {
      parameters: { offset: Number(offset), length: (bytes as Uint8Array).length ?? 0 },
      send: (file, sending) =>
        bytes instanceof Uint8Array
          ? file.write(offset, bytes, writeTuning(sending, options))
          : bytes.then((loaded) => file.write(offset, loaded, writeTuning(sending, options))),
      value: (body) => {
        change?.settle(body.count === (bytes as Uint8Array).length ? "done" : "unknown");
        return body.count;
      },
      empty: () => 0,
      payload: (body) => body?.count ?? 0,
      failed: change === undefined ? undefined : () => change.settle("unknown"),
    });
  }

  /** Tells the content of the file what is about to be written; undefined where nobody follows it. */
  #writing(
    offset: number,
    bytes: Uint8Array | Promise<Uint8Array>,
    options: OperationOptions,
  ): Alteration | undefined {
    const content = this.place?.content;
    if (content === null || content === undefined) return undefined;
    const known = bytes instanceof Uint8Array && options.raw === undefined &&
      Number.isSafeInteger(offset);
    return known
      ? content.write(offset, bytes)
      : content.change({ start: 0, end: Infinity }, "unknown");
  }

  flush(options: OperationOptions = {}): Operation<void> {
    return this.#perform<"FLUSH", void>("FLUSH", options, {
      send: (file, sending) => file.flush(sending),
      value: () => {},
      empty: () => {},
    });
  }

  close(options: CloseOptions = {}): Operation<void> {
    const attributes = options.attributes ?? false;
    return this.#perform<"CLOSE", void>("CLOSE", options, {
      send: (file, sending) => {
        this.closing();
        return file.close(attributes ? { ...sending, postQueryAttributes: true } : sending);
      },
      value: () => {},
      empty: () => {},
    });
  }

  queryInfo(options: QueryInfoOptions): Operation<InfoResult> {
    const infoType = infoTypeNumber(options.type);
    const fileInfoClass = infoClassNumber(infoType, options.class ?? 0);
    const additionalInformation = ifGiven(options.additional, securityMask);
    return this.#perform<"QUERY_INFO", InfoResult>("QUERY_INFO", options, {
      parameters: { type: infoType, class: fileInfoClass },
      send: (file, sending) =>
        file.queryInfo({
          infoType,
          fileInfoClass,
          outputBufferLength: options.outputLength ?? DEFAULT_OUTPUT,
          ...defined({
            additionalInformation,
            flags: options.flags,
            input: options.input,
          }),
        }, sending),
      value: (body) => ({
        bytes: body.output,
        value: infoValue(infoType, fileInfoClass, body.output),
      }),
      empty: () => ({ bytes: NO_BYTES, value: null }),
    });
  }

  setInfo(input: Uint8Array, options: SetInfoOptions): Operation<void> {
    const infoType = infoTypeNumber(options.type);
    const fileInfoClass = infoClassNumber(infoType, options.class ?? 0);
    const additionalInformation = ifGiven(options.additional, securityMask);
    const change = this.#resizing(infoType, fileInfoClass, input);
    return this.#perform<"SET_INFO", void>("SET_INFO", options, {
      parameters: { type: infoType, class: fileInfoClass, length: input.length },
      send: (file, sending) =>
        file.setInfo({
          infoType,
          fileInfoClass,
          input,
          ...defined({ additionalInformation }),
        }, sending),
      value: () => {
        change?.settle("done");
        if (infoType === InfoType.FILE) this.#renamed(fileInfoClass, input);
      },
      empty: () => {},
      ...change === undefined ? {} : { failed: () => change.settle("unknown") },
    });
  }

  queryDirectory(options: QueryDirectoryOptions = {}): Operation<DirectoryEntry[]> {
    const fileInformationClass = infoClassNumber(1, options.class ?? ID_BOTH_DIRECTORY);
    const flags = ifGiven(options.flags, scanFlags);
    return this.#perform<"QUERY_DIRECTORY", DirectoryEntry[]>("QUERY_DIRECTORY", options, {
      parameters: { class: fileInformationClass, pattern: options.pattern ?? "*" },
      send: (file, sending) =>
        file.queryDirectory({
          fileInformationClass,
          pattern: options.pattern ?? "*",
          outputBufferLength: options.outputLength ?? DEFAULT_OUTPUT,
          ...defined({ flags, fileIndex: options.index }),
        }, sending),
      value: (body) => directoryEntries(fileInformationClass, body.output),
      empty: () => [],
    });
  }

  ioctl(code: number | string, options: IoctlOptions = {}): Operation<Uint8Array> {
    const ctlCode = ctlCodeNumber(code);
    const input = ioctlInput(this.run, options);
    const changes = this.#controlling(ctlCode, input, options);
    return this.#perform<"IOCTL", Uint8Array>("IOCTL", options, {
      parameters: { code: ctlCode, length: input?.length ?? 0 },
      obstacle: copyObstacle(options),
      send: (file, sending) => file.ioctl(ioctlFields(ctlCode, input, options), sending),
      value: (body) => {
        for (const change of changes) change.settle("done");
        if (ctlCode === REQUEST_RESUME_KEY && body.output.length >= RESUME_KEY_LENGTH) {
          this.gotResumeKey(body.output.slice(0, RESUME_KEY_LENGTH));
        }
        return body.output;
      },
      empty: () => NO_BYTES,
      ...changes.length === 0 ? {} : {
        failed: () => {
          for (const change of changes) change.settle("unknown");
        },
      },
    });
  }

  lock(ranges: readonly LockRange[], options: LockOptions = {}): Operation<void> {
    const locks = ranges.map(({ offset, length, kind, failImmediately }) => ({
      offset,
      length,
      flags: lockFlags(kind) | (failImmediately === true ? LOCK_FAIL_IMMEDIATELY : 0),
    }));
    // A replay's LOCK has the number that was recorded, or none; a scenario's is numbered by the client.
    const lockSequence = options.lockSequence ?? (this.run.strict ? undefined : 0);
    return this.#perform<"LOCK", void>("LOCK", options, {
      parameters: {
        ranges: locks.map(({ offset, length, flags }) => `${offset}+${length}:${flags}`).join(" "),
      },
      send: (file, sending) => file.lock(locks, { ...sending, ...defined({ lockSequence }) }),
      value: () => {},
      empty: () => {},
    });
  }

  changes(options: NotifyOptions = {}): Operation<Change[]> {
    const completionFilter = ifGiven(options.filter, changesMask) ?? ALL_CHANGES;
    return this.#perform<"CHANGE_NOTIFY", Change[]>("CHANGE_NOTIFY", options, {
      parameters: {
        filter: completionFilter,
        recursive: options.recursive === true || ((options.flags ?? 0) & WATCH_TREE) !== 0,
      },
      send: (file, sending) =>
        file.notify({
          flags: options.flags ?? (options.recursive === true ? WATCH_TREE : 0),
          completionFilter,
          outputBufferLength: options.outputLength ?? DEFAULT_OUTPUT,
        }, sending),
      value: (body) =>
        decodeNotify(body.output).map(({ action, name }) => ({
          action: changeAction(action),
          name,
        })),
      empty: () => [],
    });
  }

  /** What is behind a new end of the file is zero, if it ever comes back. */
  #resizing(infoType: number, informationClass: number, input: Uint8Array): Alteration | undefined {
    const content = this.place?.content;
    if (content === null || content === undefined || infoType !== InfoType.FILE) return undefined;
    const value = infoValue(infoType, informationClass, input) as SizeInformation | null;
    const end = value?.endOfFile ?? value?.allocationSize;
    if (end === undefined) return undefined;
    const span = { start: Number(end), end: Infinity };
    return content.change(span, value?.endOfFile === undefined ? "unknown" : "zeros");
  }

  /** What an FSCTL does to the content of the file; none where nobody follows it. */
  #controlling(code: number, input: Uint8Array | undefined, options: IoctlOptions): Alteration[] {
    const content = this.place?.content;
    if (content === null || content === undefined) return [];
    const source = options.resumeKey as { readonly place?: Place | null } | undefined;
    if (source !== undefined && input !== undefined) {
      return content.copy(source.place?.content ?? null, copyRanges(input));
    }
    // Bits 14 and 15 say what access the code needs: 2 is writing (MS-FSCC 2.3).
    if (((code >>> 14) & 2) === 0) return [];
    return [content.change({ start: 0, end: Infinity }, "unknown")];
  }

  /** Keeps the name of the file, where the request gave it another one, or one more. */
  #renamed(informationClass: number, input: Uint8Array): void {
    const { place, run: { commons: { footprints, contents } } } = this;
    const target = renameTarget(informationClass, input);
    if (place === null || target === null) return;
    if (informationClass === FileInformationClass.FileLinkInformation) {
      footprints?.made(place.share, target);
      contents?.linked(place.share, place.path, target);
      return;
    }
    footprints?.moved(place.share, place.path, target);
    contents?.moved(place.share, place.path, target);
    place.path = target;
  }

  #perform<C extends keyof ResponseBodies, T>(command: C, options: OperationOptions, how: {
    send: (file: FileRequests, sending: Sending) => Promise<Reply<C>>;
    value: (body: ResponseBodies[C]) => T;
    empty: () => T;
    payload?: (body: ResponseBodies[C] | null) => number;
    /** What is asked for, for the operation log. */
    parameters?: Intent<T, Reply<C>>["parameters"] | undefined;
    /** Why it cannot be sent although the file is open. */
    obstacle?: string | null;
    failed?: (() => void) | undefined;
    wrongData?: (() => number | undefined) | undefined;
  }): Operation<T> {
    const target = how.obstacle ?? this.target();
    const { payload, failed, wrongData } = how;
    const operation = this.run.perform<T, Reply<C>>({
      origin: this.origin(),
      command,
      path: this.path,
      options,
      obstacle: typeof target === "string" ? target : null,
      send: (sending) => how.send(target as FileRequests, sending),
      value: (reply) => reply.body === null ? how.empty() : how.value(reply.body),
      empty: how.empty,
      parameters: how.parameters,
      payload: payload === undefined ? undefined : (reply) => payload(reply.body),
      failed,
      wrongData,
    });
    return this.keep(operation);
  }
}

/** What goes with a READ; most have no options. */
function readTuning(sending: Sending, options: ReadOptions) {
  const { minimumCount, remainingBytes, padding, channel, flags } = options;
  const isPlain = minimumCount === undefined && remainingBytes === undefined &&
    padding === undefined && channel === undefined && flags === undefined;
  if (isPlain) return sending;
  const fields = { minimumCount, remainingBytes, padding, channel, readFlags: flags };
  return { ...sending, ...defined(fields) };
}

/** What goes with a WRITE; most have no options. */
function writeTuning(sending: Sending, options: WriteOptions) {
  const { flags, channel, remainingBytes } = options;
  const isPlain = flags === undefined && channel === undefined && remainingBytes === undefined;
  if (isPlain) return sending;
  return { ...sending, ...defined({ writeFlags: flags, channel, remainingBytes }) };
}

/** Information that sets a size. */
interface SizeInformation {
  readonly endOfFile?: bigint;
  readonly allocationSize?: bigint;
}

/** Ranges of a SRV_COPYCHUNK_COPY (MS-SMB2 2.2.31.1). */
function copyRanges(input: Uint8Array): { from: number; to: number; length: number }[] {
  const FIXED = 32;
  const CHUNK = 24;
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const ranges: { from: number; to: number; length: number }[] = [];
  for (let at = FIXED; at + CHUNK <= input.length; at += CHUNK) {
    ranges.push({
      from: Number(view.getBigUint64(at, true)),
      to: Number(view.getBigUint64(at + 8, true)),
      length: view.getUint32(at + 16, true),
    });
  }
  return ranges;
}

/** Only the fields that have a value: optional fields of requests do not take undefined. */
export function defined<T extends object>(
  fields: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const name of Object.keys(fields) as (keyof T)[]) {
    const value = fields[name];
    if (value !== undefined) kept[name] = value as Exclude<T[typeof name], undefined>;
  }
  return kept;
}

/** The value's number; undefined where there is none. */
export function ifGiven<T>(value: T | undefined, number: (value: T) => number): number | undefined {
  return value === undefined ? undefined : number(value);
}

/** An FSCTL by name without `FSCTL_`, or by number. @throws {RangeError} When the name is unknown. */
export function ctlCodeNumber(code: number | string): number {
  if (typeof code === "number") return code >>> 0;
  const table: Readonly<Record<string, number>> = Fsctl;
  const name = code.replace(/^FSCTL_/, "");
  const number = Object.hasOwn(table, name) ? table[name] : undefined;
  if (number === undefined) {
    throw new RangeError(
      `Cannot use ${JSON.stringify(code)} as a control code: no FSCTL has that name`,
    );
  }
  return number;
}

/** The input of an IOCTL; undefined lets the client fill it in. @throws {RangeError} When the resume key is missing. */
export function ioctlInput(run: Run, options: IoctlOptions): Uint8Array | undefined {
  const given = options.input === undefined ? undefined : run.bytes(options.input);
  if (given instanceof Promise) {
    throw new RangeError(
      "Cannot send IOCTL: its blob is not loaded; name it at the top of the scenario",
    );
  }
  const source = options.resumeKey as { resumeKey?: Uint8Array | null } | undefined;
  if (source === undefined) return given;
  const input = (given ?? new Uint8Array(RESUME_KEY_LENGTH)).slice();
  input.set((source.resumeKey ?? NO_BYTES).subarray(0, input.length));
  return input;
}

/** A copy from a file that gave no resume key in this run would name another file, or none. */
export function copyObstacle(options: IoctlOptions): string | null {
  const source = options.resumeKey as { resumeKey?: Uint8Array | null } | undefined;
  return source === undefined || source.resumeKey
    ? null
    : "the file to copy from has no resume key";
}

/** The fields of an IOCTL request. */
export function ioctlFields(ctlCode: number, input: Uint8Array | undefined, options: IoctlOptions) {
  return {
    ctlCode,
    maxOutputResponse: options.maxOutput ?? DEFAULT_OUTPUT,
    ...defined({ input, maxInputResponse: options.maxInput, ioctlFlags: options.flags }),
  };
}

function lockFlags(kind: LockRange["kind"]): number {
  if (typeof kind === "number") return kind;
  const flags = Object.hasOwn(LOCK_KINDS, kind) ? LOCK_KINDS[kind] : undefined;
  if (flags === undefined) {
    throw new RangeError(
      `Cannot use ${
        JSON.stringify(kind)
      } as a lock: known are "shared", "exclusive", "unlock", or flags`,
    );
  }
  return flags;
}

function directoryEntries(informationClass: number, bytes: Uint8Array): DirectoryEntry[] {
  if (!isDirectoryClass(informationClass)) return [];
  return decodeDirectory(informationClass, bytes).map((entry) => ({
    name: entry.name,
    size: Number(entry.endOfFile ?? 0n),
    attributes: entry.fileAttributes ?? 0,
    directory: ((entry.fileAttributes ?? 0) & DIRECTORY) !== 0,
  }));
}

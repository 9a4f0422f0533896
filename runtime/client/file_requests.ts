/** The requests that a file id takes, with the defaults of an ordinary client. */
import type { CommandName, FileId, LockElement, RequestBodies } from "../wire/mod.ts";
import type { Answer, RequestOptions } from "./options.ts";
import type { Tree } from "./tree.ts";

/** FSCTL bit of IOCTL flags (MS-SMB2 2.2.31). */
const IS_FSCTL = 0x00000001;
/** Where the data of a READ response is wanted: right behind header and fixed part (MS-SMB2 2.2.19). */
const READ_PADDING = 0x50;
const NOTHING = new Uint8Array(0);
const DEFAULT_OUTPUT = 65536;
/** FileIdBothDirectoryInformation (MS-FSCC 2.4). */
const ID_BOTH_DIRECTORY = 37;
/** Names, attributes, size, times, security: everything of MS-SMB2 2.2.35. */
const EVERY_CHANGE = 0x00000fff;

/** What an IOCTL takes. */
export interface IoctlFields {
  readonly ctlCode: number;
  readonly input?: Uint8Array;
  readonly output?: Uint8Array;
  readonly maxInputResponse?: number;
  /** 65536 unless told. */
  readonly maxOutputResponse?: number;
  /** FSCTL unless told. */
  readonly ioctlFlags?: number;
}

/** The body of an IOCTL. */
export function ioctlBody(fields: IoctlFields, fileId: FileId): RequestBodies["IOCTL"] {
  return {
    reserved: 0,
    ctlCode: fields.ctlCode,
    fileId,
    input: fields.input ?? NOTHING,
    maxInputResponse: fields.maxInputResponse ?? 0,
    output: fields.output ?? NOTHING,
    maxOutputResponse: fields.maxOutputResponse ?? DEFAULT_OUTPUT,
    flags: fields.ioctlFlags ?? IS_FSCTL,
    reserved2: 0,
  };
}

/** One range of a LOCK. */
export interface LockRange {
  readonly offset: number | bigint;
  readonly length: number | bigint;
  /** 0x01 shared, 0x02 exclusive, 0x04 unlock, 0x10 fail immediately (MS-SMB2 2.2.26.1). */
  readonly flags: number;
}

/** Options of {@linkcode FileRequests.read} beside those of every request. */
export interface ReadOptions extends RequestOptions {
  readonly minimumCount?: number;
  readonly readFlags?: number;
  readonly padding?: number;
  readonly channel?: number;
  readonly remainingBytes?: number;
  readonly channelInfo?: Uint8Array;
}

/** Options of {@linkcode FileRequests.write} beside those of every request. */
export interface WriteOptions extends RequestOptions {
  readonly writeFlags?: number;
  readonly channel?: number;
  readonly remainingBytes?: number;
  readonly channelInfo?: Uint8Array;
}

/** The fields of a body without its file id, all optional but `Needed`. */
type Fields<C extends "QUERY_INFO" | "SET_INFO" | "QUERY_DIRECTORY" | "CHANGE_NOTIFY", Needed> =
  & Partial<Omit<RequestBodies[C], "fileId">>
  & Needed;

/** Requests on one file: of an open, or of the file of the request before in a related chain. */
export abstract class FileRequests {
  abstract readonly fileId: FileId;

  /** The share that they are on; undefined where it is that of whoever takes them. */
  get ownTree(): Tree | undefined {
    return undefined;
  }

  /** Sends, or adds to a chain. */
  protected abstract submit<C extends CommandName, O extends RequestOptions>(
    command: C,
    body: RequestBodies[C],
    options: O | undefined,
  ): Promise<Answer<C, O>>;

  /** READ (MS-SMB2 2.2.19): one request; `Open.readAll` splits. */
  read<O extends ReadOptions = ReadOptions>(
    offset: number | bigint,
    length: number,
    options?: O,
  ): Promise<Answer<"READ", O>> {
    return this.submit("READ", {
      padding: options?.padding ?? READ_PADDING,
      flags: options?.readFlags ?? 0,
      length,
      offset: BigInt(offset),
      fileId: this.fileId,
      minimumCount: options?.minimumCount ?? 0,
      channel: options?.channel ?? 0,
      remainingBytes: options?.remainingBytes ?? 0,
      channelInfo: options?.channelInfo ?? NOTHING,
    }, options);
  }

  /** WRITE (MS-SMB2 2.2.21): one request; `data` must not change until it is answered. */
  write<O extends WriteOptions = WriteOptions>(
    offset: number | bigint,
    data: Uint8Array,
    options?: O,
  ): Promise<Answer<"WRITE", O>> {
    return this.submit("WRITE", {
      offset: BigInt(offset),
      fileId: this.fileId,
      channel: options?.channel ?? 0,
      remainingBytes: options?.remainingBytes ?? 0,
      channelInfo: options?.channelInfo ?? NOTHING,
      flags: options?.writeFlags ?? 0,
      data,
    }, options);
  }

  /** FLUSH (MS-SMB2 2.2.17). */
  flush<O extends RequestOptions = RequestOptions>(options?: O): Promise<Answer<"FLUSH", O>> {
    return this.submit(
      "FLUSH",
      { reserved1: 0, reserved2: 0, fileId: this.fileId },
      options,
    );
  }

  /** CLOSE (MS-SMB2 2.2.15); `postQueryAttributes` asks for the file's attributes. */
  close<O extends RequestOptions & { readonly postQueryAttributes?: boolean } = RequestOptions>(
    options?: O,
  ): Promise<Answer<"CLOSE", O>> {
    const flags = options?.postQueryAttributes === true ? 0x0001 : 0;
    return this.submit("CLOSE", { flags, reserved: 0, fileId: this.fileId }, options);
  }

  /** QUERY_INFO (MS-SMB2 2.2.37); file information unless `infoType` says otherwise. */
  queryInfo<O extends RequestOptions = RequestOptions>(
    fields: Fields<"QUERY_INFO", { readonly fileInfoClass: number }>,
    options?: O,
  ): Promise<Answer<"QUERY_INFO", O>> {
    return this.submit("QUERY_INFO", {
      infoType: 1,
      outputBufferLength: DEFAULT_OUTPUT,
      reserved: 0,
      additionalInformation: 0,
      flags: 0,
      input: NOTHING,
      ...fields,
      fileId: this.fileId,
    }, options);
  }

  /** SET_INFO (MS-SMB2 2.2.39); file information unless `infoType` says otherwise. */
  setInfo<O extends RequestOptions = RequestOptions>(
    fields: Fields<"SET_INFO", { readonly fileInfoClass: number; readonly input: Uint8Array }>,
    options?: O,
  ): Promise<Answer<"SET_INFO", O>> {
    return this.submit("SET_INFO", {
      infoType: 1,
      reserved: 0,
      additionalInformation: 0,
      ...fields,
      fileId: this.fileId,
    }, options);
  }

  /** QUERY_DIRECTORY (MS-SMB2 2.2.33): one request; everything, with ids and both names, unless told. */
  queryDirectory<O extends RequestOptions = RequestOptions>(
    fields?: Fields<"QUERY_DIRECTORY", unknown>,
    options?: O,
  ): Promise<Answer<"QUERY_DIRECTORY", O>> {
    return this.submit("QUERY_DIRECTORY", {
      fileInformationClass: ID_BOTH_DIRECTORY,
      flags: 0,
      fileIndex: 0,
      outputBufferLength: DEFAULT_OUTPUT,
      pattern: "*",
      ...fields,
      fileId: this.fileId,
    }, options);
  }

  /** IOCTL (MS-SMB2 2.2.31). */
  ioctl<O extends RequestOptions = RequestOptions>(
    fields: IoctlFields,
    options?: O,
  ): Promise<Answer<"IOCTL", O>> {
    return this.submit("IOCTL", ioctlBody(fields, this.fileId), options);
  }

  /** LOCK (MS-SMB2 2.2.26). */
  lock<O extends RequestOptions & { readonly lockSequence?: number } = RequestOptions>(
    ranges: readonly LockRange[],
    options?: O,
  ): Promise<Answer<"LOCK", O>> {
    const locks: LockElement[] = ranges.map(({ offset, length, flags }) => ({
      offset: BigInt(offset),
      length: BigInt(length),
      flags,
      reserved: 0,
    }));
    const lockSequence = options?.lockSequence ?? 0;
    return this.submit("LOCK", { lockSequence, fileId: this.fileId, locks }, options);
  }

  /** CHANGE_NOTIFY (MS-SMB2 2.2.35): every change of the directory itself unless told. */
  notify<O extends RequestOptions = RequestOptions>(
    fields?: Fields<"CHANGE_NOTIFY", unknown>,
    options?: O,
  ): Promise<Answer<"CHANGE_NOTIFY", O>> {
    return this.submit("CHANGE_NOTIFY", {
      flags: 0,
      outputBufferLength: DEFAULT_OUTPUT,
      completionFilter: EVERY_CHANGE,
      reserved: 0,
      ...fields,
      fileId: this.fileId,
    }, options);
  }
}

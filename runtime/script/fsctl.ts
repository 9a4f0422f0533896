/** FSCTLs with names of their own: each is one IOCTL, whose answer is taken apart. */
import {
  decodeFsctlOutput,
  type DfsReferralEntry,
  type DfsReferralResponse,
  encodeFsctlBody,
  Fsctl,
  type FsctlBody,
  type NetworkInterface as WireInterface,
  Reader,
  sockAddrText,
  WireError,
} from "../wire/mod.ts";
import type {
  ByteRange,
  CopyRange,
  CopyResult,
  DfsReferral,
  DfsReferralTarget,
  Duration,
  File,
  FileControls,
  Integrity,
  IoctlOptions,
  NetworkInterface,
  ObjectId,
  OffloadToken,
  Operation,
  OperationOptions,
  PipePeek,
  ReparsePoint,
  SnapshotList,
  TreeControls,
} from "./api.ts";
import { ScriptError } from "./errors.ts";
import { mapOperation } from "./operation.ts";
import { Requests } from "./requests.ts";
import { duration, size } from "./units.ts";

const NO_BYTES = new Uint8Array(0);

/** A resume key of the input is filled in where the request is made. */
const UNKNOWN_KEY = new Uint8Array(24);
const TOKEN_LENGTH = 512;

/** Structure lengths that are part of the structure (MS-FSCC 2.3.9.2 and the offload structures). */
const DUPLICATE_EXTENTS_EX_SIZE = 0x30n;
const OFFLOAD_READ_SIZE = 32;
const OFFLOAD_WRITE_SIZE = 544;

/** Capability of NETWORK_INTERFACE_INFO (MS-SMB2 2.2.32.5). */
const RSS_CAPABLE = 0x01;
const RDMA_CAPABLE = 0x02;

/** The newest version of DFS referral entries (MS-DFSC 2.2.5.4). */
const MAX_REFERRAL_LEVEL = 4;

/** 100 ns units of a second. */
const TICKS = 10_000_000;

type BodyOf<K extends FsctlBody["kind"]> = Extract<FsctlBody, { readonly kind: K }>;

/** How the answer of one code becomes a value. */
interface Answering<K extends FsctlBody["kind"], T> {
  readonly code: number;
  readonly kind: K;
  readonly value: (body: BodyOf<K>) => T;
  /** When there is no answer to look at. */
  readonly empty: T;
  /** Whether an answer of another form is an error; in a replay it is not. */
  readonly strict: boolean;
}

/** Takes the output of an IOCTL apart. */
function answered<K extends FsctlBody["kind"], T>(
  operation: Operation<Uint8Array>,
  how: Answering<K, T>,
): Operation<T> {
  return mapOperation(operation, (bytes) => {
    if (bytes.length === 0) return how.empty;
    const body = decodeFsctlOutput(how.code, bytes);
    if (body.kind === how.kind) return how.value(body as BodyOf<K>);
    if (!how.strict) return how.empty;
    throw wrongForm(how.kind, bytes);
  });
}

function wrongForm(form: string, bytes: Uint8Array): WireError {
  return new WireError(`Cannot decode ${form}: ${bytes.length} bytes do not have its form`, {
    field: "Output",
    offset: 0,
    had: bytes.length,
  });
}

function nothing(): void {}

/** An IOCTL with its input encoded. */
function controlled(input: FsctlBody | null, options: IoctlOptions): IoctlOptions {
  return input === null ? options : { ...options, input: encodeFsctlBody(input) };
}

/** Requests on an open file, FSCTLs with names of their own included. */
export abstract class ControlledFile extends Requests implements FileControls {
  /** What becomes of an operation that is made of another one, beside being returned; see `keep`. */
  protected keepMapped<T>(operation: Operation<T>): Operation<T> {
    return operation;
  }

  requestResumeKey(options: OperationOptions = {}): Operation<Uint8Array> {
    return this.#ask(Fsctl.SRV_REQUEST_RESUME_KEY, options, {
      kind: "resumeKey",
      value: (body) => body.resumeKey,
      empty: NO_BYTES,
    });
  }

  copyChunk(
    from: File,
    ranges: readonly CopyRange[],
    options: OperationOptions & { readonly write?: boolean } = {},
  ): Operation<CopyResult> {
    const code = options.write === true ? Fsctl.SRV_COPYCHUNK_WRITE : Fsctl.SRV_COPYCHUNK;
    const chunks = ranges.map((range) => ({
      sourceOffset: BigInt(range.from),
      targetOffset: BigInt(range.to),
      length: size(range.length),
      reserved: 0,
    }));
    const input = {
      kind: "copyChunkRequest",
      sourceKey: UNKNOWN_KEY,
      reserved: 0,
      chunks,
    } as const;
    return this.#ask(code, controlled(input, { ...options, resumeKey: from }), {
      kind: "copyChunkResponse",
      value: (body) => ({
        chunks: body.chunksWritten,
        chunkBytes: body.chunkBytesWritten,
        bytes: body.totalBytesWritten,
      }),
      empty: { chunks: 0, chunkBytes: 0, bytes: 0 },
    });
  }

  snapshots(
    options: OperationOptions & { readonly maxOutput?: number } = {},
  ): Operation<SnapshotList> {
    return this.#ask(Fsctl.SRV_ENUMERATE_SNAPSHOTS, options, {
      kind: "snapshots",
      value: (body) => ({
        names: body.snapshots,
        total: body.numberOfSnapshots,
        size: body.snapshotArraySize,
      }),
      empty: { names: [], total: 0, size: 0 },
    });
  }

  allocatedRanges(
    offset: number | bigint,
    length: number | bigint,
    options: OperationOptions & { readonly maxOutput?: number } = {},
  ): Operation<ByteRange[]> {
    const input = { kind: "allocatedRanges", ranges: [wireRange({ offset, length })] } as const;
    return this.#ask(Fsctl.QUERY_ALLOCATED_RANGES, controlled(input, options), {
      kind: "allocatedRanges",
      value: (body): ByteRange[] =>
        body.ranges.map((range) => ({
          offset: Number(range.fileOffset),
          length: Number(range.length),
        })),
      empty: [],
    });
  }

  zeroData(
    from: number | bigint,
    to: number | bigint,
    options: OperationOptions = {},
  ): Operation<void> {
    return this.#tell(Fsctl.SET_ZERO_DATA, options, {
      kind: "zeroData",
      fileOffset: BigInt(from),
      beyondFinalZero: BigInt(to),
    });
  }

  setSparse(sparse = true, options: OperationOptions = {}): Operation<void> {
    return this.#tell(Fsctl.SET_SPARSE, options, { kind: "setSparse", setSparse: sparse ? 1 : 0 });
  }

  trim(
    ranges: readonly ByteRange[],
    options: OperationOptions & { readonly key?: number } = {},
  ): Operation<number> {
    const input = {
      kind: "trimRequest",
      key: options.key ?? 0,
      ranges: ranges.map(wireRange),
    } as const;
    return this.#ask(Fsctl.FILE_LEVEL_TRIM, controlled(input, options), {
      kind: "trimResponse",
      value: (body) => body.numRangesProcessed,
      empty: 0,
    });
  }

  offloadRead(
    offset: number | bigint,
    length: number | bigint,
    options: OperationOptions & { readonly timeToLive?: number } = {},
  ): Operation<OffloadToken> {
    const input = {
      kind: "offloadReadRequest",
      size: OFFLOAD_READ_SIZE,
      flags: 0,
      tokenTimeToLive: options.timeToLive ?? 0,
      reserved: 0,
      fileOffset: BigInt(offset),
      copyLength: BigInt(length),
    } as const;
    return this.#ask(Fsctl.OFFLOAD_READ, controlled(input, options), {
      kind: "offloadReadResponse",
      value: (body) => ({
        token: body.token,
        length: Number(body.transferLength),
        flags: body.flags,
      }),
      empty: { token: NO_BYTES, length: 0, flags: 0 },
    });
  }

  offloadWrite(
    token: Uint8Array,
    range: ByteRange & { readonly tokenOffset?: number | bigint },
    options: OperationOptions = {},
  ): Operation<number> {
    if (token.length !== TOKEN_LENGTH) {
      throw new ScriptError(
        `Cannot send OFFLOAD_WRITE: the token has ${token.length} bytes, not ${TOKEN_LENGTH}`,
      );
    }
    const input = {
      kind: "offloadWriteRequest",
      size: OFFLOAD_WRITE_SIZE,
      flags: 0,
      fileOffset: BigInt(range.offset),
      copyLength: BigInt(range.length),
      transferOffset: BigInt(range.tokenOffset ?? 0),
      token,
    } as const;
    return this.#ask(Fsctl.OFFLOAD_WRITE, controlled(input, options), {
      kind: "offloadWriteResponse",
      value: (body) => Number(body.lengthWritten),
      empty: 0,
    });
  }

  reparsePoint(options: OperationOptions = {}): Operation<ReparsePoint> {
    return this.#ask(Fsctl.GET_REPARSE_POINT, options, {
      kind: "reparsePoint",
      value: ({ tag, data }): ReparsePoint => ({ tag, data }),
      empty: { tag: 0, data: NO_BYTES },
    });
  }

  setReparsePoint(point: ReparsePoint, options: OperationOptions = {}): Operation<void> {
    const { tag, data } = point;
    const body = { kind: "reparsePoint", tag, reserved: 0, data } as const;
    return this.#tell(Fsctl.SET_REPARSE_POINT, options, body);
  }

  deleteReparsePoint(tag: number, options: OperationOptions = {}): Operation<void> {
    const body = { kind: "reparsePoint", tag, reserved: 0, data: NO_BYTES } as const;
    return this.#tell(Fsctl.DELETE_REPARSE_POINT, options, body);
  }

  duplicateExtents(
    from: File,
    range: CopyRange,
    options: OperationOptions & { readonly flags?: number } = {},
  ): Operation<void> {
    const source = (from as Partial<Identified>).identity?.fileId;
    if (source === undefined) {
      throw new ScriptError("Cannot send DUPLICATE_EXTENTS_TO_FILE: the source was never open");
    }
    const fields = {
      sourcePersistent: source.persistent,
      sourceVolatile: source.volatile,
      sourceFileOffset: BigInt(range.from),
      targetFileOffset: BigInt(range.to),
      byteCount: BigInt(size(range.length)),
    };
    if (options.flags === undefined) {
      const body = { kind: "duplicateExtents", ...fields } as const;
      return this.#tell(Fsctl.DUPLICATE_EXTENTS_TO_FILE, options, body);
    }
    const { flags, ...rest } = options;
    return this.#tell(Fsctl.DUPLICATE_EXTENTS_TO_FILE_EX, rest, {
      kind: "duplicateExtentsEx",
      structureSize: DUPLICATE_EXTENTS_EX_SIZE,
      ...fields,
      flags,
      reserved: 0,
    });
  }

  integrity(options: OperationOptions = {}): Operation<Integrity> {
    return this.#ask(Fsctl.GET_INTEGRITY_INFORMATION, options, {
      kind: "integrityInformation",
      value: (body): Integrity => ({
        checksumAlgorithm: body.checksumAlgorithm,
        flags: body.flags,
        checksumChunkSize: body.checksumChunkSizeInBytes,
        clusterSize: body.clusterSizeInBytes,
      }),
      empty: { checksumAlgorithm: 0, flags: 0, checksumChunkSize: 0, clusterSize: 0 },
    });
  }

  setIntegrity(
    integrity: Pick<Integrity, "checksumAlgorithm"> & { readonly flags?: number },
    options: OperationOptions = {},
  ): Operation<void> {
    return this.#tell(Fsctl.SET_INTEGRITY_INFORMATION, options, {
      kind: "setIntegrityInformation",
      checksumAlgorithm: integrity.checksumAlgorithm,
      reserved: 0,
      flags: integrity.flags ?? 0,
    });
  }

  compression(options: OperationOptions = {}): Operation<number> {
    return this.#ask(Fsctl.GET_COMPRESSION, options, {
      kind: "compression",
      value: (body) => body.compressionState,
      empty: 0,
    });
  }

  setCompression(state: number, options: OperationOptions = {}): Operation<void> {
    const body = { kind: "compression", compressionState: state } as const;
    return this.#tell(Fsctl.SET_COMPRESSION, options, body);
  }

  objectId(options: OperationOptions & { readonly create?: boolean } = {}): Operation<ObjectId> {
    const code = options.create === false ? Fsctl.GET_OBJECT_ID : Fsctl.CREATE_OR_GET_OBJECT_ID;
    return this.#ask(code, options, {
      kind: "objectId",
      value: (body): ObjectId => ({ id: body.objectId, extended: body.extendedInfo }),
      empty: { id: "", extended: NO_BYTES },
    });
  }

  transceive(
    data: Uint8Array,
    options: OperationOptions & { readonly maxOutput?: number } = {},
  ): Operation<Uint8Array> {
    return this.ioctl(Fsctl.PIPE_TRANSCEIVE, { ...options, input: data });
  }

  peek(options: OperationOptions & { readonly maxOutput?: number } = {}): Operation<PipePeek> {
    const { strict } = this.run;
    return this.keepMapped(
      mapOperation(this.ioctl(Fsctl.PIPE_PEEK, options), (bytes) => pipePeek(bytes, strict)),
    );
  }

  #ask<K extends FsctlBody["kind"], T>(
    code: number,
    options: IoctlOptions,
    how: Omit<Answering<K, T>, "code" | "strict">,
  ): Operation<T> {
    const { strict } = this.run;
    return this.keepMapped(answered(this.ioctl(code, options), { ...how, code, strict }));
  }

  #tell(code: number, options: OperationOptions, input: FsctlBody): Operation<void> {
    return this.keepMapped(mapOperation(this.ioctl(code, controlled(input, options)), nothing));
  }
}

/** What a source of extents needs to be. */
interface Identified {
  readonly identity: {
    readonly fileId: { readonly persistent: bigint; readonly volatile: bigint };
  } | null;
}

/** FSCTLs of a share with names of their own, over its IOCTL. */
export abstract class ControlledTree implements TreeControls {
  /** Whether an answer of another form is an error; in a replay it is not. */
  protected abstract readonly strict: boolean;

  abstract ioctl(code: number | string, options?: IoctlOptions): Operation<Uint8Array>;

  networkInterfaces(options: OperationOptions = {}): Operation<NetworkInterface[]> {
    const code = Fsctl.QUERY_NETWORK_INTERFACE_INFO;
    return answered(this.ioctl(code, options), {
      code,
      strict: this.strict,
      kind: "networkInterfaces",
      value: (body) => body.interfaces.map(networkInterface),
      empty: [],
    });
  }

  validateNegotiate(options: OperationOptions = {}): Operation<void> {
    return mapOperation(this.ioctl(Fsctl.VALIDATE_NEGOTIATE_INFO, options), nothing);
  }

  waitPipe(
    name: string,
    options: OperationOptions & { readonly wait?: Duration } = {},
  ): Operation<void> {
    const { wait, ...rest } = options;
    const input = {
      kind: "pipeWait",
      timeout: wait === undefined ? 0n : BigInt(Math.round(duration(wait) * TICKS)),
      timeoutSpecified: wait !== undefined,
      name,
    } as const;
    return mapOperation(this.ioctl(Fsctl.PIPE_WAIT, controlled(input, rest)), nothing);
  }

  dfsReferral(
    path: string,
    options: OperationOptions & { readonly maxLevel?: number; readonly maxOutput?: number } = {},
  ): Operation<DfsReferral> {
    const code = Fsctl.DFS_GET_REFERRALS;
    const input = {
      kind: "dfsReferralRequest",
      maxReferralLevel: options.maxLevel ?? MAX_REFERRAL_LEVEL,
      requestFileName: referralPath(path),
    } as const;
    return answered(this.ioctl(code, controlled(input, options)), {
      code,
      strict: this.strict,
      kind: "dfsReferralResponse",
      value: dfsReferral,
      empty: { consumed: 0, flags: 0, targets: [] },
    });
  }
}

/** RequestFileName has one leading separator (MS-DFSC 2.2.2). */
function referralPath(path: string): string {
  return `\\${path.replaceAll("/", "\\").replace(/^\\+/, "")}`;
}

function wireRange(range: ByteRange): { fileOffset: bigint; length: bigint } {
  return { fileOffset: BigInt(range.offset), length: BigInt(range.length) };
}

/** FSCTL_PIPE_PEEK reply (MS-FSCC 2.3.46). */
function pipePeek(bytes: Uint8Array, strict: boolean): PipePeek {
  const empty = { state: 0, available: 0, messages: 0, messageLength: 0, data: NO_BYTES };
  if (bytes.length === 0) return empty;
  if (bytes.length < 16) {
    if (strict) throw wrongForm("PIPE_PEEK", bytes);
    return empty;
  }
  const reader = new Reader(bytes);
  return {
    state: reader.u32("NamedPipeState"),
    available: reader.u32("ReadDataAvailable"),
    messages: reader.u32("NumberOfMessages"),
    messageLength: reader.u32("MessageLength"),
    data: reader.rest(),
  };
}

function networkInterface(value: WireInterface): NetworkInterface {
  const text = sockAddrText(value.sockAddr);
  return {
    index: value.ifIndex,
    rss: (value.capability & RSS_CAPABLE) !== 0,
    rdma: (value.capability & RDMA_CAPABLE) !== 0,
    speed: Number(value.linkSpeed),
    address: text === null ? null : text.replace(/:\d+$/, "").replace(/^\[|\]$/g, ""),
  };
}

function dfsReferral(body: DfsReferralResponse): DfsReferral {
  return {
    consumed: Math.floor(body.pathConsumed / 2),
    flags: body.headerFlags,
    targets: body.entries.map(referralTarget),
  };
}

function referralTarget(entry: DfsReferralEntry): DfsReferralTarget {
  const { version, serverType, entryFlags: flags } = entry;
  const common = { version, serverType, flags };
  switch (entry.form) {
    case "share":
      return { ...common, timeToLive: 0, path: "", targets: [entry.shareName] };
    case "target":
      return {
        ...common,
        timeToLive: entry.timeToLive,
        path: entry.dfsPath,
        targets: [entry.networkAddress],
      };
    case "names":
      return {
        ...common,
        timeToLive: entry.timeToLive,
        path: entry.specialName,
        targets: entry.expandedNames,
      };
  }
}

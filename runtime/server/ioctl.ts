/**
 * IOCTL (MS-SMB2 3.3.5.15): control codes that a file server cannot do without, and server-side copy.
 *
 * @module
 */

import { Access, type AllocatedRange, MAX_FILE_SIZE } from "../store/mod.ts";
import {
  type CopyChunk,
  decodeFsctlInput,
  encodeFsctlBody,
  Fsctl,
  type FsctlBody,
  type IoctlRequest,
  Status,
} from "../wire/mod.ts";
import { breakReaders } from "./breaks.ts";
import { Refusal } from "./errors.ts";
import { checkSize, storeOf } from "./io.ts";
import { COPY_CHUNK } from "./limits.ts";
import { validateNegotiate } from "./negotiate.ts";
import type { Open, OpenedFile } from "./state.ts";
import type { Reply, Work } from "./work.ts";

const IS_FSCTL = 0x0000_0001;
const FS_DRIVER_REQUIRED = 0xc000_019c;
const INVALID_VIEW_SIZE = 0xc000_001f;
const RANGE_SIZE = 16;
const RESUME_KEY_SIZE = 24;
const COPY_RESPONSE_SIZE = 12;

interface Output {
  readonly output: Uint8Array;
  readonly status?: number;
}

const NO_OUTPUT: Output = { output: new Uint8Array() };

/**
 * Handles IOCTL.
 *
 * @param work The request.
 * @param body Its body.
 * @returns The answer.
 */
export function handleIoctl(work: Work, body: IoctlRequest): Reply {
  if (body.flags !== IS_FSCTL) throw new Refusal(Status.NOT_SUPPORTED);
  checkSize(work, Math.max(body.input.length, body.maxInputResponse, body.maxOutputResponse));
  const { output, status } = perform(work, body);
  return {
    status: status ?? Status.SUCCESS,
    body: {
      reserved: 0,
      ctlCode: body.ctlCode,
      fileId: body.fileId,
      input: new Uint8Array(),
      output,
      flags: 0,
      reserved2: 0,
    },
  };
}

function perform(work: Work, body: IoctlRequest): Output {
  switch (body.ctlCode) {
    case Fsctl.DFS_GET_REFERRALS:
    case Fsctl.DFS_GET_REFERRALS_EX:
      // MS-SMB2 3.3.5.15.2: the answer of a server without DFS.
      throw new Refusal(FS_DRIVER_REQUIRED);
    case Fsctl.VALIDATE_NEGOTIATE_INFO:
      return { output: validateNegotiate(work, body) };
    case Fsctl.QUERY_NETWORK_INTERFACE_INFO:
      throw new Refusal(Status.NOT_SUPPORTED);
    case Fsctl.PIPE_TRANSCEIVE:
      return transceive(work.open(body.fileId), body);
  }
  const open = work.openFile(body.fileId);
  switch (body.ctlCode) {
    case Fsctl.GET_REPARSE_POINT:
      throw new Refusal(Status.NOT_A_REPARSE_POINT);
    case Fsctl.SET_SPARSE:
      return setSparse(work, open, body);
    case Fsctl.SET_ZERO_DATA:
      return zeroData(work, open, body);
    case Fsctl.QUERY_ALLOCATED_RANGES:
      return allocatedRanges(open, body);
    case Fsctl.CREATE_OR_GET_OBJECT_ID:
    case Fsctl.GET_OBJECT_ID:
      return objectId(work, open, body);
    case Fsctl.SRV_REQUEST_RESUME_KEY:
      return resumeKey(work, open, body);
    case Fsctl.SRV_COPYCHUNK:
    case Fsctl.SRV_COPYCHUNK_WRITE:
      return copyChunks(work, open, body);
    default:
      throw new Refusal(Status.INVALID_DEVICE_REQUEST);
  }
}

function transceive(open: Open, body: IoctlRequest): Output {
  if (open.pipe === undefined) throw new Refusal(Status.INVALID_DEVICE_REQUEST);
  open.pipe.write(body.input);
  const { data, more } = open.pipe.read(body.maxOutputResponse);
  return { output: data, status: more ? Status.BUFFER_OVERFLOW : Status.SUCCESS };
}

type InputOf<K extends FsctlBody["kind"]> = Extract<FsctlBody, { readonly kind: K }>;

/** The input of a request, which must have the form of its control code. */
function inputOf<K extends FsctlBody["kind"]>(body: IoctlRequest, kind: K): InputOf<K> {
  const input = decodeFsctlInput(body.ctlCode, body.input);
  if (input.kind !== kind) throw new Refusal(Status.INVALID_PARAMETER);
  return input as InputOf<K>;
}

function setSparse(work: Work, open: OpenedFile, body: IoctlRequest): Output {
  const { setSparse } = inputOf(body, "setSparse");
  const store = storeOf(work);
  // MS-FSCC 2.3.83: no input means true.
  store.setSparse(open.file, setSparse !== 0, work.server.fileTime(work.now));
  work.server.afterStore(store);
  return NO_OUTPUT;
}

// MS-FSCC 2.3.85: offsets are signed there, so that large ones are negative.
function checkedRange(offset: bigint, length: bigint): AllocatedRange {
  if (offset < 0n || length < 0n || offset + length > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new Refusal(Status.INVALID_PARAMETER);
  }
  return { offset: Number(offset), length: Number(length) };
}

function zeroData(work: Work, open: OpenedFile, body: IoctlRequest): Output {
  const { fileOffset, beyondFinalZero } = inputOf(body, "zeroData");
  const range = checkedRange(fileOffset, beyondFinalZero - fileOffset);
  const store = storeOf(work);
  breakReaders(work, open);
  try {
    store.zero(open.file, range, work.server.fileTime(work.now));
  } finally {
    work.server.afterStore(store);
  }
  return NO_OUTPUT;
}

function allocatedRanges(open: OpenedFile, body: IoctlRequest): Output {
  if ((open.grantedAccess & Access.FILE_READ_DATA) === 0) throw new Refusal(Status.ACCESS_DENIED);
  const { stream } = open.file;
  const [asked] = inputOf(body, "allocatedRanges").ranges;
  if (stream === undefined || asked === undefined) throw new Refusal(Status.INVALID_PARAMETER);
  const { offset, length } = checkedRange(asked.fileOffset, asked.length);
  const all = stream.content.allocatedRanges(offset, length);
  const ranges = all.slice(0, Math.floor(body.maxOutputResponse / RANGE_SIZE)).map((range) => ({
    fileOffset: BigInt(range.offset),
    length: BigInt(range.length),
  }));
  if (all.length > 0 && ranges.length === 0) throw new Refusal(Status.BUFFER_TOO_SMALL);
  const status = ranges.length < all.length ? Status.BUFFER_OVERFLOW : Status.SUCCESS;
  return { output: encodeFsctlBody({ kind: "allocatedRanges", ranges }), status };
}

/** An output that must fit the client's buffer as a whole. */
function whole(body: IoctlRequest, value: FsctlBody): Output {
  const output = encodeFsctlBody(value);
  if (output.length > body.maxOutputResponse) throw new Refusal(Status.INVALID_PARAMETER);
  return { output };
}

// MS-SMB2 3.3.5.15.5.
function resumeKey(work: Work, open: OpenedFile, body: IoctlRequest): Output {
  open.resumeKey ??= work.server.random(RESUME_KEY_SIZE);
  const context = new Uint8Array(4);
  return whole(body, { kind: "resumeKey", resumeKey: open.resumeKey, context });
}

// MS-FSCC 2.3.1: the id of a file is that of its volume with the number of the file in it.
function objectId(work: Work, open: OpenedFile, body: IoctlRequest): Output {
  const { guid } = work.server;
  const number = open.file.node.id.toString(16).padStart(12, "0").slice(-12);
  return whole(body, {
    kind: "objectId",
    objectId: `${guid.slice(0, 24)}${number}`,
    extendedInfo: new Uint8Array(48),
  });
}

interface Chunk {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

// MS-SMB2 3.3.5.15.6.
function copyChunks(work: Work, target: OpenedFile, body: IoctlRequest): Output {
  const { sourceKey, chunks } = inputOf(body, "copyChunkRequest");
  if (body.maxOutputResponse < COPY_RESPONSE_SIZE) throw new Refusal(Status.INVALID_PARAMETER);
  const source = findByResumeKey(work, sourceKey);
  if (source === undefined) throw new Refusal(Status.OBJECT_NAME_NOT_FOUND);
  const needed = body.ctlCode === Fsctl.SRV_COPYCHUNK
    ? Access.FILE_READ_DATA | Access.FILE_WRITE_DATA
    : Access.FILE_WRITE_DATA;
  if ((needed & ~target.grantedAccess) !== 0) throw new Refusal(Status.ACCESS_DENIED);
  if ((source.grantedAccess & Access.FILE_READ_DATA) === 0) throw new Refusal(Status.ACCESS_DENIED);
  if (target.file.stream === undefined || source.file.stream === undefined) {
    throw new Refusal(Status.INVALID_DEVICE_REQUEST);
  }
  const checked = checkChunks(chunks);
  if (checked === null) return limitsOfCopy();
  breakReaders(work, target);
  return copy(work, { source, target, chunks: checked });
}

function checkChunks(chunks: readonly CopyChunk[]): Chunk[] | null {
  if (chunks.length > COPY_CHUNK.count) return null;
  let total = 0;
  return chunks.every(({ length }) => {
      total += length;
      return length > 0 && length <= COPY_CHUNK.chunk && total <= COPY_CHUNK.total;
    })
    ? chunks.map(({ sourceOffset, targetOffset, length }) => {
      if (sourceOffset > BigInt(MAX_FILE_SIZE) || targetOffset > BigInt(MAX_FILE_SIZE)) {
        throw new Refusal(Status.INVALID_PARAMETER);
      }
      return { from: Number(sourceOffset), to: Number(targetOffset), length };
    })
    : null;
}

function copy(
  work: Work,
  job: {
    readonly source: OpenedFile;
    readonly target: OpenedFile;
    readonly chunks: readonly Chunk[];
  },
): Output {
  const { source, target, chunks } = job;
  const from = source.share.store;
  const to = storeOf(work);
  if (from === undefined) throw new Refusal(Status.INVALID_DEVICE_REQUEST);
  const now = work.server.fileTime(work.now);
  let total = 0;
  try {
    for (const chunk of chunks) {
      const data = from.read(source.file, chunk.from, { length: chunk.length, now });
      // MS-SMB2 3.3.5.15.6.2: a chunk that reaches behind the source is refused.
      if (data.length < chunk.length) throw new Refusal(INVALID_VIEW_SIZE);
      to.write(target.file, chunk.to, { data, now });
      total += chunk.length;
    }
  } finally {
    work.server.afterStore(to);
  }
  return { output: copyResponse(chunks.length, 0, total) };
}

function limitsOfCopy(): Output {
  const { count, chunk, total } = COPY_CHUNK;
  return { output: copyResponse(count, chunk, total), status: Status.INVALID_PARAMETER };
}

function copyResponse(chunks: number, chunkBytes: number, totalBytes: number): Uint8Array {
  return encodeFsctlBody({
    kind: "copyChunkResponse",
    chunksWritten: chunks,
    chunkBytesWritten: chunkBytes,
    totalBytesWritten: totalBytes,
  });
}

function findByResumeKey(work: Work, key: Uint8Array): OpenedFile | undefined {
  for (const open of work.validSession.opens.values()) {
    const { resumeKey } = open;
    if (resumeKey === undefined || open.file === undefined) continue;
    if (resumeKey.every((byte, index) => byte === key[index])) return open as OpenedFile;
  }
  return undefined;
}

/**
 * IOCTL (MS-SMB2 3.3.5.15): control codes that a file server cannot do without, and server-side copy.
 *
 * @module
 */

import { Access, type AllocatedRange, MAX_FILE_SIZE } from "../store/mod.ts";
import { type IoctlRequest, Reader, Status, Writer } from "../wire/mod.ts";
import { breakReaders } from "./breaks.ts";
import { Refusal } from "./errors.ts";
import { checkSize, storeOf } from "./io.ts";
import { COPY_CHUNK } from "./limits.ts";
import { validateNegotiate } from "./negotiate.ts";
import type { Open, OpenedFile } from "./state.ts";
import type { Reply, Work } from "./work.ts";

/** Control codes (MS-SMB2 2.2.31, MS-FSCC 2.3). */
const Fsctl = {
  DFS_GET_REFERRALS: 0x0006_0194,
  DFS_GET_REFERRALS_EX: 0x0006_01b0,
  GET_REPARSE_POINT: 0x0009_00a8,
  SET_SPARSE: 0x0009_00c4,
  QUERY_ALLOCATED_RANGES: 0x0009_40cf,
  SET_ZERO_DATA: 0x0009_80c8,
  PIPE_TRANSCEIVE: 0x0011_c017,
  SRV_REQUEST_RESUME_KEY: 0x0014_0078,
  QUERY_NETWORK_INTERFACE_INFO: 0x0014_01fc,
  VALIDATE_NEGOTIATE_INFO: 0x0014_0204,
  SRV_COPYCHUNK: 0x0014_40f2,
  SRV_COPYCHUNK_WRITE: 0x0014_80f2,
} as const;

const IS_FSCTL = 0x0000_0001;
const FS_DRIVER_REQUIRED = 0xc000_019c;
const INVALID_VIEW_SIZE = 0xc000_001f;
const RANGE_SIZE = 16;
const RESUME_KEY_SIZE = 24;

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
      return setSparse(work, open, body.input);
    case Fsctl.SET_ZERO_DATA:
      return zeroData(work, open, body.input);
    case Fsctl.QUERY_ALLOCATED_RANGES:
      return allocatedRanges(open, body);
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

function setSparse(work: Work, open: OpenedFile, input: Uint8Array): Output {
  const store = storeOf(work);
  // MS-FSCC 2.3.77: no input means true.
  store.setSparse(open.file, input.length === 0 || input[0] !== 0, work.server.fileTime(work.now));
  work.server.afterStore(store);
  return NO_OUTPUT;
}

function readRange(reader: Reader, second: "length" | "end"): AllocatedRange {
  const offset = reader.i64("FileOffset");
  const other = reader.i64("Length");
  const length = second === "length" ? other : other - offset;
  if (offset < 0n || length < 0n || offset + length > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new Refusal(Status.INVALID_PARAMETER);
  }
  return { offset: Number(offset), length: Number(length) };
}

function zeroData(work: Work, open: OpenedFile, input: Uint8Array): Output {
  const range = readRange(new Reader(input), "end");
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
  if (stream === undefined) throw new Refusal(Status.INVALID_PARAMETER);
  const { offset, length } = readRange(new Reader(body.input), "length");
  const ranges = stream.content.allocatedRanges(offset, length);
  const fitting = ranges.slice(0, Math.floor(body.maxOutputResponse / RANGE_SIZE));
  if (ranges.length > 0 && fitting.length === 0) throw new Refusal(Status.BUFFER_TOO_SMALL);
  const writer = new Writer(fitting.length * RANGE_SIZE + 8);
  for (const range of fitting) {
    writer.u64(BigInt(range.offset));
    writer.u64(BigInt(range.length));
  }
  const status = fitting.length < ranges.length ? Status.BUFFER_OVERFLOW : Status.SUCCESS;
  return { output: writer.bytes(), status };
}

// MS-SMB2 3.3.5.15.5.
function resumeKey(work: Work, open: OpenedFile, body: IoctlRequest): Output {
  const writer = new Writer(32);
  open.resumeKey ??= work.server.random(RESUME_KEY_SIZE);
  writer.raw(open.resumeKey);
  writer.u32(0);
  writer.u32(0);
  if (writer.length > body.maxOutputResponse) throw new Refusal(Status.INVALID_PARAMETER);
  return { output: writer.bytes() };
}

interface Chunk {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

// MS-SMB2 3.3.5.15.6.
function copyChunks(work: Work, target: OpenedFile, body: IoctlRequest): Output {
  const reader = new Reader(body.input);
  const key = reader.bytes(RESUME_KEY_SIZE, "SourceKey");
  const count = reader.u32("ChunkCount");
  reader.skip(4, "Reserved");
  if (body.maxOutputResponse < 12) throw new Refusal(Status.INVALID_PARAMETER);
  const source = findByResumeKey(work, key);
  if (source === undefined) throw new Refusal(Status.OBJECT_NAME_NOT_FOUND);
  const needed = body.ctlCode === Fsctl.SRV_COPYCHUNK
    ? Access.FILE_READ_DATA | Access.FILE_WRITE_DATA
    : Access.FILE_WRITE_DATA;
  if ((needed & ~target.grantedAccess) !== 0) throw new Refusal(Status.ACCESS_DENIED);
  if ((source.grantedAccess & Access.FILE_READ_DATA) === 0) throw new Refusal(Status.ACCESS_DENIED);
  if (target.file.stream === undefined || source.file.stream === undefined) {
    throw new Refusal(Status.INVALID_DEVICE_REQUEST);
  }
  const chunks = count > COPY_CHUNK.count ? null : readChunks(reader, count);
  if (chunks === null) return limitsOfCopy();
  breakReaders(work, target);
  return copy(work, { source, target, chunks });
}

function readChunks(reader: Reader, count: number): Chunk[] | null {
  const chunks: Chunk[] = [];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const from = reader.u64("SourceOffset");
    const to = reader.u64("TargetOffset");
    const length = reader.u32("Length");
    reader.skip(4, "Reserved");
    total += length;
    if (length === 0 || length > COPY_CHUNK.chunk || total > COPY_CHUNK.total) return null;
    if (from > BigInt(MAX_FILE_SIZE) || to > BigInt(MAX_FILE_SIZE)) {
      throw new Refusal(Status.INVALID_PARAMETER);
    }
    chunks.push({ from: Number(from), to: Number(to), length });
  }
  return chunks;
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
  const from = source.tree.share.store;
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
  const writer = new Writer(12);
  writer.u32(chunks);
  writer.u32(chunkBytes);
  writer.u32(totalBytes);
  return writer.bytes();
}

function findByResumeKey(work: Work, key: Uint8Array): OpenedFile | undefined {
  for (const open of work.validSession.opens.values()) {
    const { resumeKey } = open;
    if (resumeKey === undefined || open.file === undefined) continue;
    if (resumeKey.every((byte, index) => byte === key[index])) return open as OpenedFile;
  }
  return undefined;
}

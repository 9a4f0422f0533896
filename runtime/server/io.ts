/**
 * READ, WRITE and FLUSH (MS-SMB2 3.3.5.11 to 3.3.5.13).
 *
 * @module
 */

import { Access, type FileStore, MAX_FILE_SIZE } from "../store/mod.ts";
import { type FlushRequest, type ReadRequest, Status, type WriteRequest } from "../wire/mod.ts";
import { breakReaders } from "./breaks.ts";
import { Refusal } from "./errors.ts";
import { type Reply, reply, type Work } from "./work.ts";

/** Offset that means the end of the file (MS-FSA 2.1.5.4). */
const APPEND_OFFSET = 0xffff_ffff_ffff_ffffn;
const CREDIT_UNIT = 65_536;

/**
 * Handles READ.
 *
 * @param work The request.
 * @param body Its body.
 * @returns The answer.
 */
export function handleRead(work: Work, body: ReadRequest): Reply {
  const open = work.open(body.fileId);
  checkSize(work, body.length);
  if (open.pipe !== undefined) {
    const { data, more } = open.pipe.read(body.length);
    const status = more ? Status.BUFFER_OVERFLOW : Status.SUCCESS;
    return reply({ data, dataRemaining: 0, flags: 0 }, status);
  }
  const { file } = open;
  if (file?.stream === undefined) throw new Refusal(Status.INVALID_DEVICE_REQUEST);
  if (body.offset + BigInt(body.length) > MAX_OFFSET) throw new Refusal(Status.INVALID_PARAMETER);
  const store = storeOf(work);
  const time = work.server.fileTime(work.now);
  const data = body.offset >= BigInt(MAX_FILE_SIZE)
    ? new Uint8Array()
    : store.read(file, Number(body.offset), { length: body.length, now: time });
  // MS-SMB2 3.3.5.12: fewer bytes than demanded, or none where some were asked for, is the end of the file.
  if (data.length < body.minimumCount || (data.length === 0 && body.length > 0)) {
    throw new Refusal(Status.END_OF_FILE);
  }
  open.position = body.offset + BigInt(data.length);
  return reply({ data, dataRemaining: 0, flags: 0 });
}

/**
 * Handles WRITE.
 *
 * @param work The request.
 * @param body Its body.
 * @returns The answer.
 */
export function handleWrite(work: Work, body: WriteRequest): Reply {
  const open = work.open(body.fileId);
  checkSize(work, body.data.length);
  const done = (count: number) =>
    reply({ reserved: 0, count, remaining: 0, channelInfo: new Uint8Array() });
  if (open.pipe !== undefined) {
    open.pipe.write(body.data);
    return done(body.data.length);
  }
  const opened = work.openFile(body.fileId);
  if (opened.file.stream === undefined) throw new Refusal(Status.INVALID_DEVICE_REQUEST);
  const { access } = opened.file;
  if ((access & (Access.FILE_WRITE_DATA | Access.FILE_APPEND_DATA)) === 0) {
    throw new Refusal(Status.ACCESS_DENIED);
  }
  const append = body.offset === APPEND_OFFSET;
  if (!append && body.offset + BigInt(body.data.length) > MAX_OFFSET) {
    throw new Refusal(Status.INVALID_PARAMETER);
  }
  if (!append && body.offset + BigInt(body.data.length) > BigInt(MAX_FILE_SIZE)) {
    throw new Refusal(Status.DISK_FULL);
  }
  const store = storeOf(work);
  breakReaders(work, opened);
  try {
    const offset = append ? -1 : Number(body.offset);
    store.write(opened.file, offset, { data: body.data, now: work.server.fileTime(work.now) });
  } finally {
    work.server.afterStore(store);
  }
  if (!append) open.position = body.offset + BigInt(body.data.length);
  return done(body.data.length);
}

/**
 * Handles FLUSH: everything is in memory, so only the rights count.
 *
 * @param work The request.
 * @param body Its body.
 * @returns The answer.
 */
export function handleFlush(work: Work, body: FlushRequest): Reply {
  const open = work.open(body.fileId);
  const needed = Access.FILE_WRITE_DATA | Access.FILE_APPEND_DATA;
  if (open.file !== undefined && (open.grantedAccess & needed) === 0) {
    throw new Refusal(Status.ACCESS_DENIED);
  }
  return reply({ reserved: 0 });
}

/**
 * Checks a payload against the server's limit and what its credits pay for (MS-SMB2 3.3.5.2.5).
 *
 * @param work The request.
 * @param length Bytes to transfer.
 * @throws {Refusal} INVALID_PARAMETER.
 */
export function checkSize(work: Work, length: number): void {
  const { negotiated } = work.connection;
  if (length > (negotiated?.maxTransactSize ?? 0)) throw new Refusal(Status.INVALID_PARAMETER);
  if (negotiated?.supportsMultiCredit !== true) return;
  const charge = Math.max(1, work.header.creditCharge);
  if (Math.ceil(length / CREDIT_UNIT) > charge) throw new Refusal(Status.INVALID_PARAMETER);
}

/**
 * The store of a request's share.
 *
 * @param work The request.
 * @returns The store.
 * @throws {Refusal} INVALID_DEVICE_REQUEST on IPC$.
 */
export function storeOf(work: Work): FileStore {
  const { store } = work.validTree.share;
  if (store === undefined) throw new Refusal(Status.INVALID_DEVICE_REQUEST);
  return store;
}

const MAX_OFFSET = 0x7fff_ffff_ffff_ffffn;

/** Whole files in pieces, several of them in flight. */
import { Reader, Status } from "../wire/mod.ts";
import type { FileRequests } from "./file_requests.ts";

/** How a transfer is cut. */
export interface TransferOptions {
  /** First byte; 0 unless told. */
  readonly offset?: number;
  /** Requests in flight; 8 unless told. */
  readonly inFlight?: number;
  /** Bytes of one request; the smaller of 1 MiB and what the server allows, unless told. */
  readonly chunkSize?: number;
  readonly signal?: AbortSignal;
}

const MIB = 1024 * 1024;
const IN_FLIGHT = 8;

interface Plan extends TransferOptions {
  /** MaxReadSize or MaxWriteSize. */
  readonly limit: number;
  /** Flags of READ (MS-SMB2 2.2.19); 0 unless told. */
  readonly readFlags?: number;
}

/** Reads up to `length` bytes, or to the end of the file. */
export async function readWhole(
  file: FileRequests,
  options: Plan & { readonly length?: number },
): Promise<Uint8Array> {
  const { offset = 0, length = Infinity, inFlight = IN_FLIGHT } = options;
  const { signal, readFlags = 0 } = options;
  const size = chunkSize(options);
  const pieces: Uint8Array[] = [];
  let end = offset + length;
  let next = offset;
  let reachedEnd = false;

  async function pull(): Promise<void> {
    while (!reachedEnd && next < end) {
      const at = next;
      const wanted = Math.min(size, end - at);
      next += wanted;
      const data = await readPiece(file, { offset: at, length: wanted, signal, readFlags });
      pieces[(at - offset) / size] = data;
      if (data.byteLength < wanted) reachedEnd = true;
    }
  }

  if (length === Infinity) {
    // One request tells whether the file is longer; only then is its size worth a request.
    const data = await readPiece(file, { offset, length: size, signal, readFlags });
    if (data.byteLength < size) return data;
    pieces.push(data);
    next += size;
    end = await endOfFile(file);
  }
  const workers = Math.min(inFlight, Math.ceil((end - next) / size));
  await settleAll(Array.from({ length: Math.max(0, workers) }, pull));
  return joinToFirstGap(pieces, size);
}

/** Writes everything. */
export async function writeWhole(
  file: FileRequests,
  data: Uint8Array,
  options: Plan,
): Promise<void> {
  const { offset = 0, inFlight = IN_FLIGHT, signal } = options;
  const size = chunkSize(options);
  let next = 0;

  async function push(): Promise<void> {
    while (next < data.byteLength) {
      let at = next;
      const end = Math.min(data.byteLength, at + size);
      next = end;
      while (at < end) {
        const tuning = signal === undefined ? {} : { signal };
        const { body } = await file.write(offset + at, data.subarray(at, end), tuning);
        // A server may take less than it was given (MS-SMB2 2.2.22 Count); nothing at all would never end.
        if (body.count === 0) throw new RangeError("Cannot write: the server took 0 bytes");
        at += body.count;
      }
    }
  }

  await settleAll(
    Array.from({ length: Math.min(inFlight, Math.ceil(data.byteLength / size)) }, push),
  );
}

/** EndOfFile of FileStandardInformation (MS-FSCC 2.4). */
async function endOfFile(file: FileRequests): Promise<number> {
  const reply = await file.queryInfo({ fileInfoClass: 5, outputBufferLength: 24 });
  const reader = new Reader(reply.body.output);
  reader.skip(8, "AllocationSize");
  return Number(reader.u64("EndOfFile"));
}

async function readPiece(
  file: FileRequests,
  range: {
    readonly offset: number;
    readonly length: number;
    readonly signal: AbortSignal | undefined;
    readonly readFlags: number;
  },
): Promise<Uint8Array> {
  const { offset, length, signal, readFlags } = range;
  const parts: Uint8Array[] = [];
  let had = 0;
  while (had < length) {
    const reply = await file.read(offset + had, length - had, {
      accept: [Status.END_OF_FILE],
      readFlags,
      ...(signal === undefined ? {} : { signal }),
    });
    const data = reply.body?.data ?? new Uint8Array(0);
    if (data.byteLength === 0) break;
    parts.push(data);
    had += data.byteLength;
  }
  return parts.length === 1 ? parts[0] as Uint8Array : join(parts);
}

function chunkSize(options: Plan): number {
  return Math.max(1, Math.min(options.chunkSize ?? MIB, options.limit));
}

/** Rejects with the first failure, once nothing is in flight any more. */
async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

/** A short piece is the end of the file; what lies behind was read past it. */
function joinToFirstGap(pieces: readonly (Uint8Array | undefined)[], size: number): Uint8Array {
  const whole: Uint8Array[] = [];
  for (const piece of pieces) {
    if (piece === undefined) break;
    whole.push(piece);
    if (piece.byteLength < size) break;
  }
  return whole.length === 1 ? whole[0] as Uint8Array : join(whole);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.byteLength;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

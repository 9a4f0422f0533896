/** `inspect --operations`: the exchanges of a capture one by one. It loads nothing of what makes plans. */
import type { CaptureInput, CaptureNote, DecodeAs } from "./capture/mod.ts";
import type { Criteria } from "./criteria.ts";
import { Decryption, type DecryptionKeys } from "./decryption.ts";
import { OperationLines } from "./operation_lines.ts";
import { countPayloads, hashPayloads } from "./payload.ts";
import { type Progress, readCapture } from "./read_capture.ts";

/** How a capture is inspected. */
export interface InspectOptions {
  readonly keys?: DecryptionKeys;
  /** What cannot be told from the capture. */
  readonly decodeAs?: DecodeAs;
  readonly progress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode inspectOperations}. */
export interface OperationOptions extends InspectOptions {
  /** Whether lines of READ and WRITE tell the SHA-256 of the data; that costs more than all the rest of such a line. */
  readonly hashes?: boolean;
  /** Which exchanges to tell of; all unless given. A client is known by its name once it has logged in. */
  readonly select?: Criteria;
}

/**
 * Hands every exchange on as a line of JSON, in the order of the requests. `write` gets whole lines with their line
 * feeds, many at a time, as a view that holds until it returns. Packets that are out of place in the file stay there, as they do for Wireshark.
 */
export async function inspectOperations(
  input: CaptureInput,
  write: (lines: Uint8Array) => void,
  options: OperationOptions = {},
): Promise<{ readonly notes: readonly CaptureNote[] }> {
  const { select } = options;
  const filters = select === undefined ? undefined : await import("./exchange_filter.ts");
  let lines: OperationLines | undefined;
  const { notes } = await readCapture(
    input,
    (state) => {
      const filter = filters === undefined || select === undefined
        ? undefined
        : new filters.ExchangeFilter(select, state);
      return lines = new OperationLines(
        state,
        write,
        filter === undefined ? {} : { keeps: (exchange) => filter.keeps(exchange) },
      );
    },
    {
      payloads: options.hashes ? hashPayloads : countPayloads,
      order: "file",
      ...readOptions(options),
    },
  );
  lines?.finish();
  return { notes };
}

/** What reading is told of these options. */
export function readOptions(options: InspectOptions) {
  return {
    unwrapper: new Decryption(options.keys ?? {}),
    ...(options.decodeAs === undefined ? {} : { decodeAs: options.decodeAs }),
    ...(options.progress === undefined ? {} : { progress: options.progress }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
}

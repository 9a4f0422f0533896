/** A plan -> workload JSON, version 1 and what is beyond it: piece by piece, an operation a line. */
import type { Scratch } from "../capture/mod.ts";
import type { PlanClient } from "../plan.ts";
import type { PlanSource } from "../plan_source.ts";
import type { provisionJson } from "./provision_json.ts";
import { type RowOptions, ROWS_AT_ONCE, type RowSurvey, RowWriter } from "./rows.ts";

/** How a workload is written. */
export interface JsonOptions extends RowOptions {
  /** Version of smbench. */
  readonly version: string;
  /** What the shares held before, asked for once all operations were gone through. */
  readonly provision?: () => ReturnType<typeof provisionJson> | undefined;
  /** Makes the file for what has to wait; without it all that waits is in memory. */
  readonly scratch?: () => Scratch;
}

/** Pieces come twice for so many operations, of which some are empty: when they are gone through, and when written. */
export const ROWS_OF_PIECE = ROWS_AT_ONCE / 2;

/**
 * The text in pieces, one at least for each {@linkcode ROWS_AT_ONCE} operations; some are empty. What version 1 has no
 * operation for is in a list of its own, `smb2_operations`, so that readers of version 1 find nothing that they do not
 * know; `sequence` tells how both lists belong together. Counts come before what is counted: both lists wait.
 */
export function* workloadJson(
  source: PlanSource,
  survey: RowSurvey,
  options: JsonOptions,
): Iterable<string> {
  using operations = new Pieces(options.scratch);
  using others = new Pieces(options.scratch);
  const writer = new RowWriter(source, survey, options);
  const counts = new Map<string, number>();
  let rows = 0;
  for (const { client, isVersion1, text } of writer.rows({ numbered: true })) {
    if (isVersion1) counts.set(client, (counts.get(client) ?? 0) + 1);
    const list = isVersion1 ? operations : others;
    list.add(list.isEmpty ? `\n${text}` : `,\n${text}`);
    if (++rows % ROWS_AT_ONCE === 0) yield "";
  }
  const { name, start, seconds } = source.source;
  const metadata = {
    source: "pcap_compiler",
    duration_seconds: seconds,
    client_count: source.clients.length,
    capture: name,
    ...start === null ? {} : { start },
    compiler: `smbench ${options.version}`,
  };
  yield `{\n"version": 1,\n"metadata": ${JSON.stringify(metadata)},\n"clients": [\n`;
  const clients = source.clients.map((client) => clientFields(client, counts.get(client.id) ?? 0));
  yield clients.map((client) => JSON.stringify(client)).join(",\n");
  yield `\n],\n"operations": [`;
  yield* operations.all();
  yield `\n],\n"smb2_operations": [`;
  yield* others.all();
  yield "\n]";
  const provision = options.provision?.();
  if (provision !== undefined) {
    yield `,\n"provision": ${JSON.stringify(provision)}`;
  }
  yield "\n}\n";
}

/** Characters of a piece. */
const PIECE = 2 ** 18;

/** A text that waits, in pieces: the last one in memory, the others put aside where that can be. */
class Pieces implements Disposable {
  readonly #makeScratch: (() => Scratch) | undefined;
  #scratch: Scratch | null = null;
  readonly #aside: { readonly position: number; readonly length: number }[] = [];
  readonly #held: string[] = [];
  #last = "";

  constructor(scratch: (() => Scratch) | undefined) {
    this.#makeScratch = scratch;
  }

  get isEmpty(): boolean {
    return this.#last === "" && this.#aside.length === 0 && this.#held.length === 0;
  }

  add(text: string): void {
    this.#last += text;
    if (this.#last.length < PIECE) return;
    if (this.#makeScratch === undefined) this.#held.push(this.#last);
    else {
      this.#scratch ??= this.#makeScratch();
      const bytes = encoder.encode(this.#last);
      this.#aside.push({ position: this.#scratch.append(bytes), length: bytes.byteLength });
    }
    this.#last = "";
  }

  *all(): Generator<string> {
    for (const { position, length } of this.#aside) {
      const bytes = new Uint8Array(length);
      this.#scratch?.read(position, bytes);
      yield decoder.decode(bytes);
    }
    yield* this.#held;
    yield this.#last;
  }

  [Symbol.dispose](): void {
    this.#scratch?.[Symbol.dispose]();
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function clientFields(client: PlanClient, count: number) {
  const [user] = client.users;
  return {
    client_id: client.id,
    operation_count: count,
    ...user === undefined ? {} : { user },
    ...client.users.length > 1 ? { users: client.users } : {},
    address: client.address,
    ...client.clientGuid === null ? {} : { client_guid: client.clientGuid },
  };
}

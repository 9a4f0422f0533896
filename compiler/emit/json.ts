/** A plan -> workload JSON, version 1 and what is beyond it: piece by piece, an operation a line. */
import type { Scratch } from "../capture/mod.ts";
import { LineBytes, piece } from "../line_bytes.ts";
import type { PlanClient } from "../plan.ts";
import type { PlanSource } from "../plan_source.ts";
import { type RowOptions, ROWS_AT_ONCE, type RowSurvey, RowWriter } from "./rows.ts";

/** How a workload is written. */
export interface JsonOptions extends RowOptions {
  /** Version of smbench. */
  readonly version: string;
  /** What is known once all operations were gone through: further members. */
  readonly last?: () => Readonly<Record<string, unknown>>;
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
): Iterable<Uint8Array> {
  using operations = new Pieces(options.scratch);
  using others = new Pieces(options.scratch);
  const writer = new RowWriter(source, survey, options);
  const counts = new Map<string, number>();
  const line = new LineBytes();
  let rows = 0;
  for (const { client, isVersion1 } of writer.rows(line, { numbered: true })) {
    if (isVersion1) counts.set(client, (counts.get(client) ?? 0) + 1);
    (isVersion1 ? operations : others).add(line.view());
    line.cut(0);
    if (++rows % ROWS_AT_ONCE === 0) yield NOTHING;
  }
  const { name, start, seconds, remarks } = source.source;
  const metadata = {
    source: "pcap_compiler",
    duration_seconds: seconds,
    client_count: source.clients.length,
    capture: name,
    ...start === null ? {} : { start },
    compiler: `smbench ${options.version}`,
    ...remarks === undefined ? {} : { remarks },
  };
  yield piece(`{\n"version": 1,\n"metadata": ${JSON.stringify(metadata)},\n"clients": [\n`);
  const clients = source.clients.map((client) => clientFields(client, counts.get(client.id) ?? 0));
  yield piece(clients.map((client) => JSON.stringify(client)).join(",\n"));
  yield piece(`\n],\n"operations": [`);
  yield* operations.all();
  yield piece(`\n],\n"smb2_operations": [`);
  yield* others.all();
  const told = Object.entries(options.last?.() ?? {}).map(([name, value]) =>
    `,\n${JSON.stringify(name)}: ${JSON.stringify(value)}`
  ).join("");
  yield piece(`\n]${told}\n}\n`);
}

const NOTHING = new Uint8Array(0);

/** Bytes of a piece. */
const PIECE = 2 ** 18;

const FIRST = piece("\n");
const NEXT = piece(",\n");

/** The members of a list, which wait in pieces: the last one in memory, the others put aside where that can be. */
class Pieces implements Disposable {
  readonly #makeScratch: (() => Scratch) | undefined;
  #scratch: Scratch | null = null;
  readonly #aside: { readonly position: number; readonly length: number }[] = [];
  readonly #held: Uint8Array[] = [];
  readonly #last = new LineBytes();
  #isEmpty = true;

  constructor(scratch: (() => Scratch) | undefined) {
    this.#makeScratch = scratch;
  }

  add(bytes: Uint8Array): void {
    this.#last.put(this.#isEmpty ? FIRST : NEXT).put(bytes);
    this.#isEmpty = false;
    if (this.#last.length < PIECE) return;
    const view = this.#last.view();
    if (this.#makeScratch === undefined) this.#held.push(view.slice());
    else {
      this.#scratch ??= this.#makeScratch();
      this.#aside.push({ position: this.#scratch.append(view), length: view.length });
    }
    this.#last.cut(0);
  }

  *all(): Generator<Uint8Array> {
    for (const { position, length } of this.#aside) {
      const bytes = new Uint8Array(length);
      this.#scratch?.read(position, bytes);
      yield bytes;
    }
    yield* this.#held;
    yield this.#last.view();
  }

  [Symbol.dispose](): void {
    this.#scratch?.[Symbol.dispose]();
  }
}

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

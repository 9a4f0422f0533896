/** A plan -> workload JSON, version 1 and what is beyond it: piece by piece, an operation a line. */
import type { PlanClient } from "../plan.ts";
import type { PlanSource } from "../plan_source.ts";
import type { provisionJson } from "./provision_json.ts";
import { type RowOptions, ROWS_AT_ONCE, type RowSurvey, RowWriter } from "./rows.ts";

/** How a workload is written. */
export interface JsonOptions extends RowOptions {
  /** Version of smbench. */
  readonly version: string;
  /** What the shares held before; nothing unless given. */
  readonly provision?: ReturnType<typeof provisionJson>;
}

/** How often the operations are gone through. */
export const JSON_PASSES = 3;

/**
 * The text in pieces, one at least for each {@linkcode ROWS_AT_ONCE} operations of a pass; some are empty. What version 1 has no operation for is in a list of its own, `smb2_operations`, so that readers of
 * version 1 find nothing that they do not know; `sequence` tells how both lists belong together.
 */
export function* workloadJson(
  source: PlanSource,
  survey: RowSurvey,
  options: JsonOptions,
): Iterable<string> {
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
  const writer = new RowWriter(source, survey, options);
  const counts = new Map<string, number>();
  let rows = 0;
  for (const { client, isVersion1 } of writer.rows({ values: false })) {
    if (isVersion1) counts.set(client, (counts.get(client) ?? 0) + 1);
    if (++rows % ROWS_AT_ONCE === 0) yield "";
  }
  const clients = source.clients.map((client) => clientFields(client, counts.get(client.id) ?? 0));
  yield clients.map((client) => JSON.stringify(client)).join(",\n");
  for (const [list, isVersion1] of [["operations", true], ["smb2_operations", false]] as const) {
    let piece = `\n],\n"${list}": [`;
    let separator = "\n";
    let sequence = 0;
    for (const row of writer.rows({ numbered: true, values: isVersion1 ? "version1" : "beside" })) {
      if (row.value !== null) {
        piece += separator + JSON.stringify(row.value);
        separator = ",\n";
      }
      if (++sequence % ROWS_AT_ONCE > 0) continue;
      yield piece;
      piece = "";
    }
    yield piece;
  }
  yield "\n]";
  if (options.provision !== undefined) {
    yield `,\n"provision": ${JSON.stringify(options.provision)}`;
  }
  yield "\n}\n";
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

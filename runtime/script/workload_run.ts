/** A checked workload -> a replay's definition: the rows of each client, played as those of a scenario are. */
import type { Client, ReplayParams } from "./api.ts";
import { listedRows } from "./rows.ts";
import type { ScriptClient } from "./client.ts";
import { Definition } from "./scenario.ts";
import type { Workload, WorkloadOperation } from "./workload.ts";

/** The replay that a workload means. */
export function workloadDefinition(workload: Workload): Definition {
  const { metadata, clients } = workload;
  const users = new Map(clients.map(({ client_id: id, user }) => [id, user ?? id]));
  const operations = new Map<string, WorkloadOperation[]>();
  for (const operation of workload.operations) {
    const list = operations.get(operation.client_id);
    if (list === undefined) operations.set(operation.client_id, [operation]);
    else list.push(operation);
  }
  return new Definition({
    kind: "replay",
    name: metadata.capture ?? metadata.source,
    params: null,
    provision: workload.provision,
    after: workload.after,
    clients: Object.fromEntries(
      [...operations.keys()].map((id) => [id, { user: users.get(id) ?? id }]),
    ),
    functions: Object.fromEntries(
      [...operations].map(([id, list]) => [
        id,
        (client: Client, places: ReplayParams<undefined>) =>
          (client as ScriptClient).playFrom(listedRows(list), places),
      ]),
    ),
  });
}

import { assertEquals } from "@std/assert";
import { compile, type Plan, type PlanOperation } from "../../compiler/mod.ts";
import { EXAMPLES } from "./example_scenarios.ts";
import { comparePlans } from "./plan_comparison.ts";

async function officePlan(): Promise<Plan> {
  return (await compile(new URL("office.pcap", EXAMPLES), { version: "0.0.0" })).plan;
}

/** The plan with its first operation of a kind changed. */
function changed<K extends PlanOperation["kind"]>(
  plan: Plan,
  kind: K,
  change: (operation: Extract<PlanOperation, { kind: K }>) => PlanOperation,
): Plan {
  const index = plan.operations.findIndex((operation) => operation.kind === kind);
  const operation = plan.operations[index] as Extract<PlanOperation, { kind: K }>;
  return { ...plan, operations: plan.operations.with(index, change(operation)) };
}

Deno.test("a plan equals itself, and the plan of a run with other times, ids, keys and names of clients", async () => {
  const plan = await officePlan();
  assertEquals(comparePlans(plan, plan), []);
  const names = new Map(plan.clients.map(({ id }, index) => [id, `other${9 - index}`]));
  const later = (time: number | null) => time === null ? null : time * 2;
  const other: Plan = {
    ...plan,
    source: { name: "other", start: null, seconds: 9 },
    clients: plan.clients.toReversed().map((client) => ({
      ...client,
      id: names.get(client.id) ?? "",
      clientGuid: null,
    })),
    operations: plan.operations.map((operation): PlanOperation => {
      const common = {
        client: names.get(operation.client) ?? "",
        at: operation.at * 2,
        answeredAt: later(operation.answeredAt),
        frames: { request: 1 },
      };
      if (operation.kind === "connect") return { ...operation, ...common, server: "127.0.0.1:9" };
      if (operation.kind !== "create") return { ...operation, ...common };
      const contexts = operation.contexts.map((context) =>
        context.kind === "RqLs" ? { ...context, key: `${context.key}x` } : context
      );
      return { ...operation, ...common, contexts };
    }),
  };
  assertEquals(comparePlans(plan, other), []);
});

Deno.test("whatever a client did otherwise is a difference", async () => {
  const plan = await officePlan();
  const others: readonly Plan[] = [
    changed(plan, "create", (create) => ({ ...create, access: create.access + 1 })),
    changed(plan, "create", (create) => ({ ...create, status: 5 })),
    changed(plan, "create", (create) => ({ ...create, answeredAt: null })),
    changed(plan, "write", (write) => ({ ...write, data: { ...write.data, sha256: "00" } })),
    changed(plan, "write", (write) => ({ ...write, header: { creditCharge: 7 } })),
    changed(plan, "break", (one) => ({ ...one, to: 0 })),
    changed(plan, "break", (one) => ({ ...one, acknowledgedAfter: null })),
    changed(plan, "close", (close) => ({ ...close, file: "f99" })),
    changed(plan, "close", (close) => ({
      ...close,
      chain: { id: close.id, index: 0, related: false },
    })),
  ];
  for (const other of others) assertEquals(comparePlans(plan, other).length, 1);
  const short = { ...plan, operations: plan.operations.slice(0, -1) };
  assertEquals(comparePlans(plan, short).length, 1);
  assertEquals(comparePlans(plan, { ...plan, clients: plan.clients.slice(1) }), [
    `${plan.clients.length} clients, and then ${plan.clients.length - 1}`,
  ]);
});

Deno.test("a lease key that two opens shared, and share no longer, is a difference", async () => {
  const plan = await officePlan();
  const keyed = (keys: readonly string[]): Plan => {
    let next = 0;
    const [client] = plan.clients;
    const creates = plan.operations.filter((one) => one.kind === "create").slice(0, 2);
    return {
      ...plan,
      clients: client === undefined ? [] : [client],
      operations: creates.map((create) => ({
        ...create,
        client: client?.id ?? "",
        contexts: [{ kind: "RqLs", version: 1, key: keys[next++] ?? "", state: 7, flags: 0 }],
      })),
    };
  };
  assertEquals(comparePlans(keyed(["a", "a"]), keyed(["b", "b"])), []);
  assertEquals(comparePlans(keyed(["a", "a"]), keyed(["b", "c"])).length, 1);
});

Deno.test("an operation that no longer waits for another one's answer is a difference", async () => {
  const plan = await officePlan();
  const waits = plan.operations.find(({ afterOthers }) => (afterOthers ?? []).length > 0);
  const [id] = waits?.afterOthers ?? [];
  const late = {
    ...plan,
    operations: plan.operations.map((one) => one.id === id ? { ...one, answeredAt: 99 } : one),
  };
  assertEquals(comparePlans(plan, plan), []);
  assertEquals(comparePlans(plan, late).length > 0, true);
});

/**
 * Two plans of the same scenario, each compiled from a capture of its own run, side by side: what every client did has to
 * be equal, operation by operation, but for what servers and runs choose anew.
 *
 * Left out, and why:
 * - times (of files too), frames, exchange numbers, the capture's name: another run, another capture;
 * - the server's address: another server process has another port;
 * - ClientGuid: drawn for every run, as are lease keys, CreateGuids and AppInstanceIds, whose pattern of equality is kept;
 * - credits asked for: the client asks for more when more of its requests are under way, which is a matter of time;
 * - interim responses: the server sends them when its work takes long;
 * - which client was seen first: two that start at the same time may change places, so clients pair by what they did;
 * - answers that came earlier than they were needed: order is compared as the pairs that the first plan demands.
 */
import type { Plan, PlanClient, PlanOperation } from "../../compiler/mod.ts";

/** A client's operations as they are compared. */
interface ClientView {
  readonly client: PlanClient;
  readonly operations: readonly PlanOperation[];
  readonly lines: readonly string[];
}

/**
 * What differs, a sentence each; none when the plans are equal.
 *
 * @example
 * ```ts ignore
 * assertEquals(comparePlans(plan, planOfTheSecondRun), []);
 * ```
 */
export function comparePlans(first: Plan, second: Plan): string[] {
  const [ours, theirs] = [viewsOf(first), viewsOf(second)];
  if (ours.length !== theirs.length) {
    return [`${ours.length} clients, and then ${theirs.length}`];
  }
  const pairs = paired(ours, theirs);
  const differences = pairs.flatMap(([one, other]) => differencesOf(one, other));
  return differences.length > 0 ? differences : orderDifferences(pairs);
}

function viewsOf(plan: Plan): ClientView[] {
  return plan.clients.map((client) => {
    const operations = plan.operations.filter((operation) => operation.client === client.id);
    return { client, operations, lines: linesOf(client, operations) };
  });
}

/** Clients that did the same belong together; those without such a partner pair in order, to say what differs. */
function paired(
  ours: readonly ClientView[],
  theirs: readonly ClientView[],
): (readonly [ClientView, ClientView])[] {
  const left = [...theirs];
  const take = (index: number) => left.splice(index, 1)[0] as ClientView;
  const exact = new Map<ClientView, ClientView>();
  for (const one of ours) {
    const index = left.findIndex((other) => other.lines.join("\n") === one.lines.join("\n"));
    if (index >= 0) exact.set(one, take(index));
  }
  return ours.map((one) => [one, exact.get(one) ?? take(0)] as const);
}

function differencesOf(one: ClientView, other: ClientView): string[] {
  const differences: string[] = [];
  const length = Math.max(one.lines.length, other.lines.length);
  for (let i = 0; i < length; i++) {
    const [mine, its] = [one.lines[i] ?? "nothing", other.lines[i] ?? "nothing"];
    if (mine === its) continue;
    differences.push(`client ${one.client.id}, operation ${i}:\n  ${mine}\n  ${its}`);
  }
  return differences;
}

/** What the first plan had answered before an operation is answered before it in the second one too. */
function orderDifferences(pairs: readonly (readonly [ClientView, ClientView])[]): string[] {
  const twin = new Map<number, PlanOperation>();
  for (const [one, other] of pairs) {
    for (const [i, operation] of one.operations.entries()) {
      const its = other.operations[i];
      if (its !== undefined) twin.set(operation.id, its);
    }
  }
  const differences: string[] = [];
  for (const [{ client, operations }] of pairs) {
    for (const operation of operations) {
      const later = twin.get(operation.id);
      for (const id of [...operation.after, ...operation.afterOthers ?? []]) {
        const earlier = twin.get(id);
        if (later === undefined || earlier === undefined) continue;
        if (earlier.answeredAt !== null && earlier.answeredAt <= later.at) continue;
        differences.push(
          `client ${client.id}: ${operation.kind} #${operation.frames.request} was sent before the answer to #${id}`,
        );
      }
    }
  }
  return differences;
}

function linesOf(client: PlanClient, operations: readonly PlanOperation[]): string[] {
  const places = new Map(operations.map(({ id }, place) => [id, place]));
  const names = new Map<string, string>();
  // Equal where the captured values were equal; the values themselves are drawn for every run.
  const named = (value: string) => {
    const name = names.get(value) ?? `drawn${names.size + 1}`;
    names.set(value, name);
    return name;
  };
  return [
    JSON.stringify({ users: client.users, address: client.address }),
    ...operations.map((operation) => JSON.stringify(compared(operation, { places, named }))),
  ];
}

/** An operation without what a run chooses anew. */
function compared(operation: PlanOperation, about: {
  readonly places: ReadonlyMap<number, number>;
  readonly named: (value: string) => string;
}): Record<string, unknown> {
  const { places, named } = about;
  const { id: _id, client: _client, at: _at, answeredAt, frames: _frames, ...rest } = operation;
  const { after: _after, afterOthers: _others, afterPending: _pending, ...more } = rest;
  const { enabledBy: _enabledBy, pendingAt: _pendingAt, chain, header, ...fields } = more;
  return {
    ...fields,
    answered: answeredAt !== null,
    header: { ...header, credits: undefined },
    ...chain === undefined ? {} : { chain: { ...chain, id: places.get(chain.id) } },
    ...fields.kind === "connect" ? { server: "" } : {},
    ...fields.kind === "cancel" ? { target: places.get(fields.target) } : {},
    ...fields.kind === "break"
      ? { acknowledgedAfter: fields.acknowledgedAfter === null ? null : "some time" }
      : {},
    ...fields.kind === "create"
      ? {
        breaks: fields.breaks?.map((broken) => ({
          ...broken,
          acknowledgedAfter: broken.acknowledgedAfter === null ? null : "some time",
        })),
        granted: withoutTime(fields.granted),
        contexts: fields.contexts.map((context) => withNames(context, named)),
      }
      : {},
    ..."told" in fields ? { told: withoutTime(fields.told ?? {}) } : {},
  };
}

function withoutTime(told: object | null): object {
  return { ...told, modified: undefined };
}

/** Fields of create contexts that a run draws anew. */
const DRAWN = ["key", "parent", "createGuid", "appInstanceId"];

function withNames(context: object, named: (value: string) => string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(context).map(([field, value]) => [
      field,
      DRAWN.includes(field) && typeof value === "string" ? named(value) : value,
    ]),
  );
}

import { assertEquals } from "@std/assert";
import { Conflicts } from "./conflicts.ts";
import type { PlanOperation } from "./plan.ts";

/** `client kind file [from-to]`: an operation on an open of that client's; times are counted up unless given. */
function plan(...lines: string[]): PlanOperation[] {
  const operations: unknown[] = [];
  const common = { after: [], status: 0 };
  let id = 0;
  for (const client of ["a", "b", "c"]) {
    operations.push({
      ...common,
      id: id++,
      kind: "tree",
      client,
      tree: "t1",
      path: "\\\\lab\\share",
      at: 0,
      answeredAt: 0,
      frames: { request: 0, response: 0 },
    });
  }
  lines.forEach((line, index) => {
    const [client, kind, name = "", times] = line.split(" ");
    const [at, answered] = times?.split("-") ?? [`${index + 1}`, `${index + 1.5}`];
    operations.push({
      ...common,
      id: id++,
      kind,
      client,
      tree: "t1",
      file: `${name}.${client}`,
      path: name,
      contexts: [],
      granted: { oplock: 0, lease: null, action: 1, size: "0" },
      infoType: 1,
      class: 4,
      input: "",
      offset: "0",
      length: 10,
      data: { length: 10 },
      ranges: [{ offset: "0", length: "10", flags: 2 }],
      at: Number(at),
      answeredAt: answered === "" ? null : Number(answered),
      frames: { request: 10 * id, response: 10 * id + 5 },
    });
  });
  return operations as PlanOperation[];
}

function addConflicts(operations: readonly PlanOperation[]): void {
  const conflicts = new Conflicts();
  for (const operation of operations) conflicts.take(operation);
}

/** Changes one of the given lines' operations, and gives all edges: `later<earlier`, `later~pending`. */
function edgesWith(
  lines: readonly string[],
  changes: Readonly<Record<number, Record<string, unknown>>>,
): string[] {
  const operations = plan(...lines).map((operation) => {
    const fields = Object.entries({ ...operation, ...changes[operation.id - 3] });
    return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
  }) as unknown as PlanOperation[];
  addConflicts(operations);
  return operations.flatMap(({ id, afterOthers, afterPending }) => [
    ...(afterOthers ?? []).map((before) => `${id - 3}<${before - 3}`),
    ...(afterPending ?? []).map((before) => `${id - 3}~${before - 3}`),
  ]);
}

/** Edges as `later<earlier`, by place among the given lines. */
function edges(...lines: string[]): string[] {
  const operations = plan(...lines);
  addConflicts(operations);
  return operations.flatMap(({ id, afterOthers }) =>
    (afterOthers ?? []).map((before) => `${id - 3}<${before - 3}`)
  );
}

Deno.test("what another client altered before comes before", () => {
  assertEquals(edges("a create x", "b create x", "a write x", "b read x"), ["1<0", "2<1", "3<2"]);
});

Deno.test("names are equal whatever their case", () => {
  assertEquals(edges("a create X", "b create x"), ["1<0"]);
});

Deno.test("other files, and clients alone, have no order", () => {
  assertEquals(edges("a create x", "b create y", "a write x", "b write y"), []);
  assertEquals(edges("a create x", "a write x", "a read x"), []);
});

Deno.test("reads among each other have no order", () => {
  assertEquals(edges("a create x", "b create x", "a read x", "b read x", "a read x"), [
    "1<0",
    "2<1",
  ]);
});

Deno.test("what had not been answered is no reason to wait", () => {
  assertEquals(edges("a create x 1-3", "b create x 2-4"), []);
  assertEquals(edges("a create x 1-", "b create x 2-4"), []);
});

Deno.test("a client waits once for what another one did", () => {
  assertEquals(edges("a create x", "b create x", "b write x", "b close x"), ["1<0"]);
});

const CREATED = { granted: { oplock: 0, lease: null, action: 2, size: "0" } };

/** FILE_RENAME_INFORMATION with that name. */
function renamedTo(name: string): Record<string, unknown> {
  const units = [...name].map((character) => `${character.charCodeAt(0).toString(16)}00`).join("");
  return { class: 10, input: "00".repeat(20) + units };
}

Deno.test("a directory is made before what another client makes in it", () => {
  assertEquals(edgesWith(["a create d", "b create d\\x"], { 0: CREATED }), ["1<0"]);
  assertEquals(edges("a create d", "b create d\\x"), [], "it was there before");
});

Deno.test("who asks for something in a directory comes after the CLOSE that removed the directory", () => {
  const lines = ["a create d", "a close d", "b create d\\x"];
  assertEquals(edgesWith(lines, { 0: { options: 0x1001 } }), ["2<1"]);
  assertEquals(edgesWith(lines, { 0: { options: 0x0001 } }), [], "the directory stays");
});

Deno.test("who reclaims what another client opened comes after that open", () => {
  const reclaims = { contexts: [{ kind: "DHnC", file: "@3" }] };
  assertEquals(edgesWith(["a create x", "b create y"], { 1: reclaims }), ["1<0"]);
});

Deno.test("a directory is removed after what another client did in it", () => {
  const lines = ["a create d", "b create d\\x", "b close d\\x", "a setInfo d", "a close d"];
  const isDisposition = { class: 13, input: "01" };
  assertEquals(edgesWith(lines, { 3: isDisposition }), ["3<2"]);
});

Deno.test("a listing comes after what others made and removed in the directory, and before what they do next", () => {
  const lines = [
    "a create d",
    "b create d",
    "a create d\\x",
    "a close d\\x",
    "b queryDirectory d",
    "a create d\\y",
  ];
  assertEquals(edgesWith(lines, { 2: CREATED, 5: CREATED }), ["1<0", "4<3", "5<4"]);
  const looking = lines.with(5, "a read d\\x");
  assertEquals(edgesWith(looking, { 2: CREATED }), ["1<0", "4<3"]);
});

Deno.test("a directory goes after what others did in it", () => {
  const lines = ["a create d", "b create d\\x", "b close d\\x", "a setInfo d"];
  assertEquals(edgesWith(lines, { 3: { class: 13, input: "01" } }), ["3<2"]);
});

Deno.test("a renamed file is found under its new name", () => {
  const lines = ["a create x", "a setInfo x", "b create y"];
  assertEquals(edgesWith(lines, { 1: renamedTo("y") }), ["2<1"]);
});

Deno.test("what ended a lock that waited comes when it waits, and what follows after its answer", () => {
  const lines = [
    "a create x 1-2",
    "b create x 3-4",
    "a lock x 5-9",
    "b lock x 6-7",
    "b write x 10-11",
  ];
  const interim = { frames: { request: 60, interim: 61, response: 95 }, pendingAt: 5.5 };
  assertEquals(edgesWith(lines, { 2: interim }), ["1<0", "2<1", "3~2", "4<2"]);
  // Times tell the order, also where frames are elsewhere in the file; of equal times frames do.
  const reordered = { frames: { request: 60, interim: 91, response: 95 }, pendingAt: 5.5 };
  assertEquals(edgesWith(lines, { 2: reordered }), ["1<0", "2<1", "3~2", "4<2"]);
  assertEquals(edgesWith(lines, { 2: { ...reordered, pendingAt: 6 } }), ["1<0", "2<1", "4<2"]);
  assertEquals(edgesWith(lines, { 2: { ...interim, pendingAt: 6.5 } }), ["1<0", "2<1", "4<2"]);
});

Deno.test("a change below a watched directory comes when the watch is set", () => {
  const lines = ["a changeNotify d 1-5", "b create d\\x 2-3"];
  const watching = { 0: { frames: { request: 10, interim: 11, response: 45 }, pendingAt: 1.5 } };
  const operations = ["a create d 0.1-0.2", ...lines];
  assertEquals(edgesWith(operations, { 1: watching[0] }), ["2~1"]);
});

const AT_100 = { offset: "100", ranges: [{ offset: "100", length: "10", flags: 2 }] };

/** Operations of client a that are on no file, in place of lines: `login`, `untree` and others. */
function onSession(kind: string, fields: object = {}): Record<string, unknown> {
  return { kind, file: undefined, session: "s1", connection: "n1", ...fields };
}

/** A login and a tree connect of a, then `lines`; the lines at these places are what `ends` says. */
function edgesOfEnds(
  lines: readonly string[],
  ends: Readonly<Record<number, Record<string, unknown>>>,
): string[] {
  const begun = ["a login", "a tree"];
  const changes: Record<number, Record<string, unknown>> = {
    0: onSession("login", { tree: undefined }),
    1: onSession("tree", { path: "\\\\lab\\share" }),
  };
  for (const [place, fields] of Object.entries(ends)) changes[Number(place) + 2] = fields;
  const found = edgesWith([...begun, ...lines], changes);
  return found.map((edge) => edge.replaceAll(/\d+/g, (number) => String(Number(number) - 2)));
}

Deno.test("what the end of a connection, session or share closes comes before what others then do", () => {
  const lines = ["a create x", "b read y", "a end", "b create x"];
  for (const kind of ["disconnect", "logoff", "untree"]) {
    assertEquals(edgesOfEnds(lines, { 2: onSession(kind) }), ["3<2"], kind);
  }
  const again = onSession("login", { session: "s2", connection: "n2", previous: "s1" });
  assertEquals(edgesOfEnds(lines, { 2: again }), ["3<2"], "a login in place of the session");
});

Deno.test("an end comes after what others found while the file was open, and lets go what waited for it", () => {
  const lines = ["a create x 1-2", "b create x 3-4", "a end 5-5", "b close x 6-7"];
  assertEquals(edgesOfEnds(lines, { 2: onSession("disconnect") }), ["1<0", "2<1", "3<2"]);
  const waiting = ["a create x 1-2", "b lock x 3-6", "a end 5-5"];
  const interim = { frames: { request: 60, interim: 61, response: 95 }, pendingAt: 3.5 };
  assertEquals(
    edgesOfEnds(["b create x 0.1-0.2", ...waiting], {
      2: interim,
      3: onSession("disconnect"),
    }),
    ["1<0", "2<1", "3~2"],
  );
});

Deno.test("what was closed before, or is another session's, does not end with it", () => {
  const closed = ["a create x", "a close x", "a end", "b create x"];
  assertEquals(edgesOfEnds(closed, { 2: onSession("disconnect") }), ["3<1"]);
  const lines = ["a create x", "b read y", "a end", "b create x"];
  for (const other of [{ connection: "n2" }, { kind: "logoff", session: "s2" }]) {
    assertEquals(edgesOfEnds(lines, { 2: onSession("disconnect", other) }), ["3<0"]);
  }
  const refused = onSession("logoff", { status: 0xc0000203 });
  assertEquals(edgesOfEnds(lines, { 2: refused }), ["3<0"]);
});

Deno.test("a session ends with the last of its channels", () => {
  const lines = ["a login", "a create x", "a end", "b create x", "a end", "b create x"];
  const bound = onSession("login", { session: "s2", connection: "n2", bind: "s1" });
  assertEquals(
    edgesOfEnds(lines, {
      0: bound,
      2: onSession("disconnect"),
      4: onSession("disconnect", { connection: "n2" }),
    }),
    ["3<1", "4<3", "5<4"],
  );
});

Deno.test("the end of many opens waits for the last that others did on them", () => {
  const lines = ["a create x", "a create y", "b create x", "b create y", "a end"];
  assertEquals(edgesOfEnds(lines, { 4: onSession("disconnect") }), ["2<0", "3<1", "4<3"]);
});

Deno.test("reads and writes have an order where their bytes meet and one of them writes", () => {
  const lines = ["a create x", "b create x", "a write x", "b read x", "b write x"];
  assertEquals(edgesWith(lines, {}), ["1<0", "2<1", "3<2"]);
  assertEquals(edgesWith(lines, { 2: AT_100 }), ["1<0", "2<1"]);
  assertEquals(edgesWith(lines, { 2: AT_100, 4: { offset: "105" } }), ["1<0", "2<1", "4<2"]);
  const locks = ["a create x", "b create x", "a lock x", "b write x", "b lock x"];
  assertEquals(edgesWith(locks, {}), ["1<0", "2<1", "3<2"]);
  assertEquals(edgesWith(locks, { 2: AT_100 }), ["1<0", "2<1"]);
});

Deno.test("whatever works on a whole file stays behind every read and write of others", () => {
  const lines = ["a create x", "b create x", "a write x", "a read x", "b setInfo x"];
  assertEquals(edgesWith(lines, { 2: AT_100 }), ["1<0", "2<1", "4<3"]);
});

Deno.test("who waits for an answer need not wait for what was known before that was sent", () => {
  const lines = ["a create x", "a create y", "b create y", "b create x"];
  assertEquals(edges(...lines), ["2<1"]);
});

Deno.test("many clients on one path wait for the latest, and one from elsewhere for them all", () => {
  const operations: PlanOperation[] = [];
  const add = (client: number, kind: string, fields: object) => {
    const at = operations.length;
    operations.push({
      id: at,
      kind,
      client: `c${client}`,
      tree: "t1",
      at,
      answeredAt: at + 0.5,
      frames: { request: 2 * at, response: 2 * at + 1 },
      ...fields,
    } as unknown as PlanOperation);
  };
  const created = { file: "f1", granted: { action: 1 }, contexts: [] };
  for (let client = 0; client < 500; client++) {
    add(client, "tree", { path: "\\\\lab\\share" });
    add(client, "create", { ...created, path: "shared" });
  }
  addConflicts(operations);
  const edges = operations.map(({ afterOthers }) => afterOthers?.length ?? 0);
  assertEquals(Math.max(...edges) <= 17, true);
  assertEquals(operations.at(-1)?.afterOthers?.at(-1), 997);
});

Deno.test("a path is still known after many others, as long as it is open", () => {
  const operations = plan("a create x", "a create y", "a close y");
  const [made, closed] = [operations.at(-2)!, operations.at(-1)!];
  for (let count = 0; count < 40_000; count++) {
    const [at, file] = [10 + count, `g${count}.a`];
    const id = 100 + 2 * count;
    const frames = { request: id, response: id };
    const times = { at, answeredAt: at + 0.1, frames, file };
    operations.push(
      { ...made, ...times, id, path: `many\\${count}` } as PlanOperation,
      { ...closed, ...times, id: id + 1, at: at + 0.2, answeredAt: at + 0.3 } as PlanOperation,
    );
  }
  const late = plan("b create x", "b create y").slice(-2).map((operation) => ({
    ...operation,
    id: operation.id + 1e6,
    at: 1e6,
    answeredAt: 1e6 + 1,
    frames: { request: 1e7, response: 1e7 + 1 },
  }));
  operations.push(...late);
  addConflicts(operations);
  assertEquals(late.map(({ afterOthers }) => afterOthers), [[3], undefined]);
});

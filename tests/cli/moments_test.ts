/** Moments of a replay: lists of them, evenly spaced ones, requests that overlap, and labels of compounds. */
import { assertEquals } from "@std/assert";
import { type At, replay } from "../../mod.ts";
import { passed, play } from "./harness.ts";

Deno.test("moments of a list are waited for like evenly spaced ones", async () => {
  const list: At[] = [[0.02, 10], [0.03, 12], [0.04, 14, { after: [10] }]];
  const script = replay({ source: "x", clients: { a: {} } }, {
    async a(c) {
      const connection = await c.connect();
      for await (const i of c.times(list)) await connection.echo({ label: `list ${i}` });
      const even = { start: 0.05, count: 3, interval: 0.01, label: 20, labelStep: 2 };
      for await (const _ of c.times(even)) await connection.echo();
      for await (const _ of c.times({ start: 0.08, count: 2, interval: 0.01 })) {
        await connection.echo();
      }
    },
  });
  const { operations } = passed(await play(script));
  const echoes = operations.filter(({ command }) => command === "ECHO");
  assertEquals(
    echoes.map(({ label, due }) => [label, Math.round(due ?? 0)]),
    [
      ["list 0", 20],
      ["list 1", 30],
      ["list 2", 40],
      ["20", 50],
      ["22", 60],
      ["24", 70],
      [null, 80],
      [
        null,
        90,
      ],
    ],
  );
});

Deno.test("overlapped requests wait for the answer so many places before, and for all at the end", async () => {
  const seen: string[] = [];
  const script = replay({ source: "x", clients: { a: {} } }, {
    async a(c) {
      const answers = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
      const all = c.overlapped(
        answers.map((_, i): At => [0, i]),
        (i) => {
          seen.push(`sent ${i}`);
          return answers[i]!.promise;
        },
        { inFlight: 3 },
      ).then(() => seen.push("all answered"));
      for (const i of [1, 0, 2, 4, 3]) {
        // Whatever may go on goes on before the timer.
        await new Promise((go) => setTimeout(go));
        seen.push(`answered ${i}`);
        answers[i]!.resolve();
      }
      await all;
    },
  });
  passed(await play(script, { asap: true }));
  assertEquals(seen, [
    "sent 0",
    "sent 1",
    "sent 2",
    "answered 1",
    "answered 0",
    "sent 3",
    "sent 4",
    "answered 2",
    "answered 4",
    "answered 3",
    "all answered",
  ]);
});

Deno.test("without a depth, overlapped requests wait for no answer, and carry their labels", async () => {
  const script = replay({ source: "x", clients: { a: {} } }, {
    async a(c) {
      const connection = await c.connect();
      await c.overlapped({ start: 0, count: 4, interval: 0, label: 7 }, () => connection.echo());
    },
  });
  const { operations } = passed(await play(script, { asap: true }));
  const echoes = operations.filter(({ command }) => command === "ECHO");
  assertEquals(echoes.map(({ label, matched }) => [label, matched]), [
    ["7", true],
    ["8", true],
    ["9", true],
    ["10", true],
  ]);
});

Deno.test("requests of a compound are labelled behind its first one", async () => {
  const script = replay({ source: "x", clients: { a: {} } }, {
    async a(c, p) {
      const connection = await c.connect();
      const session = await connection.login();
      const share = await session.tree(p.share("share"));
      for (const label of [214, "300.4"]) {
        await c.at(0, label);
        const chain = share.compound();
        chain.open(p.path("a"), { access: "rw", disposition: "openIf" });
        chain.flush();
        chain.flush({ label: "own" });
        chain.close();
        await chain.send();
      }
    },
  });
  const { operations } = passed(await play(script));
  assertEquals(
    operations.filter(({ label }) => label !== null).map(({ label }) => label),
    ["214", "214.2", "own", "214.4", "300.4", "300.5", "own", "300.7"],
  );
});

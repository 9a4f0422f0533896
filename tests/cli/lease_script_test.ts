/** What a scenario learns of leases: the grant as answered, the breaks so far, acknowledgements nobody asked for. */
import { assertEquals } from "@std/assert";
import { expect, scenario } from "../../mod.ts";
import { passed, play } from "./harness.ts";

Deno.test("a file tells its lease as the answer to the open described it", async () => {
  passed(
    await play(scenario({ name: "lease" }, async ({ client }) => {
      const alice = await client("alice");
      const key = new Uint8Array(16).fill(7);
      const create = { access: "all", disposition: "openIf" } as const;
      await using plain = await alice.open("plain", create);
      expect(plain.lease).toBeNull();
      await using old = await alice.open("old", { ...create, lease: { state: "RH", version: 1 } });
      expect(old.lease).toMatchObject({ version: 1, state: "RH", flags: 0 });
      expect(old.lease).not.toHaveProperty("epoch");
      await using leased = await alice.open("leased", {
        ...create,
        lease: { state: "RWH", key, epoch: 4 },
      });
      expect(leased.lease).toMatchObject({ version: 2, state: "RWH", key, flags: 0, epoch: 5 });
      await using _other = await alice.open("leased", create);
      expect(leased).toMatchObject({ granted: "RH", lease: { state: "RWH" } });
    })),
  );
});

Deno.test("a file keeps the breaks that came, awaited or not", async () => {
  passed(
    await play(scenario({ name: "breaks" }, async ({ client }) => {
      const alice = await client("alice");
      const bob = await client("bob");
      const create = { access: "all", disposition: "openIf" } as const;
      await using doc = await alice.open("doc", { ...create, lease: "RWH" });
      expect(doc.breaks).toEqual([]);
      await using theirs = await bob.open("doc", create);
      await doc.leaseBreak();
      await theirs.write(0, "x");
      await doc.leaseBreak();
      expect(doc.breaks).toMatchObject([{ from: "RWH", to: "RH" }, { from: "RH", to: "" }]);
      expect(theirs.breaks).toEqual([]);
    })),
  );
});

Deno.test("each acknowledgement that a scenario asks for is sent, and the server judges it", async () => {
  const { operations } = passed(
    await play(scenario({ name: "acknowledgements" }, async ({ client }) => {
      const alice = await client("alice", { onBreak: "withhold" });
      const bob = await client("bob");
      const create = { access: "all", disposition: "openIf" } as const;
      await using doc = await alice.open("doc", { ...create, lease: "RWH" });
      const waiting = bob.open("doc", create);
      const event = await doc.leaseBreak();
      await event.acknowledge({ to: "RWH", expect: "REQUEST_NOT_ACCEPTED" });
      await event.acknowledge();
      await event.acknowledge({ expect: "UNSUCCESSFUL" });
      await using _theirs = await waiting;

      await using read = await alice.open("read", { ...create, lease: "R" });
      await using emptied = await bob.open("read", { ...create, disposition: "overwrite" });
      const unasked = await read.leaseBreak();
      expect(unasked.ackRequired).toBe(false);
      await unasked.acknowledge({ expect: "UNSUCCESSFUL" });
      expect(emptied.action).toBe(3);
    })),
  );
  assertEquals(operations.filter(({ command }) => command === "OPLOCK_BREAK").length, 4);
});

Deno.test("a session connects to the share of the run when none is named", async () => {
  passed(
    await play(scenario({ name: "share" }, async ({ client }) => {
      const alice = await client("alice");
      const connection = await alice.connect();
      const session = await connection.login();
      const tree = await session.tree();
      await using file = await tree.open("file", { access: "rw", disposition: "create" });
      expect(file.isOpen).toBe(true);
      expect(await alice.exists("file")).toBe(true);
    })),
  );
});

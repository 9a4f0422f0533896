/**
 * An open that waits for a break goes with its connection, and the lease that is breaking with its own: the server
 * lives on, and answers the client's third connection.
 */
import { expect, scenario } from "smbench";
import { another, broken, openAll, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.timeout-disconnect" }, async ({ client }) => {
  const alice = await client("alice", { onBreak: "withhold" });
  const one = await another(alice);
  const two = await another(alice);
  const three = await another(alice);
  // Not removed in the end: that would wait for the break of the durable open, which nobody acknowledges any more.
  await alice.remove("lease_timeout_disconnect", { expect: ["SUCCESS", "OBJECT_NAME_NOT_FOUND"] });

  const holder = await openAll(one.tree, "lease_timeout_disconnect", {
    share: "",
    lease: v1("RH", "key"),
    contexts: ["DHnQ"],
  });
  expect(holder.lease).toMatchObject({ state: "RH", flags: 0 });
  const waiting = openAll(two.tree, "lease_timeout_disconnect", { expect: "none" });
  expect(await waiting.pending).toBe(true);
  await broken(holder, "RH", "R");
  for (const { connection } of [one, two, three]) await connection.echo();

  two.connection.disconnect();
  await waiting;
  await one.connection.echo();
  one.connection.disconnect();
  await alice.sleep("200ms");
  await three.connection.echo();
  expect(holder.breaks).toHaveLength(1);
});

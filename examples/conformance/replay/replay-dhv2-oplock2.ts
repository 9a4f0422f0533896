/** A replay that asks for another oplock is told that it has it; but the handle keeps the first one. */
import { expect, scenario } from "smbench";
import { areOne, BATCH, CREATED, created, durable, REPLAY } from "./_replay.ts";

export default scenario({ name: "smb2.replay.replay-dhv2-oplock2" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await created(alice, "replay-oplock2.dat", BATCH);
  const replayed = await alice.open(file.path, {
    ...BATCH,
    ...REPLAY,
    oplock: "none",
    // Told that it has no oplock, a client owes the server no answer; but the server waits for one.
    async onBreak(event) {
      await event.acknowledge({ to: "II" });
    },
  });
  expect(replayed).toMatchObject({ action: CREATED, granted: "none", durability: "none" });

  const other = { ...BATCH, contexts: durable("another one"), expect: "SHARING_VIOLATION" };
  await alice.open(file.path, other);
  expect([...file.breaks, ...replayed.breaks]).toMatchObject([{ to: "II" }]);
  await areOne(file, replayed);
});

/** A replay that shares more does not open the handle to others. */
import { expect, scenario } from "smbench";
import { areOne, BATCH, CREATED, created, durable, REPLAY } from "./_replay.ts";

export default scenario({ name: "smb2.replay.replay-dhv2-oplock3" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await created(alice, "replay-oplock3.dat", BATCH);
  const replayed = await alice.open(file.path, { ...BATCH, ...REPLAY, share: "rwd" });
  expect(replayed).toMatchObject({ action: CREATED, granted: "batch", durability: "durable2" });

  const other = { ...BATCH, contexts: durable("another one"), expect: "SHARING_VIOLATION" };
  await alice.open(file.path, other);
  expect([...file.breaks, ...replayed.breaks]).toMatchObject([{ from: "batch", to: "II" }]);
  await areOne(file, replayed);
});

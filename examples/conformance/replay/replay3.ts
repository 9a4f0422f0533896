/** A CREATE may be replayed on another channel of its session. */
import { expect, scenario } from "smbench";
import { areOne, BATCH, CREATED, created, REPLAY } from "./_replay.ts";

export default scenario({ name: "smb2.replay.replay3" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await created(alice, "replay3.dat", BATCH);
  const second = await (await alice.connect()).login({ bind: alice.session });
  const replayed = await alice.open(file.path, { ...BATCH, ...REPLAY, via: second });
  for (const one of [file, replayed]) {
    expect(one).toMatchObject({ action: CREATED, granted: "batch", durability: "durable2" });
  }
  expect([...file.breaks, ...replayed.breaks]).toHaveLength(0);
  await areOne(file, replayed);
});

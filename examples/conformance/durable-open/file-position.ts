/** The position within the file, which the server keeps for the handle, is there again after a reconnect. */
import { expect, type File, scenario, type Tree } from "smbench";
import { comeBack, done, durableFile, lose, reclaimed } from "./_durable.ts";

const POSITION = { class: "FilePositionInformation" } as const;

async function positionOf(file: File): Promise<bigint> {
  const { bytes } = await file.queryInfo(POSITION);
  return new DataView(bytes.slice().buffer).getBigUint64(0, true);
}

/** On a share connection that the handle does not belong to. */
async function isClosedOn(tree: Tree, file: File): Promise<void> {
  const chain = tree.compound({ related: false });
  chain.on(file).queryInfo({ ...POSITION, expect: "FILE_CLOSED" });
  await chain.send();
}

export default scenario({ name: "smb2.durable-open.file-position" }, async ({ client }) => {
  const alice = await client("alice");
  const file = await durableFile(alice, "durable-position.dat");
  expect(await positionOf(file)).toBe(0n);
  await file.setInfo(new Uint8Array(new BigUint64Array([0x1000n]).buffer), POSITION);
  expect(await positionOf(file)).toBe(0x1000n);
  await lose(alice);

  const place = await comeBack(alice, { previous: alice.session });
  await isClosedOn(place.tree, file);
  const again = await reclaimed(place, file);
  expect(await positionOf(again)).toBe(0x1000n);
  await done(again);
});

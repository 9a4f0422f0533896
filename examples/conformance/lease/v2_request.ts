/**
 * Leases on directories: reading and handle at most. A file made in the directory breaks its lease, unless the file's
 * own lease names the directory's key as its parent; so does a file that was changed, when it is closed.
 */
import { expect, scenario } from "smbench";
import {
  broken,
  DIRECTORY_LEASING,
  openAll,
  PAGE,
  PARENT_LEASE_KEY_SET,
  quiet,
  scratch,
  v2,
} from "./_leases.ts";

export default scenario({ name: "smb2.lease.v2_request" }, async ({ client }) => {
  const alice = await client("alice");
  const { capabilities } = alice.connection.negotiated;
  expect(capabilities & DIRECTORY_LEASING, "the server leases no directories").not.toBe(0);
  await using _directory = await scratch(alice, "lease_v2_request");
  await using _child = await scratch(alice, "lease_v2_request/child");
  await using _stranger = await scratch(alice, "lease_v2_request/stranger");
  const key = new Uint8Array(16).fill(0xb2);
  const openDirectory = (epoch: number) =>
    openAll(alice, "lease_v2_request", {
      share: "rw",
      options: ["directory"],
      attributes: ["directory"],
      lease: { ...v2("RWH", "", epoch), key },
    });

  await using directory = await openDirectory(0x22);
  expect(directory.lease).toMatchObject({ state: "RH", flags: 0, epoch: 0x23 });
  await using child = await openAll(alice, "lease_v2_request/child", {
    lease: { ...v2("RWH", "child", 0x33), parent: key },
  });
  expect(child.lease).toMatchObject({
    state: "RWH",
    flags: PARENT_LEASE_KEY_SET,
    parent: key,
    epoch: 0x34,
  });
  await quiet(alice, [[directory, 0]]);

  const stranger = await openAll(alice, "lease_v2_request/stranger", {
    lease: v2("RWH", "stranger", 0x44),
  });
  expect(stranger.lease).toMatchObject({ state: "RWH", flags: 0, epoch: 0x45 });
  expect(await broken(directory, "RH", "")).toMatchObject({ epoch: 0x24 });
  const again = await openDirectory(0x222);
  expect(again.lease).toMatchObject({ state: "RH", flags: 0, epoch: 0x25 });
  await again.close();

  await stranger.write(0, PAGE);
  // Longer than a server may put off the new time of last write.
  await alice.sleep("4s");
  expect(directory.breaks).toHaveLength(1);
  await stranger.close();
  expect(await broken(directory, "RH", "")).toMatchObject({ epoch: 0x26 });
});

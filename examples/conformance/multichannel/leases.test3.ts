/** A break may be acknowledged on another channel than the one it came on. */
import { expect, scenario } from "smbench";
import { channel } from "./_channels.ts";

export default scenario({ name: "smb2.multichannel.leases.test3" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  const second = await channel(bob);
  await using file = await bob.open("multichannel-acknowledge.dat", {
    access: "all",
    disposition: "openIf",
    options: ["deleteOnClose"],
    lease: "RWH",
    async onBreak(event) {
      await event.acknowledge({ via: second });
    },
  });
  expect(file.granted).toBe("RWH");

  const opening = alice.open(file.path, { access: "all", lease: "RWH" });
  await using theirs = await opening;
  expect(theirs.granted).toBe("RH");
  expect(file.breaks).toMatchObject([{ from: "RWH", to: "RH", ackRequired: true }]);
  // The server gives up waiting after 35 s: the acknowledgement came through long before.
  expect((await opening.outcome).duration).toBeLessThan(5);
});

/** The owner of a lease is told of its break whatever channel it opened the file on. */
import { scenario } from "smbench";
import { brokenOnEach, channel } from "./_channels.ts";

export default scenario({ name: "smb2.multichannel.leases.test1" }, async ({ client }) => {
  const other = await client("alice");
  const owner = await client("bob");
  await brokenOnEach("multichannel-leases", {
    owner,
    channels: [owner.session, await channel(owner), await channel(owner)],
    other,
    cached: { lease: "RWH" },
    from: "RWH",
    to: "RH",
  });
});

/** The owner of an oplock is told of its break whatever channel it opened the file on. */
import { scenario } from "smbench";
import { brokenOnEach, channel } from "./_channels.ts";

export default scenario({ name: "smb2.multichannel.oplocks.test1" }, async ({ client }) => {
  const other = await client("alice");
  const owner = await client("bob");
  await brokenOnEach("multichannel-oplocks", {
    owner,
    channels: [owner.session, await channel(owner)],
    other,
    cached: { oplock: "batch" },
    from: "batch",
    to: "II",
  });
});

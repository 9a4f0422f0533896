/** Oplocks on a stream and on its file are apart, unless the stream is the unnamed one, which is the file. */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch } from "./_oplocks.ts";

export default scenario({ name: "smb2.oplock.stream1" }, async ({ client }) => {
  const alice = await client("alice");
  const bob = await client("bob");
  const base = "oplock_stream1";
  const stream = `${base}:Stream One:$DATA`;
  await using _file = await scratch(alice, base);
  const ask = {
    access: ["FILE_READ_DATA", "FILE_WRITE_DATA", "FILE_APPEND_DATA", "READ_CONTROL"],
    share: "rw",
    disposition: "open",
  } as const;
  await (await openAll(alice, stream, { ...ask, disposition: "create" })).close();
  for (const oplock of ["batch", "exclusive"] as const) {
    for (const path of [stream, `${base}::$DATA`]) {
      {
        await using alone = await openAll(alice, path, { ...ask, oplock });
        expect(alone.granted).toBe(oplock);
      }
      await using file = await openAll(bob, base, { ...ask, oplock: "batch" });
      expect(file.granted).toBe("batch");
      await using beside = await openAll(alice, path, { ...ask, oplock });
      expect(beside.granted).toBe(path === stream ? oplock : "II");
    }
  }

  await using holder = await openAll(alice, stream, { ...ask, oplock: "exclusive" });
  expect(holder.granted).toBe("exclusive");
  const file = await openAll(bob, base, { ...ask, oplock: "batch" });
  expect(file.granted).toBe("batch");
  await file.close();
  await quiet(alice, [[holder, 0]]);
  await using second = await openAll(bob, stream, { ...ask, oplock: "exclusive" });
  expect(second.granted).toBe("II");
  await broken(holder, "II");
  await quiet(alice, [[holder, 1]]);
});

/**
 * What a client may ask for: leases on files and on streams of their own, none on directories unless the server can,
 * and never one key for two files (MS-SMB2 3.3.5.9.8). Writing and handle are granted beside reading only.
 */
import { expect, scenario } from "smbench";
import { DIRECTORY_LEASING, openAll, scratch, v1 } from "./_leases.ts";

export default scenario({ name: "smb2.lease.request" }, async ({ client }) => {
  const alice = await client("alice");
  await using _file = await scratch(alice, "lease_request");
  await using _directory = await scratch(alice, "lease_request_dir");

  await using file = await openAll(alice, "lease_request", { lease: v1("RWH", "one") });
  expect(file.lease).toMatchObject({ state: "RWH", flags: 0 });

  const directory = {
    share: "rw",
    options: ["directory"],
    attributes: ["directory"],
    disposition: "create",
  } as const;
  if ((alice.connection.negotiated.capabilities & DIRECTORY_LEASING) === 0) {
    await using made = await openAll(alice, "lease_request_dir", {
      ...directory,
      lease: v1("RWH", "two"),
    });
    expect(made.granted).toBe("none");
  }
  await openAll(alice, "lease_request_2", {
    ...directory,
    lease: v1("RWH", "one"),
    expect: "INVALID_PARAMETER",
  });

  const stream = await openAll(alice, "lease_request:stream", { lease: v1("RWH", "two") });
  expect(stream.lease).toMatchObject({ state: "RWH" });
  await stream.close();
  await file.close();

  for (const state of ["", "R", "H", "W", "RH", "RW", "WH", "RWH"]) {
    await using again = await openAll(alice, "lease_request", { lease: v1(state, "one") });
    expect(again.lease).toMatchObject({ state: state.includes("R") ? state : "" });
  }
});

/**
 * Leases and oplocks on one file: either breaks what of the other cannot be shared. An oplock is level II at most then,
 * and nothing beside a handle cache; a lease beside an oplock may read.
 */
import { expect, scenario } from "smbench";
import { broken, openAll, quiet, scratch, v1 } from "./_leases.ts";

const STATES = ["R", "RH", "RW", "RWH"];
const OPLOCKS = ["II", "exclusive", "batch"] as const;

export default scenario({ name: "smb2.lease.oplock" }, async ({ client }) => {
  const alice = await client("alice");
  for (const oplock of OPLOCKS) {
    for (const state of STATES) {
      {
        await using _file = await scratch(alice, "lease_oplock");
        await using holder = await openAll(alice, "lease_oplock", { lease: v1(state, "key") });
        expect(holder.lease).toMatchObject({ state });
        await using other = await openAll(alice, "lease_oplock", { oplock });
        expect(other.granted).toBe(state.includes("H") ? "none" : "II");
        const left = state.replace("W", "");
        if (left !== state) await broken(holder, state, left);
        await quiet(alice, [[holder, left === state ? 0 : 1], [other, 0]]);
      }
      await using _file = await scratch(alice, "lease_oplock");
      await using holder = await openAll(alice, "lease_oplock", { oplock });
      expect(holder.granted).toBe(oplock);
      await using other = await openAll(alice, "lease_oplock", { lease: v1(state, "key") });
      expect(other.lease).toMatchObject({ state: "R" });
      if (oplock !== "II") expect(await holder.oplockBreak()).toMatchObject({ to: "II" });
      await quiet(alice, [[holder, oplock === "II" ? 0 : 1], [other, 0]]);
    }
  }
});

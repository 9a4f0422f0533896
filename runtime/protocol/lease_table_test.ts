import { assert, assertEquals } from "@std/assert";
import { createResponseBody } from "../../tests/harness/scripted_server.ts";
import type { CreateRequest, CreateRequestContext } from "../wire/mod.ts";
import { LeaseTable } from "./lease_table.ts";
import { type SessionState, SharedSession } from "./sessions.ts";

const KEY = new Uint8Array(16).fill(5);
const OWNER = { session: { shared: new SharedSession() } as unknown as SessionState, tree: null };

function context(state: number, epoch: number): CreateRequestContext & { kind: "RqLs" } {
  return {
    kind: "RqLs",
    version: 2,
    leaseKey: KEY,
    leaseState: state,
    leaseFlags: 0,
    leaseDuration: 0n,
    parentLeaseKey: new Uint8Array(16),
    epoch,
    reserved: 0,
  };
}

function request(lease: CreateRequestContext): CreateRequest {
  return { contexts: [lease] } as unknown as CreateRequest;
}

function response(state: number, epoch: number) {
  return createResponseBody({ oplockLevel: 0xff, contexts: [context(state, epoch)] });
}

Deno.test("a response that a break has overtaken does not bring the former state back", () => {
  const leases = new LeaseTable();
  const entry = leases.expect(request(context(7, 0)), OWNER);
  assert(entry !== null);
  leases.broken(entry, 3, 2);
  assertEquals(leases.granted(entry, response(7, 1)), entry);
  assertEquals([entry.state, entry.epoch], [3, 2]);
});

Deno.test("a further open may upgrade a lease, and its epoch goes on", () => {
  const leases = new LeaseTable();
  const first = leases.expect(request(context(1, 0)), OWNER);
  assert(first !== null);
  leases.granted(first, response(1, 1));
  assertEquals([first.state, first.epoch], [1, 1]);
  const second = leases.expect(request(context(7, 1)), OWNER);
  assert(second === first);
  leases.granted(second, response(7, 2));
  assertEquals([first.state, first.epoch, leases.size], [7, 2, 1]);
});

Deno.test("epochs wrap around at 16 bits, and breaks without one always count", () => {
  const leases = new LeaseTable();
  const entry = leases.expect(request(context(7, 0)), OWNER);
  assert(entry !== null);
  leases.granted(entry, response(7, 0xffff));
  leases.broken(entry, 3, 1);
  assertEquals([entry.state, entry.epoch], [3, 1]);
  leases.broken(entry, 7, 0xfffe);
  assertEquals([entry.state, entry.epoch], [3, 1]);
  leases.broken(entry, 1, 0);
  assertEquals([entry.state, entry.epoch], [1, 1]);
});

Deno.test("the lease of the directory is known where the request named it", () => {
  const parentLeaseKey = new Uint8Array(16).fill(8);
  const named = { ...context(7, 0), leaseFlags: 4, parentLeaseKey };
  assertEquals(new LeaseTable().expect(request(named), OWNER)?.parentKey, parentLeaseKey);
  assertEquals(new LeaseTable().expect(request(context(7, 0)), OWNER)?.parentKey, null);
});

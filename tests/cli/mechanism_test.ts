/**
 * Kerberos is prepared: the mechanism of a login is an interface. A ticket-based mechanism that exists only here logs in
 * through SPNEGO, by the authenticator that a run gets from its host, against an acceptor of the same kind.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { expect, scenario } from "../../mod.ts";
import type { Authenticator } from "../../runtime/client/mod.ts";
import {
  type AcceptorMechanism,
  type AcceptorStep,
  createSigner,
  equalBytes,
  type Identity,
  type Mechanism,
  MechanismOid,
  ntHash,
  NtlmClient,
  NtlmServer,
  SecurityError,
  type Signer,
  SigningAlgorithmId,
  SpnegoAcceptor,
  SpnegoInitiator,
} from "../../runtime/security/mod.ts";
import { transportPair } from "../../runtime/transport/mod.ts";
import { HeaderFlags, type ResponseBodies, Status } from "../../runtime/wire/mod.ts";
import { answer, frameOf, negotiateBody, refuse, serve } from "../harness/scripted_server.ts";
import { playOn } from "../interop/play.ts";

const SESSION_ID = 7n;
const KEY = new Uint8Array(16).fill(0x5a);
const AP_REQ = "AP-REQ of alice";
const AP_REP = "AP-REP to alice";

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function mic(message: Uint8Array): Uint8Array {
  return message.map((byte) => byte ^ 0x5a).slice(0, 16);
}

/** One round trip, as Kerberos: a ticket with an authenticator, and the server's proof. */
class Ticket implements Mechanism {
  readonly oid = MechanismOid.KERBEROS;
  sessionKey: Uint8Array | null = null;

  step(token: Uint8Array | null): { token: Uint8Array | null; done: boolean } {
    if (token === null) return { token: encode(AP_REQ), done: false };
    if (!equalBytes(token, encode(AP_REP))) {
      throw new SecurityError("Cannot log in: the server has not proven itself", "badSignature");
    }
    this.sessionKey = KEY;
    return { token: null, done: true };
  }

  mic(message: Uint8Array): Uint8Array {
    return mic(message);
  }

  verifyMic(message: Uint8Array, signature: Uint8Array): boolean {
    return equalBytes(mic(message), signature);
  }
}

/** The accepting side. */
class TicketAcceptor implements AcceptorMechanism {
  readonly oid = MechanismOid.KERBEROS;
  readonly reply: string;
  sessionKey: Uint8Array | null = null;
  identity: Identity | null = null;
  failure: "logonFailure" | null = null;

  constructor(reply: string) {
    this.reply = reply;
  }

  step(token: Uint8Array | null): { token: Uint8Array | null; done: boolean } {
    if (token !== null && equalBytes(token, encode(AP_REQ))) {
      this.identity = { user: "alice", domain: "LAB", kind: "user" };
      this.sessionKey = KEY;
    } else this.failure = "logonFailure";
    return { token: encode(this.reply), done: true };
  }

  mic(message: Uint8Array): Uint8Array {
    return mic(message);
  }

  verifyMic(message: Uint8Array, signature: Uint8Array): boolean {
    return equalBytes(mic(message), signature);
  }
}

const NTLM = {
  random: (length: number) => new Uint8Array(length).fill(3),
  now: () => 133_000_000_000_000_000n,
};

/** What a host with a ticket cache would give a run: the best mechanism first, NTLM behind it. */
function ticketAuthenticator(): Authenticator {
  return {
    mechanism: "kerberos",
    user: "alice",
    start() {
      const initiator = new SpnegoInitiator([
        new Ticket(),
        new NtlmClient({ user: "alice", domain: "", password: "pw", ...NTLM }),
      ]);
      return { step: (token) => Promise.resolve().then(() => initiator.step(token)) };
    },
  };
}

/** A 2.1 server whose logins are decided by `acceptor`, and which signs once it has a key. */
function scriptedServer(acceptor: SpnegoAcceptor) {
  const steps: AcceptorStep[] = [];
  const [ours, theirs] = transportPair();
  let signer: Signer | null = null;
  let signedRequests = 0;
  const served = serve(theirs, (request) => {
    const { command } = request.message;
    if (signer !== null && (request.header.flags & HeaderFlags.SIGNED) !== 0) {
      assert(signer.verify(request.bytes), "the request is signed with another key");
      signedRequests++;
    }
    const sign = { flags: HeaderFlags.SIGNED, sessionId: SESSION_ID };
    switch (command) {
      case "NEGOTIATE":
        return [frameOf([answer(
          request,
          negotiateBody(0x0210, {
            securityBuffer: acceptor.hint(),
          }),
        )])];
      case "SESSION_SETUP": {
        const { securityBuffer } = request.message.body as { securityBuffer: Uint8Array };
        const step = acceptor.step(securityBuffer);
        steps.push(step);
        const body: ResponseBodies["SESSION_SETUP"] = {
          sessionFlags: 0,
          securityBuffer: step.token ?? new Uint8Array(0),
        };
        if (step.failure !== undefined) return [frameOf([refuse(request, Status.LOGON_FAILURE)])];
        if (!step.done) {
          const status = Status.MORE_PROCESSING_REQUIRED;
          return [frameOf([answer(request, body, { status, sessionId: SESSION_ID })])];
        }
        signer = createSigner(SigningAlgorithmId.HMAC_SHA256, step.sessionKey ?? KEY);
        return [frameOf([answer(request, body, sign)], signer)];
      }
      case "TREE_CONNECT": {
        const body: ResponseBodies["TREE_CONNECT"] = {
          shareType: 1,
          shareFlags: 0,
          capabilities: 0,
          maximalAccess: 0x1f01ff,
        };
        return [frameOf([answer(request, body, { ...sign, treeId: 1 })], signer)];
      }
      case "ECHO":
      case "TREE_DISCONNECT":
      case "LOGOFF":
        return [frameOf([answer(request, { reserved: 0 }, sign)], signer)];
      default:
        return [];
    }
  });
  return {
    steps,
    served,
    signedRequests: () => signedRequests,
    stage: {
      host: "server",
      port: 0,
      user: "alice",
      password: "",
      authenticator: ticketAuthenticator,
      dial: () => Promise.resolve(ours),
    },
  };
}

const login = scenario({ name: "tickets" }, async ({ client }) => {
  const alice = await client("alice", {
    connect: { dialects: ["2.1"] },
    login: { securityMode: 0x02 },
  });
  await alice.tree.disconnect();
  expect(alice.connection.negotiated.dialect).toBe(0x0210);
});

Deno.test("a mechanism that is not NTLM logs in, and its key signs", async () => {
  const { stage, steps, served, signedRequests } = scriptedServer(
    new SpnegoAcceptor([new TicketAcceptor(AP_REP)]),
  );
  await playOn(stage, login);
  await served;
  // The ticket goes out with the first message, and the answer completes: one round trip.
  assertEquals(steps.map(({ done, identity }) => [done, identity?.user, identity?.domain]), [
    [true, "alice", "LAB"],
  ]);
  assert(signedRequests() >= 3);
});

Deno.test("a server without the preferred mechanism gets the next one, and both prove the list", async () => {
  const ntlm = new NtlmServer({ computerName: "LAB", findNtHash: () => ntHash("pw"), ...NTLM });
  const { stage, steps, served, signedRequests } = scriptedServer(new SpnegoAcceptor([ntlm]));
  await playOn(stage, login);
  await served;
  assertEquals(steps.map(({ done }) => done), [false, false, true]);
  assertEquals(steps.at(-1)?.identity?.user, "alice");
  assert(signedRequests() >= 3);
});

Deno.test("a server that does not prove itself is refused", async () => {
  const { stage, served } = scriptedServer(new SpnegoAcceptor([new TicketAcceptor("forged")]));
  await assertRejects(() => playOn(stage, login), Error, "has not proven itself");
  await served;
});

// deno-lint-ignore-file no-non-null-assertion -- in a test, a missing value fails where it is used
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Reader, WireError } from "../wire/mod.ts";
import { contextTag, DerTag, element, oidElement, readElement, readOid } from "./der.ts";
import { describeToken } from "./describe_token.ts";
import { SecurityError } from "./errors.ts";
import { type AcceptorMechanism, type Mechanism, MechanismOid } from "./mechanism.ts";
import { NtlmClient, NtlmServer } from "./ntlm.ts";
import { ntHash } from "./ntlm_crypto.ts";
import { encodeNtlm } from "./ntlm_messages.ts";
import {
  type AcceptorContext,
  createAcceptor,
  createInitiator,
  type InitiatorContext,
  SpnegoAcceptor,
  SpnegoInitiator,
} from "./spnego.ts";
import {
  decodeSpnego,
  encodeInit,
  encodeResp,
  NegState,
  type NegTokenInit,
  type NegTokenResp,
} from "./spnego_tokens.ts";
import { bytes, hex, mutate, seeded } from "./testing.ts";
import { WINDOWS_311 } from "./windows_vectors.ts";

const NOW = 133_000_000_000_000_000n;
const next = seeded(5);
function random(length: number): Uint8Array {
  return Uint8Array.from({ length }, () => next(256));
}
const client = {
  user: "alice",
  domain: "LAB",
  password: "pw",
  workstation: "PC1",
  random,
  now: () => NOW,
};
const server = {
  computerName: "LAB",
  findNtHash: (user: string) => user === "alice" ? ntHash("pw") : null,
  random,
  now: () => NOW,
};

// Windows' tokens, cut from the walk-through's messages: NEGOTIATE response, two SESSION_SETUP requests, responses.
const [, negotiated, setup1, challenge, setup2] = WINDOWS_311.exchange.map(({ message }) =>
  bytes(message)
);
const WINDOWS = {
  hint: negotiated!.subarray(0x80, 0x80 + 0x140),
  init: setup1!.subarray(0x58, 0x58 + 0x4a),
  challenge: challenge!.subarray(0x48, 0x48 + 0xb3),
  authenticate: setup2!.subarray(0x58, 0x58 + 0x1cf),
  completed: bytes("a11b3019a0030a0100a3120410010000003b453cdc3524164200000000"),
};

Deno.test("DER elements and identifiers have their shortest encoding and no other", () => {
  for (const oid of [...Object.values(MechanismOid), "2.999.3", "0.39", "1.2.4294967295"]) {
    assertEquals(readOid(new Reader(oidElement(oid)), "oid"), oid);
  }
  for (const length of [0, 127, 128, 255, 256, 65535, 65536]) {
    const encoded = element(DerTag.OCTET_STRING, new Uint8Array(length));
    assertEquals(readElement(new Reader(encoded), "x").content.remaining, length);
  }
  const refused: [string, string][] = [
    ["0480", "0 bytes"],
    ["048500000000 00", "5 bytes"],
    ["04817f", "shortest"],
    ["0482007f", "shortest"],
    ["0484ffffffff00", "needs 4294967295"],
    ["1f2000", "tag is longer"],
    ["0402aa", "needs 2"],
    ["04", "needs 1"],
  ];
  for (const [encoded, reason] of refused) {
    assertThrows(() => readElement(new Reader(bytes(encoded)), "x"), WireError, reason);
  }
  assertThrows(() => readOid(new Reader(bytes("06022b86")), "x"), WireError, "no end");
  assertThrows(() => readOid(new Reader(bytes("0600")), "x"), WireError, "no end");
  assertThrows(
    () => readOid(new Reader(bytes("0608ffffffffffffff7f")), "x"),
    WireError,
    "too large",
  );
});

Deno.test("Windows' tokens decode to what they say", () => {
  const hint = decodeSpnego(WINDOWS.hint) as NegTokenInit;
  assertEquals(hint.mechTypes, [MechanismOid.NEGOEX, MechanismOid.NTLMSSP]);
  const init = decodeSpnego(WINDOWS.init) as NegTokenInit;
  assertEquals(init.mechTypes, [MechanismOid.NTLMSSP]);
  assertEquals(hex(init.mechTypesBytes), "300c060a2b06010401823702020a");
  const response = decodeSpnego(WINDOWS.challenge) as NegTokenResp;
  assertEquals([response.negState, response.supportedMech], [1, MechanismOid.NTLMSSP]);
  const last = decodeSpnego(WINDOWS.completed) as NegTokenResp;
  assertEquals([last.negState, last.supportedMech, last.responseToken], [0, null, null]);
});

Deno.test("tokens encode to Windows' own bytes", () => {
  const { mechToken, mechTypes } = decodeSpnego(WINDOWS.init) as NegTokenInit;
  assertEquals(hex(encodeInit({ mechTypes, mechToken })), hex(WINDOWS.init));
  for (const token of [WINDOWS.challenge, WINDOWS.authenticate, WINDOWS.completed]) {
    assertEquals(hex(encodeResp(decodeSpnego(token) as NegTokenResp)), hex(token));
  }
});

Deno.test("the server's hint names its mechanisms and the text that clients ignore", () => {
  const hint = decodeSpnego(createAcceptor(server).hint()) as NegTokenInit;
  assertEquals(hint.mechTypes, [MechanismOid.NTLMSSP]);
  assertEquals(new TextDecoder().decode(hint.hintName!), "not_defined_in_RFC4178@please_ignore");
  assertEquals([hint.mechToken, hint.mechListMic], [null, null]);
});

function converse(
  initiator: InitiatorContext,
  other: { readonly acceptor?: AcceptorContext; readonly hint?: Uint8Array } = {},
) {
  const { acceptor = createAcceptor(server), hint = null } = other;
  let answer = initiator.step(hint);
  for (let turn = 0; turn < 5; turn++) {
    const accepted = acceptor.step(answer.token!);
    if (accepted.done) return { accepted, initiator };
    assertEquals([accepted.identity, accepted.sessionKey], [null, null]);
    answer = initiator.step(accepted.token);
  }
  throw new Error("The conversation does not end");
}

Deno.test("a login gives both sides one key, and both prove the mechanism list", () => {
  const { accepted, initiator } = converse(createInitiator(client), { hint: WINDOWS.hint });
  assertEquals(accepted.identity, { user: "alice", domain: "LAB", kind: "user" });
  assert((decodeSpnego(accepted.token!) as NegTokenResp).mechListMic !== null);
  const last = initiator.step(accepted.token);
  assertEquals(last, { token: null, done: true, sessionKey: accepted.sessionKey });
  assertThrows(() => initiator.step(null), Error, "the initiator is done");
});

Deno.test("the client knows its session key with its last token, before the server has answered", () => {
  const initiator = createInitiator(client);
  const acceptor = createAcceptor(server);
  assertEquals(initiator.step(acceptor.hint()).sessionKey, null);
  const fresh = createInitiator(client);
  const challenge = acceptor.step(fresh.step(null).token!);
  const { sessionKey, done } = fresh.step(challenge.token);
  assertEquals([sessionKey?.length, done], [16, false]);
  // A server may answer without a token; there is then no list to check.
  assertEquals(fresh.step(new Uint8Array()).done, true);
});

Deno.test("NTLM without SPNEGO is accepted, and spoken when asked for", () => {
  const { accepted, initiator } = converse(createInitiator({ ...client, raw: true }), {
    hint: WINDOWS.hint,
  });
  assertEquals([accepted.token, accepted.identity?.user], [null, "alice"]);
  assertEquals(initiator.step(null), { token: null, done: true, sessionKey: accepted.sessionKey });
});

Deno.test("a wrong password is a logon failure, with and without SPNEGO", () => {
  for (const raw of [true, false]) {
    const { accepted } = converse(createInitiator({ ...client, password: "no", raw }));
    assertEquals(accepted, {
      token: null,
      done: true,
      identity: null,
      sessionKey: null,
      failure: "logonFailure",
    });
  }
});

Deno.test("guest and anonymous logins pass where allowed", () => {
  const guests = createAcceptor({ ...server, guest: true });
  const guest = converse(createInitiator({ ...client, user: "nobody" }), { acceptor: guests });
  assertEquals([guest.accepted.identity?.kind, guest.accepted.sessionKey], ["guest", null]);
  const open = createAcceptor({ ...server, anonymous: true });
  const unnamed = converse(createInitiator({ user: "", random, now: () => NOW }), {
    acceptor: open,
  });
  assertEquals(unnamed.accepted.identity?.kind, "anonymous");
  assert(unnamed.initiator.step(unnamed.accepted.token).done);
});

Deno.test("an altered mechanism list is found by the server, an altered answer by the client", () => {
  const initiator = createInitiator(client);
  const acceptor = createAcceptor(server);
  const init = decodeSpnego(initiator.step(null).token!) as NegTokenInit;
  const mechTypes = [...init.mechTypes, MechanismOid.NEGOEX];
  const challenge = acceptor.step(encodeInit({ mechTypes, mechToken: init.mechToken }));
  const refused = acceptor.step(initiator.step(challenge.token).token!);
  assertEquals(refused.failure, "logonFailure");

  const { accepted, initiator: other } = converse(createInitiator(client));
  const altered = accepted.token!.slice();
  altered[altered.length - 6]! ^= 1;
  assertEquals(assertThrows(() => other.step(altered), SecurityError).failure, "badSignature");
});

/** A mechanism that trusts everybody, to prove that SPNEGO knows nothing of NTLM. */
class Trusting implements AcceptorMechanism {
  readonly oid = MechanismOid.KERBEROS;
  readonly sessionKey = new Uint8Array(16);
  readonly identity = { user: "krb", domain: "REALM", kind: "user" } as const;
  readonly failure = null;
  step(token: Uint8Array | null) {
    return token === null ? { token: bytes("01"), done: true } : { token: bytes("02"), done: true };
  }
  mic(): Uint8Array {
    return bytes("99");
  }
  verifyMic(_: Uint8Array, mic: Uint8Array): boolean {
    return hex(mic) === "99";
  }
}

/** A mechanism whose first token no server of these tests takes. */
class Unwanted implements Mechanism {
  readonly oid = MechanismOid.KERBEROS;
  readonly sessionKey = null;
  step() {
    return { token: bytes("6001"), done: false };
  }
  mic() {
    return null;
  }
  verifyMic() {
    return null;
  }
}

Deno.test("another mechanism plugs in on either side", () => {
  const acceptor = new SpnegoAcceptor([new Trusting(), new NtlmServer(server)]);
  const krb = acceptor.step(
    encodeInit({ mechTypes: [MechanismOid.KERBEROS], mechToken: bytes("01") }),
  );
  assertEquals(krb.identity?.user, "krb");
  assertEquals((decodeSpnego(krb.token!) as NegTokenResp).responseToken, bytes("02"));
  assertEquals((decodeSpnego(acceptor.hint()) as NegTokenInit).mechTypes.length, 2);
});

Deno.test("a server without the client's first choice falls back to NTLM, and both must prove the list", () => {
  const initiator = new SpnegoInitiator([new Unwanted(), new NtlmClient(client)]);
  const { accepted } = converse(initiator);
  assertEquals(accepted.identity?.user, "alice");
  const stripped = encodeResp({
    ...decodeSpnego(accepted.token!) as NegTokenResp,
    mechListMic: null,
  });
  assertEquals(assertThrows(() => initiator.step(stripped), SecurityError).failure, "badSignature");

  const again = new SpnegoInitiator([new Unwanted(), new NtlmClient(client)]);
  const acceptor = createAcceptor(server);
  const chosen = acceptor.step(again.step(null).token!);
  assertEquals((decodeSpnego(chosen.token!) as NegTokenResp).negState, NegState.REQUEST_MIC);
  const negotiate = again.step(chosen.token).token!;
  const challenge = acceptor.step(negotiate);
  const last = decodeSpnego(again.step(challenge.token).token!) as NegTokenResp;
  assertEquals(acceptor.step(encodeResp({ ...last, mechListMic: null })).failure, "logonFailure");
});

Deno.test("refusals name their reason", () => {
  const reject = encodeResp({
    negState: NegState.REJECT,
    supportedMech: null,
    responseToken: null,
    mechListMic: null,
  });
  const first = createInitiator(client);
  first.step(null);
  assertEquals(assertThrows(() => first.step(reject), SecurityError).failure, "rejected");
  const hint = encodeInit({ mechTypes: [MechanismOid.KERBEROS], hints: true });
  const second = createInitiator(client);
  assertEquals(assertThrows(() => second.step(hint), SecurityError).failure, "unsupported");
  const third = createInitiator(client);
  third.step(null);
  const other = encodeResp({
    ...decodeSpnego(reject) as NegTokenResp,
    negState: 1,
    supportedMech: "1.2.3",
  });
  assertEquals(assertThrows(() => third.step(other), SecurityError).failure, "unsupported");
  const kerberosOnly = encodeInit({ mechTypes: [MechanismOid.KERBEROS], mechToken: bytes("00") });
  assertEquals(createAcceptor(server).step(kerberosOnly).failure, "logonFailure");
  assertEquals(createAcceptor(server).step(reject).failure, "invalidParameter");
  assertEquals(createAcceptor(server).step(bytes("")).failure, "invalidParameter");
  assertThrows(() => new SpnegoInitiator([]), TypeError, "no mechanism");
});

Deno.test("too many mechanisms are refused", () => {
  const mechTypes = Array.from({ length: 65 }, () => "1.2.3");
  assertThrows(() => decodeSpnego(encodeInit({ mechTypes })), WireError, "more than 64");
});

Deno.test("tokens cut at every length, or damaged, raise nothing but WireError", () => {
  const own = createInitiator(client).step(null).token!;
  const tokens = [...Object.values(WINDOWS), own, createAcceptor(server).hint(), kerberosToken()];
  let refused = 0;
  const survive = (token: Uint8Array) => {
    const initiator = createInitiator(client);
    initiator.step(null);
    const acceptor = createAcceptor(server);
    acceptor.step(own);
    assert(createAcceptor(server).step(token) !== null);
    assert(acceptor.step(token) !== null);
    assert(describeToken(token) !== null);
    for (
      const use of [
        () => decodeSpnego(token),
        () => createInitiator(client).step(token),
        () => initiator.step(token),
      ]
    ) {
      try {
        use();
      } catch (error) {
        assert(error instanceof WireError || error instanceof SecurityError, String(error));
        refused++;
      }
    }
  };
  for (const token of tokens) {
    for (let length = 0; length < token.length; length++) {
      assertThrows(() => decodeSpnego(token.subarray(0, length)), WireError);
      survive(token.subarray(0, length));
    }
  }
  assert(refused > 1000);
  const pick = seeded(77);
  for (let round = 0; round < 4000; round++) survive(mutate(tokens[round % tokens.length]!, pick));
});

/** An AP-REQ by RFC 4120 with nothing but the ticket's names, in GSS-API framing. */
function kerberosToken(): Uint8Array {
  const text = (value: string) => element(DerTag.GENERAL_STRING, new TextEncoder().encode(value));
  const sequence = (...parts: Uint8Array[]) => element(DerTag.SEQUENCE, ...parts);
  const names = sequence(text("cifs"), text("server.lab.test"));
  const sname = sequence(element(contextTag(0), bytes("020102")), element(contextTag(1), names));
  const ticket = element(
    0x61,
    sequence(
      element(contextTag(0), bytes("020105")),
      element(contextTag(1), text("LAB.TEST")),
      element(contextTag(2), sname),
    ),
  );
  const request = element(
    0x6e,
    sequence(
      element(contextTag(0), bytes("020105")),
      element(contextTag(1), bytes("02010e")),
      element(contextTag(3), ticket),
    ),
  );
  return element(DerTag.APPLICATION_0, oidElement(MechanismOid.KERBEROS), bytes("0100"), request);
}

Deno.test("describeToken names the mechanism and whatever names are visible", () => {
  const nothing = {
    mechanism: null,
    ntlmType: null,
    user: null,
    domain: null,
    workstation: null,
    kerberos: false,
    service: null,
  };
  assertEquals(describeToken(bytes("")), nothing);
  assertEquals(describeToken(WINDOWS.hint), { ...nothing, mechanism: "NegoEx" });
  assertEquals(describeToken(createAcceptor(server).hint()), { ...nothing, mechanism: "SPNEGO" });
  assertEquals(describeToken(WINDOWS.init), { ...nothing, mechanism: "NTLMSSP", ntlmType: 1 });
  assertEquals(describeToken(WINDOWS.challenge).ntlmType, 2);
  assertEquals(describeToken(WINDOWS.completed).mechanism, "SPNEGO");
  assertEquals(describeToken(WINDOWS.authenticate), {
    ...nothing,
    mechanism: "NTLMSSP",
    ntlmType: 3,
    user: "administrator",
    domain: "SUT311",
    workstation: "DRIVER311",
  });
  const negotiate = { type: 1, flags: 1, domain: "", workstation: "", version: null } as const;
  assertEquals(describeToken(encodeNtlm(negotiate)).ntlmType, 1);
  assertEquals(describeToken(new TextEncoder().encode("NTLMSSP\0\x09")), {
    ...nothing,
    mechanism: "NTLMSSP",
  });
  const kerberos = {
    ...nothing,
    mechanism: "Kerberos",
    kerberos: true,
    domain: "LAB.TEST",
    service: "cifs/server.lab.test",
  } as const;
  assertEquals(describeToken(kerberosToken()), kerberos);
  const mechTypes = [MechanismOid.MS_KERBEROS, MechanismOid.KERBEROS, MechanismOid.NTLMSSP];
  assertEquals(describeToken(encodeInit({ mechTypes, mechToken: kerberosToken() })), kerberos);
  assertEquals(describeToken(encodeInit({ mechTypes, hints: true })), {
    ...nothing,
    mechanism: "SPNEGO",
    kerberos: true,
  });
  const negoex = encodeInit({
    mechTypes: [MechanismOid.NEGOEX],
    mechToken: new TextEncoder().encode("NEGOEXTS..."),
  });
  assertEquals(describeToken(negoex).mechanism, "NegoEx");
});

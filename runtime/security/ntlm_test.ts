// deno-lint-ignore-file no-non-null-assertion -- in a test, a missing value fails where it is used
import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { WireError } from "../wire/mod.ts";
import { SecurityError } from "./errors.ts";
import { NtlmClient, type NtlmClientOptions, NtlmServer, type NtlmServerOptions } from "./ntlm.ts";
import {
  computeResponse,
  decodeResponse,
  firstSignature,
  ntHash,
  responseKey,
  sealKey,
  signKey,
  verifyResponse,
} from "./ntlm_crypto.ts";
import {
  AvId,
  decodeAvPairs,
  decodeNtlm,
  encodeAvPairs,
  encodeNtlm,
  MIC_OFFSET,
  type NtlmAuthenticate,
  type NtlmChallenge,
  NtlmFlags,
} from "./ntlm_messages.ts";
import { Rc4, rc4 } from "./rc4.ts";
import { encodeMechTypes } from "./spnego_tokens.ts";
import { bytes, hex, mutate, seeded } from "./testing.ts";
import { utf16Bytes } from "./bytes.ts";

// MS-NLMP section 4.2.1 (common values) and 4.2.4 (NTLMv2).
const SERVER_CHALLENGE = bytes("0123456789abcdef");
const CLIENT_CHALLENGE = bytes("aaaaaaaaaaaaaaaa");
const RANDOM_SESSION_KEY = bytes("55".repeat(16));
const CHALLENGE = bytes(
  `4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef0000000000000000
  2400240044000000060070170000000f53006500720076006500720002000c0044006f006d00610069006e00
  01000c0053006500720076006500720000000000`,
);
const AUTHENTICATE = bytes(
  `4e544c4d5353500003000000180018006c00000054005400840000000c000c00480000000800080054000000
  100010005c00000010001000d8000000358288e20501280a0000000f44006f006d00610069006e0055007300650072004300
  4f004d005000550054004500520086c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa68cd0ab851e51c96aabc927bebef6a1c
  01010000000000000000000000000000aaaaaaaaaaaaaaaa0000000002000c0044006f006d00610069006e0001000c00530065007200
  7600650072000000000000000000c5dad2544fc9799094ce1ce90bc9d03e`,
);

Deno.test("NT hash, response key, responses and session keys are those of MS-NLMP 4.2.4", () => {
  const hash = ntHash("Password");
  assertEquals(hex(hash), "a4f49c406510bdcab6824ee7c30fd852");
  const key = responseKey(hash, { user: "User", domain: "Domain" });
  assertEquals(hex(key), "0c868a403bfd7a93a3001ef22ef02e3f");
  const response = computeResponse(key, {
    serverChallenge: SERVER_CHALLENGE,
    clientChallenge: CLIENT_CHALLENGE,
    time: 0n,
    targetInfo: (decodeNtlm(CHALLENGE) as NtlmChallenge).targetInfo!,
  });
  assertEquals(hex(response.ntResponse.subarray(0, 16)), "68cd0ab851e51c96aabc927bebef6a1c");
  assertEquals(hex(response.lmResponse), "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
  assertEquals(hex(response.sessionBaseKey), "8de40ccadbc14a82f15cb0ad0de95ca3");
  assertEquals(
    hex(rc4(response.sessionBaseKey, RANDOM_SESSION_KEY)),
    "c5dad2544fc9799094ce1ce90bc9d03e",
  );
});

Deno.test("sign key, seal key and a sealed message are those of MS-NLMP 4.2.4.4", () => {
  const key = { exportedSessionKey: RANDOM_SESSION_KEY, flags: 0xe28a8233, fromClient: true };
  assertEquals(hex(signKey(key)), "4788dc861b4782f35d43fd98fe1a2d39");
  assertEquals(hex(sealKey(key)), "59f600973cc4960a25480a7c196e4c58");
  const handle = new Rc4(sealKey(key));
  assertEquals(hex(handle.apply(utf16Bytes("Plaintext"))), "54e50165bf1936dc996020c1811b0f06fb5f");
  assertEquals(hex(handle.apply(bytes("70352851f2564309"))), "7fb38ec5c55d4976");
  const unsealed = firstSignature(
    { ...key, flags: NtlmFlags.EXTENDED_SESSIONSECURITY },
    utf16Bytes("Plaintext"),
  );
  assertEquals(hex(unsealed!), "01000000" + "70352851f2564309" + "00000000");
  assertEquals(firstSignature({ ...key, flags: 0 }, bytes("")), null);
});

Deno.test("mechListMIC is Windows' own, both ways", () => {
  // From the 3.1.1 walk-through in windows_vectors.ts: the client's second token and the server's last.
  const list = encodeMechTypes(["1.3.6.1.4.1.311.2.2.10"]);
  const key = { exportedSessionKey: bytes("270e1ba896585eeb7af3472d3b4c75a7"), flags: 0xe2888215 };
  assertEquals(
    hex(firstSignature({ ...key, fromClient: true }, list)!),
    "0100000063775a9a5fd97f0600000000",
  );
  assertEquals(
    hex(firstSignature({ ...key, fromClient: false }, list)!),
    "010000003b453cdc3524164200000000",
  );
});

Deno.test("the messages of MS-NLMP 4.2.4.3 decode and encode to themselves", () => {
  const challenge = decodeNtlm(CHALLENGE) as NtlmChallenge;
  assertEquals(challenge.targetName, "Server");
  assertEquals(challenge.flags, 0xe28a8233);
  assertEquals(challenge.targetInfo, [
    { id: AvId.NB_DOMAIN_NAME, value: utf16Bytes("Domain") },
    { id: AvId.NB_COMPUTER_NAME, value: utf16Bytes("Server") },
  ]);
  assertEquals(hex(encodeNtlm(challenge)), hex(CHALLENGE));
  const authenticate = decodeNtlm(AUTHENTICATE) as NtlmAuthenticate;
  const { user, domain, workstation, mic } = authenticate;
  assertEquals({ user, domain, workstation, mic }, {
    user: "User",
    domain: "Domain",
    workstation: "COMPUTER",
    mic: null,
  });
  assertEquals(hex(encodeNtlm(authenticate)), hex(AUTHENTICATE));
  const key = responseKey(ntHash("Password"), { user, domain });
  const response = decodeResponse(authenticate.ntResponse);
  assertEquals(
    hex(verifyResponse(key, { serverChallenge: SERVER_CHALLENGE, response })!),
    "8de40ccadbc14a82f15cb0ad0de95ca3",
  );
  const wrong = responseKey(ntHash("password"), { user, domain });
  assertEquals(verifyResponse(wrong, { serverChallenge: SERVER_CHALLENGE, response }), null);
});

Deno.test("a NEGOTIATE message keeps its names, its version, and the lack of them", () => {
  const full = {
    type: 1,
    flags: 0xe2088297,
    domain: "DOM",
    workstation: "PC",
    version: bytes("0a00000000000 00f"),
  } as const;
  assertEquals(decodeNtlm(encodeNtlm(full)), full);
  const bare = { ...full, version: null };
  assertEquals(decodeNtlm(encodeNtlm(bare)), bare);
  // Sixteen bytes, as old clients send it.
  assertEquals(decodeNtlm(encodeNtlm(bare).subarray(0, 16)), {
    ...bare,
    domain: "",
    workstation: "",
  });
});

Deno.test("without the Unicode flag names are single bytes", () => {
  const message = decodeNtlm(AUTHENTICATE) as NtlmAuthenticate;
  const oem = { ...message, flags: (message.flags & ~NtlmFlags.UNICODE) >>> 0, user: "Jos\u00e9" };
  assertEquals(decodeNtlm(encodeNtlm(oem)), oem);
});

Deno.test("AV pairs keep unknown kinds and need their end", () => {
  const pairs = [{ id: 0x7777, value: bytes("010203") }, { id: AvId.FLAGS, value: bytes("") }];
  assertEquals(decodeAvPairs(encodeAvPairs(pairs)), pairs);
  const encoded = encodeAvPairs(pairs);
  assertThrows(() => decodeAvPairs(encoded.subarray(0, encoded.length - 4)), WireError, "AvId");
  assertThrows(() => decodeAvPairs(bytes("01000500aa")), WireError, "Value");
});

Deno.test("user names are upper-cased letter by letter, so that none grows", () => {
  const hash = ntHash("pw");
  const same = (a: string, b: string) =>
    hex(responseKey(hash, { user: a, domain: "" })) ===
      hex(responseKey(hash, { user: b, domain: "" }));
  assert(same("stra\u00dfe", "STRA\u00dfE"));
  assert(same("\u00e9va", "\u00c9VA"));
  assertFalse(same("stra\u00dfe", "STRASSE"));
});

const NOW = 133_000_000_000_000_000n;

function clientOptions(change: Partial<NtlmClientOptions> = {}): NtlmClientOptions {
  const next = seeded(11);
  return {
    user: "Alice",
    domain: "LAB",
    password: "pass",
    workstation: "PC1",
    targetName: "cifs/server",
    random: (length) => Uint8Array.from({ length }, () => next(256)),
    now: () => NOW,
    ...change,
  };
}

function serverOptions(change: Partial<NtlmServerOptions> = {}): NtlmServerOptions {
  const next = seeded(12);
  return {
    computerName: "SERVER",
    domainName: "LAB",
    dnsDomainName: "lab.test",
    dnsComputerName: "server.lab.test",
    findNtHash: (user) => user === "Alice" ? ntHash("pass") : null,
    random: (length) => Uint8Array.from({ length }, () => next(256)),
    now: () => NOW,
    ...change,
  };
}

interface Tampering {
  readonly challenge?: (token: Uint8Array) => Uint8Array;
  readonly authenticate?: (token: Uint8Array) => Uint8Array;
}

function converse(client: NtlmClient, server: NtlmServer, tamper: Tampering = {}) {
  const negotiate = client.step(null).token!;
  const challenge = server.step(negotiate).token!;
  const answer = client.step(tamper.challenge?.(challenge) ?? challenge);
  assert(answer.done);
  const authenticate = tamper.authenticate?.(answer.token!) ?? answer.token!;
  assertEquals(server.step(authenticate), { token: null, done: true });
  return { negotiate, challenge, authenticate };
}

Deno.test("client and server agree on user, session key and both signatures", () => {
  for (const change of [{}, { password: undefined, ntHash: ntHash("pass") }]) {
    const client = new NtlmClient(clientOptions(change));
    const server = new NtlmServer(serverOptions());
    const { authenticate } = converse(client, server);
    assertEquals(server.identity, { user: "Alice", domain: "LAB", kind: "user" });
    assertEquals(server.failure, null);
    assertEquals(server.sessionKey, client.sessionKey);
    assertEquals(server.sessionKey!.length, 16);
    const list = bytes("3000");
    assertEquals(server.verifyMic(list, client.mic(list)!), true);
    assertEquals(client.verifyMic(list, server.mic(list)!), true);
    assertEquals(client.verifyMic(list, client.mic(list)!), false);
    const message = decodeNtlm(authenticate) as NtlmAuthenticate;
    assertEquals(message.workstation, "PC1");
    const info = decodeResponse(message.ntResponse).targetInfo;
    assertEquals(info.find(({ id }) => id === AvId.TARGET_NAME)?.value, utf16Bytes("cifs/server"));
    assertEquals(info.find(({ id }) => id === AvId.CHANNEL_BINDINGS)?.value, new Uint8Array(16));
    assertEquals(decodeResponse(message.ntResponse).time, NOW);
  }
});

Deno.test("a wrong password, an unknown user and an NTLMv1 response are refused", () => {
  const wrong = new NtlmServer(serverOptions());
  converse(new NtlmClient(clientOptions({ password: "Pass" })), wrong);
  assertEquals([wrong.failure, wrong.identity, wrong.sessionKey], ["logonFailure", null, null]);
  const unknown = new NtlmServer(serverOptions());
  converse(new NtlmClient(clientOptions({ user: "bob" })), unknown);
  assertEquals(unknown.failure, "logonFailure");
  const old = new NtlmServer(serverOptions());
  converse(new NtlmClient(clientOptions()), old, {
    authenticate: (token) =>
      encodeNtlm({ ...decodeNtlm(token) as NtlmAuthenticate, ntResponse: new Uint8Array(24) }),
  });
  assertEquals(old.failure, "logonFailure");
});

Deno.test("the MIC binds the three messages: whatever is altered on the way is refused", () => {
  const alterations: Tampering[] = [
    // The client is told that sealing is not possible, or that the target has another name.
    {
      challenge: (token) =>
        encodeNtlm({ ...decodeNtlm(token) as NtlmChallenge, targetName: "OTHER" }),
    },
    {
      challenge: (token) => {
        const message = decodeNtlm(token) as NtlmChallenge;
        return encodeNtlm({ ...message, flags: (message.flags & ~NtlmFlags.ENCRYPT_128) >>> 0 });
      },
    },
    {
      authenticate: (token) =>
        encodeNtlm({ ...decodeNtlm(token) as NtlmAuthenticate, workstation: "PC2" }),
    },
    {
      authenticate: (token) => encodeNtlm({ ...decodeNtlm(token) as NtlmAuthenticate, mic: null }),
    },
    { authenticate: (token) => (token[MIC_OFFSET]! ^= 1, token) },
  ];
  for (const [index, tamper] of alterations.entries()) {
    const server = new NtlmServer(serverOptions());
    converse(new NtlmClient(clientOptions()), server, tamper);
    assertEquals(server.failure, "logonFailure", `alteration ${index}`);
    assertEquals(server.sessionKey, null);
  }
});

Deno.test("without a server timestamp the client uses its clock, sends an LM response and no MIC", () => {
  const client = new NtlmClient(clientOptions());
  client.step(null);
  const message = decodeNtlm(client.step(CHALLENGE).token!) as NtlmAuthenticate;
  assertEquals(message.mic, null);
  assertEquals(message.lmResponse.subarray(16).length, 8);
  const response = decodeResponse(message.ntResponse);
  assertEquals(response.time, NOW);
  assertEquals(message.lmResponse.subarray(16), response.clientChallenge);
  const key = responseKey(ntHash("pass"), { user: "Alice", domain: "LAB" });
  assert(verifyResponse(key, { serverChallenge: SERVER_CHALLENGE, response }) !== null);
});

Deno.test("without key exchange the session base key is the session key", () => {
  const client = new NtlmClient(clientOptions());
  const server = new NtlmServer(serverOptions());
  const negotiate = decodeNtlm(client.step(null).token!);
  assert(negotiate.type === 1);
  const flags = (negotiate.flags & ~NtlmFlags.KEY_EXCH) >>> 0;
  const challenge = server.step(encodeNtlm({ ...negotiate, flags })).token!;
  const answer = decodeNtlm(client.step(challenge).token!) as NtlmAuthenticate;
  assertEquals(answer.encryptedSessionKey.length, 0);
  const key = responseKey(ntHash("pass"), { user: "Alice", domain: "LAB" });
  const { serverChallenge } = decodeNtlm(challenge) as NtlmChallenge;
  const response = decodeResponse(answer.ntResponse);
  assertEquals(verifyResponse(key, { serverChallenge, response }), client.sessionKey);
});

Deno.test("anonymous and guest logins are refused unless allowed, and say what they are", () => {
  const anonymous = clientOptions({ user: "", domain: "", password: undefined });
  const closed = new NtlmServer(serverOptions());
  converse(new NtlmClient(anonymous), closed);
  assertEquals(closed.failure, "logonFailure");

  const open = new NtlmServer(serverOptions({ anonymous: true, guest: true }));
  const client = new NtlmClient(anonymous);
  const { authenticate } = converse(client, open);
  assertEquals(open.identity, { user: "", domain: "", kind: "anonymous" });
  assertEquals(open.sessionKey, client.sessionKey);
  const message = decodeNtlm(authenticate) as NtlmAuthenticate;
  assert((message.flags & NtlmFlags.ANONYMOUS) !== 0);
  assertEquals(message.ntResponse.length, 0);

  const guest = new NtlmServer(serverOptions({ guest: true }));
  converse(new NtlmClient(clientOptions({ user: "bob" })), guest);
  assertEquals(guest.identity, { user: "bob", domain: "LAB", kind: "guest" });
  assertEquals([guest.sessionKey, guest.mic(bytes("00"))], [null, null]);
  assertEquals(guest.verifyMic(bytes("00"), bytes("00")), null);
});

Deno.test("misuse and unusable servers are named", () => {
  assertThrows(
    () => new NtlmClient(clientOptions({ password: undefined })),
    TypeError,
    "neither password",
  );
  assertThrows(() => new NtlmClient(clientOptions({ ntHash: bytes("00") })), RangeError, "1 bytes");
  const challenge = decodeNtlm(CHALLENGE) as NtlmChallenge;
  const client = new NtlmClient(clientOptions());
  client.step(null);
  const oem = encodeNtlm({ ...challenge, flags: NtlmFlags.OEM });
  assertEquals(assertThrows(() => client.step(oem), SecurityError).failure, "unsupported");
  assertThrows(
    () => client.step(encodeNtlm(decodeNtlm(AUTHENTICATE))),
    WireError,
    "MessageType is 3, not 2",
  );
  client.step(CHALLENGE);
  assertThrows(() => client.step(CHALLENGE), Error, "the client is done");
});

Deno.test("an encrypted session key of another length than sixteen bytes is malformed", () => {
  const client = new NtlmClient(clientOptions());
  const server = new NtlmServer(serverOptions());
  const challenge = server.step(client.step(null).token).token;
  const answer = decodeNtlm(client.step(challenge).token!) as NtlmAuthenticate;
  const short = encodeNtlm({ ...answer, encryptedSessionKey: new Uint8Array(8) });
  assertThrows(() => server.step(short), WireError, "EncryptedRandomSessionKey");
});

Deno.test("NTLM messages cut at every length, or damaged, raise nothing but WireError", () => {
  const messages = [
    CHALLENGE,
    AUTHENTICATE,
    ...Object.values(converse(
      new NtlmClient(clientOptions()),
      new NtlmServer(serverOptions()),
    )),
  ];
  let refused = 0;
  const survive = (token: Uint8Array) => {
    const client = new NtlmClient(clientOptions());
    client.step(null);
    const server = new NtlmServer(serverOptions({ anonymous: true, guest: true }));
    server.step(
      encodeNtlm({ type: 1, flags: 0xe2088297, domain: "", workstation: "", version: null }),
    );
    const uses = [
      () => decodeNtlm(token),
      () => client.step(token),
      () => new NtlmServer(serverOptions()).step(token),
      () => server.step(token),
    ];
    for (const use of uses) {
      try {
        use();
      } catch (error) {
        assert(error instanceof WireError || error instanceof SecurityError, String(error));
        refused++;
      }
    }
  };
  for (const message of messages) {
    for (let length = 0; length < message.length; length++) survive(message.subarray(0, length));
  }
  assert(refused > 1000);
  const next = seeded(2024);
  for (let round = 0; round < 3000; round++) {
    survive(mutate(messages[round % messages.length]!, next));
  }
});

Deno.test("a message cut inside what its fields name is refused", () => {
  for (const message of [CHALLENGE, AUTHENTICATE]) {
    for (let length = 0; length < message.length; length++) {
      assertThrows(() => decodeNtlm(message.subarray(0, length)), WireError);
    }
  }
});

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { pbkdf2Sync } from "node:crypto";
import { asciiBytes, concatBytes } from "./bytes.ts";
import { openTicket, readApRequest, replySessionKey } from "./kerberos.ts";
import {
  decryptCts,
  decryptKerberos,
  deriveKerberosKey,
  EncryptionType,
  foldTo,
} from "./kerberos_crypto.ts";
import {
  ANSWER_TOKEN,
  KEYTAB,
  LOGIN_TOKEN,
  RC4_ANSWER,
  SESSION_KEY,
} from "../../tests/golden/kerberos.ts";
import { decodeKeytab } from "./keytab.ts";
import { ntHash } from "./ntlm_crypto.ts";
import { decodeSpnego } from "./spnego_tokens.ts";
import { bytes, hex, mutate, seeded } from "./testing.ts";

/** RFC 3961 appendix A.1. */
const FOLDS: [number, string, string][] = [
  [64, "012345", "be072631276b1955"],
  [56, "password", "78a07b6caf85fa"],
  [64, "Rough Consensus, and Running Code", "bb6ed30870b7f0e0"],
  [168, "password", "59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e"],
  [
    192,
    "MASSACHVSETTS INSTITVTE OF TECHNOLOGY",
    "db3b0d8f0b061e603282b308a50841229ad798fab9540c1b",
  ],
  [168, "Q", "518a54a215a8452a518a54a215a8452a518a54a215"],
  [168, "ba", "fb25d531ae8974499f52fd92ea9857c4ba24cf297e"],
  [128, "kerberos", "6b65726265726f737b9b5b2b93132b93"],
];
for (const [bits, input, expected] of FOLDS) {
  Deno.test(`${bits}-fold of "${input}" is as RFC 3961 has it`, () => {
    assertEquals(hex(foldTo(bits / 8, input)), expected);
  });
}

/** RFC 3962 appendix B: inputs are the beginnings of one sentence, the initial vector is zero. */
const SENTENCE = "I would like the General Gau's Chicken, please, and wonton soup.";
const STOLEN: [number, string][] = [
  [17, "c6353568f2bf8cb4d8a580362da7ff7f 97"],
  [31, "fc00783e0efdb2c1d445d4c8eff7ed22 97687268d6ecccc0c07b25e25ecfe5"],
  [32, "39312523a78662d5be7fcbcc98ebf5a8 97687268d6ecccc0c07b25e25ecfe584"],
];
for (const [length, ciphertext] of STOLEN) {
  Deno.test(`ciphertext stealing over ${length} bytes is as RFC 3962 has it`, () => {
    const plain = decryptCts(asciiBytes("chicken teriyaki"), bytes(ciphertext));
    assertEquals(hex(plain), hex(asciiBytes(SENTENCE.slice(0, length))));
  });
}

Deno.test("keys derived from a password are as RFC 3962 has them", () => {
  const derived = (length: number) =>
    hex(deriveKerberosKey(
      Uint8Array.from(pbkdf2Sync("password", "ATHENA.MIT.EDUraeburn", 1200, length, "sha1")),
      asciiBytes("kerberos"),
    ));
  assertEquals(derived(16), "4c01cd46d632d01e6dbe230a01ed642a");
  assertEquals(derived(32), "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a");
});

/** RFC 8009 appendix A: key usage 2, plain texts that count up. */
const SHA2: [number, string, [number, string][]][] = [
  [19, "3705d96080c17728a0e800eab6e0d23c", [
    [0, "ef85fb890bb8472f4dab20394dca781d ad877eda39d50c870c0d5a0a8e48c718"],
    [6, "84d7f30754ed987bab0bf3506beb09cfb55402cef7e6 877ce99e247e52d16ed4421dfdf8976c"],
    [
      16,
      "3517d640f50ddc8ad3628722b3569d2ae07493fa8263254080ea65c1008e8fc2 95fb4852e7d83e1e7c48c37eebe6b0d3",
    ],
  ]],
  [20, "6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52", [
    [0, "41f53fa5bfe7026d91faf9be959195a0 58707273a96a40f0a01960621ac612748b9bbfbe7eb4ce3c"],
    [
      6,
      "4ed7b37c2bcac8f74f23c1cf07e62bc7b75fb3f637b9 f559c7f664f69eab7b6092237526ea0d1f61cb20d69d10f2",
    ],
  ]],
];
for (const [type, base, samples] of SHA2) {
  Deno.test(`samples of type ${type} are deciphered as RFC 8009 has them`, () => {
    const key = { type, value: bytes(base) };
    for (const [length, data] of samples) {
      const plain = decryptKerberos(key, 2, bytes(data));
      assertEquals(plain?.length, length);
      assertEquals(hex(plain!), hex(Uint8Array.from({ length }, (_, index) => index)));
      assertEquals(decryptKerberos(key, 3, bytes(data)), null);
    }
  });
}

Deno.test("rc4-hmac of Samba's authentication service is read with the user's NT hash", () => {
  const key = { type: EncryptionType.RC4_HMAC, value: ntHash("AlicePass1!") };
  const plain = decryptKerberos(key, 3, RC4_ANSWER);
  // EncASRepPart (RFC 4120 section 5.4.2) begins with the tag of application 25.
  assertEquals(plain?.[0], 0x79);
  assertEquals(decryptKerberos(key, 2, RC4_ANSWER), null);
  assertEquals(decryptKerberos({ ...key, value: ntHash("x") }, 3, RC4_ANSWER), null);
});

Deno.test("a keytab of samba-tool has the keys of its principal", () => {
  assertEquals(
    decodeKeytab(KEYTAB)?.map(({ principal, type, version, value }) => [
      principal,
      type,
      version,
      value.length,
    ]),
    [["dc1$@EXAMPLE.TEST", 18, 1, 32], ["dc1$@EXAMPLE.TEST", 17, 1, 16], [
      "dc1$@EXAMPLE.TEST",
      23,
      1,
      16,
    ]],
  );
});

Deno.test("a keytab may have holes, a longer version and zeros at its end", () => {
  const [first] = decodeKeytab(KEYTAB) ?? [];
  const size = new DataView(KEYTAB.buffer).getInt32(2);
  // Without the longer version and the flags that Samba writes behind the key.
  const entry = KEYTAB.slice(6, 6 + size - 8);
  const length = (value: number) => {
    const view = new DataView(new ArrayBuffer(4));
    view.setInt32(0, value);
    return new Uint8Array(view.buffer);
  };
  const file = concatBytes(
    KEYTAB.subarray(0, 2),
    length(-9),
    new Uint8Array(9),
    length(entry.length),
    entry,
    length(entry.length + 4),
    entry,
    length(70_000),
    length(0),
    length(7),
  );
  assertEquals(decodeKeytab(file), [first!, { ...first!, version: 70_000 }]);
});

Deno.test("bytes that are no keytab, or end within a key, give none", () => {
  assertEquals(decodeKeytab(new Uint8Array(0)), null);
  assertEquals(decodeKeytab(bytes("0501 0000")), null);
  for (let end = 6; end < KEYTAB.length; end++) {
    const found = decodeKeytab(KEYTAB.subarray(0, end));
    assert(found === null || found.length < 3, `at ${end}`);
  }
  const next = seeded(5);
  for (let round = 0; round < 500; round++) decodeKeytab(mutate(KEYTAB, next));
});

function mechanismToken(token: Uint8Array): Uint8Array {
  const spnego = decodeSpnego(token);
  return (spnego.kind === "init" ? spnego.mechToken : spnego.responseToken) ?? new Uint8Array();
}

Deno.test("a login is opened with the service's keytab, and gives the session key that Samba logged", () => {
  const request = readApRequest(mechanismToken(LOGIN_TOKEN));
  assertEquals([request?.service, request?.realm], ["cifs/dc1.example.test", "EXAMPLE.TEST"]);
  assertEquals([request?.ticket.type, request?.ticket.version], [18, 1]);
  const opened = openTicket(request!, decodeKeytab(KEYTAB)!);
  assertEquals([opened?.client, opened?.realm], ["alice", "EXAMPLE.TEST"]);
  // The server's own key counts, not the client's.
  assertNotEquals(hex(opened!.sessionKey), SESSION_KEY);
  const chosen = replySessionKey(mechanismToken(ANSWER_TOKEN), opened!.ticketKey);
  assertEquals(hex(chosen!), SESSION_KEY);
});

Deno.test("another key opens nothing, and another ticket's answer gives no key", () => {
  const request = readApRequest(mechanismToken(LOGIN_TOKEN))!;
  const keys = decodeKeytab(KEYTAB)!;
  assertEquals(openTicket(request, []), null);
  assertEquals(
    openTicket(request, keys.map((key) => ({ ...key, value: key.value.toReversed() }))),
    null,
  );
  assertEquals(openTicket(request, keys.map((key) => ({ ...key, type: 18 }))) === null, false);
  assertEquals(replySessionKey(mechanismToken(ANSWER_TOKEN), keys[0]!), null);
  assertEquals(replySessionKey(mechanismToken(LOGIN_TOKEN), keys[0]!), null);
});

Deno.test("damaged tokens are read as none or opened as they are, never thrown on", () => {
  const keys = decodeKeytab(KEYTAB)!;
  const next = seeded(9);
  for (const token of [mechanismToken(LOGIN_TOKEN), mechanismToken(ANSWER_TOKEN)]) {
    for (let round = 0; round < 500; round++) {
      const damaged = mutate(token, next);
      const request = readApRequest(damaged);
      if (request !== null) openTicket(request, keys);
      replySessionKey(damaged, keys[0]!);
    }
  }
});

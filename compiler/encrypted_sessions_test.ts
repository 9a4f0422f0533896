/** Encrypted conversations, and what opens them. */
import { assertEquals } from "@std/assert";
import {
  CipherId,
  createAcceptor,
  createInitiator,
  decodeKeytab,
  deriveSessionKeys,
  encryptPayload,
  ntHash,
} from "../runtime/security/mod.ts";
import { ANSWER_TOKEN, KEYTAB, LOGIN_TOKEN, SESSION_KEY } from "../tests/golden/kerberos.ts";
import { chainBytes, encodeChain, encodeTransformHeader, Writer } from "../runtime/wire/mod.ts";
import { Conversation, type Wire } from "../tests/captures/conversation.ts";
import { inputOf } from "./capture/_build.ts";
import type { DecryptionKeys } from "./decryption.ts";
import { compile } from "./mod.ts";

const SESSION = 0x100n;
const MORE = 0xc0000016;
const SETUP = { flags: 0, securityMode: 1, capabilities: 1, channel: 0, previousSessionId: 0n };

/** A conversation in 3.0, encrypted behind its login. */
class SealedTalk extends Conversation {
  sessionKey: Uint8Array = new Uint8Array(16);

  ntlm(user = "alice", password = "secret"): this {
    const random = (length: number) => new Uint8Array(length).fill(7);
    const now = () => 133_000_000_000_000_000n;
    const client = createInitiator({ user, domain: "LAB", password, random, now });
    const findNtHash = () => ntHash(password);
    const server = createAcceptor({ computerName: "SERVER", findNtHash, random, now });
    const first = client.step(server.hint()).token!;
    const challenge = server.step(first).token!;
    this.#setup(first, { token: challenge, status: MORE }, 0n);
    const { token: second, sessionKey } = client.step(challenge) as {
      token: Uint8Array;
      sessionKey: Uint8Array;
    };
    this.#setup(second, { token: server.step(second).token!, status: 0 }, SESSION);
    this.sessionKey = sessionKey;
    return this;
  }

  kerberos(): this {
    this.#setup(LOGIN_TOKEN, { token: ANSWER_TOKEN, status: 0 }, 0n);
    this.sessionKey = Uint8Array.fromHex(SESSION_KEY);
    return this;
  }

  /** A further channel: the key of this login signs, and does not encrypt. */
  bind(of: SealedTalk): this {
    this.#setup(LOGIN_TOKEN, { token: ANSWER_TOKEN, status: 0 }, SESSION, 1);
    this.sessionKey = of.sessionKey;
    return this;
  }

  #setup(
    token: Uint8Array,
    answer: { token: Uint8Array; status: number },
    sessionId: bigint,
    flags = 0,
  ): void {
    this.exchange("SESSION_SETUP", { ...SETUP, flags, securityBuffer: token }, {
      sessionFlags: 0,
      securityBuffer: answer.token,
    }, { request: { sessionId }, sessionId: SESSION, status: answer.status });
    this.sessionId = SESSION;
  }

  sealedTree(path = "\\\\lab\\share"): this {
    const keys = deriveSessionKeys({ dialect: 0x0300, sessionKey: this.sessionKey });
    const body = { flags: 0, path };
    const answer = {
      shareType: 1,
      shareFlags: 0,
      capabilities: 0,
      maximalAccess: 0x1f01ff,
    } as const;
    this.#seal("request", keys.clientToServerKey!, this.request("TREE_CONNECT", body));
    this.#seal(
      "response",
      keys.serverToClientKey!,
      this.response("TREE_CONNECT", answer, { treeId: 1 }),
    );
    return this;
  }

  #seal(
    way: "request" | "response",
    key: Uint8Array,
    message: ReturnType<Conversation["request"]>,
  ) {
    const plain = chainBytes(encodeChain([message]));
    const nonce = new Uint8Array(16).fill(
      Number(this.nextMessageId) + (way === "request" ? 1 : 100),
      0,
      11,
    );
    const header = {
      nonce,
      originalMessageSize: plain.byteLength,
      reserved: 0,
      flags: 1,
      sessionId: SESSION,
    };
    const bare = new Writer();
    encodeTransformHeader(bare, { ...header, signature: new Uint8Array(16) });
    const input = { cipherId: CipherId.AES_128_CCM, key, nonce, aad: bare.bytes().slice(20) };
    const { ciphertext, signature } = encryptPayload(input, plain);
    const writer = new Writer();
    encodeTransformHeader(writer, { ...header, signature });
    writer.raw(ciphertext);
    this.unit(way, writer.bytes());
  }
}

function talk(options: ConstructorParameters<typeof Conversation>[0] = {}): SealedTalk {
  const made = new SealedTalk(options);
  made.negotiate(0x0300);
  return made;
}

async function read(wire: Wire, keys: DecryptionKeys, packets = wire.packets) {
  const { plan, notes } = await compile(inputOf(wire.pcap(packets)), { version: "0", keys });
  return {
    trees: plan.operations.filter(({ kind }) => kind === "tree").length,
    users: plan.clients.map(({ users }) => users),
    sealed: notes.filter(({ reason }) => reason.includes("is encrypted and was not read"))
      .map(({ reason, count, frames }) => [reason, count, frames.length]),
  };
}

const keytab = decodeKeytab(KEYTAB)!;

Deno.test("an NTLM login is opened with the password or the NT hash, whichever fits", async () => {
  const { wire } = talk().ntlm().sealedTree();
  for (
    const keys of [
      { passwords: ["other", "secret"] },
      { ntHashes: [ntHash("other"), ntHash("secret")] },
    ]
  ) {
    assertEquals(await read(wire, keys), { trees: 1, users: [["alice"]], sealed: [] });
  }
});

Deno.test("several users' logins are opened with a password each", async () => {
  const first = talk().ntlm("alice", "one").sealedTree();
  const { wire } = first;
  talk({ wire, client: "10.0.0.3:1" }).ntlm("bob", "two").sealedTree();
  const { trees, sealed } = await read(wire, { passwords: ["two", "one"] });
  assertEquals([trees, sealed], [2, []]);
});

Deno.test("a Kerberos login is opened with the service's keytab, and tells its user", async () => {
  const { wire } = talk().kerberos().sealedTree();
  assertEquals(await read(wire, { keytab }), { trees: 1, users: [["alice"]], sealed: [] });
});

Deno.test("a further channel is read with the keys of its session", async () => {
  const first = talk().ntlm().sealedTree();
  const second = talk({ wire: first.wire, client: "10.0.0.1:1001" }).bind(first).sealedTree();
  const { trees, sealed } = await read(second.wire, { passwords: ["secret"] });
  assertEquals([trees, sealed], [2, []]);
});

Deno.test("a session key opens a session of 3.0 whose login is not in the capture", async () => {
  const made = talk().ntlm().sealedTree();
  const late = made.wire.packets.slice(-2);
  const { sessionKey } = made;
  const { trees, sealed } = await read(made.wire, {
    sessions: new Map([[SESSION, { sessionKey }]]),
  }, late);
  assertEquals([trees, sealed], [1, []]);
});

Deno.test("of what stays encrypted it is told whose it is, and what would open it", async () => {
  const title = (login: string) => `Session 0x100${login} is encrypted and was not read: `;
  const ntlm = talk().ntlm().sealedTree();
  const kerberos = talk().kerberos().sealedTree();
  const wrong = { passwords: ["x"], keytab: [{ ...keytab[0]!, value: new Uint8Array(32) }] };
  const alice = " of LAB\\alice (NTLM, SMB 3.0, AES-128-CCM)";
  const ticket = " (Kerberos, SMB 3.0, AES-128-CCM)";
  const service = "cifs/dc1.example.test@EXAMPLE.TEST (aes256 version 1)";
  const cases: [string, Awaited<ReturnType<typeof read>>][] = [
    [
      `${title(alice)}needed is the password or NT hash of LAB\\alice, or the session key`,
      await read(ntlm.wire, {}),
    ],
    [
      `${
        title(alice)
      }no given password or hash is that of LAB\\alice; needed is the password or NT hash of LAB\\alice, or the session key`,
      await read(ntlm.wire, wrong),
    ],
    [
      `${title(ticket)}needed is the keytab of ${service}, or the session key`,
      await read(kerberos.wire, {}),
    ],
    [
      `${
        title(ticket)
      }no key of the given keytab opens its ticket; needed is the keytab of ${service}, or the session key`,
      await read(kerberos.wire, wrong),
    ],
    [
      `${
        title("")
      }its login is not in the capture; needed are the keys of both directions, or for SMB 3.0 the session key`,
      await read(ntlm.wire, {}, ntlm.wire.packets.slice(-2)),
    ],
    [
      `${title(alice)}the keys that are known of it do not open it`,
      await read(ntlm.wire, { sessions: new Map([[SESSION, { sessionKey: new Uint8Array(16) }]]) }),
    ],
  ];
  for (const [reason, { sealed }] of cases) assertEquals(sealed, [[reason, 2, 2]]);
});

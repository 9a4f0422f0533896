/** A made-up conversation for tests of the whole compiler. */
import {
  closeAnswer,
  closeBody,
  Conversation,
  createAnswer,
  createBody,
  fileId,
  queryInfoBody,
  readBody,
  RELATED,
  SAME_FILE,
  writeAnswer,
  writeBody,
} from "./conversation.ts";

/** A conversation with something of everything. */
export function sampleTalk(talk = new Conversation({ mss: 700 })): Conversation {
  talk.open();
  const lease = new Uint8Array(16).fill(9);
  const asked = {
    kind: "RqLs",
    version: 1,
    leaseKey: lease,
    leaseState: 7,
    leaseFlags: 0,
    leaseDuration: 0n,
  } as const;
  talk.exchange(
    "CREATE",
    createBody("docs\\report.docx", {
      requestedOplockLevel: 0xff,
      contexts: [asked, { kind: "MxAc" }],
    }),
    createAnswer(fileId(1), { oplockLevel: 0xff, contexts: [asked] }),
  );
  talk.exchange("WRITE", writeBody(fileId(1), 0n, new Uint8Array(900).fill(1)), writeAnswer(900));
  talk.exchange("READ", readBody(fileId(1), 0n, 900), {
    data: new Uint8Array(900).fill(1),
    dataRemaining: 0,
    flags: 0,
  });
  const [, , close] = talk.askAll([
    { command: "CREATE", body: createBody("a") },
    { command: "QUERY_INFO", body: queryInfoBody(SAME_FILE), header: RELATED },
    { command: "CLOSE", body: closeBody(SAME_FILE), header: RELATED },
  ]);
  talk.messages("response", [
    talk.response("CREATE", createAnswer(fileId(2)), { messageId: close! - 2n }),
    talk.response("QUERY_INFO", { output: new Uint8Array(24) }, { messageId: close! - 1n }),
    talk.response("CLOSE", closeAnswer(), { messageId: close! }),
  ]);
  talk.ask("CHANGE_NOTIFY", {
    flags: 1,
    outputBufferLength: 4096,
    fileId: fileId(1),
    completionFilter: 0xfff,
    reserved: 0,
  });
  talk.answer("CHANGE_NOTIFY", null, { status: 0x103, asyncId: 5n });
  talk.ask("CANCEL", { reserved: 0 }, { asyncId: 5n, messageId: 0n });
  talk.exchange("CLOSE", closeBody(fileId(1)), closeAnswer());
  talk.segment("request", { flags: "FA" });
  return talk;
}

/** Requests on opens -> fields of their operations: what the request says, and what its answer adds. */
import type { Message } from "../runtime/wire/mod.ts";
import { answerBody, type Exchange } from "./exchange.ts";
import type { OnFile } from "./plan.ts";
import { entriesOf, factsOfClose, factsOfInfo } from "./plan_facts.ts";
import type { OwnFields } from "./plan_list.ts";

type OmitEach<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** Fields of a request on an open, without the open. */
export type RequestFields = OmitEach<
  Extract<OwnFields, Pick<OnFile, "tree" | "file">>,
  "tree" | "file"
>;

/** A decoded request. */
export type RequestMessage = Extract<Message, { readonly kind: "request" }>;

/** A request that works on an open, apart from IOCTL, which may have none. */
export type FileRequest = Extract<RequestMessage, {
  readonly command:
    | "CLOSE"
    | "FLUSH"
    | "READ"
    | "WRITE"
    | "LOCK"
    | "QUERY_DIRECTORY"
    | "CHANGE_NOTIFY"
    | "QUERY_INFO"
    | "SET_INFO";
}>;

/** What request and answer say. */
export function fileRequestFields(message: FileRequest, exchange: Exchange): RequestFields {
  switch (message.command) {
    case "CLOSE":
      return { kind: "close", flags: message.body.flags, ...closeAnswer(exchange) };
    case "FLUSH":
      return { kind: "flush" };
    case "READ":
      return {
        kind: "read",
        offset: String(message.body.offset),
        length: message.body.length,
        minimumCount: message.body.minimumCount,
        flags: message.body.flags,
        padding: message.body.padding,
        remainingBytes: message.body.remainingBytes,
        channel: message.body.channel,
        ...readAnswer(exchange),
      };
    case "WRITE":
      return {
        kind: "write",
        offset: String(message.body.offset),
        flags: message.body.flags,
        remainingBytes: message.body.remainingBytes,
        channel: message.body.channel,
        data: exchange.request?.payload ?? { length: 0 },
      };
    case "LOCK":
      return {
        kind: "lock",
        lockSequence: message.body.lockSequence,
        ranges: message.body.locks.map((lock) => ({
          offset: String(lock.offset),
          length: String(lock.length),
          flags: lock.flags,
        })),
      };
    case "QUERY_DIRECTORY":
      return {
        kind: "queryDirectory",
        class: message.body.fileInformationClass,
        flags: message.body.flags,
        index: message.body.fileIndex,
        pattern: message.body.pattern,
        outputLength: message.body.outputBufferLength,
        ...directoryAnswer(exchange, message.body.fileInformationClass),
      };
    case "CHANGE_NOTIFY":
      return {
        kind: "changeNotify",
        flags: message.body.flags,
        filter: message.body.completionFilter,
        outputLength: message.body.outputBufferLength,
      };
    case "QUERY_INFO":
      return {
        kind: "queryInfo",
        infoType: message.body.infoType,
        class: message.body.fileInfoClass,
        additional: message.body.additionalInformation,
        flags: message.body.flags,
        outputLength: message.body.outputBufferLength,
        input: message.body.input.toHex(),
        ...infoAnswer(exchange, message.body),
      };
    case "SET_INFO":
      return {
        kind: "setInfo",
        infoType: message.body.infoType,
        class: message.body.fileInfoClass,
        additional: message.body.additionalInformation,
        input: message.body.input.toHex(),
      };
  }
}

/** What an answer adds that came after its operation was made. */
export function fileAnswerFields(message: RequestMessage, exchange: Exchange): object {
  switch (message.command) {
    case "CLOSE":
      return closeAnswer(exchange);
    case "READ":
      return readAnswer(exchange);
    case "QUERY_DIRECTORY":
      return directoryAnswer(exchange, message.body.fileInformationClass);
    case "QUERY_INFO":
      return infoAnswer(exchange, message.body);
    default:
      return {};
  }
}

function closeAnswer(exchange: Exchange) {
  return named("told", factsOfClose(answerBody(exchange, "CLOSE")));
}

function readAnswer(exchange: Exchange) {
  return { returned: exchange.response?.payload ?? null };
}

function directoryAnswer(exchange: Exchange, informationClass: number) {
  const output = answerBody(exchange, "QUERY_DIRECTORY")?.output;
  if (output === undefined) return { returnedLength: null };
  return {
    returnedLength: output.byteLength,
    ...named("entries", entriesOf(informationClass, output)),
  };
}

function infoAnswer(
  exchange: Exchange,
  { infoType, fileInfoClass }: { readonly infoType: number; readonly fileInfoClass: number },
) {
  const output = answerBody(exchange, "QUERY_INFO")?.output;
  if (output === undefined) return { returnedLength: null };
  return {
    returnedLength: output.byteLength,
    ...named("told", factsOfInfo(infoType, fileInfoClass, output)),
  };
}

/** The facts under their name; nothing where there are none. */
function named<N extends string, T>(name: N, facts: T | undefined): { readonly [K in N]?: T } {
  return facts === undefined ? {} : { [name]: facts } as { [K in N]: T };
}

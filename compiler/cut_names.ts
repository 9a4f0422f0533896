/**
 * Names of opens whose CREATE is cut within its name: what is known of it and the frame, `docs\rep~214`, until an answer
 * tells the whole name. Files that were made at one moment, under names that begin alike, are one file.
 */
import { answerBody, type Exchange } from "./exchange.ts";
import type { Entry } from "./operation_store.ts";
import { nameOfInfo } from "./plan_facts.ts";
import type { OperationList } from "./plan_list.ts";
import { RecentMap } from "./recent_map.ts";

/** Names that are remembered, and CREATEs of each that can still learn it. */
const NAMES_KEPT = 4096;
const CREATES_KEPT = 64;

interface CutName {
  path: string;
  readonly creates: Entry[];
}

/** Gives such opens their names. */
export class CutNames {
  readonly #list: OperationList;
  readonly #names = new RecentMap<string, CutName>(NAMES_KEPT);
  readonly #byCreate = new WeakMap<Entry, CutName>();

  constructor(list: OperationList) {
    this.#list = list;
  }

  /** What the name begins with, and the frame that would tell the rest. */
  static placeholder(exchange: Exchange, known: string): string {
    return `${known}~${exchange.request!.completed.frame}`;
  }

  /** The CREATE was answered with what tells files apart. */
  answered(exchange: Exchange, create: Entry, tree: string): void {
    const { request } = exchange;
    const answer = answerBody(exchange, "CREATE");
    const message = request?.message;
    if (answer === null || message?.kind !== "request" || message.command !== "CREATE") return;
    const path = CutNames.placeholder(exchange, message.body.name);
    const { creationTime } = answer;
    const key = creationTime === 0n
      ? path
      : `${exchange.server} ${tree} ${creationTime} ${message.body.name}`;
    let name = this.#names.get(key);
    if (name === undefined) this.#names.set(key, name = { path, creates: [] });
    else if (name.path !== path) this.#list.change(create, { path: name.path });
    if (name.creates.length < CREATES_KEPT) name.creates.push(create);
    this.#byCreate.set(create, name);
  }

  /** An answer about the open may tell its name. */
  told(exchange: Exchange, create: Entry): void {
    const name = this.#byCreate.get(create);
    const asked = exchange.request?.message;
    if (name === undefined || asked?.kind !== "request" || asked.command !== "QUERY_INFO") return;
    const output = answerBody(exchange, "QUERY_INFO")?.output;
    if (output === undefined) return;
    const { infoType, fileInfoClass } = asked.body;
    const path = nameOfInfo(infoType, fileInfoClass, output);
    if (path === undefined) return;
    name.path = path;
    for (const other of name.creates) this.#list.change(other, { path });
  }
}

/** Which exchanges of a capture a selection means: the lines of `inspect --operations`. What they need is not looked at. */
import { describeToken } from "../runtime/security/mod.ts";
import type { Stamp } from "./capture/mod.ts";
import { type Criteria, Matcher } from "./criteria.ts";
import type { Exchange } from "./exchange.ts";
import { Recent, treeNames } from "./places.ts";
import type { ReplayState } from "./replay_state.ts";

/** Sessions whose users are remembered. */
const SESSIONS_KEPT = 65_536;

/** Tells exchanges apart, each once it is settled. */
export class ExchangeFilter {
  readonly #criteria: Criteria;
  readonly #state: ReplayState;
  readonly #users = new Recent<string, string>(SESSIONS_KEPT);
  /** First user of each conversation: a client is named after it. */
  readonly #clients = new Recent<number, string>(SESSIONS_KEPT);
  #matcher: Matcher | null = null;
  #start: Stamp | null = null;

  constructor(criteria: Criteria, state: ReplayState) {
    this.#criteria = criteria;
    this.#state = state;
  }

  /** Whether the selection means the exchange. */
  keeps(exchange: Exchange): boolean {
    const { request, response, interim, stream, client, server } = exchange;
    const captured = request ?? response;
    this.#logsIn(exchange);
    if (captured === null) return false;
    const start = this.#start ??= captured.first;
    this.#matcher ??= new Matcher(
      this.#criteria,
      new Date(start.seconds * 1000 + start.nanoseconds / 1e6),
    );
    const facts = this.#state.facts(exchange);
    const tree = facts.tree === null ? null : treeNames(facts.tree);
    return this.#matcher.meets({
      clients: [
        client.slice(0, client.lastIndexOf(":")),
        this.#state.clientGuid(stream),
        this.#clients.get(stream) ?? null,
      ],
      user: this.#users.get(`${stream}|${facts.sessionId}`) ?? null,
      server,
      host: tree?.host ?? null,
      share: tree?.share ?? null,
      paths: [facts.path, ...facts.leasePaths],
      command: exchange.command,
      frames: [
        captured.first.frame,
        captured.completed.frame,
        interim?.completed.frame,
        response?.completed.frame,
      ],
      at: secondsSince(start, captured.first),
      answeredAt: response === null ? null : secondsSince(start, response.completed),
    });
  }

  #logsIn({ request, response, stream, command }: Exchange): void {
    const message = request?.message;
    if (command !== "SESSION_SETUP" || message?.kind !== "request") return;
    if (message.command !== "SESSION_SETUP") return;
    const id = response?.header.sessionId ?? request?.header.sessionId ?? 0n;
    const user = describeToken(message.body.securityBuffer).user ??
      this.#state.userOf(stream, id)?.user ?? "";
    if (user === "") return;
    this.#users.set(`${stream}|${id}`, user);
    if (!this.#clients.has(stream)) this.#clients.set(stream, user);
  }
}

function secondsSince(start: Stamp, stamp: Stamp): number {
  return stamp.seconds - start.seconds + (stamp.nanoseconds - start.nanoseconds) / 1e9;
}

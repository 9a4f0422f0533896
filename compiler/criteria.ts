/**
 * Criteria of a selection, ready to be met. Criteria of one kind are alternatives; a subject meets them when it meets one
 * of each kind that is given.
 */
import type { PlanSource } from "./plan_source.ts";

/** A moment of a capture: seconds from its first message, or a time of day. */
export type Moment = number | Date;

/** What to keep of a capture; a kind that is absent or empty keeps all. */
export interface Criteria {
  /** Address, ClientGuid or name (`smbuser2`) of a client. */
  readonly clients?: readonly string[];
  readonly users?: readonly string[];
  /** Address, with or without port, or the name in `\\server\share`. */
  readonly servers?: readonly string[];
  readonly shares?: readonly string[];
  /** Each says whether it means a path, which is relative to its share. */
  readonly paths?: readonly ((path: string) => boolean)[];
  readonly times?: readonly { readonly from?: Moment; readonly to?: Moment }[];
  /** Names of MS-SMB2, in any case. */
  readonly commands?: readonly string[];
  /** Both ends included. */
  readonly frames?: readonly { readonly first: number; readonly last: number }[];
}

/** What may be selected: an operation, or an exchange. Null and undefined stand for what it does not have. */
export interface Subject {
  /** Names of its client, in lower case. */
  readonly clients: readonly (string | null)[];
  readonly user: string | null;
  /** Address with its port. */
  readonly server: string | null;
  /** Server as the share's path names it. */
  readonly host: string | null;
  readonly share: string | null;
  readonly paths: readonly (string | null)[];
  readonly command: string;
  readonly frames: readonly (number | undefined)[];
  /** Seconds from the first message. */
  readonly at: number;
  readonly answeredAt: number | null;
}

/** Criteria of one selection. */
export class Matcher {
  readonly #clients: ReadonlySet<string> | null;
  readonly #users: ReadonlySet<string> | null;
  readonly #servers: ReadonlySet<string> | null;
  readonly #shares: ReadonlySet<string> | null;
  readonly #commands: ReadonlySet<string> | null;
  readonly #criteria: Criteria;
  readonly #times: readonly { readonly from: number; readonly to: number }[];

  /** `start` is the time of the first message; null without one. */
  constructor(criteria: Criteria, start: Date | null) {
    this.#criteria = criteria;
    this.#clients = folded(criteria.clients);
    this.#users = folded(criteria.users);
    this.#servers = folded(criteria.servers);
    this.#shares = folded(criteria.shares);
    this.#commands = folded(criteria.commands);
    const zero = start === null ? 0 : start.getTime() / 1000;
    const seconds = (moment: Moment) =>
      moment instanceof Date ? moment.getTime() / 1000 - zero : moment;
    this.#times = (criteria.times ?? []).map(({ from, to }) => ({
      from: from === undefined ? -Infinity : seconds(from),
      to: to === undefined ? Infinity : seconds(to),
    }));
  }

  /** Whether a subject meets them. */
  meets(subject: Subject): boolean {
    const { paths = [], frames = [] } = this.#criteria;
    return (this.#clients === null || subject.clients.some((name) => has(this.#clients, name))) &&
      has(this.#commands, subject.command) &&
      (frames.length === 0 ||
        frames.some(({ first, last }) =>
          subject.frames.some((frame) => frame !== undefined && frame >= first && frame <= last)
        )) &&
      (this.#times.length === 0 || this.#times.some((range) => inTime(subject, range))) &&
      has(this.#users, subject.user) &&
      (has(this.#servers, subject.host) || has(this.#servers, subject.server) ||
        has(this.#servers, hostOf(subject.server))) &&
      has(this.#shares, subject.share) &&
      (paths.length === 0 ||
        paths.some((test) => subject.paths.some((path) => path !== null && test(path))));
  }
}

/** The time at which a plan starts. */
export function startOf({ source }: Pick<PlanSource, "source">): Date | null {
  return source.start === null ? null : new Date(source.start);
}

function folded(names: readonly string[] = []): ReadonlySet<string> | null {
  return names.length === 0 ? null : new Set(names.map((name) => name.toLowerCase()));
}

function has(names: ReadonlySet<string> | null, name: string | null): boolean {
  return names === null || (name !== null && names.has(name.toLowerCase()));
}

function hostOf(server: string | null): string | null {
  return server === null ? null : server.slice(0, server.lastIndexOf(":"));
}

function inTime(
  { at, answeredAt }: Subject,
  { from, to }: { readonly from: number; readonly to: number },
): boolean {
  return (at >= from && at <= to) ||
    (answeredAt !== null && answeredAt >= from && answeredAt <= to);
}

/** The names that rows give to what the server numbers: `n1`, `s1`, `t1`, `f1`, each with what it stands for in this run. */
import type { Connection, File, Session, Tree } from "./api.ts";

/** How many names whose thing has ended are kept: requests on a closed handle are requests, too. */
const MAX_ENDED = 64;

/** The things of one kind. A thing has its name from when it is asked for; until the answer it is a promise. */
export class Names<T> {
  readonly #things = new Map<string, T | Promise<T>>();
  /** Names whose thing has ended, oldest first. */
  readonly #ended = new Set<string>();

  get size(): number {
    return this.#things.size;
  }

  /** The name stands for what `making` resolves to; should it reject, for nothing. */
  make(name: string, making: Promise<T>): void {
    this.#things.set(name, making);
    this.#ended.delete(name);
    making.then((thing) => {
      if (this.#things.get(name) === making) this.#things.set(name, thing);
    }, () => {
      if (this.#things.get(name) === making) this.#things.delete(name);
    });
  }

  /** The name stands for a thing that is there. */
  set(name: string, thing: T): void {
    this.#things.set(name, thing);
  }

  /** What the name stands for, where its answer is there. */
  now(name: string): T | undefined {
    const thing = this.#things.get(name);
    return thing instanceof Promise ? undefined : thing;
  }

  /** The answer that is still to come; undefined where nothing is. */
  coming(name: string): Promise<T> | undefined {
    const thing = this.#things.get(name);
    return thing instanceof Promise ? thing : undefined;
  }

  /** The thing has ended: its name lives on for a while. */
  end(name: string): void {
    this.#ended.delete(name);
    this.#ended.add(name);
    if (this.#ended.size <= MAX_ENDED) return;
    const [oldest] = this.#ended;
    this.#ended.delete(oldest as string);
    this.#things.delete(oldest as string);
  }
}

/** All names of one client. */
export class RowNames {
  readonly connections = new Names<Connection>();
  readonly sessions = new Names<Session>();
  readonly trees = new Names<Tree>();
  readonly files = new Names<File>();
}

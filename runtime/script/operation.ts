/** Operations under way: a promise of the result, with its outcome beside it. */
import type { Label, Operation, Outcome } from "./api.ts";

/** How an operation ends, for whoever carries it out. */
export interface Settlement<T> {
  readonly outcome: Outcome;
  /** The result; absent when the operation rejects. */
  readonly value?: T;
  readonly error?: Error;
}

/** The parts of an operation that its maker holds. */
export interface OperationParts<T> {
  readonly settled: Promise<Settlement<T>>;
  readonly pending: Promise<boolean>;
  readonly cancel: (options?: { readonly label?: Label }) => void;
}

/**
 * An operation that is settled by what is derived of it. Runs have millions of them: it is the promise itself, and what
 * most scripts never look at is made when they do.
 */
export abstract class RunningOperation<T> extends Promise<T> implements Operation<T> {
  readonly #resolve: (value: T | PromiseLike<T>) => void;
  readonly #reject: (error: Error) => void;
  #isSettled = false;
  #settled: PromiseWithResolvers<Outcome> | null = null;
  /** Whether an interim response came; null while that is open. */
  #isHeld: boolean | null = null;
  #pending: PromiseWithResolvers<boolean> | null = null;

  /** What is chained to it is a promise like any other. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  constructor() {
    let resolve: ((value: T | PromiseLike<T>) => void) | undefined;
    let reject: ((error: Error) => void) | undefined;
    super((ok, failed) => {
      resolve = ok;
      reject = failed;
    });
    this.#resolve = resolve as (value: T | PromiseLike<T>) => void;
    this.#reject = reject as (error: Error) => void;
  }

  /** How it went, once it is settled. */
  protected abstract told(): Outcome;
  /** The script cancels it. */
  protected abstract withdraw(): void;

  /** Who looks at it has looked at the failure: the promise itself is then no unhandled rejection any more. */
  get outcome(): Promise<Outcome> {
    this.catch(() => {});
    if (this.#settled === null) {
      this.#settled = Promise.withResolvers();
      if (this.#isSettled) this.#settled.resolve(this.told());
    }
    return this.#settled.promise;
  }

  get pending(): Promise<boolean> {
    if (this.#pending === null) {
      this.#pending = Promise.withResolvers();
      if (this.#isHeld !== null) this.#pending.resolve(this.#isHeld);
    }
    return this.#pending.promise;
  }

  /** A function of its own: it may be handed on alone. */
  get cancel(): (options?: { readonly label?: Label }) => void {
    return () => this.withdraw();
  }

  /** Whether an interim response came: the first call counts. */
  protected tellPending(isHeld: boolean): void {
    if (this.#isHeld !== null) return;
    this.#isHeld = isHeld;
    this.#pending?.resolve(isHeld);
  }

  protected succeed(value: T): void {
    this.#isSettled = true;
    this.#settled?.resolve(this.told());
    this.#resolve(value);
  }

  /**
   * Fails with an error that is made where its stack leads to who awaits the operation: in a reaction of a promise that
   * the operation follows.
   */
  protected failAt(error: () => Error): void {
    this.#isSettled = true;
    this.#settled?.resolve(this.told());
    const begun = Promise.withResolvers<void>();
    const failed = begun.promise.then((): never => {
      throw error();
    });
    this.#resolve(failed);
    // Behind the job by which the operation begins to follow.
    queueMicrotask(begun.resolve);
  }

  protected fail(error: Error): void {
    this.#isSettled = true;
    this.#settled?.resolve(this.told());
    this.#reject(error);
  }
}

/** Makes an operation of others; see `outcome` of {@linkcode RunningOperation}. */
export function makeOperation<T>(parts: OperationParts<T>): Operation<T> {
  const promise = parts.settled.then((settlement) => {
    if (settlement.error !== undefined) throw settlement.error;
    return settlement.value as T;
  });
  return Object.defineProperties(promise, {
    outcome: {
      get: () => {
        promise.catch(() => {});
        return parts.settled.then((settlement) => settlement.outcome);
      },
    },
    pending: { value: parts.pending },
    cancel: { value: parts.cancel },
  }) as Operation<T>;
}

/** The same operation with another result: outcome, interim response and cancelling stay those of `operation`. */
export function mapOperation<T, U>(operation: Operation<T>, map: (value: T) => U): Operation<U> {
  const promise = operation.then(map);
  return Object.defineProperties(promise, {
    outcome: { get: () => (promise.catch(() => {}), operation.outcome) },
    pending: { get: () => operation.pending },
    cancel: { value: operation.cancel },
  }) as Operation<U>;
}

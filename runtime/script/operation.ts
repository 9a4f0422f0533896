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
 * Makes an operation. Who looks at `outcome` has looked at the failure: the promise itself is then no unhandled
 * rejection any more.
 */
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
    pending: { value: operation.pending },
    cancel: { value: operation.cancel },
  }) as Operation<U>;
}

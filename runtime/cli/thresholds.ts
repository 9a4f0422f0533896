/** Thresholds of scenario and command line, and what the records of a run mean for them. */
import {
  breakValues,
  checkValues,
  iterationValues,
  operationValues,
  ThresholdError,
  type ThresholdOption,
  type ThresholdOptions,
  Thresholds,
} from "../measure/mod.ts";
import { statusName } from "../wire/mod.ts";
import { type Given, type Option, UsageError } from "./command.ts";
import type { Batch } from "./outputs.ts";

/** The option. */
export const THRESHOLD_OPTION: Option = {
  name: "threshold",
  value: "METRIC:EXPR",
  many: true,
  help: "what the run must keep, as in smb_op_duration{command:READ}:p(95)<20",
};

/**
 * Unites what scenario and command line ask for; of the same metric the command line's count.
 *
 * @throws {UsageError} When one cannot be read.
 */
export function thresholdsOf(own: unknown, given: Given): Thresholds {
  const options: Record<string, ThresholdOption[]> = {};
  for (const text of given.values(THRESHOLD_OPTION.name)) {
    const [, metric, expression] = /^([a-z_]+(?:\{[^{}]*\})?):(.+)$/.exec(text) ?? [];
    if (metric === undefined || expression === undefined) {
      throw new UsageError(
        `Cannot use threshold ${
          JSON.stringify(text)
        }: a metric and an expression such as checks:rate>0.99 are needed`,
      );
    }
    (options[metric] ??= []).push(expression);
  }
  try {
    return new Thresholds({ ...own as ThresholdOptions | undefined, ...options });
  } catch (error) {
    if (error instanceof ThresholdError) throw new UsageError(error.message);
    throw error;
  }
}

/** Adds what a worker tells to thresholds. */
export function takeBatch(thresholds: Thresholds, batch: Batch): void {
  if (thresholds.isEmpty) return;
  const take = thresholds.take.bind(thresholds);
  for (const record of batch.operations) operationValues(record, { statusName }, take);
  for (const record of batch.breaks) breakValues(record, take);
  for (const record of batch.iterations) iterationValues(record, take);
  for (const record of batch.checks) checkValues(record, take);
}

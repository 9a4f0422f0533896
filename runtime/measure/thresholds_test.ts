import { assertEquals, assertThrows } from "@std/assert";
import { ThresholdError, type ThresholdOptions, Thresholds } from "./thresholds.ts";

/** The thresholds that do not hold, after 10 s, with reads of 1 to 100 ms and a check that holds 9 times in 10. */
function broken(options: ThresholdOptions): string[] {
  const thresholds = new Thresholds(options);
  for (let time = 1; time <= 100; time++) {
    thresholds.take("smb_op_duration", time, { command: "READ", client: "a" });
    thresholds.take("smb_ops", 1, { command: "READ", client: time % 2 === 0 ? "a" : "b" });
    thresholds.take("checks", time % 10 === 0 ? 0 : 1, { check: "holds" });
  }
  return thresholds.results(10).filter(({ passed }) => !passed).map(({ expression }) => expression);
}

Deno.test("aggregates of times, parts and sums are compared", () => {
  const held = {
    smb_op_duration: ["p(95)<96", "p(99.9)<=100", "avg==50.5", "min==1", "med<51", "max==100"],
    "smb_op_duration{command:READ}": ["count==100"],
    checks: ["rate>=0.9"],
    "smb_ops{command:READ,client:a}": ["count==50", "rate==5"],
  };
  assertEquals(broken(held), []);
  const not = {
    smb_op_duration: ["p(95)<90", "max<100"],
    checks: ["rate>0.9"],
    smb_ops: ["count!=100", "rate>10"],
  };
  assertEquals(broken(not), ["p(95)<90", "max<100", "rate>0.9", "count!=100", "rate>10"]);
});

Deno.test("a metric without values fails, whatever is asked of it, but for a count of faults", () => {
  assertEquals(
    broken({ "smb_op_duration{command:LOCK}": ["p(95)<1000", "count>=0"] }),
    ["p(95)<1000", "count>=0"],
  );
  assertEquals(broken({ smb_errors: "rate<1" }), ["rate<1"]);
  assertEquals(broken({ "smb_ops{command:LOCK}": "count>=0" }), ["count>=0"]);
  assertEquals(broken({ smb_divergences: "count==0" }), []);
  assertEquals(broken({ "smb_divergences{command:READ}": "count==0" }), []);
  assertEquals(broken({ "smb_divergences{command:REED}": "count==0" }), ["count==0"]);
  assertEquals(
    broken({ dropped_iterations: "count==0" }),
    ["count==0"],
    "there were no iterations",
  );
});

Deno.test("the run ends at a threshold that asks for it, once its delay is over", () => {
  const thresholds = new Thresholds({
    smb_errors: [{ threshold: "rate<0.1", abortOnFail: true, delayAbortEval: 5 }],
    smb_op_duration: ["max<1"],
  });
  assertEquals(thresholds.abortion(6), null, "without values");
  thresholds.take("smb_errors", 1, {});
  thresholds.take("smb_op_duration", 50, {});
  assertEquals(thresholds.abortion(4), null);
  assertEquals(thresholds.abortion(5)?.expression, "rate<0.1");
  for (let i = 0; i < 20; i++) thresholds.take("smb_errors", 0, {});
  assertEquals(thresholds.abortion(6), null);
});

Deno.test("what is no threshold is refused with what it could be", () => {
  const wrong: readonly (readonly [ThresholdOptions, string])[] = [
    [{ smb_op_time: "p(95)<1" }, "smb_op_duration"],
    [{ "smb_ops{READ}": "count>1" }, "no tag"],
    [{ smb_ops: "p(95)<1" }, "count>100"],
    [{ checks: "count>1" }, "rate<0.01"],
    [{ smb_op_duration: "p(95)" }, "p(95)<20"],
    [{ smb_op_duration: "p(101)<5" }, "p(95)<20"],
  ];
  for (const [options, said] of wrong) {
    assertThrows(() => new Thresholds(options), ThresholdError, said);
  }
});

import { assertEquals, assertThrows } from "@std/assert";
import { Order, type OrderKey, pendingOf } from "./order.ts";

Deno.test("a wait ends when the last of its labels is done", () => {
  const order = new Order();
  const released: (readonly OrderKey[])[] = [];
  order.wait(["1", "2"], (unmet) => released.push(unmet));
  order.begin("1");
  order.begin("2");
  order.end("1");
  assertEquals(released, []);
  order.end("2");
  assertEquals(released, [[]]);
  assertEquals(order.waiting, 0);
});

Deno.test("a label with two operations is done when both are answered", () => {
  const order = new Order();
  let released = 0;
  order.begin("7");
  order.begin("7");
  order.wait(["7"], () => released++);
  order.end("7");
  assertEquals([released, order.done("7")], [0, false]);
  order.end("7");
  assertEquals([released, order.done("7")], [1, true]);
});

Deno.test("labels that are done hold nobody up", () => {
  const order = new Order();
  order.begin("1");
  order.end("1");
  let released = 0;
  order.wait(["1"], () => released++);
  order.wait([], () => released++);
  assertEquals(released, 2);
});

Deno.test("closing releases every wait and names what it lacks", () => {
  const order = new Order();
  const released: (readonly OrderKey[])[] = [];
  order.begin("1");
  order.wait(["1", "never"], (unmet) => released.push(unmet));
  order.end("1");
  order.close();
  order.wait(["later"], (unmet) => released.push(unmet));
  assertEquals(released, [["never"], ["later"]]);
});

Deno.test("a wait that was given up is not released", () => {
  const order = new Order();
  let released = 0;
  const stop = order.wait(["1"], () => released++);
  stop();
  order.begin("1");
  order.end("1");
  assertEquals([released, order.waiting], [0, 0]);
});

Deno.test("an operation cannot end without having begun", () => {
  assertThrows(() => new Order().end("1"), Error, "Cannot end operation 1: it has not begun");
});

Deno.test("an operation may go by a number, whose pending moment is another key", () => {
  const order = new Order();
  const released: string[] = [];
  order.wait([7], () => released.push("done"));
  order.wait([pendingOf(7)], () => released.push("pending"));
  order.wait([8, "1"], (unmet) => released.push(`without ${unmet.join()}`));
  order.begin(7);
  order.end(pendingOf(7));
  order.end(7);
  order.end(8);
  assertEquals([order.done(7), order.done(pendingOf(8)), order.done(9)], [true, false, false]);
  order.close();
  assertEquals(released, ["pending", "done", "without 1"]);
});

Deno.test("the oldest wait is released alone", () => {
  const order = new Order();
  const released: (readonly OrderKey[])[] = [];
  order.wait(["1", "2"], (unmet) => released.push(unmet));
  order.wait(["2", 3], (unmet) => released.push(unmet));
  order.releaseOldest();
  assertEquals([released, order.waiting], [[["1", "2"]], 1]);
  order.releaseOldest();
  order.releaseOldest();
  assertEquals([released, order.waiting], [[["1", "2"], ["2", 3]], 0]);
});

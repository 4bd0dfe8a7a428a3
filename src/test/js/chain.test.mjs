// The page's sampling chain. StepsPageChainIT compares it with Java's, bit for bit, in a browser.

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";

// Outside a package Node.js takes files named .js for CommonJS.
const copy = join(mkdtempSync(join(tmpdir(), "chain")), "chain.mjs");
copyFileSync(new URL("../../main/resources/gpt/explore/plot/chain.js", import.meta.url), copy);
const { Chain, REMOVED_BY, softmax, sortDescending } = await import(pathToFileURL(copy));

/** gpt.sampling.Weight's. */
const COEFFICIENTS = JSON.parse(process.env.GPT_COEFFICIENTS ?? "[744261009,257939154,59583575,10287039,1369935,117414]");
const OFF = { temperature: 1, top_k: 0, top_p: 1, min_p: 0, typical_p: 1 };
const LOGITS = new Float32Array([6, 2, 7, 0.1, -8, 9]);

const chain = (settings, random = 0, logits = LOGITS) =>
  new Chain(COEFFICIENTS, logits, sortDescending(logits)).apply({ ...OFF, ...settings }, random);

const kept = ({ removedBy }) => Array.from(removedBy.keys()).filter((id) => removedBy[id] === 0);

test("the probabilities are the softmax of logits / temperature", () => {
  for (const temperature of [0.5, 1, 10]) {
    const expected = softmax(LOGITS.map((logit) => logit / temperature));
    chain({ temperature }).probabilities.forEach((p, id) =>
      assert.ok(Math.abs(p - expected[id]) < 1e-6, `${temperature}: ${p}, expected ${expected[id]}`));
  }
});

test("filters keep the likeliest tokens", () => {
  assert.deepEqual(kept(chain({ top_k: 2 })), [2, 5]);
  assert.deepEqual(kept(chain({ top_p: 0.9 })), [2, 5]);
  assert.deepEqual(kept(chain({ top_p: 0.8 })), [5]);
  assert.deepEqual(kept(chain({ min_p: 0.04 })), [0, 2, 5]);
  assert.deepEqual(kept(chain({ temperature: 0 })), [5]);
  const cut = chain({ top_k: 3, top_p: 0.8 });
  assert.equal(REMOVED_BY[cut.removedBy[0]], "top-p");
  assert.equal(REMOVED_BY[cut.removedBy[1]], "top-k");
  assert.deepEqual(cut.counts, [["top-k", 3], ["top-p", 1]]);
});

test("of equal logits top-p keeps the lower ids, and top-k keeps all", () => {
  const equal = new Float32Array(8);
  assert.deepEqual(kept(chain({ top_p: 0.5 }, 0, equal)), [0, 1, 2, 3]);
  assert.equal(kept(chain({ top_k: 3 }, 0, equal)).length, 8);
});

test("the random number points into the kept tokens in the order of their ids", () => {
  const units = 2 ** 24;
  let id = -1;
  for (let random = 0; random < units; random += 4099) {
    const { drawn, probabilities } = chain({ temperature: 2 }, random);
    let before = 0;
    for (let i = 0; i < drawn; i++) before += probabilities[i];
    assert.ok(before <= random / units + 1e-9 && random / units < before + probabilities[drawn] + 1e-9);
    assert.ok(drawn >= id);
    id = drawn;
  }
  assert.equal(id, 5);
});

test("banned tokens are never drawn", () => {
  const logits = new Float32Array([-Infinity, 1, -Infinity]);
  assert.equal(chain({}, 2 ** 24 - 1, logits).drawn, 1);
  assert.equal(chain({}, 0, logits).count, 1);
});

test("ids are sorted by descending value, equal ones by id", () => {
  assert.deepEqual(Array.from(sortDescending(new Float32Array([0, 3, -0, -Infinity, 3, -2]))), [1, 4, 0, 2, 5, 3]);
});

// OpenAI's JavaScript package against a server of gpt serve with the demo model:
//   npm install --prefix target/clients openai
//   NODE_PATH=target/clients/node_modules node src/test/js/openai-client.cjs http://127.0.0.1:8080 MODEL
// OpenAiJavaScriptTest runs it where the package is there. Prints a line for each check; fails at the first wrong one.
"use strict";
const assert = require("node:assert");
const OpenAI = require("openai");

const [url, model] = process.argv.slice(2);
const client = new OpenAI({ baseURL: url + "/v1", apiKey: "unused", maxRetries: 0 });
const greedy = { model, prompt: "ROMEO:", max_tokens: 20, temperature: 0 };

async function main() {
  const models = await client.models.list();
  assert.deepStrictEqual(models.data.map((m) => m.id), [model]);
  console.log("models");

  const whole = await client.completions.create({ ...greedy, logprobs: 2 });
  const choice = whole.choices[0];
  assert.strictEqual(choice.finish_reason, "length");
  assert.deepStrictEqual(
    [whole.usage.prompt_tokens, whole.usage.completion_tokens, whole.usage.total_tokens], [6, 20, 26]);
  assert.strictEqual(choice.logprobs.tokens.join(""), choice.text);
  assert.ok(choice.logprobs.token_logprobs.every((p) => p <= 0));
  assert.ok(choice.logprobs.top_logprobs.every((t) => Object.keys(t).length >= 2));
  console.log("completion with log-probabilities");

  let text = "";
  let usage = null;
  for await (const event of await client.completions.create({
    ...greedy, stream: true, stream_options: { include_usage: true } })) {
    text += event.choices.map((c) => c.text).join("");
    usage = event.usage ?? usage;
  }
  assert.strictEqual(text, choice.text);
  assert.strictEqual(usage.completion_tokens, 20);
  console.log("stream");

  const sampled = { model, prompt: "ROMEO:", max_tokens: 20, n: 2, seed: 7 };
  const again = await Promise.all([1, 2, 3].map(() => client.completions.create(sampled)));
  for (const each of again) {
    assert.deepStrictEqual(each.choices.map((c) => c.text), again[0].choices.map((c) => c.text));
  }
  console.log("the same seed gives the same texts");

  await assert.rejects(client.completions.create({ ...greedy, max_tokens: -1 }),
    (e) => e instanceof OpenAI.BadRequestError && e.param === "max_tokens");
  await assert.rejects(client.completions.create({ ...greedy, model: "gpt-4" }),
    (e) => e instanceof OpenAI.NotFoundError && e.code === "model_not_found");
  await assert.rejects(
    client.chat.completions.create({ model, messages: [{ role: "user", content: "Hello" }] }),
    (e) => e instanceof OpenAI.BadRequestError && /base model/.test(e.message));
  console.log("errors");

  const stream = await client.completions.create({ ...greedy, max_tokens: 250, stream: true });
  let events = 0;
  for await (const _ of stream) {
    if (++events === 3) {
      stream.controller.abort();
      break;
    }
  }
  assert.strictEqual(events, 3);
  console.log("cancelled");
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

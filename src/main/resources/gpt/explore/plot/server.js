// Requests to the server that the page comes from.

/** An error of the server; `param` is the option that is wrong, or null. */
export class ServerError extends Error {
  constructor(status, { message, param = null, code = null }) {
    super(message);
    Object.assign(this, { status, param, code });
  }
}

let apiKey = "";

/** Sets the API key that is sent with each request. */
export function setKey(value) {
  apiKey = value;
}

/** The response of a request that succeeds. */
async function call(path, options) {
  const headers = { "content-type": "application/json" };
  if (apiKey) headers.authorization = "Bearer " + apiKey;
  const response = await fetch(path, { ...options, headers });
  if (response.ok) return response;
  let error = { message: "the server answered with status " + response.status };
  try {
    error = (await response.json()).error;
  } catch {
    // Not the server's own answer: a proxy's.
  }
  throw new ServerError(response.status, error);
}

const postOptions = (body, signal) => ({ method: "POST", body: JSON.stringify(body), signal });

/** GET a path. */
export const get = async (path, signal) => (await call(path, { signal })).json();

/** POST a body to a path. */
export const post = async (path, body, signal) => (await call(path, postOptions(body, signal))).json();

/** POST a body and pass on each event of the stream that is the answer. */
export async function stream(path, body, signal, onEvent) {
  const response = await call(path, postOptions(body, signal));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const data = line.slice("data: ".length);
      if (!line.startsWith("data: ") || data === "[DONE]") continue;
      const event = JSON.parse(data);
      if (event.error) throw new ServerError(500, event.error);
      onEvent(event);
    }
  }
}

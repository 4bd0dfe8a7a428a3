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

async function call(path, options) {
  const headers = { "content-type": "application/json" };
  if (apiKey) headers.authorization = "Bearer " + apiKey;
  const response = await fetch(path, { ...options, headers });
  if (response.ok) return response.json();
  let error = { message: "the server answered with status " + response.status };
  try {
    error = (await response.json()).error;
  } catch {
    // Not the server's own answer: a proxy's.
  }
  throw new ServerError(response.status, error);
}

/** GET a path. */
export const get = (path, signal) => call(path, { signal });

/** POST a body to a path. */
export const post = (path, body, signal) => call(path, { method: "POST", body: JSON.stringify(body), signal });

// Requests to the server: JSON, files, and jobs with their events. The page without a server has another module of this name
// and these functions, vimogen-web/js/api.js.

export const server = true;

const token = new URLSearchParams(location.hash.slice(1)).get('token') || sessionStorage.getItem('vimogen.token');
if (token) {
  sessionStorage.setItem('vimogen.token', token);
  history.replaceState(null, '', location.pathname);
}

async function ask(path, options = {}) {
  const headers = { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...options.headers };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Error('the server does not answer; start it again with: vimogen studio');
  }
  if (!answer.ok) {
    const body = await answer.json().catch(() => null);
    const found = new Error(body?.error?.message || `the server answered ${answer.status}`);
    Object.assign(found, { status: answer.status, kind: body?.error?.type, field: body?.error?.field });
    throw found;
  }
  return answer;
}

const json = (body) => ({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

export const get = async (path) => (await ask(path)).json();
export const post = async (path, body) => (await ask(path, json(body))).json();
export const bytes = async (path) => (await ask(path)).arrayBuffer();
export const blob = async (path, body) => (await ask(path, body ? json(body) : {})).blob();

const octets = (data) => ({ method: 'POST', headers: { 'Content-Type': 'application/octet-stream' }, body: data });

export const send = async (path, data) => (await ask(path, octets(data))).blob();

export async function upload(data, kind) {
  const address = `/api/motions?from=${encodeURIComponent(kind)}`;
  const answer = await ask(address, octets(data));
  return (await answer.json()).motions[0];
}

// Runs a task as a job: progress(done, what) while it works; the signal ends it on the server too.
export async function run(path, body, progress, signal) {
  const job = await post(path, { ...body, wait: false });
  const end = () => ask(job.links.job, { method: 'DELETE' }).catch(() => {});
  let result;
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  try {
    // Read to its end: the server closes the stream after the last event.
    for await (const { name, data } of events(job.links.events)) {
      const { stage, step, total } = data.progress || {};
      if (name === 'progress') progress(total ? step / total : 0, data.state === 'queued' ? 'waiting' : stage);
      else if (name === 'done') result = data.result;
      else if (data.error) throw Object.assign(new Error(data.error.message), { kind: data.error.type });
    }
  } finally {
    signal.removeEventListener('abort', end);
  }
  if (!result) throw new Error('the server ended before the job was done');
  return result;
}

// Server-sent events; an EventSource could not send the token.
export async function* events(path) {
  const reader = (await ask(path)).body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const parts = text.split('\n\n');
    text = parts.pop();
    for (const part of parts) {
      const name = /^event: (.*)$/m.exec(part), data = /^data: (.*)$/m.exec(part);
      if (name && data) yield { name: name[1], data: JSON.parse(data[1]) };
    }
  }
}

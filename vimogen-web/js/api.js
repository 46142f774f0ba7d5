// The page's requests, answered in the browser: the same functions as those that ask a server.

export const server = false;

const ROUTES = [
  [/^\/api$/, 'about'], [/^\/api\/player$/, 'surface'], [/^\/api\/motions$/, 'upload'],
  [/^\/api\/motions\/(\w+)$/, 'motion'], [/^\/api\/motions\/(\w+)\/(player|file|joints)$/, ''], [/^\/api\/(\w+)$/, ''],
];
const BLOCK = 4; // frames

// The task of an address, with the fields in it.
function route(path) {
  const { pathname, searchParams } = new URL(path, 'http://page');
  for (const [pattern, name] of ROUTES) {
    const found = pattern.exec(pathname);
    if (!found) continue;
    const { from, ...fields } = Object.fromEntries(searchParams);
    if (from) fields.format = from;
    const last = found.at(-1), isMotion = pathname.startsWith('/api/motions/');
    const motion = isMotion ? { motion: found[1] } : {};
    if (last === 'joints') return { task: 'array', fields: { ...motion, name: 'joints' } };
    return { task: name || last, fields: { ...motion, ...fields } };
  }
  throw new Error(`there is no ${path}`);
}

let worker, next = 0, live = null;
const waiting = new Map(); // number: {resolve, reject, progress}

function start() {
  worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data: { number, values, bytes, progress, error } }) => {
    const asked = waiting.get(number);
    if (!asked) return;
    if (progress) { asked.progress?.(progress); return; }
    waiting.delete(number);
    if (!error) { asked.resolve({ values, bytes }); return; }
    if (error.kind === 'InternalError') end();
    asked.reject(Object.assign(new Error(error.message), { ...error, status: error.kind === 'NotFoundError' ? 404 : 400 }));
  };
  worker.onerror = (event) => { event.preventDefault(); end(new Error(`the engine cannot start: ${event.message || 'its worker cannot be loaded'}`)); };
}

// Ends the worker and all that it was asked. Motions that the next one lacks come from the history.
function end(error = new Error('the engine was ended')) {
  worker?.terminate();
  worker = null;
  live = null;
  for (const { reject } of waiting.values()) reject(error);
  waiting.clear();
}

function call(task, fields, data, progress) {
  if (!worker) start();
  const number = next++;
  return new Promise((resolve, reject) => {
    waiting.set(number, { resolve, reject, progress });
    worker.postMessage({ number, task, fields, data });
  });
}

async function ask(path, body, data, progress) {
  const { task, fields } = route(path);
  return call(task, { ...fields, ...body }, data, progress);
}

export const get = async (path) => (await ask(path)).values;
export const bytes = async (path) => (await ask(path)).bytes;
export const blob = async (path, body) => new Blob([(await ask(path, body)).bytes]);
export const send = async (path, data) => new Blob([(await ask(path, {}, data)).bytes]);
export const upload = async (data, kind) => (await ask(`/api/motions?from=${encodeURIComponent(kind)}`, {}, data)).values.motions[0];

export async function post(path, body) {
  if (path === '/api/stream') return begin(body);
  if (path === '/live/lead') { live?.wishes.push(body); return {}; }
  return (await ask(path, body)).values;
}

// Carries out a task: progress(done, what) while it works; the signal ends it.
export async function run(path, body, progress, signal) {
  const stop = () => end();
  if (signal.aborted) throw new Error('ended before it began');
  signal.addEventListener('abort', stop);
  try {
    return (await ask(path, body, undefined, ({ stage, step, total }) => progress(total ? step / total : 0, stage))).values;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function begin({ seconds = 10, player, block, realtime, ...fields }) {
  const { values } = await call('stream', fields);
  live = { frames: Math.round(seconds * values.fps), fps: values.fps, wishes: [] };
  return { id: 'live', links: { job: '/live', events: '/live/events' } };
}

// Blocks of the stream, each when it is due.
export async function* events() {
  const mine = live, from = performance.now();
  for (let at = 0, ends = false; mine && mine === live && at < mine.frames && !(ends && at >= 2);) {
    const wish = Object.assign({}, ...mine.wishes.splice(0));
    ends ||= Boolean(wish.end);
    delete wish.end;
    if (!ends || at < 2) {
      const { values } = await call('block', { frames: Math.min(BLOCK, mine.frames - at), ...wish });
      at += values.frames;
      yield { name: 'block', data: values };
      const due = from + 1000 * at / mine.fps;
      await new Promise((resolve) => { setTimeout(resolve, Math.max(0, due - performance.now() - 1000 * BLOCK / mine.fps)); });
    }
  }
  if (mine !== live) return;
  live = null;
  yield { name: 'done', data: { result: (await call('streamed')).values } };
}

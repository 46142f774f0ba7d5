// Takes: from an answer to the page and the history, and away as files and programs.
import * as api from './api.js';
import { code } from './code.js';
import * as past from './history.js';
import { $, change, chosen, fault, fps, make, show, studio, takes, toast } from './base.js';

const STRONG = ['bvh', 'glb', 'fbx', 'vrma', 'usda', 'npz', 'mp4', 'gif'];

const FILMS = ['mp4', 'gif', 'png'];

// Puts motions of an answer on the page, and into the history.
export async function take(records, task, request, title) {
  const made = await Promise.all(records.map(async (record, i) => {
    const clip = await api.get(`/api/motions/${record.id}/player`);
    const name = title || record.prompt || 'motion', seed = record.seed ?? undefined;
    const line = seed === undefined ? '' : `seed ${seed}`;
    return { id: record.id, title: name, line, task, request, seed, record, clip, when: Date.now() + i };
  }));
  made.forEach((entry) => takes.set(entry.id, entry));
  remember(made);
  return made.map((entry) => entry.id);
}

export async function remember(made) {
  for (const { clip, ...entry } of made) {
    const file = await api.bytes(`/api/motions/${entry.id}/file?format=npz`).catch(() => null);
    await past.keep({ ...entry, file });
  }
  renderHistory();
}

export async function renderHistory() {
  const all = await past.list(), list = $('history');
  list.replaceChildren();
  if (!all.length) make('li', list, 'What you make is kept in this browser.', { class: 'soft' });
  for (const entry of all) {
    const row = make('button', make('li', list), entry.title, { onclick: () => recall(entry.id).catch(fault) });
    const seed = entry.seed === undefined ? '' : ` · seed ${entry.seed}`;
    make('small', row, `${new Date(entry.when).toLocaleString([], { dateStyle: 'short', timeStyle: 'short' })} · ${entry.record.seconds.toFixed(1)} s${seed}`);
  }
}

// Loads a take of the history; the server gets its file again if it has forgotten it.
export async function load(id) {
  if (takes.has(id)) return takes.get(id);
  const entry = await past.find(id);
  if (!entry) return null;
  let clip;
  try {
    clip = await api.get(`/api/motions/${id}/player`);
  } catch (error) {
    if (error.status !== 404 || !entry.file) throw error;
    await api.upload(entry.file, 'npz');
    clip = await api.get(`/api/motions/${id}/player`);
  }
  const { file, ...rest } = entry;
  takes.set(id, { ...rest, clip });
  return takes.get(id);
}

// Does something that needs motions of the page; a server that was started again gets their files first.
export async function again(action) {
  try {
    return await action();
  } catch (error) {
    if (error.kind !== 'NotFoundError') throw error;
    for (const id of new Set([...studio.scene.takes, ...studio.scene.keys.map((key) => key.motion)])) {
      const entry = await past.find(id);
      if (entry?.file) await api.upload(entry.file, 'npz');
    }
    return action();
  }
}

async function recall(id) {
  if (!await load(id)) return;
  const at = studio.scene.takes.indexOf(id);
  if (at >= 0) change({ chosen: at });
  else change({ takes: [...studio.scene.takes, id].slice(-6), chosen: Math.min(studio.scene.takes.length, 5) });
  show('motion');
}

async function download(kind) {
  const entry = chosen();
  if (!entry) return;
  const stem = entry.title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 60) || 'motion';
  if (kind === 'json') { offer(new Blob([code(entry, 'json')], { type: 'application/json' }), `${stem}.json`); return; }
  toast(FILMS.includes(kind) ? `drawing the ${kind} …` : `making the ${kind} …`);
  const film = { motion: entry.id, format: kind, ...(kind === 'png' ? {} : { size: kind === 'gif' ? [400, 400] : [960, 720] }) };
  const address = `/api/motions/${entry.id}/file?format=${kind}&title=${encodeURIComponent(entry.title)}`;
  const data = await again(() => (FILMS.includes(kind) ? api.blob('/api/render', film) : api.blob(address)));
  offer(data, `${stem}.${kind}`);
}

// Puts the chosen take onto a character of the user's own.
export async function onto(file) {
  const entry = chosen(), kind = file.name.split('.').pop().toLowerCase();
  if (!entry) return;
  toast('putting it onto your character …');
  const query = new URLSearchParams({ from: kind, motion: entry.id, name: entry.title.slice(0, 200) });
  const data = await again(async () => api.send(`/api/character?${query}`, await file.arrayBuffer()));
  offer(data, `${file.name.replace(/\.\w+$/, '')}-${kind === 'vrm' ? 'with-motion' : 'animated'}.${kind}`);
}

function offer(data, name) {
  const link = make('a', document.body, undefined, { href: URL.createObjectURL(data), download: name });
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  toast(name);
}

export async function copy(language) {
  const entry = chosen();
  if (!entry) return;
  const text = code(entry, language);
  if (!text && entry.task === 'stream') { toast('a motion that was led has no program; take its file'); return; }
  if (!text) { toast(`there is no short form of this in ${language === 'c' ? 'C; take Python' : 'the shell; take Python'}`); return; }
  document.body.dataset.copied = text;
  try {
    await navigator.clipboard.writeText(text);
    toast('copied');
  } catch {
    toast('the browser does not allow copying here');
  }
}

export async function openFile(file) {
  const kind = file.name.split('.').pop().toLowerCase();
  if (kind === 'json') {
    const { request } = JSON.parse(await file.text());
    if (request?.prompt) change({ parts: [{ text: [request.prompt].flat()[0], seconds: (request.num_frames || 100) / fps() }], seed: [request.seed ?? 42].flat()[0] });
    return;
  }
  fault(null);
  const record = await api.upload(await file.arrayBuffer(), kind);
  const ids = await take([record], 'upload', {}, file.name);
  change({ takes: [...studio.scene.takes, ...ids].slice(-6), chosen: Math.min(studio.scene.takes.length, 5) });
  for (const doubt of record.source?.warnings || []) toast(doubt);
  show('motion');
  studio.stage.play(true);
}

export function formats() {
  const kinds = studio.about.formats.filter((kind) => kind.writes);
  const order = (kind) => { const at = STRONG.indexOf(kind.name); return at < 0 ? 99 : at; };
  for (const kind of kinds.sort((a, b) => order(a) - order(b))) {
    const button = make('button', $('downloads'), kind.name.toUpperCase(), { title: kind.description, 'data-format': kind.name });
    button.onclick = () => download(kind.name).catch(fault);
    if (order(kind) < 99) button.className = 'strong';
  }
  make('button', $('downloads'), 'JSON', { title: 'The request, which can be opened here', 'data-format': 'json', onclick: () => download('json') });
  make('button', $('downloads'), 'Your character …', { title: 'A GLB or VRM file of yours, with this motion', id: 'onto', onclick: () => $('hero').click() });
  $('hero').onchange = (e) => { if (e.target.files[0]) onto(e.target.files[0]).catch(fault); e.target.value = ''; };
  $('file').accept = studio.about.formats.filter((kind) => kind.reads).flatMap((kind) => kind.extensions.map((e) => `.${e}`)).join() + ',.json';
}

// The studio: what is asked, what was made, and what can be done with it.
import * as api from './api.js';
import { code } from './code.js';
import * as past from './history.js';
import { Stage } from './stage.js';

const $ = (id) => document.getElementById(id);
const FPS = 20;
const EXAMPLES = ['a person walks forward and waves', 'a man jumps forward', 'a person sits down', 'someone kicks with the right leg', 'a person walks forward, then turns left'];
const QUALITY = { draft: { num_inference_steps: 12, solver: 'ab2' }, fast: { quality: 'fast' }, full: { quality: 'full' } };
const EDITS = [
  ['Mirror', { do: 'mirror' }, 'Exchange left and right'], ['Loop', { do: 'loop' }, 'One round that can be played again and again'],
  ['Repeat ×2', { do: 'repeat', times: 2 }, 'A loop, two rounds'], ['Hold 1 s', { do: 'hold', seconds: 1 }, 'Hold the last pose'],
  ['⟲ 45°', { do: 'turn', degrees: 45 }, 'Turn to the left'], ['⟳ 45°', { do: 'turn', degrees: -45 }, 'Turn to the right'],
  ['Faster', { do: 'speed', factor: 1.25 }, 'A quarter faster'], ['Slower', { do: 'speed', factor: 0.8 }, 'A fifth slower'],
];
const STRONG = ['bvh', 'glb', 'fbx', 'vrma', 'usda', 'npz', 'mp4', 'gif'];
const FILMS = ['mp4', 'gif', 'png'];

let scene = { parts: [{ text: '', seconds: 5 }], count: 3, seed: 42, quality: 'fast', path: [], targets: [], keys: [], loop: false, takes: [], chosen: 0, compare: '' };
const takes = new Map(); // id: {id, title, line, task, request, seed, record, clip}
const undone = [], done = [];
let about, stage, still, working = null;

function make(tag, parent, text, attributes = {}) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) node[name] = value;
    else node.setAttribute(name, value);
  }
  parent?.append(node);
  return node;
}

let toasting;
function toast(text) {
  $('toast').textContent = text;
  $('toast').classList.add('on');
  clearTimeout(toasting);
  toasting = setTimeout(() => $('toast').classList.remove('on'), 2600);
}

function fault(error) {
  $('fault').hidden = !error;
  if (!error) return;
  $('fault').textContent = error.message;
  if (document.body.dataset.show !== 'make') toast(error.message);
}

// Changes the scene; the state before can be brought back.
function change(next, remember = true) {
  if (remember) { done.push(JSON.stringify(scene)); undone.length = 0; if (done.length > 100) done.shift(); }
  scene = { ...scene, ...next };
  render();
}

function back(from, to) {
  if (!from.length) return;
  to.push(JSON.stringify(scene));
  scene = JSON.parse(from.pop());
  scene.takes = scene.takes.filter((id) => takes.has(id));
  render(true);
}

const chosen = () => takes.get(scene.takes[scene.chosen]);

function render(parts = true) {
  past.save(scene);
  if (parts) renderParts();
  $('count').value = scene.count; $('seed').value = scene.seed; $('quality').value = scene.quality;
  $('loopit').setAttribute('aria-pressed', scene.loop);
  $('undo').disabled = !done.length; $('redo').disabled = !undone.length;
  const shown = scene.takes.map((id) => takes.get(id)).filter(Boolean);
  $('empty').hidden = shown.length > 0 || stage.tool === 'path';
  Object.assign(stage, { path: scene.path, targets: scene.targets });
  stage.show(shown.length || stage.tool !== 'path' ? shown : [still], scene.chosen);
  renderWishes();
  renderTake();
  renderRibbon();
}

function renderParts() {
  const list = $('parts');
  while (list.children.length > scene.parts.length) list.lastChild.remove();
  scene.parts.forEach((part, i) => {
    const row = list.children[i] || partRow(i);
    const [text, range, output, remove] = [row.querySelector('textarea'), row.querySelector('input'), row.querySelector('output'), row.querySelector('button')];
    if (text.value !== part.text) text.value = part.text;
    range.value = part.seconds;
    output.textContent = `${part.seconds} s`;
    remove.hidden = scene.parts.length < 2;
  });
  const whole = scene.parts.reduce((sum, part) => sum + part.seconds, 0);
  $('length').textContent = scene.parts.length > 1 ? `${whole} s in all` : '';
}

function partRow(i) {
  const row = make('li', $('parts')), text = make('textarea', row, undefined, { rows: 2, maxlength: 500, spellcheck: false, 'aria-label': `Prompt ${i + 1}` });
  text.placeholder = i ? 'sits down' : 'a person walks forward and waves';
  const foot = make('div', row, undefined, { class: 'foot' });
  const range = make('input', foot, undefined, { type: 'range', min: 1, max: 15, step: 0.5, 'aria-label': 'Seconds' });
  make('output', foot);
  make('button', foot, '✕', { title: 'Remove', 'aria-label': 'Remove', onclick: () => change({ parts: scene.parts.filter((_, k) => k !== i) }) });
  const update = (next) => {
    scene.parts = scene.parts.map((part, k) => (k === i ? { ...part, ...next } : part));
    past.save(scene);
    renderParts();
    renderWishes();
  };
  text.oninput = () => { update({ text: text.value }); noteSoon(); };
  range.oninput = () => update({ seconds: +range.value });
  return row;
}

let noting;
function noteSoon() {
  clearTimeout(noting);
  noting = setTimeout(async () => {
    const asked = scene.parts.map((part) => part.text.trim());
    const found = await Promise.all(asked.map((prompt) => (prompt ? api.post('/api/notes', { prompt }).catch(() => ({ notes: [] })) : { notes: [] })));
    if (asked.join() === scene.parts.map((part) => part.text.trim()).join()) renderNotes(found.map((entry) => entry.notes));
  }, 450);
}

function renderNotes(all) {
  $('notes').replaceChildren();
  all.forEach((notes, i) => notes.forEach((note) => {
    const strange = ['unknown-word', 'unfamiliar'].includes(note.kind);
    const line = make('p', $('notes'), `${strange ? 'Not understood: ' : ''}${note.message} `);
    for (const word of strange ? note.suggestions.slice(0, 3) : []) {
      make('button', line, word, { onclick: () => { replaceWords(i, note.words, word); } });
    }
  }));
}

function replaceWords(i, words, by) {
  const parts = scene.parts.map((part, k) => (k !== i ? part : { ...part, text: part.text.includes(words) ? part.text.replace(words, by) : by }));
  change({ parts });
  noteSoon();
}

function pathLength() {
  return scene.path.slice(1).reduce((sum, p, i) => sum + Math.hypot(p[0] - scene.path[i][0], p[1] - scene.path[i][1]), 0);
}

function renderWishes() {
  const list = $('wishes');
  list.replaceChildren();
  const wish = (kind, text, remove) => {
    const row = make('li', list);
    make('i', row, undefined, { class: kind });
    make('span', row, text);
    make('button', row, '✕', { title: 'Remove', 'aria-label': `Remove ${text}`, onclick: remove });
  };
  const whole = scene.parts.reduce((sum, part) => sum + part.seconds, 0);
  let hint = '';
  if (scene.path.length) {
    const length = pathLength();
    wish('path', `a path of ${length.toFixed(1)} m`, () => change({ path: [] }));
    if (length / whole > 1.3) hint = `${(length / whole).toFixed(1)} m per second is faster than walking; give it about ${Math.ceil(length)} s.`;
  }
  scene.targets.forEach((target) => {
    const remove = () => change({ targets: scene.targets.filter((other) => other !== target) });
    wish('target', `${target.joint.replace('_', ' ')} at ${(target.frame / FPS).toFixed(2)} s`, remove);
  });
  scene.keys.forEach((key) => wish('target', `pose at ${(key.frame / FPS).toFixed(2)} s`, () => change({ keys: scene.keys.filter((other) => other !== key) })));
  if (stage.tool === 'path') hint = 'Draw on the floor from the feet on. Shift-drag looks around.';
  if (stage.tool === 'targets') hint = chosen() ? 'Go to a moment and drag a ring to where it shall be.' : 'Make a motion first, then drag its hands and feet.';
  if (scene.parts.length > 1 && (scene.targets.length || scene.keys.length || scene.loop)) hint = 'Targets, poses and loops need a single prompt; they are left out.';
  $('hint').textContent = hint;
}

function renderTake() {
  const take = chosen();
  $('right').classList.toggle('has', Boolean(take));
  document.body.classList.toggle('has', Boolean(take));
  if (!take) return;
  $('takename').textContent = take.title;
  $('takeabout').textContent = `${take.record.seconds.toFixed(1)} s · ${take.record.frames} frames${take.seed === undefined ? '' : ` · seed ${take.seed}`}`;
  $('metrics').replaceChildren();
  for (const { about: meaning, shown, word } of take.record.metrics) {
    const row = make('li', $('metrics'));
    make('span', row, meaning);
    const value = make('em', row, shown);
    if (word) make('b', value, word, { class: word });
  }
}

function renderRibbon() {
  const ribbon = $('ribbon'), take = chosen(), clip = stage.lead();
  ribbon.replaceChildren();
  if (!clip) return;
  const whole = Math.max(clip.frames - 1, 1), percent = (frame) => `${Math.min(100, 100 * frame / whole)}%`;
  const single = take ? [{ prompt: take.title, start: 0, end: take.record.seconds }] : [];
  for (const part of take?.record.parts || single) {
    const from = part.start * clip.fps, to = part.end * clip.fps;
    make('span', ribbon, part.prompt, { style: `left:${percent(from)};width:calc(${percent(to - from)} - 2px)`, title: part.prompt });
  }
  for (const target of [...scene.targets, ...scene.keys]) make('i', ribbon, undefined, { style: `left:${percent(target.frame)}` });
}

// Puts motions of an answer on the page, and into the history.
async function take(records, task, request, title) {
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

async function remember(made) {
  for (const { clip, ...entry } of made) {
    const file = await api.bytes(`/api/motions/${entry.id}/file?format=npz`).catch(() => null);
    await past.keep({ ...entry, file });
  }
  renderHistory();
}

async function renderHistory() {
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
async function load(id) {
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

async function recall(id) {
  if (!await load(id)) return;
  const at = scene.takes.indexOf(id);
  if (at >= 0) change({ chosen: at });
  else change({ takes: [...scene.takes, id].slice(-6), chosen: Math.min(scene.takes.length, 5) });
  show('motion');
}

// Runs tasks one after the other with one progress bar; `build` adds their motions to the page.
async function work(jobs, build) {
  if (working) return;
  working = new AbortController();
  fault(null);
  $('make').disabled = true;
  const bar = $('progress');
  bar.hidden = false;
  const progress = (share, what) => {
    bar.firstElementChild.style.setProperty('--done', `${Math.round(100 * share)}%`);
    bar.children[1].textContent = what === 'waiting' ? 'waiting for the model …' : `${what || 'working'} … ${Math.round(100 * share)} %`;
  };
  progress(0, 'waiting');
  try {
    const results = [];
    for (const [i, { path, body }] of jobs.entries()) {
      const result = await api.run(path, body, (share, what) => progress((i + share) / jobs.length, what), working.signal);
      results.push(result);
    }
    await build(results);
  } catch (error) {
    if (error.kind !== 'CancelledError') fault(error);
  } finally {
    working = null;
    $('make').disabled = false;
    bar.hidden = true;
  }
}

function constraints() {
  const rows = scene.targets.map(({ joint, frame, position }) => ({ type: 'joint', joint, frame, position: position.map((v) => +v.toFixed(4)) }));
  if (scene.path.length > 1) rows.push({ type: 'path', points: scene.path.map((p) => p.map((v) => +v.toFixed(3))) });
  if (scene.loop) rows.push({ type: 'loop' });
  return rows;
}

async function generate() {
  const parts = scene.parts.filter((part) => part.text.trim()), more = QUALITY[scene.quality];
  if (!parts.length) { fault(new Error('Type what shall happen, such as: a person walks forward.')); $('parts').querySelector('textarea').focus(); return; }
  const tool = stage.tool;
  if (parts.length === 1) {
    const frames = Math.max(2, Math.round(parts[0].seconds * FPS)), rows = constraints().filter((row) => row.type !== 'joint' || row.frame < frames);
    const request = { prompt: parts[0].text.trim(), num_frames: frames, seed: scene.seed, n: scene.count, ...more, ...(rows.length ? { constraints: rows } : {}) };
    const keep = scene.keys.filter((key) => key.frame < frames).map(({ motion, start, frame }) => ({ motion, start, frame }));
    if (keep.length) request.keep = keep;
    await work([{ path: '/api/generate', body: request }], async ([result]) => land(await take(result.motions, 'generate', request), tool));
    return;
  }
  const prompts = parts.map((part) => part.text.trim()), seconds = parts.map((part) => part.seconds);
  const requests = Array.from({ length: scene.count }, (_, i) => ({ prompts, seconds, seed: scene.seed + i, ...more }));
  await work(requests.map((body) => ({ path: '/api/sequence', body })), async (results) => {
    let ids = [];
    for (const [i, result] of results.entries()) ids.push(...await take(result.motions, 'sequence', requests[i]));
    if (scene.path.length > 1) ids = await bent(ids);
    land(ids, tool);
  });
}

// A sequence is bent to the path after it was made.
async function bent(ids) {
  const out = [];
  for (const id of ids) {
    const request = { motion: id, steps: [{ do: 'along', points: scene.path }] };
    const { motions } = await api.post('/api/edit', request);
    const { title, seed } = takes.get(id), parts = takes.get(id).record.parts;
    out.push(...await take(motions.map((record) => ({ ...record, seed, parts })), 'edit', request, title));
  }
  return out;
}

function land(ids, tool) {
  if (tool === 'path') use('');
  change({ takes: ids, chosen: 0, compare: '' });
  stage.time = 0;
  stage.play(true);
}

// Replaces the chosen take by what a task makes of it.
async function edit(path, request, title, after = (records) => records) {
  const from = chosen();
  if (!from) return;
  await work([{ path, body: { motion: from.id, ...request } }], async ([result]) => {
    const ids = await take(after(result.motions), path.split('/').pop(), { motion: from.id, ...request }, title);
    change({ takes: scene.takes.map((id, i) => (i === scene.chosen ? ids[0] : id)) });
    stage.play(true);
  });
}

async function goOn() {
  const from = chosen(), prompt = $('nextprompt').value.trim();
  if (!from || !prompt) { toast('Type what comes next.'); return; }
  const request = { prompt, num_frames: 80, seed: scene.seed, ...QUALITY[scene.quality] };
  await work([{ path: '/api/generate', body: request }], async ([result]) => {
    const step = { motion: from.id, steps: [{ do: 'then', motion: result.motions[0].id }] };
    const { motions } = await api.post('/api/edit', step);
    const whole = motions[0].seconds, before = from.record.parts || [{ prompt: from.title, start: 0, end: from.record.seconds }];
    const parts = [...before, { prompt, start: before.at(-1).end, end: whole }];
    const ids = await take([{ ...motions[0], parts }], 'edit', step, `${from.title}, then ${prompt}`);
    change({ takes: scene.takes.map((id, i) => (i === scene.chosen ? ids[0] : id)) });
    $('nextprompt').value = '';
    stage.play(true);
  });
}

async function compare(id) {
  const a = chosen(), b = takes.get(id);
  $('comparison').replaceChildren();
  if (!a || !b || a === b) return;
  const { comparison } = await api.post('/api/score', { motion: a.id, other: b.id });
  const box = $('comparison'), list = make('ul', box), buttons = make('div', box, undefined, { class: 'chips' });
  make('b', list, 'A is this take, B the other');
  comparison.forEach((line) => make('li', list, line));
  const both = (step, title) => edit('/api/edit', { steps: [{ ...step, motion: b.id }] }, title).then(() => $('comparison').replaceChildren());
  make('button', buttons, 'Join A, then B', { title: 'One motion of both, without a jump', onclick: () => both({ do: 'then' }, `${a.title}, then ${b.title}`) });
  make('button', buttons, 'Arms of B', { title: 'Legs of A, spine, head and arms of B', onclick: () => both({ do: 'upper_body' }, `${a.title} · arms of ${b.title}`) });
  show('motion');
}

function badge(box, entry, i) {
  if (scene.takes.length < 2 || !entry.record) return;
  if (i === scene.chosen) { make('button', box, 'A', { 'aria-pressed': true, title: 'The chosen take', disabled: '' }); return; }
  const on = scene.compare === entry.id;
  const toggle = () => { change({ compare: on ? '' : entry.id }, false); compare(on ? '' : entry.id).catch(fault); };
  make('button', box, on ? 'B' : 'compare', { 'aria-pressed': on, title: 'Compare with the chosen take', onclick: toggle });
}

async function download(kind) {
  const entry = chosen();
  if (!entry) return;
  const stem = entry.title.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 60) || 'motion';
  if (kind === 'json') { offer(new Blob([code(entry, 'json')], { type: 'application/json' }), `${stem}.json`); return; }
  toast(FILMS.includes(kind) ? `drawing the ${kind} …` : `making the ${kind} …`);
  const film = { motion: entry.id, format: kind, ...(kind === 'png' ? {} : { size: kind === 'gif' ? [400, 400] : [960, 720] }) };
  const data = FILMS.includes(kind)
    ? await api.blob('/api/render', film)
    : await api.blob(`/api/motions/${entry.id}/file?format=${kind}&title=${encodeURIComponent(entry.title)}`);
  offer(data, `${stem}.${kind}`);
}

function offer(data, name) {
  const link = make('a', document.body, undefined, { href: URL.createObjectURL(data), download: name });
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  toast(name);
}

async function copy(language) {
  const entry = chosen();
  if (!entry) return;
  const text = code(entry, language);
  if (!text) { toast(`there is no short form of this in ${language === 'c' ? 'C; take Python' : 'the shell; take Python'}`); return; }
  document.body.dataset.copied = text;
  try {
    await navigator.clipboard.writeText(text);
    toast('copied');
  } catch {
    toast('the browser does not allow copying here');
  }
}

async function openFile(file) {
  const kind = file.name.split('.').pop().toLowerCase();
  if (kind === 'json') {
    const { request } = JSON.parse(await file.text());
    if (request?.prompt) change({ parts: [{ text: [request.prompt].flat()[0], seconds: (request.num_frames || 100) / FPS }], seed: [request.seed ?? 42].flat()[0] });
    return;
  }
  fault(null);
  const record = await api.upload(await file.arrayBuffer(), kind);
  const ids = await take([record], 'upload', {}, file.name);
  change({ takes: [...scene.takes, ...ids].slice(-6), chosen: Math.min(scene.takes.length, 5) });
  for (const doubt of record.source?.warnings || []) toast(doubt);
  show('motion');
  stage.play(true);
}

// Keeps the pose of the chosen take at this moment for the motions to come.
function keepPose() {
  const entry = chosen(), frame = stage.frame();
  if (!entry) { toast('Make a motion first, then keep a pose of it.'); return; }
  change({ keys: [...scene.keys.filter((key) => key.frame !== frame), { motion: entry.id, start: frame, frame }] });
  toast(`the pose at ${(frame / FPS).toFixed(2)} s is kept`);
}

function use(tool) {
  const next = stage.tool === tool ? '' : tool;
  stage.use(next);
  for (const name of ['path', 'targets']) $(name).setAttribute('aria-pressed', next === name);
  render(false);
}

// A path starts at the origin, as motions do: one that was drawn from near it is moved there.
function pathDrawn(points) {
  const [x, y] = points[0], near = Math.hypot(x, y) < 1;
  const whole = near ? points.map((p) => [p[0] - x, p[1] - y]) : [[0, 0], ...points];
  const every = Math.ceil(whole.length / 60);
  change({ path: whole.filter((_, i) => i % every === 0 || i === whole.length - 1) });
}

function show(tab) {
  document.body.dataset.show = tab;
  for (const button of $('tabs').children) button.setAttribute('aria-current', button.dataset.show === tab);
}

function toggle(name) {
  if (name === 'solo') stage.solo = !stage.solo;
  else { stage.view[name] = !stage.view[name]; stage.set = true; }
  $(name).setAttribute('aria-pressed', name === 'solo' ? stage.solo : stage.view[name]);
  stage.arrange();
}

const dark = matchMedia('(prefers-color-scheme: dark)');
function paint(next) {
  if (next) localStorage.setItem('vimogen.theme', next);
  const given = localStorage.getItem('vimogen.theme') || 'system';
  document.documentElement.dataset.theme = given === 'system' ? (dark.matches ? 'dark' : 'light') : given;
  stage.colours();
}

function choose(i) {
  if (i < 0 || i >= scene.takes.length) return;
  change({ chosen: i, compare: '' }, false);
  $('comparison').replaceChildren();
}

const KEYS = {
  ' ': () => stage.play(!stage.playing), ArrowLeft: (e) => stage.seek(stage.frame() - (e.shiftKey ? 10 : 1)), ArrowRight: (e) => stage.seek(stage.frame() + (e.shiftKey ? 10 : 1)),
  Home: () => stage.seek(0), End: () => stage.seek(Infinity), p: () => use('path'), h: () => use('targets'), k: keepPose, f: () => toggle('follow'), b: () => toggle('mesh'),
  o: () => toggle('solo'), r: () => stage.home(), '?': () => $('keys').showModal(), Escape: () => stage.tool && use(stage.tool),
};

function listen() {
  $('make').onclick = generate;
  $('stop').onclick = () => working?.abort();
  $('addpart').onclick = () => { change({ parts: [...scene.parts, { text: '', seconds: 3 }] }); $('parts').lastChild.querySelector('textarea').focus(); };
  $('more').onclick = () => ideas().catch(fault);
  $('count').onchange = (e) => change({ count: +e.target.value });
  $('seed').onchange = (e) => change({ seed: Math.min(Math.max(Math.round(+e.target.value) || 0, 0), 4294967295) });
  $('quality').onchange = (e) => change({ quality: e.target.value });
  $('path').onclick = () => use('path');
  $('targets').onclick = () => use('targets');
  $('pose').onclick = keepPose;
  $('loopit').onclick = () => change({ loop: !scene.loop });
  $('undo').onclick = () => back(done, undone);
  $('redo').onclick = () => back(undone, done);
  $('play').onclick = () => stage.play(!stage.playing);
  $('back').onclick = () => stage.seek(stage.frame() - 1);
  $('forth').onclick = () => stage.seek(stage.frame() + 1);
  $('scrub').oninput = (e) => stage.seek(+e.target.value);
  $('speed').onchange = (e) => { stage.speed = +e.target.value; };
  for (const name of ['follow', 'mesh', 'solo']) $(name).onclick = () => toggle(name);
  $('goon').onclick = () => goOn();
  $('change').onclick = () => {
    const prompt = $('nextprompt').value.trim();
    if (prompt) edit('/api/edit', { prompt, seed: scene.seed }, prompt); else toast('Type what it shall show.');
  };
  $('theme').onclick = () => { const now = document.documentElement.dataset.theme; paint(now === 'dark' ? 'light' : 'dark'); };
  $('help').onclick = () => $('keys').showModal();
  $('clear').onclick = async () => { await past.clear(); renderHistory(); };
  $('open').onclick = () => $('file').click();
  $('file').onchange = (e) => { if (e.target.files[0]) openFile(e.target.files[0]).catch(fault); e.target.value = ''; };
  for (const button of document.querySelectorAll('[data-copy]')) button.onclick = () => copy(button.dataset.copy);
  for (const button of $('tabs').children) button.onclick = () => show(button.dataset.show);
  for (const [name, step, title] of EDITS) make('button', $('edits'), name, { title, onclick: () => edit('/api/edit', { steps: [step] }, `${chosen().title} · ${name.toLowerCase()}`) });
  make('button', $('edits'), 'Vary', { title: 'A motion like this one', onclick: () => edit('/api/variations', { n: 1, seed: Math.floor(Math.random() * 1e6) }, `${chosen().title} · varied`) });
  make('button', $('edits'), 'Follow it', { title: 'A new motion with this one as reference', onclick: follow });
  for (const text of EXAMPLES) make('button', $('examples'), text, { onclick: () => { change({ parts: [{ text, seconds: 5 }] }); noteSoon(); generate(); } });
  addEventListener('keydown', keyed);
  addEventListener('dragover', (e) => { e.preventDefault(); document.body.classList.add('over'); });
  addEventListener('dragleave', (e) => { if (!e.relatedTarget) document.body.classList.remove('over'); });
  addEventListener('drop', (e) => { e.preventDefault(); document.body.classList.remove('over'); if (e.dataTransfer.files[0]) openFile(e.dataTransfer.files[0]).catch(fault); });
  dark.addEventListener('change', () => paint());
}

async function follow() {
  const from = chosen(), request = { reference: from.id, seed: scene.seed, ...QUALITY[scene.quality] };
  await work([{ path: '/api/generate', body: request }], async ([result]) => {
    const ids = await take(result.motions, 'generate', request, `${from.title} · followed`);
    change({ takes: [...scene.takes, ...ids].slice(-6), chosen: Math.min(scene.takes.length, 5) });
  });
}

function keyed(e) {
  const key = e.key.length === 1 ? e.key.toLowerCase() : e.key, tag = e.target.tagName;
  if ((e.ctrlKey || e.metaKey) && key === 'Enter') { e.preventDefault(); generate(); return; }
  if (tag === 'TEXTAREA' || (tag === 'INPUT' && e.target.type !== 'range') || tag === 'SELECT' || $('keys').open) return;
  if ((e.ctrlKey || e.metaKey) && key === 'z') { e.preventDefault(); if (e.shiftKey) back(undone, done); else back(done, undone); return; }
  if (e.ctrlKey || e.metaKey || e.altKey || (key === ' ' && tag === 'BUTTON')) return;
  if (key >= '1' && key <= '9') { choose(+key - 1); return; }
  if (!KEYS[key]) return;
  e.preventDefault();
  KEYS[key](e);
}

async function ideas() {
  const box = $('ideas');
  box.hidden = !box.hidden;
  if (box.children.length) return;
  const { families } = await api.get('/api/prompts');
  for (const [name, phrases] of Object.entries(families)) {
    make('b', box, name.replaceAll('_', ' '));
    for (const phrase of phrases.slice(0, 4)) {
      const text = `a person ${third(phrase)}`;
      make('button', box, phrase, { onclick: () => { scene.parts[scene.parts.length - 1].text = text; change({}, false); noteSoon(); } });
    }
  }
}

// "walk forward" as "walks forward".
function third(phrase) {
  const [verb, ...rest] = phrase.split(' ');
  const ending = /(s|sh|ch|x|z|o)$/.test(verb) ? `${verb}es` : /[^aeiou]y$/.test(verb) ? `${verb.slice(0, -1)}ies` : `${verb}s`;
  return [ending, ...rest].join(' ');
}

function formats() {
  const kinds = about.formats.filter((kind) => kind.writes);
  const order = (kind) => { const at = STRONG.indexOf(kind.name); return at < 0 ? 99 : at; };
  for (const kind of kinds.sort((a, b) => order(a) - order(b))) {
    const button = make('button', $('downloads'), kind.name.toUpperCase(), { title: kind.description, 'data-format': kind.name });
    button.onclick = () => download(kind.name).catch(fault);
    if (order(kind) < 99) button.className = 'strong';
  }
  make('button', $('downloads'), 'JSON', { title: 'The request, which can be opened here', 'data-format': 'json', onclick: () => download('json') });
  $('file').accept = about.formats.filter((kind) => kind.reads).flatMap((kind) => kind.extensions.map((e) => `.${e}`)).join() + ',.json';
}

async function begin() {
  const [info, common] = await Promise.all([api.get('/api'), api.get('/api/player')]);
  about = info;
  still = { id: 'still', title: '', clip: common.clip };
  stage = new Stage($('stage'), common, {
    choose, path: pathDrawn, badge,
    target: (joint, frame, position) => change({ targets: [...scene.targets.filter((t) => t.joint !== joint || t.frame !== frame), { joint, frame, position }] }),
    playing: (on) => {
      $('play').setAttribute('aria-label', on ? 'Pause' : 'Play');
      $('playicon').setAttribute('d', on ? 'M7 5h4v14H7zM13 5h4v14h-4z' : 'M8 5v14l11-7z');
    },
    moved: (frame) => {
      const clip = stage.lead();
      $('scrub').max = clip ? clip.frames - 1 : 1;
      $('scrub').value = frame;
      $('clock').value = clip ? `${frame} / ${clip.frames - 1} · ${stage.time.toFixed(2)} s` : '';
    },
  });
  formats();
  listen();
  paint();
  show('make');
  const before = past.saved();
  if (before?.parts) {
    scene = { ...scene, ...before };
    const found = await Promise.all(scene.takes.map((id) => load(id).catch(() => null)));
    scene.takes = scene.takes.filter((_, i) => found[i]);
    scene.chosen = Math.min(scene.chosen, Math.max(0, scene.takes.length - 1));
  }
  render();
  renderHistory();
  noteSoon();
  stage.play(scene.takes.length > 0 && !matchMedia('(prefers-reduced-motion: reduce)').matches);
  document.body.dataset.ready = 'true';
}

begin().catch((error) => {
  document.body.dataset.ready = 'failed';
  $('empty').querySelector('p').textContent = error.status === 401 ? 'This server needs its token: open the address that it printed.' : error.message;
});

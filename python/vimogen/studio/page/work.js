// Tasks of the server with their progress: new takes, and changes of the chosen one.
import * as api from './api.js';
import { $, QUALITY, change, chosen, fault, fps, studio, takes, toast, use } from './base.js';
import { again, take } from './takes.js';

// Runs tasks one after the other with one progress bar; `build` adds their motions to the page.
async function work(jobs, build) {
  if (studio.working) return;
  studio.working = new AbortController();
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
      const shown = (share, what) => progress((i + share) / jobs.length, what);
      results.push(await again(() => api.run(path, body, shown, studio.working.signal)));
    }
    await build(results);
  } catch (error) {
    if (!studio.working.signal.aborted) fault(error);
  } finally {
    studio.working = null;
    $('make').disabled = false;
    bar.hidden = true;
  }
}

function constraints() {
  const rows = studio.scene.targets.map(({ joint, frame, position }) => ({ type: 'joint', joint, frame, position: position.map((v) => +v.toFixed(4)) }));
  if (studio.scene.path.length > 1) rows.push({ type: 'path', points: studio.scene.path.map((p) => p.map((v) => +v.toFixed(3))) });
  if (studio.scene.loop) rows.push({ type: 'loop' });
  return rows;
}

export async function generate() {
  const parts = studio.scene.parts.filter((part) => part.text.trim()), more = QUALITY[studio.scene.quality];
  if (!parts.length) { fault(new Error('Type what shall happen, such as: a person walks forward.')); $('parts').querySelector('textarea').focus(); return; }
  const tool = studio.stage.tool;
  if (parts.length === 1) {
    const frames = Math.max(2, Math.round(parts[0].seconds * fps())), rows = constraints().filter((row) => row.type !== 'joint' || row.frame < frames);
    const request = { prompt: parts[0].text.trim(), num_frames: frames, seed: studio.scene.seed, n: studio.scene.count, ...more, ...(rows.length ? { constraints: rows } : {}) };
    const keep = studio.scene.keys.filter((key) => key.frame < frames).map(({ motion, start, frame }) => ({ motion, start, frame }));
    if (keep.length) request.keep = keep;
    await work([{ path: '/api/generate', body: request }], async ([result]) => land(await take(result.motions, 'generate', request), tool));
    return;
  }
  const prompts = parts.map((part) => part.text.trim()), seconds = parts.map((part) => part.seconds);
  const requests = Array.from({ length: studio.scene.count }, (_, i) => ({ prompts, seconds, seed: studio.scene.seed + i, ...more }));
  await work(requests.map((body) => ({ path: '/api/sequence', body })), async (results) => {
    let ids = [];
    for (const [i, result] of results.entries()) ids.push(...await take(result.motions, 'sequence', requests[i]));
    if (studio.scene.path.length > 1) ids = await bent(ids);
    land(ids, tool);
  });
}

// A sequence is bent to the path after it was made.
async function bent(ids) {
  const out = [];
  for (const id of ids) {
    const request = { motion: id, steps: [{ do: 'along', points: studio.scene.path }] };
    const { motions } = await api.post('/api/edit', request);
    const { title, seed } = takes.get(id), parts = takes.get(id).record.parts;
    out.push(...await take(motions.map((record) => ({ ...record, seed, parts })), 'edit', request, title));
  }
  return out;
}

function land(ids, tool) {
  if (tool === 'path') use('');
  change({ takes: ids, chosen: 0, compare: '' });
  studio.stage.time = 0;
  studio.stage.play(true);
}

// Replaces the chosen take by what a task makes of it.
export async function edit(path, request, title, after = (records) => records) {
  const from = chosen();
  if (!from) return;
  await work([{ path, body: { motion: from.id, ...request } }], async ([result]) => {
    const ids = await take(after(result.motions), path.split('/').pop(), { motion: from.id, ...request }, title);
    change({ takes: studio.scene.takes.map((id, i) => (i === studio.scene.chosen ? ids[0] : id)) });
    studio.stage.play(true);
  });
}

export async function goOn() {
  const from = chosen(), prompt = $('nextprompt').value.trim();
  if (!from || !prompt) { toast('Type what comes next.'); return; }
  const request = { prompt, num_frames: 80, seed: studio.scene.seed, ...QUALITY[studio.scene.quality] };
  await work([{ path: '/api/generate', body: request }], async ([result]) => {
    const step = { motion: from.id, steps: [{ do: 'then', motion: result.motions[0].id }] };
    const { motions } = await again(() => api.post('/api/edit', step));
    const whole = motions[0].seconds, before = from.record.parts || [{ prompt: from.title, start: 0, end: from.record.seconds }];
    const parts = [...before, { prompt, start: before.at(-1).end, end: whole }];
    const ids = await take([{ ...motions[0], parts }], 'edit', step, `${from.title}, then ${prompt}`);
    change({ takes: studio.scene.takes.map((id, i) => (i === studio.scene.chosen ? ids[0] : id)) });
    $('nextprompt').value = '';
    studio.stage.play(true);
  });
}

export async function follow() {
  const from = chosen(), request = { reference: from.id, seed: studio.scene.seed, ...QUALITY[studio.scene.quality] };
  await work([{ path: '/api/generate', body: request }], async ([result]) => {
    const ids = await take(result.motions, 'generate', request, `${from.title} · followed`);
    change({ takes: [...studio.scene.takes, ...ids].slice(-6), chosen: Math.min(studio.scene.takes.length, 5) });
  });
}

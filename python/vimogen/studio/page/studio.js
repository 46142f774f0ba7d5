// The studio: puts the page together and listens to it.
import * as api from './api.js';
import * as past from './history.js';
import * as character from './live.js';
import { Stage } from './stage.js';
import { $, back, change, chosen, done, fault, fps, make, show, studio, takes, toast, undone, use } from './base.js';
import { ideas, noteSoon, renderParts } from './parts.js';
import { badge, compare, renderRibbon, renderTake, renderWishes } from './shown.js';
import { copy, formats, load, openFile, renderHistory, take } from './takes.js';
import { edit, follow, generate, goOn } from './work.js';

const EXAMPLES = ['a person walks forward and waves', 'a man jumps forward', 'a person sits down', 'someone kicks with the right leg', 'a person walks forward, then turns left'];

const EDITS = [
  ['Mirror', { do: 'mirror' }, 'Exchange left and right'], ['Loop', { do: 'loop' }, 'One round that can be played again and again'],
  ['Repeat ×2', { do: 'repeat', times: 2 }, 'A loop, two rounds'], ['Hold 1 s', { do: 'hold', seconds: 1 }, 'Hold the last pose'],
  ['⟲ 45°', { do: 'turn', degrees: 45 }, 'Turn to the left'], ['⟳ 45°', { do: 'turn', degrees: -45 }, 'Turn to the right'],
  ['Faster', { do: 'speed', factor: 1.25 }, 'A quarter faster'], ['Slower', { do: 'speed', factor: 0.8 }, 'A fifth slower'],
];

studio.render = (parts = true) => {
  past.save(studio.scene);
  if (parts) renderParts();
  $('count').value = studio.scene.count; $('seed').value = studio.scene.seed; $('quality').value = studio.scene.quality;
  $('loopit').setAttribute('aria-pressed', studio.scene.loop);
  $('undo').disabled = !done.length; $('redo').disabled = !undone.length;
  const shown = studio.scene.takes.map((id) => takes.get(id)).filter(Boolean);
  $('empty').hidden = shown.length > 0 || studio.live || studio.stage.tool === 'path';
  Object.assign(studio.stage, { path: studio.scene.path, targets: studio.scene.targets });
  if (studio.live) studio.stage.show([studio.live], 0);
  else studio.stage.show(shown.length || studio.stage.tool !== 'path' ? shown : [studio.still], studio.scene.chosen);
  renderWishes();
  renderTake();
  renderRibbon();
};

// Keeps the pose of the chosen take at this moment for the motions to come.
function keepPose() {
  const entry = chosen(), frame = studio.stage.frame();
  if (!entry) { toast('Make a motion first, then keep a pose of it.'); return; }
  change({ keys: [...studio.scene.keys.filter((key) => key.frame !== frame), { motion: entry.id, start: frame, frame }] });
  toast(`the pose at ${(frame / fps()).toFixed(2)} s is kept`);
}

// A path starts at the origin, as motions do: one that was drawn from near it is moved there.
function pathDrawn(points) {
  const [x, y] = points[0], near = Math.hypot(x, y) < 1;
  const whole = near ? points.map((p) => [p[0] - x, p[1] - y]) : [[0, 0], ...points];
  const every = Math.ceil(whole.length / 60);
  change({ path: whole.filter((_, i) => i % every === 0 || i === whole.length - 1) });
}

function toggle(name) {
  if (name === 'solo') studio.stage.solo = !studio.stage.solo;
  else { studio.stage.view[name] = !studio.stage.view[name]; studio.stage.set = true; }
  $(name).setAttribute('aria-pressed', name === 'solo' ? studio.stage.solo : studio.stage.view[name]);
  studio.stage.arrange();
}

const dark = matchMedia('(prefers-color-scheme: dark)');

function paint(next) {
  if (next) localStorage.setItem('vimogen.theme', next);
  const given = localStorage.getItem('vimogen.theme') || 'system';
  document.documentElement.dataset.theme = given === 'system' ? (dark.matches ? 'dark' : 'light') : given;
  studio.stage.colours();
}

function choose(i) {
  if (i < 0 || i >= studio.scene.takes.length) return;
  change({ chosen: i, compare: '' }, false);
  $('comparison').replaceChildren();
}

const KEYS = {
  ' ': () => studio.stage.play(!studio.stage.playing), ArrowLeft: (e) => studio.stage.seek(studio.stage.frame() - (e.shiftKey ? 10 : 1)), ArrowRight: (e) => studio.stage.seek(studio.stage.frame() + (e.shiftKey ? 10 : 1)),
  Home: () => studio.stage.seek(0), End: () => studio.stage.seek(Infinity), p: () => use('path'), h: () => use('targets'), k: keepPose, f: () => toggle('follow'), b: () => toggle('mesh'),
  o: () => toggle('solo'), r: () => studio.stage.home(), '?': () => $('keys').showModal(), Escape: () => studio.stage.tool && use(studio.stage.tool),
};

function listen() {
  $('make').onclick = () => (character.running() ? character.say(studio.scene.parts[0].text.trim()) : generate());
  $('live').onclick = character.live;
  character.buttons();
  $('stop').onclick = () => studio.working?.abort();
  $('addpart').onclick = () => { change({ parts: [...studio.scene.parts, { text: '', seconds: 3 }] }); $('parts').lastChild.querySelector('textarea').focus(); };
  $('more').onclick = () => ideas().catch(fault);
  $('count').onchange = (e) => change({ count: +e.target.value });
  $('seed').onchange = (e) => change({ seed: Math.min(Math.max(Math.round(+e.target.value) || 0, 0), 4294967295) });
  $('quality').onchange = (e) => change({ quality: e.target.value });
  $('path').onclick = () => use('path');
  $('targets').onclick = () => use('targets');
  $('pose').onclick = keepPose;
  $('loopit').onclick = () => change({ loop: !studio.scene.loop });
  $('undo').onclick = () => back(done, undone);
  $('redo').onclick = () => back(undone, done);
  $('play').onclick = () => studio.stage.play(!studio.stage.playing);
  $('back').onclick = () => studio.stage.seek(studio.stage.frame() - 1);
  $('forth').onclick = () => studio.stage.seek(studio.stage.frame() + 1);
  $('scrub').oninput = (e) => studio.stage.seek(+e.target.value);
  $('speed').onchange = (e) => { studio.stage.speed = +e.target.value; };
  for (const name of ['follow', 'mesh', 'solo']) $(name).onclick = () => toggle(name);
  $('goon').onclick = () => goOn();
  $('change').onclick = () => {
    const prompt = $('nextprompt').value.trim();
    if (prompt) edit('/api/edit', { prompt, seed: studio.scene.seed }, prompt); else toast('Type what it shall show.');
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

function keyed(e) {
  const key = e.key.length === 1 ? e.key.toLowerCase() : e.key, tag = e.target.tagName;
  if ((e.ctrlKey || e.metaKey) && key === 'Enter') { e.preventDefault(); $('make').click(); return; }
  if (tag === 'TEXTAREA' || (tag === 'INPUT' && e.target.type !== 'range') || tag === 'SELECT' || $('keys').open) return;
  if ((e.ctrlKey || e.metaKey) && key === 'z') { e.preventDefault(); if (e.shiftKey) back(undone, done); else back(done, undone); return; }
  if (e.ctrlKey || e.metaKey || e.altKey || (key === ' ' && tag === 'BUTTON')) return;
  if (character.key(key)) { e.preventDefault(); return; }
  if (key >= '1' && key <= '9') { choose(+key - 1); return; }
  if (!KEYS[key]) return;
  e.preventDefault();
  KEYS[key](e);
}

async function begin() {
  const [info, common] = await Promise.all([api.get('/api'), api.get('/api/player')]);
  studio.about = info;
  studio.common = common;
  studio.still = { id: 'still', title: '', clip: common.clip };
  studio.stage = new Stage($('stage'), common, {
    choose, path: pathDrawn, badge,
    target: (joint, frame, position) => change({ targets: [...studio.scene.targets.filter((t) => t.joint !== joint || t.frame !== frame), { joint, frame, position }] }),
    playing: (on) => {
      $('play').setAttribute('aria-label', on ? 'Pause' : 'Play');
      $('playicon').setAttribute('d', on ? 'M7 5h4v14H7zM13 5h4v14h-4z' : 'M8 5v14l11-7z');
    },
    moved: (frame) => {
      const clip = studio.stage.lead();
      $('scrub').max = clip ? clip.frames - 1 : 1;
      $('scrub').value = frame;
      $('clock').value = clip ? `${frame} / ${clip.frames - 1} · ${studio.stage.time.toFixed(2)} s` : '';
    },
  });
  formats();
  listen();
  // Without a server there is no address to send a request to.
  if (!api.server) document.querySelector('[data-copy=curl]').hidden = true;
  paint();
  show('make');
  const before = past.saved();
  if (before?.parts) {
    studio.scene = { ...studio.scene, ...before };
    const found = await Promise.all(studio.scene.takes.map((id) => load(id).catch(() => null)));
    studio.scene.takes = studio.scene.takes.filter((_, i) => found[i]);
    studio.scene.chosen = Math.min(studio.scene.chosen, Math.max(0, studio.scene.takes.length - 1));
  }
  studio.render();
  renderHistory();
  noteSoon();
  studio.stage.play(studio.scene.takes.length > 0 && !matchMedia('(prefers-reduced-motion: reduce)').matches);
  document.body.dataset.ready = 'true';
}

begin().catch((error) => {
  document.body.dataset.ready = 'failed';
  $('empty').querySelector('p').textContent = error.status === 401 ? 'This server needs its token: open the address that it printed.' : error.message;
});

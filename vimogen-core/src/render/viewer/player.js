// The page: panels, clock, buttons, pointer and keyboard.

const $ = (id) => document.getElementById(id);
const make = (tag, parent, text) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
};

const body = document.body.dataset;
addEventListener('error', (event) => {
  body.error = event.message;
  $('fault').textContent = `The player stopped: ${event.message}`;
  $('fault').hidden = false;
});

const page = JSON.parse($('data').textContent);
const surface = page.mesh && new Surface(page.mesh);
const scenes = page.clips.map((clip) => panel(decode(clip, page.points)));
const HOME = { yaw: 0.6, pitch: 0.2, zoom: 1, follow: true, trail: true, mesh: true, tint: true };
const view = { ...HOME };
const state = { time: 0, playing: true, loop: true, speed: 1, only: -1, dirty: true, last: 0, drawn: 0 };
const dark = matchMedia('(prefers-color-scheme: dark)');
let theme = {};

// A caption, metrics and a canvas for one clip.
function panel(clip) {
  const box = make('figure', $('stage')), canvas = make('canvas', box), caption = make('figcaption', box);
  make('h2', caption, clip.title).title = clip.title;
  const list = make('dl', caption);
  for (const [name, value] of clip.metrics) {
    const row = make('div', list);
    make('dt', row, name.replaceAll('_', ' '));
    make('dd', row, value === null ? 'n/a' : String(+value.toPrecision(3)));
  }
  const key = make('p', box);
  key.className = 'key';
  for (const side of ['left', 'right']) {
    make('i', key).style.background = `var(--${side})`;
    key.append(side);
  }
  canvas.tabIndex = 0;
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `Moving figure: ${clip.title || 'untitled'}. Drag to look around, scroll to zoom.`);
  const scene = new Scene(clip, page.parts, surface, canvas, caption);
  scene.box = box;
  pointers(canvas);
  return scene;
}

const shown = () => scenes.filter((_, i) => state.only < 0 || i === state.only);
// The scrub bar follows the longest clip.
const lead = () => shown().reduce((a, b) => (seconds(b.clip) > seconds(a.clip) ? b : a)).clip;
const seconds = (clip) => (clip.frames - 1) / clip.fps;

// Colours for the canvas, from the style sheet; the address or the system selects the set.
function readTheme() {
  const given = new URLSearchParams(location.hash.slice(1)).get('theme');
  document.documentElement.dataset.theme = given === 'dark' || given === 'light' ? given : dark.matches ? 'dark' : 'light';
  const style = getComputedStyle(document.documentElement), probe = document.createElement('canvas').getContext('2d');
  theme = {};
  for (const name of ['--grid', '--shadow', '--trail', ...SIDES]) {
    probe.fillStyle = style.getPropertyValue(name).trim();
    const css = probe.fillStyle, rgb = [1, 3, 5].map((i) => parseInt(css.slice(i, i + 2), 16));
    theme[name] = { css, rgb };
  }
  theme.dark = document.documentElement.dataset.theme === 'dark';
  state.dirty = true;
}

// Visible clips: all side by side, or one.
function choose(only) {
  state.only = scenes.length > 1 ? only : 0;
  scenes.forEach((scene, i) => { scene.box.hidden = state.only >= 0 && i !== state.only; });
  const count = shown().length, wide = innerWidth > innerHeight;
  const columns = wide ? Math.ceil(Math.sqrt(count * 1.5)) : Math.ceil(Math.sqrt(count / 2));
  $('stage').style.gridTemplateColumns = `repeat(${Math.min(columns, count)}, minmax(0, 1fr))`;
  [...$('tabs').children].forEach((tab, i) => tab.setAttribute('aria-current', String(i - 1 === state.only)));
  $('scrub').max = lead().frames - 1;
  state.dirty = true;
}

function tabs() {
  if (scenes.length < 2) return;
  $('tabs').hidden = false;
  ['All', ...scenes.map(({ clip }, i) => clip.title || `Clip ${i + 1}`)].forEach((title, i) => {
    make('button', $('tabs'), title).onclick = () => choose(i - 1);
  });
}

function play(on) {
  if (on && state.time >= seconds(lead())) state.time = 0;
  state.playing = on;
  $('play').setAttribute('aria-label', on ? 'Pause' : 'Play');
  $('playicon').setAttribute('d', on ? 'M7 5h4v14H7zM13 5h4v14h-4z' : 'M8 5v14l11-7z');
  state.dirty = true;
}

// Goes to a frame of the leading clip and stays there.
function seek(frame) {
  const clip = lead();
  play(false);
  state.time = Math.min(Math.max(Math.round(frame), 0), clip.frames - 1) / clip.fps;
  state.dirty = true;
}

const frame = () => Math.min(state.time * lead().fps, lead().frames - 1);
const step = (n) => seek(Math.round(frame()) + n);

function set(name, on) {
  (name === 'loop' ? state : view)[name] = on;
  $(name).setAttribute('aria-pressed', String(on));
  state.dirty = true;
}

function turn(dx, dy) {
  view.yaw += dx * 0.008;
  view.pitch = Math.min(1.5, Math.max(-0.05, view.pitch + dy * 0.006));
  state.dirty = true;
}

function zoom(factor) {
  view.zoom = Math.min(8, Math.max(0.2, view.zoom * factor));
  state.dirty = true;
}

function reset() {
  const { yaw, pitch, zoom: z } = HOME;
  Object.assign(view, { yaw, pitch, zoom: z });
  state.dirty = true;
}

// One finger or button turns, two fingers zoom.
function pointers(canvas) {
  const down = new Map();
  const spread = () => { const [a, b] = [...down.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
  canvas.addEventListener('pointerdown', (e) => {
    canvas.setPointerCapture(e.pointerId);
    down.set(e.pointerId, [e.clientX, e.clientY]);
  });
  canvas.addEventListener('pointermove', (e) => {
    const was = down.get(e.pointerId);
    if (!was) return;
    const before = down.size > 1 ? spread() : 0;
    down.set(e.pointerId, [e.clientX, e.clientY]);
    if (down.size === 1) turn(e.clientX - was[0], e.clientY - was[1]);
    else if (before > 0) zoom(spread() / before);
  });
  for (const end of ['pointerup', 'pointercancel', 'lostpointercapture']) {
    canvas.addEventListener(end, (e) => down.delete(e.pointerId));
  }
  canvas.addEventListener('wheel', (e) => {
    e.preventDefault();
    zoom(Math.exp(-e.deltaY * (e.deltaMode ? 0.05 : 0.0015)));
  }, { passive: false });
  canvas.addEventListener('dblclick', reset);
}

const KEYS = {
  ' ': () => play(!state.playing), k: () => play(!state.playing),
  ArrowLeft: (e) => step(e.shiftKey ? -10 : -1), ArrowRight: (e) => step(e.shiftKey ? 10 : 1),
  ArrowUp: () => turn(0, 12), ArrowDown: () => turn(0, -12), a: () => turn(-15, 0), d: () => turn(15, 0),
  Home: () => seek(0), End: () => seek(lead().frames - 1),
  l: () => set('loop', !state.loop), f: () => set('follow', !view.follow), t: () => set('trail', !view.trail),
  m: () => set('mesh', !view.mesh), c: () => set('tint', !view.tint),
  r: reset, '+': () => zoom(1.15), '=': () => zoom(1.15), '-': () => zoom(1 / 1.15),
};

function listen() {
  $('play').onclick = () => play(!state.playing);
  $('back').onclick = () => step(-1);
  $('forth').onclick = () => step(1);
  $('scrub').oninput = (e) => seek(+e.target.value);
  $('speed').onchange = (e) => { state.speed = +e.target.value; };
  $('reset').onclick = reset;
  for (const name of ['loop', 'follow', 'trail', 'mesh', 'tint']) {
    $(name).onclick = () => set(name, !(name === 'loop' ? state : view)[name]);
  }
  addEventListener('keydown', (e) => {
    const key = e.key.length === 1 ? e.key.toLowerCase() : e.key, tag = e.target.tagName;
    if (e.ctrlKey || e.metaKey || e.altKey || tag === 'SELECT' || (key === ' ' && tag === 'BUTTON') || !KEYS[key]) return;
    e.preventDefault();
    KEYS[key](e);
  });
  // The observer runs before the page is painted: drawing here keeps the picture from being stretched for a moment.
  new ResizeObserver(() => { choose(state.only); draw(); }).observe($('stage'));
  dark.addEventListener('change', readTheme);
  addEventListener('hashchange', fromHash);
}

// The first view, from the address: #frame=40&paused&clip=2&yaw=30&pitch=15&zoom=1.2&speed=0.5&follow=0&theme=dark
function fromHash() {
  const given = new URLSearchParams(location.hash.slice(1));
  const number = (name, use) => {
    const value = parseFloat(given.get(name));
    if (Number.isFinite(value)) use(value);
  };
  readTheme();
  number('clip', (n) => choose(Math.min(Math.max(Math.round(n), 0), scenes.length) - 1));
  number('yaw', (n) => { view.yaw = n * Math.PI / 180; });
  number('pitch', (n) => { view.pitch = 0; turn(0, n * Math.PI / 180 / 0.006); });
  number('zoom', (n) => { view.zoom = 1; zoom(n); });
  number('speed', (n) => { state.speed = Math.min(Math.max(n, 0.01), 10); $('speed').value = String(n); });
  for (const name of ['loop', 'follow', 'trail', 'mesh', 'tint']) number(name, (n) => set(name, n !== 0));
  number('frame', seek);
  if (given.has('paused')) play(false);
}

function advance(now) {
  const passed = Math.min((now - state.last) / 1000, 0.1) * state.speed, end = seconds(lead());
  state.last = now;
  if (!state.playing || !passed) return;
  state.time += passed;
  if (state.time > end) {
    if (state.loop && end > 0) state.time %= end;
    else { state.time = end; play(false); }
  }
  state.dirty = true;
}

function draw() {
  const start = performance.now();
  let ink = 0;
  for (const scene of shown()) ink += scene.draw(view, state.time * scene.clip.fps, theme);
  const clip = lead(), at = Math.round(frame());
  $('scrub').value = at;
  const time = `${state.time.toFixed(2)} s of ${seconds(clip).toFixed(2)} s`;
  $('scrub').setAttribute('aria-valuetext', `frame ${at} of ${clip.frames - 1}, ${time}`);
  $('clock').value = `${at} / ${clip.frames - 1} \u00b7 ${state.time.toFixed(2)} s`;
  // A slow machine gets a coarser figure, but at least one sample per pixel.
  const spent = performance.now() - start;
  state.slow = state.playing ? 0.8 * (state.slow || 0) + 0.2 * spent : 0;
  if (state.slow > 24) shown().forEach((scene) => { scene.detail = Math.max(1, scene.detail - 0.25); });
  Object.assign(body, { drawn: ++state.drawn, ink, frame: at, ms: spent.toFixed(1) });
}

function tick(now) {
  advance(now);
  if (state.dirty) {
    state.dirty = false;
    draw();
  }
  requestAnimationFrame(tick);
}

$('mesh').hidden = $('tint').hidden = !surface;
tabs();
choose(scenes.length <= 4 && (innerWidth > 700 || scenes.length === 1) ? -1 : 0);
listen();
play(!matchMedia('(prefers-reduced-motion: reduce)').matches);
// A clip that stays in place needs neither following nor a trail.
const wander = Math.max(...scenes.map(({ clip }) => clip.wander));
set('follow', wander > 0.8);
set('trail', wander > 0.3);
fromHash();
requestAnimationFrame((now) => { state.last = now; tick(now); });

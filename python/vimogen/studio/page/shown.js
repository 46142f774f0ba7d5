// The panels of wishes, of the chosen take and of a comparison.
import * as api from './api.js';
import { $, change, chosen, fault, fps, make, show, studio, takes } from './base.js';
import { again } from './takes.js';
import { edit } from './work.js';

function pathLength() {
  return studio.scene.path.slice(1).reduce((sum, p, i) => sum + Math.hypot(p[0] - studio.scene.path[i][0], p[1] - studio.scene.path[i][1]), 0);
}

export function renderWishes() {
  const list = $('wishes');
  list.replaceChildren();
  const wish = (kind, text, remove) => {
    const row = make('li', list);
    make('i', row, undefined, { class: kind });
    make('span', row, text);
    make('button', row, '✕', { title: 'Remove', 'aria-label': `Remove ${text}`, onclick: remove });
  };
  const whole = studio.scene.parts.reduce((sum, part) => sum + part.seconds, 0);
  let hint = '';
  if (studio.scene.path.length) {
    const length = pathLength();
    wish('path', `a path of ${length.toFixed(1)} m`, () => change({ path: [] }));
    if (length / whole > 1.3) hint = `${(length / whole).toFixed(1)} m per second is faster than walking; give it studio.about ${Math.ceil(length)} s.`;
  }
  studio.scene.targets.forEach((target) => {
    const remove = () => change({ targets: studio.scene.targets.filter((other) => other !== target) });
    wish('target', `${target.joint.replace('_', ' ')} at ${(target.frame / fps()).toFixed(2)} s`, remove);
  });
  studio.scene.keys.forEach((key) => wish('target', `pose at ${(key.frame / fps()).toFixed(2)} s`, () => change({ keys: studio.scene.keys.filter((other) => other !== key) })));
  if (studio.stage.tool === 'path') hint = 'Draw on the floor from the feet on. Shift-drag looks around.';
  if (studio.stage.tool === 'targets') hint = chosen() ? 'Go to a moment and drag a ring to where it shall be.' : 'Make a motion first, then drag its hands and feet.';
  if (studio.scene.parts.length > 1 && (studio.scene.targets.length || studio.scene.keys.length || studio.scene.loop)) hint = 'Targets, poses and loops need a single prompt; they are left out.';
  $('hint').textContent = hint;
}

export function renderTake() {
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

export function renderRibbon() {
  const ribbon = $('ribbon'), take = chosen(), clip = studio.stage.lead();
  ribbon.replaceChildren();
  if (!clip) return;
  const whole = Math.max(clip.frames - 1, 1), percent = (frame) => `${Math.min(100, 100 * frame / whole)}%`;
  const single = take ? [{ prompt: take.title, start: 0, end: take.record.seconds }] : [];
  for (const part of take?.record.parts || single) {
    const from = part.start * clip.fps, to = part.end * clip.fps;
    make('span', ribbon, part.prompt, { style: `left:${percent(from)};width:calc(${percent(to - from)} - 2px)`, title: part.prompt });
  }
  for (const target of [...studio.scene.targets, ...studio.scene.keys]) make('i', ribbon, undefined, { style: `left:${percent(target.frame)}` });
}

export async function compare(id) {
  const a = chosen(), b = takes.get(id);
  $('comparison').replaceChildren();
  if (!a || !b || a === b) return;
  const { comparison } = await again(() => api.post('/api/score', { motion: a.id, other: b.id }));
  const box = $('comparison'), list = make('ul', box), buttons = make('div', box, undefined, { class: 'chips' });
  make('b', list, 'A is this take, B the other');
  comparison.forEach((line) => make('li', list, line));
  const both = (step, title) => edit('/api/edit', { steps: [{ ...step, motion: b.id }] }, title).then(() => $('comparison').replaceChildren());
  make('button', buttons, 'Join A, then B', { title: 'One motion of both, without a jump', onclick: () => both({ do: 'then' }, `${a.title}, then ${b.title}`) });
  make('button', buttons, 'Arms of B', { title: 'Legs of A, spine, head and arms of B', onclick: () => both({ do: 'upper_body' }, `${a.title} · arms of ${b.title}`) });
  show('motion');
}

export function badge(box, entry, i) {
  if (studio.scene.takes.length < 2 || !entry.record) return;
  if (i === studio.scene.chosen) { make('button', box, 'A', { 'aria-pressed': true, title: 'The chosen take', disabled: '' }); return; }
  const on = studio.scene.compare === entry.id;
  const toggle = () => { change({ compare: on ? '' : entry.id }, false); compare(on ? '' : entry.id).catch(fault); };
  make('button', box, on ? 'B' : 'compare', { 'aria-pressed': on, title: 'Compare with the chosen take', onclick: toggle });
}

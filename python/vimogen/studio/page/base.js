// State, elements, messages and undo of the page.

export const $ = (id) => document.getElementById(id);

// Frames per second of the model.
export const fps = () => studio.about?.fps || 20;

export const QUALITY = { draft: { num_inference_steps: 12, solver: 'ab2' }, fast: { quality: 'fast' }, full: { quality: 'full' } };

// The scene is what undo brings back; `working` ends the task that runs.
export const studio = {
  scene: { parts: [{ text: '', seconds: 5 }], count: 3, seed: 42, quality: 'fast', path: [], targets: [], keys: [], loop: false, takes: [], chosen: 0, compare: '' },
  about: null, common: null, stage: null, still: null, live: null, working: null, render: null,
};
export const takes = new Map(); // id: {id, title, line, task, request, seed, record, clip}

export const undone = [], done = [];

export function make(tag, parent, text, attributes = {}) {
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

export function toast(text) {
  $('toast').textContent = text;
  $('toast').classList.add('on');
  clearTimeout(toasting);
  toasting = setTimeout(() => $('toast').classList.remove('on'), 2600);
}

export function fault(error) {
  $('fault').hidden = !error;
  if (!error) return;
  $('fault').textContent = error.message;
  if (document.body.dataset.show !== 'make') toast(error.message);
}

// Changes the scene; the state before can be brought back.
export function change(next, remember = true) {
  if (remember) { done.push(JSON.stringify(studio.scene)); undone.length = 0; if (done.length > 100) done.shift(); }
  studio.scene = { ...studio.scene, ...next };
  studio.render();
}

export function back(from, to) {
  if (!from.length) return;
  to.push(JSON.stringify(studio.scene));
  studio.scene = JSON.parse(from.pop());
  studio.scene.takes = studio.scene.takes.filter((id) => takes.has(id));
  studio.render(true);
}

export const chosen = () => takes.get(studio.scene.takes[studio.scene.chosen]);

export function use(tool) {
  const next = studio.stage.tool === tool ? '' : tool;
  studio.stage.use(next);
  for (const name of ['path', 'targets']) $(name).setAttribute('aria-pressed', next === name);
  studio.render(false);
}

export function show(tab) {
  document.body.dataset.show = tab;
  for (const button of $('tabs').children) button.setAttribute('aria-current', button.dataset.show === tab);
}

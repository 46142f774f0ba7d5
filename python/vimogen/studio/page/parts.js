// Prompts with their durations, notes on them, and ideas.
import * as api from './api.js';
import * as past from './history.js';
import { $, change, make, studio } from './base.js';
import { renderWishes } from './shown.js';

export function renderParts() {
  const list = $('parts');
  while (list.children.length > studio.scene.parts.length) list.lastChild.remove();
  studio.scene.parts.forEach((part, i) => {
    const row = list.children[i] || partRow(i);
    const [text, range, output, remove] = [row.querySelector('textarea'), row.querySelector('input'), row.querySelector('output'), row.querySelector('button')];
    if (text.value !== part.text) text.value = part.text;
    range.value = part.seconds;
    output.textContent = `${part.seconds} s`;
    remove.hidden = studio.scene.parts.length < 2;
  });
  const whole = studio.scene.parts.reduce((sum, part) => sum + part.seconds, 0);
  $('length').textContent = studio.scene.parts.length > 1 ? `${whole} s in all` : '';
}

function partRow(i) {
  const row = make('li', $('parts')), text = make('textarea', row, undefined, { rows: 2, maxlength: 500, spellcheck: false, 'aria-label': `Prompt ${i + 1}` });
  text.placeholder = i ? 'sits down' : 'a person walks forward and waves';
  const foot = make('div', row, undefined, { class: 'foot' });
  const range = make('input', foot, undefined, { type: 'range', min: 1, max: 15, step: 0.5, 'aria-label': 'Seconds' });
  make('output', foot);
  make('button', foot, '✕', { title: 'Remove', 'aria-label': 'Remove', onclick: () => change({ parts: studio.scene.parts.filter((_, k) => k !== i) }) });
  const update = (next) => {
    studio.scene.parts = studio.scene.parts.map((part, k) => (k === i ? { ...part, ...next } : part));
    past.save(studio.scene);
    renderParts();
    renderWishes();
  };
  text.oninput = () => { update({ text: text.value }); noteSoon(); };
  range.oninput = () => update({ seconds: +range.value });
  return row;
}

let noting;

export function noteSoon() {
  clearTimeout(noting);
  noting = setTimeout(async () => {
    const asked = studio.scene.parts.map((part) => part.text.trim());
    const found = await Promise.all(asked.map((prompt) => (prompt ? api.post('/api/notes', { prompt }).catch(() => ({ notes: [] })) : { notes: [] })));
    if (asked.join() === studio.scene.parts.map((part) => part.text.trim()).join()) renderNotes(found.map((entry) => entry.notes));
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
  const parts = studio.scene.parts.map((part, k) => (k !== i ? part : { ...part, text: part.text.includes(words) ? part.text.replace(words, by) : by }));
  change({ parts });
  noteSoon();
}

export async function ideas() {
  const box = $('ideas');
  box.hidden = !box.hidden;
  if (box.children.length) return;
  const { families } = await api.get('/api/prompts');
  for (const [name, phrases] of Object.entries(families)) {
    make('b', box, name.replaceAll('_', ' '));
    for (const phrase of phrases.slice(0, 4)) {
      const text = `a person ${third(phrase)}`;
      make('button', box, phrase, { onclick: () => { studio.scene.parts[studio.scene.parts.length - 1].text = text; change({}, false); noteSoon(); } });
    }
  }
}

// "walk forward" as "walks forward".
function third(phrase) {
  const [verb, ...rest] = phrase.split(' ');
  const ending = /(s|sh|ch|x|z|o)$/.test(verb) ? `${verb}es` : /[^aeiou]y$/.test(verb) ? `${verb.slice(0, -1)}ies` : `${verb}s`;
  return [ending, ...rest].join(' ');
}

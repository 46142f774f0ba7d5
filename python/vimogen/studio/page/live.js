// Motion without an end, led by keys and buttons: blocks of a stream, played as they arrive.
import * as api from './api.js';
import { $, QUALITY, change, fault, make, studio, toast } from './base.js';
import { decode } from './renderer.js';
import { take } from './takes.js';

const KEPT = 240; // frames that stay, for the trail
const AHEAD = 5; // frames that wait to be played
const STEP = 1e-4; // metres
const TURN = 30; // degrees per key
const PROMPTS = [['Walk', 'a person walks forward'], ['Run', 'a person runs forward'], ['Back', 'a person walks backward'], ['Wave', 'a person waves the right hand'], ['Jump', 'a person jumps'], ['Squat', 'a person squats'], ['Stand', 'a person stands still']];

let run = null;

export const running = () => run !== null;

// Begins, or ends what was begun.
export async function live() {
  if (run) { lead({ end: true }); return; }
  const prompt = studio.scene.parts[0].text.trim() || PROMPTS[0][1], clip = { ...studio.common.clip };
  run = { prompt, heading: 0, clip: null, first: 0, got: 0, at: 0 };
  studio.live = { id: 'live', title: prompt, line: 'live', clip };
  document.body.classList.add('live');
  studio.render();
  Object.assign(studio.stage.view, { follow: true });
  studio.stage.live = (passed) => played(passed);
  try {
    await follow(prompt);
  } catch (error) {
    fault(error);
  } finally {
    stop();
  }
}

async function follow(prompt) {
  const job = await api.post('/api/stream', { prompt, seconds: 600, seed: studio.scene.seed, player: true });
  run.job = job;
  for await (const { name, data } of api.events(job.links.events)) {
    if (name === 'block') add(decode(data.clip, studio.common.points));
    if (data.error) throw new Error(data.error.message);
    if (name === 'done') {
      const ids = await take(data.result.motions, 'stream', { prompt, seconds: data.result.frames / data.result.fps, ...QUALITY.fast }, `${prompt} · live`);
      change({ takes: [...studio.scene.takes, ...ids].slice(-6), chosen: Math.min(studio.scene.takes.length, 5) });
      toast('the motion is kept as a take');
    }
  }
}

function stop() {
  run = null;
  studio.live = null;
  studio.stage.live = null;
  document.body.classList.remove('live');
  studio.render();
}

// Makes a clip of the player one that grows.
function prepared(clip) {
  const joints = studio.common.mesh.joints.length;
  clip.points = new Float32Array(KEPT * clip.stride);
  clip.turns = new Int32Array(KEPT * joints * 7);
  return Object.assign(clip, { frames: 0, floor: 0, path: [], near: 1.1, far: 4, top: 1.9, bottom: 0, middle: [0, 0], wander: 9, pose: { step: STEP, centre: [0, 0, 0] } });
}

function add(block) {
  run.clip ||= prepared(studio.stage.views[0].scene.clip);
  const { clip } = run, joints = studio.common.mesh.joints.length * 7;
  const drop = Math.max(0, clip.frames + block.frames - KEPT);
  if (drop) {
    clip.points.copyWithin(0, drop * clip.stride);
    clip.turns.copyWithin(0, drop * joints);
    clip.path.splice(0, drop);
    clip.frames -= drop;
    run.first += drop;
  }
  // Each block has its own grid and its own lowest point.
  for (let i = 0; i < block.points.length; i++) clip.points[clip.frames * clip.stride + i] = block.points[i] + (i % 3 === 2 ? block.floor : 0);
  for (let i = 0; i < block.turns.length; i++) {
    const c = i % 7, v = block.turns[i];
    clip.turns[clip.frames * joints + i] = c < 4 ? v : Math.round((v * block.pose.step + block.pose.centre[c - 4]) / STEP);
  }
  for (let t = 0; t < block.frames; t++) {
    const o = t * block.stride, last = clip.path.at(-1) || [block.points[o], block.points[o + 1]];
    clip.path.push([0, 1].map((c) => last[c] + 0.35 * (block.points[o + c] - last[c])));
  }
  clip.frames += block.frames;
  run.got += block.frames;
}

// Seconds into the clip; the clock runs a little faster or slower to keep some frames ahead.
function played(passed) {
  const { clip } = run, ahead = run.got - 1 - run.at;
  if (!clip) return 0;
  if (run.got > AHEAD && ahead > 0) run.at += Math.min(passed * clip.fps * Math.min(1.5, Math.max(0.5, ahead / AHEAD)), ahead);
  return Math.max(0, run.at - run.first) / clip.fps;
}

function lead(wish) {
  if (run?.job) api.post(`${run.job.links.job}/lead`, wish).catch(fault);
}

export function say(prompt) {
  if (!run || !prompt) return;
  studio.live.title = prompt;
  studio.render();
  lead({ prompt });
}

export function turn(degrees) {
  if (!run) return;
  run.heading += degrees;
  lead({ heading: run.heading });
}

// Whether a key was meant for the character.
export function key(name) {
  if (!run) return false;
  if (name === 'ArrowLeft' || name === 'a') turn(TURN);
  else if (name === 'ArrowRight' || name === 'd') turn(-TURN);
  else if (name === 'ArrowUp' || name === 'w') say(PROMPTS[0][1]);
  else if (name === 'ArrowDown' || name === 's') say(PROMPTS.at(-1)[1]);
  else if (PROMPTS[+name - 1]) say(PROMPTS[+name - 1][1]);
  else if (name === 'Escape') lead({ end: true });
  else return false;
  return true;
}

export function buttons() {
  const bar = $('livebar');
  PROMPTS.forEach(([name, prompt], i) => make('button', bar, name, { title: `${prompt} (${i + 1})`, onclick: () => say(prompt) }));
  make('button', bar, '⟲', { title: 'Turn left (←)', 'aria-label': 'Turn left', onclick: () => turn(TURN) });
  make('button', bar, '⟳', { title: 'Turn right (→)', 'aria-label': 'Turn right', onclick: () => turn(-TURN) });
  make('button', bar, 'End', { title: 'End, and keep the motion (Escape)', class: 'main', id: 'liveend', onclick: () => lead({ end: true }) });
}

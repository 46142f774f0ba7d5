// What the package gives, as JSON: run by test_web.py in a project that has installed it.
import { load, VimogenError } from 'vimogen';

const engine = await load();
const steps = [], errors = [];
const motion = engine.generate('a person waves', { frames: 40, steps: 6, seed: 3, onProgress: (p) => steps.push(p.step) });
const mistakes = [
  () => engine.generate('a', { steps: 0 }),
  () => engine.generate('a', { sed: 1 }),
  () => motion.save('docx'),
  () => engine.open(new Uint8Array([1, 2, 3]), 'glb'),
  () => motion.edit({ do: 'dance' }),
];
for (const mistake of mistakes) {
  try {
    mistake();
    errors.push(null);
  } catch (error) {
    errors.push([error instanceof VimogenError, error.message]);
  }
}
const again = engine.open(motion.save('npz'), 'npz');
const longer = engine.sequence(['walks forward', 'sits down'], { seconds: [2, 2], steps: 6 });
console.log(JSON.stringify({
  joints: motion.joints().length,
  vertices: motion.vertices().length,
  rotations: motion.rotations().length,
  faces: Math.max(...engine.faces()),
  same: again.id === motion.id,
  frames: longer.frames,
  held: motion.edit({ do: 'hold', seconds: 1 }).frames,
  notes: engine.notes('a person plays the guitar').length,
  steps: steps.length,
  errors,
}));

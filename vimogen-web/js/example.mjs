// A sentence to a file: node example.mjs "a person jumps"
import { writeFile } from 'node:fs/promises';
import { load } from 'vimogen';

const prompt = process.argv[2] ?? 'a person walks forward and waves';
const engine = await load();

for (const note of engine.notes(prompt)) console.log(note.message);

const motion = engine.generate(prompt, { seconds: 5, seed: 42, quality: 'fast' });
console.log(`${motion.frames} frames at ${motion.fps} per second`);

const joints = motion.joints(); // 22 places per frame, metres, z up
const pelvis = (frame) => joints.slice(frame * 66, frame * 66 + 3);
console.log('the pelvis goes from', pelvis(0), 'to', pelvis(motion.frames - 1));

await writeFile('motion.glb', motion.save('glb'));
await writeFile('motion.bvh', motion.edit({ do: 'mirror' }).save('bvh'));

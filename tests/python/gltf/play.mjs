// Places of all nodes in frames of an animation, as three.js has them: node play.mjs FILE ANIMATION FPS FRAMES
import { readFileSync } from "node:fs";
import * as THREE from "three";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";

globalThis.self = globalThis;
const [path, name, fps, frames] = process.argv.slice(2);
const loader = new GLTFLoader();
// There is nothing that decodes pictures.
loader.register(() => ({ name: "no_pictures", loadTexture: async () => new THREE.Texture() }));
const bytes = readFileSync(path);
const file = await loader.parseAsync(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), "");
const clip = THREE.AnimationClip.findByName(file.animations, name);
const mixer = new THREE.AnimationMixer(file.scene);
const action = mixer.clipAction(clip).setLoop(THREE.LoopOnce).play();
action.clampWhenFinished = true;
const out = [];
for (let frame = 0; frame < Number(frames); frame++) {
  mixer.setTime(Math.min(frame / Number(fps), clip.duration));
  file.scene.updateMatrixWorld(true);
  const places = {};
  file.scene.traverse((node) => {
    // The loader takes dots and colons out of names.
    places[node.userData.name ?? node.name] = node.getWorldPosition(new THREE.Vector3()).toArray();
  });
  out.push(places);
}
console.log(JSON.stringify(out));
